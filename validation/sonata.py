"""SONATA networks: the outputs that BMTK 1.2.0 with NEURON 9.0.2 left for published examples, and live BMTK on what
those do not show.

The examples and their outputs are looked for in TIANYAN_TEST_DATA; the live runs need the mechanisms of the bmtk wheel,
which nrnivmodl compiles once into validation/.work.
"""
import functools
import json
import os
import pathlib
import shutil
import sys
import sysconfig

import h5py
import numpy as np

import compare

# Reference, config, milliseconds.
REFERENCES = {
    "bio_1cell_iclamp": ("bmtk/bio_1cell/config.simulation_iclamp.json", 3000.0),
    "bio_1cell_syns": ("bmtk/bio_1cell/config.simulation_syns.json", 3000.0),
    "bio_14cells": ("bmtk/bio_14cells/config.simulation.json", 3000.0),
    "bio_450cells_1s": ("bmtk/bio_450cells/config.simulation_vm.json", 1000.0),
    "bio_all_active_stub": ("bmtk/bio_all_active_sweep/config.simulation.491766131_stubaxon.sweep35.json", 3000.0),
    "bio_intfire_ring": ("bmtk/bio_intfire_ring/config.simulation.json", 3000.0),
    "bio_on_off": ("bmtk/bio_on_off/config.simulation.json", 3000.0),
    "sonata_300_intfire": ("sonata/300_intfire/config.json", 3000.0),
    "sonata_5_cells_iclamp": ("sonata/5_cells_iclamp/config.json", 4000.0),
}
# The sweep of this example is not published; the reference was made with the same pulse.
PULSE = {"module": "IClamp", "input_type": "current_clamp", "node_set": "all", "amp": 0.15, "delay": 1020.0,
         "duration": 1000.0}


def data():
    """The folder of the examples."""
    folder = os.environ.get("TIANYAN_TEST_DATA")
    if not folder or not pathlib.Path(folder, "sonata").is_dir():
        raise compare.Skipped("TIANYAN_TEST_DATA names no folder")
    return pathlib.Path(folder)


def run(config, output, *options):
    """Runs a config."""
    compare.call([compare.binary(), "run", config, "--output", output, "--overwrite", "--quiet", "--double", *options])


def trains(path):
    """Sorted spike times by population and node."""
    found = {}
    with h5py.File(path) as file:
        for name, group in file["spikes"].items():
            times, ids = group["timestamps"][:], group["node_ids"][:]
            found.update({(name, int(node)): np.sort(times[ids == node]) for node in np.unique(ids)})
    return found


def report(path):
    """Rows and labels of each cell: data, time, sections, positions."""
    found = {}
    with h5py.File(path) as file:
        for name, group in file["report"].items():
            mapping = group["mapping"]
            pointers = mapping["index_pointers" if "index_pointers" in mapping else "index_pointer"][:]
            for k, node in enumerate(mapping["node_ids"][:]):
                columns = slice(int(pointers[k]), int(pointers[k + 1]))
                found[name, int(node)] = (group["data"][:, columns].astype(float), mapping["time"][:],
                                          mapping["element_ids"][columns], mapping["element_pos"][columns])
    return found


def spike_figures(ours, theirs, label=""):
    """Counts, shifts."""
    cells = set(ours) | set(theirs)
    differ = sum(len(ours.get(cell, ())) != len(theirs.get(cell, ())) for cell in cells)
    shifts = [np.abs(ours[c] - theirs[c]).max() for c in theirs if len(ours.get(c, ())) == len(theirs[c]) > 0]
    return [compare.Figure(f"{label}cells whose counts differ", differ, 0),
            compare.Figure(f"{label}largest shift, ms", max(shifts, default=0.0), 1e-6)]


def voltage_figure(ours, theirs, spikes):
    """The largest difference before each cell's first spike, of rows at the same times."""
    worst = 0.0
    for cell, (rows, time, *_) in theirs.items():
        own, own_time = ours[cell][0], ours[cell][1]
        every = round(time[2] / own_time[2])
        own = own[::every][: len(rows)]
        first = spikes.get(cell, [np.inf])[0]
        count = int(min(first / time[2] - 2, len(rows)))
        worst = max(worst, np.abs(own[:count] - rows[:count]).max(initial=0.0))
    return worst


def against_reference(name):
    """Runs an example as it is, synapses apart."""
    config, milliseconds = REFERENCES[name]
    config = data() / "sonata" / config
    reference = data() / "reference" / name
    work = compare.WORK / f"sonata-{name}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    if "all_active" in name:
        text = json.loads(config.read_text())
        text["manifest"]["$BASE_DIR"] = str(config.parent)
        text["inputs"] = {"pulse": PULSE}
        config = work / "config.json"
        config.write_text(json.dumps(text))
    run(config, work / "out", "--synapses", "separate", "--duration-ms", str(milliseconds))
    spikes = trains(reference / "spikes.h5")
    figures = spike_figures(trains(work / "out" / "spikes.h5"), spikes)
    if (reference / "membrane_potential.h5").exists():
        worst = voltage_figure(report(work / "out" / "membrane_potential.h5"),
                               report(reference / "membrane_potential.h5"), spikes)
        figures.append(compare.Figure("largest |dv| before spikes, mV", worst, 1e-5))
    return figures


