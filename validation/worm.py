"""The worm: template cells and the published network against reference traces, our own network against NEURON."""
import dataclasses

import h5py
import numpy as np

import compare
import worm_configs as configs

OURS = compare.ROOT / "models" / "celegans" / "celegans302.toml"


@dataclasses.dataclass
class Cell:
    """How a template cell was recorded; for a clamp of current or voltage from `start_ms` for `step_ms`."""

    name: str
    class_name: str
    duration_ms: float
    v_init_mv: float
    start_ms: float
    step_ms: float
    clamped: bool = False


CELLS = [
    Cell("AIYL", "AIY", 17000.0, -45.0, 11000.0, 5000.0),
    Cell("RIML", "RIM", 17000.0, -39.3, 11000.0, 5000.0),
    Cell("AVAL", "AVA", 17000.0, -30.0, 11000.0, 5015.0),
    Cell("AWCL", "AWC", 1200.0, -60.0, 1000.0, 100.0, clamped=True),
    Cell("VD05", "VD5", 2300.0, -60.0, 1000.0, 1210.0, clamped=True),
]
DT_MS = 0.2
# The clamp of the reference runs.
HOLDING_MV, RESISTANCE_MOHM = -60.0, 29.0
# Row of celegans302 just before its stimulus, ms.
BEFORE_MS = 99
# Samples this near an edge of the stimulus count only in the RMS.
EDGE_MS = 5.0


def config(cell, amplitudes, sample_ms):
    """The config of all sweeps of a cell."""
    run = {"duration_ms": cell.duration_ms, "dt_ms": DT_MS, "v_init_mv": cell.v_init_mv}
    if cell.clamped:
        after = cell.duration_ms - cell.start_ms - cell.step_ms
        stimuli = [configs.levels(RESISTANCE_MOHM, (cell.start_ms, HOLDING_MV), (cell.step_ms, mv), (after, HOLDING_MV))
                   for mv in amplitudes]
    else:
        stimuli = [configs.pulse(cell.start_ms, cell.step_ms, float(pa) * 1e-3) for pa in amplitudes]
    probes = [configs.probe("v", "v", "sweeps", sample_ms)]
    if cell.clamped:
        probes.append(configs.probe("i", "i", "sweeps", sample_ms, mechanism="SEClamp"))
    return configs.write(f"worm_{cell.name}", configs.single(cell.name, cell.class_name, stimuli, run, probes))


def away_from_edges(times_ms, cell):
    """True for samples that lie apart from the edges of the stimulus."""
    edges = (cell.start_ms, cell.start_ms + cell.step_ms)
    return np.all([np.abs(times_ms - edge) > EDGE_MS for edge in edges], axis=0)


def template(cell):
    """A template cell, all sweeps (V1)."""
    with h5py.File(configs.reference(f"{cell.name}_dt0.2.h5")) as file:
        amplitudes, sample_ms, start_ms = file["amps"][:], float(file.attrs["sample_ms"]), file.attrs["start_ms"]
        names = ["clamp_i_nA", "i_cap_mA_per_cm2"] if cell.clamped else ["soma_v_mV"]
        wanted = [file[name][:] for name in names]
    run = compare.tianyan(config(cell, amplitudes, sample_ms))
    first, rows = round(start_ms / sample_ms), wanted[0].shape[1]
    times_ms = start_ms + np.arange(rows) * sample_ms
    apart = away_from_edges(times_ms, cell)
    if not cell.clamped:
        v = run.reports["v"][first:first + rows].T
        return [
            compare.Figure("RMS, mV", compare.rms(v, wanted[0]), 0.01),
            compare.Figure("max |dv| apart from edges, mV", compare.difference(v[:, apart], wanted[0][:, apart]), 0.1),
        ]
    current = run.reports["i"][first:first + rows].T
    return [
        compare.Figure("RMS of the clamp, pA", 1e3 * compare.rms(current, wanted[0]), 0.05),
        compare.Figure("RMS of i_cap, relative", capacitive(cell, run.reports["v"], first, wanted[1]), 1e-3),
    ]


