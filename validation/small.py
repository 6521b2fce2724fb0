"""Small models in validation/cases, each run in both simulators for 100 ms."""
import importlib.util
import pathlib

import compare

CASES = compare.HERE / "cases"
# NEURON has no exact derivatives: the difference is that of its own to the exact one.
WIDER = {"nmda_analytic": 1e-4}

ALLEN = """# A reconstructed cortical cell, in odd numbers of compartments: Hodgkin-Huxley channels and a leak.
schema_version = 1

[run]
duration_ms = 100.0
dt_ms = 0.025

[cells.cortical]
morphology = "{morphology}"
compartments = {{ odd_max_length_um = 20.0 }}
paint = [
    {{ region = "all", cm_uf_per_cm2 = 1.0, ra_ohm_cm = 100.0 }},
    {{ region = ["dend", "apic"], mechanism = "pas", parameters = {{ g = 0.0001, e = -65.0 }} }},
    {{ region = ["soma", "axon"], mechanism = "hh" }},
]
detector = {{ threshold_mv = -10.0 }}

[populations.neurons]
cell = "cortical"
size = 1

[[stimuli]]
kind = "current_clamp"
cells = "neurons"
start_ms = 10.0
duration_ms = 70.0
amplitude_nanoamp = 1.5

[[probes]]
report = "v"
variable = "v"
cells = "neurons"
sections = "all"
x = 0.5
precision = "f64"
"""

# The channels that BMTK ships, with the densities of a cortical cell.
CHANNELS = """# Ten channels of the Allen Institute's cells and their calcium.
schema_version = 1

[run]
duration_ms = 100.0
dt_ms = 0.025
temperature_celsius = 34.0
v_init_mv = -75.0

[mechanisms]
files = [{files}]

[cells.rich]
sections = [
    {{ name = "soma", type = "soma", length_um = 20.0, diameter_um = 20.0 }},
    {{ name = "dend", type = "dend", length_um = 300.0, diameter_um = 2.0, compartments = 9, parent = "soma" }},
    {{ name = "apic", type = "apic", length_um = 200.0, diameter_um = 1.2, compartments = 4, parent = "dend", parent_x = 0.5 }},
]
compartments = {{ count = 1 }}
paint = [
    {{ region = "all", cm_uf_per_cm2 = 1.0, ra_ohm_cm = 100.0, ions = {{ ena_mv = 53.0, ek_mv = -107.0 }} }},
    {{ region = "all", mechanism = "pas", parameters = {{ g = 5e-5, e = -80.0 }} }},
    {{ region = "all", mechanism = "CaDynamics", parameters = {{ gamma = 5e-3, decay = 200.0 }} }},
{paint}
]
detector = {{ section = "soma", x = 0.5, threshold_mv = -15.0 }}

[populations.neurons]
cell = "rich"
size = 1

[[stimuli]]
kind = "current_clamp"
cells = "neurons"
start_ms = 10.0
duration_ms = 80.0
amplitude_nanoamp = 0.8

[[probes]]
report = "v"
variable = "v"
cells = "neurons"
sections = "all"
x = "all"
precision = "f64"

[[probes]]
report = "cai"
variable = "cai"
cells = "neurons"
sections = "all"
x = "all"
precision = "f64"
"""
# S/cm2 in the soma and elsewhere.
DENSITIES = {
    "NaTs": (0.5, 0.02), "Nap": (1e-3, 1e-4), "Kv3_1": (0.3, 0.01), "K_T": (0.01, 0.002), "K_P": (0.02, 0.002),
    "Im": (1e-3, 1e-4), "Ih": (2e-4, 6e-4), "Ca_HVA": (3e-4, 5e-5), "Ca_LVA": (3e-3, 2e-4), "SK": (0.01, 1e-3),
}


def case(path):
    """The check of a config."""
    return lambda: compare.figures(path, volts=WIDER.get(path.stem, 1e-6))


def allen():
    """A cell of the Allen Institute that comes with the data beside the checkout."""
    folder = compare.test_data() / "sonata" / "bmtk" / "bio_components" / "morphologies"
    morphology = folder / "Scnn1a_473845048_m.swc"
    if not morphology.exists():
        raise compare.Skipped("no morphologies of BMTK in the test data")
    return compare.figures(written("allen", ALLEN.format(morphology=morphology)))


def channels(check_name, names):
    """Channels of BMTK's own files."""
    def check():
        spec = importlib.util.find_spec("bmtk")
        if spec is None:
            raise compare.Skipped("bmtk is not installed")
        folder = pathlib.Path(spec.submodule_search_locations[0]) / "utils/scripts/bionet/mechanisms/modfiles"
        files = ", ".join(f'"{folder / name}.mod"' for name in [*names, "CaDynamics"])
        paint = []
        for name in names:
            soma, elsewhere = DENSITIES[name]
            for region, density in [('"soma"', soma), ('["dend", "apic"]', elsewhere)]:
                paint.append(f'    {{ region = {region}, mechanism = "{name}", parameters = {{ gbar = {density!r} }} }},')
        return compare.figures(written(check_name, CHANNELS.format(files=files, paint="\n".join(paint))))

    return check


def written(name, text):
    """A config in the work folder."""
    config = compare.WORK / "configs" / f"{name}.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(text, encoding="utf-8")
    return config


CHECKS = {path.stem: case(path) for path in sorted(CASES.glob("*.toml"))}
CHECKS["allen_swc"] = allen
CHECKS["allen_channels"] = channels("channels", [name for name in DENSITIES if name != "Ca_LVA"])
# This file assigns to v and takes it back.
CHECKS["allen_channels_lva"] = channels("channels_lva", list(DENSITIES))