@functools.cache
def mechanisms():
    """The folder with the compiled mechanisms of the bmtk wheel."""
    import bmtk
    sources = pathlib.Path(bmtk.__path__[0]) / "utils/scripts/bionet/mechanisms/modfiles"
    folder = compare.WORK / "bmtk-mechanisms"
    if not list(folder.glob("*/libnrnmech.*")) and not list(folder.glob("*/.libs/libnrnmech.*")):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(sources, folder / "modfiles")
        compare.call([pathlib.Path(sysconfig.get_path("scripts")) / "nrnivmodl", "modfiles"], cwd=folder)
    return folder


def bmtk(config, folder):
    """Runs a config with BMTK."""
    compare.call([sys.executable, compare.HERE / "sonata_bmtk.py", config], cwd=folder)


def live(name, config, milliseconds, inputs=None, reports=None, circuit=None):
    """Figures of an example with other inputs and reports, run by BMTK and by us."""
    source = data() / "sonata" / config
    work = compare.WORK / f"sonata-live-{name}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    text = json.loads(source.read_text())
    text["manifest"]["$BASE_DIR"] = str(source.parent)
    if circuit:
        parts = json.loads((source.parent / circuit).read_text())
        parts["manifest"]["$BASE_DIR"] = str(source.parent)
        parts["components"]["mechanisms_dir"] = str(mechanisms())
        (work / "circuit.json").write_text(json.dumps(parts))
        text["network"] = str(work / "circuit.json")
    else:
        text["components"]["mechanisms_dir"] = str(mechanisms())
    text["run"]["tstop"] = milliseconds
    text["output"] = {"output_dir": "theirs", "spikes_file": "spikes.h5", "log_file": "log.txt"}
    text["inputs"] = text["inputs"] if inputs is None else inputs
    text["reports"] = reports or {"v": {"module": "membrane_report", "cells": "all", "variable_name": "v",
                                        "sections": "soma"}}
    (work / "config.json").write_text(json.dumps(text))
    bmtk("config.json", work)
    run(work / "config.json", work / "ours")
    return work, files(work / "ours", work / "theirs")


def files(ours, theirs):
    """Figures of all files that BMTK left."""
    figures = []
    for path in sorted(theirs.rglob("*.h5")):
        other, label = ours / path.relative_to(theirs), f"{path.stem}: "
        with h5py.File(path) as file:
            kind = next(iter(file))
        if kind == "spikes":
            figures += spike_figures(trains(other), trains(path), label)
        elif kind == "report":
            figures += report_figures(report(other), report(path), label)
        elif kind == "ecp":
            with h5py.File(path) as a, h5py.File(other) as b:
                a, b = a["ecp/data"][:], b["ecp/data"][:]
                figures.append(compare.Figure(label + "|d| / largest", np.abs(a - b).max() / np.abs(a).max(), 1e-4))
        elif kind == "edges":
            figures += placed_figures(other, path, label)
    return figures


def report_figures(ours, theirs, label):
    """Labels that differ, and values relative to the largest."""
    labels, worst, largest = 0, 0.0, 1e-300
    for cell, (rows, time, sections, positions) in theirs.items():
        own = ours.get(cell)
        same = own is not None and own[0].shape == rows.shape and np.allclose(own[1], time)
        same = same and np.array_equal(own[2], sections) and np.allclose(own[3], positions, atol=1e-6)
        labels += not same
        if same:
            worst, largest = max(worst, np.abs(own[0] - rows).max()), max(largest, np.abs(rows).max())
    return [compare.Figure(label + "cells labelled otherwise", labels, 0),
            compare.Figure(label + "|d| / largest", worst / largest, 1e-6)]


def placed_figures(ours, theirs, label):
    """Synapses that lie or weigh otherwise."""
    columns = ["source_node_id", "target_node_id", "edge_type_id", "edge_group_id", "edge_group_index", "0/sec_id",
               "0/sec_x", "0/syn_weight", "1/syn_weight"]
    differ = 0
    with h5py.File(ours) as a, h5py.File(theirs) as b:
        for name, group in b["edges"].items():
            for column in columns:
                x, y = a["edges"][name][column][:], group[column][:]
                differ += len(y) if len(x) != len(y) else int((np.abs(x - y.astype(x.dtype)) > 1e-12).sum())
    return [compare.Figure(label + "synapses that differ", differ, 0)]


FOURTEEN = "bmtk/bio_14cells/config.simulation.json"