def capacitive(cell, v, first, wanted):
    """i_cap = cm dv/dt of the soma, mA/cm2, from the voltage of each step: RMS over the reference's greatest."""
    _, classes, _ = configs.published(cell.name)
    cm_uf_per_cm2 = classes[cell.class_name]["soma"]["cm"]
    change = v[first:first + wanted.shape[1]] - v[first - 1:first - 1 + wanted.shape[1]]
    return compare.rms(1e-3 * cm_uf_per_cm2 * change.T / DT_MS, wanted) / float(np.max(np.abs(wanted)))


def aiyl_subthreshold():
    """AIYL near its rest with a picoampere, for convergence."""
    run = {"duration_ms": 400.0, "dt_ms": DT_MS, "v_init_mv": -52.8}
    probes = [configs.probe("v", "v", "sweeps", DT_MS)]
    text = configs.single("AIYL", "AIY", [configs.pulse(100.0, 200.0, 0.001)], run, probes)
    return configs.write("worm_AIYL_subthreshold", text)


def network(dt_ms, limit_mv):
    """The trained network of 136 cells for 200 ms (V3)."""
    with h5py.File(configs.reference(f"net_trial10_dt{dt_ms}_T200.h5")) as file:
        names, wanted = [name.decode() for name in file["names"][:]], file["soma_v_mV"][:]
    path, ours = configs.network()
    run = compare.tianyan(path, dt_ms=dt_ms, name=f"baaiworm136-{dt_ms}")
    v = run.reports["v"].T[[ours.index(name) for name in names]]
    return [
        compare.Figure("RMS of 136 somata, mV", compare.rms(v, wanted), 0.01),
        compare.Figure("max |dv|, mV", compare.difference(v, wanted), limit_mv),
    ]


def network_export():
    """The same network through the export, with the same rounding of the pack."""
    path, _ = configs.network()
    ours, theirs = compare.tianyan(path, duration_ms=50.0, name="baaiworm136-export"), compare.neuron(path, duration_ms=50.0)
    return [compare.Figure("max |dv|, mV", compare.difference(ours.reports["v"], theirs.reports["v"]), 1e-6)]


def own_network():
    """celegans302 at dt 0.05 for 200 ms, against its own export (V6)."""
    if not OURS.exists():
        raise compare.Failed("models/celegans/celegans302.toml is not there")
    ours = compare.tianyan(OURS, dt_ms=0.05, duration_ms=200.0)
    theirs = compare.neuron(OURS, dt_ms=0.05, duration_ms=200.0)
    found = []
    for name, table in sorted(theirs.reports.items()):
        found.append(compare.Figure(f"RMS, {name}", compare.rms(ours.reports[name], table), 0.01))
    return found


def long_run():
    """celegans302 under its stimulus for 10 s: it stays a nervous system, and many neurons answer."""
    run = compare.tianyan(OURS, duration_ms=10_000.0, name="celegans302-long")
    v = run.reports["soma_v"]
    moved = np.abs(v[BEFORE_MS:2000] - v[BEFORE_MS]).max(axis=0) > 5.0
    return [
        compare.Figure("rows", len(v), 10_001, at_least=10_001),
        compare.Figure("voltages that are no number", int(np.count_nonzero(~np.isfinite(v))), 0),
        compare.Figure("least voltage, mV", float(np.nanmin(v)), at_least=-120.0),
        compare.Figure("greatest voltage, mV", float(np.nanmax(v)), 80.0),
        compare.Figure("neurons moved by 5 mV in 2 s", int(np.count_nonzero(moved)), at_least=100),
    ]


CHECKS = {f"worm_{cell.name}": (lambda cell=cell: template(cell)) for cell in CELLS} | {
    "worm_net136_dt0.5": lambda: network(0.5, 0.5),
    "worm_net136_dt0.025": lambda: network(0.025, 0.5),
    "worm_net136_export": network_export,
    "worm_celegans302": own_network,
    "worm_ten_seconds": long_run,
}