def live_synapses():
    """Placed synapses; reports of all sections, of a current, of a gate, with their own times."""
    def membrane(variable, **more):
        return {"module": "membrane_report", "variable_name": variable, **more}
    reports = {
        "placed": {"module": "save_synapses", "network_dir": "theirs/placed"},
        "all": membrane("v", cells=[0, 3], sections="all", dt=1.0, start_time=10.0, end_time=40.0),
        "na": membrane("ina", cells={"pop_name": "Scnn1a"}, sections="soma"),
        "gate": membrane("m_Ih", cells={"ei": "e", "model_type": "biophysical"}, sections=["soma"]),
    }
    # The folder of placed synapses lies in BMTK's output: ours follows the output.
    return live("synapses", FOURTEEN, 50.0, reports=reports, circuit="config.circuit.json")[1]


def live_currents():
    """Synapses while they are busy: their conductances and currents, and the current through the membrane."""
    def synapses(variable, cells):
        return {"module": "netcon_report", "variable_name": variable, "cells": cells, "syn_type": "Exp2Syn"}
    reports = {"g": synapses("g", [0, 3]), "i": synapses("i", [1]),
               "v": {"module": "membrane_report", "variable_name": "v", "cells": {"model_type": "biophysical"},
                     "sections": "soma"}}
    return live("currents", FOURTEEN, 600.0, reports=reports, circuit="config.circuit.json")[1]


def live_replay():
    """The spikes of an earlier run, sent again through the edges of some cells."""
    network = data() / "sonata/bmtk/bio_14cells/network"
    again = {"input_type": "replay_spikes", "module": "replay",
             "spikes_file": str(data() / "reference/bio_14cells/spikes.h5"),
             "source_node_set": {"population": "v1", "ei": "e"},
             "edges": {"edges_file": str(network / "v1_v1_edges.h5"),
                       "edge_types_file": str(network / "v1_v1_edge_types.csv")}}
    return live("replay", FOURTEEN, 800.0, inputs={"again": again}, circuit="config.circuit.json")[1]


def live_clamps():
    """Clamps: a list of pulses, a table that begins late, a voltage clamp."""
    advanced = "bmtk/bio_advanced_stimuli/"
    stimuli = data() / "sonata" / advanced
    table = {"input_type": "csv", "module": "IClamp", "node_set": "all", "file": str(stimuli / "inputs/iclamp_inputs_1.csv")}
    figures = live("pulses", advanced + "config.simulation_iclamp.aslist.json", 1200.0)[1]
    figures += live("table", advanced + "config.simulation_iclamp.csv.json", 1500.0, inputs={"table": table})[1]
    clamp = {"input_type": "voltage_clamp", "module": "SEClamp", "node_set": "all", "amp": -40.0, "delay": 100.0,
             "duration": 200.0, "resistance": 2.0}
    figures += live("clamp", advanced + "config.simulation_iclamp.json", 500.0, inputs={"clamp": clamp})[1]
    return figures


def live_fields():
    """Electrodes that stimulate and that record; synapses that fire by themselves."""
    advanced = "bmtk/bio_advanced_stimuli/"
    source = json.loads((data() / "sonata" / advanced / "config.simulation_xstim.json").read_text())
    membrane = {"module": "membrane_report", "cells": "all"}
    reports = {"v": {**membrane, "variable_name": "v", "sections": "soma"},
               "outward": {**membrane, "variable_name": "i_membrane", "sections": "all"},
               "ecp": {**source["reports"]["ecp"], "cells": "all", "electrode_positions":
                       str(data() / "sonata/bmtk/bio_components/recXelectrodes/linear_electrode.csv")}}
    figures = live("field", advanced + "config.simulation_xstim.json", 1200.0, reports=reports)[1]
    figures += live("activity", advanced + "config.simulation_spont_activity.json", 700.0)[1]
    return figures


def live_cortex():
    """models/v1 at 1/1000: the same spikes from every cell for 200 ms."""
    import bmtk as package
    work = compare.WORK / "sonata-live-v1"
    shutil.rmtree(work, ignore_errors=True)
    compare.call([compare.binary(), "build", compare.ROOT / "models/v1/v1.toml", "--components", package.__path__[0],
                  "--scale", "0.001", "--output", work])
    text = json.loads((work / "simulation_config.json").read_text())
    text["run"]["tstop"] = 200.0
    text["output"]["output_dir"] = "theirs"
    (work / "config.json").write_text(json.dumps(text))
    circuit = json.loads((work / "circuit_config.json").read_text())
    circuit["components"]["mechanisms_dir"] = str(mechanisms())
    (work / "circuit_config.json").write_text(json.dumps(circuit))
    bmtk("config.json", work)
    run(work / "config.json", work / "ours")
    return files(work / "ours", work / "theirs")


CHECKS = {f"sonata {name}": functools.partial(against_reference, name) for name in REFERENCES}
CHECKS |= {"sonata live synapses": live_synapses, "sonata live currents": live_currents,
           "sonata live replay": live_replay, "sonata live clamps": live_clamps, "sonata live fields": live_fields,
           "sonata live v1": live_cortex}
