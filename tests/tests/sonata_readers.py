"""Reads what `tianyan run config.json` left with other people's readers, and compares all values.

    sonata_readers.py OUTPUT CELLS

OUTPUT holds spikes.h5, spikes.csv, v.h5 (soma), all.h5 (all compartments) of a population `v1` with CELLS nodes. Prints
one JSON object with what was read.
"""
import json
import pathlib
import sys

import h5py
import libsonata
import numpy as np
import pandas as pd
from bluepysnap import Circuit, Simulation
from bmtk.utils.reports import CompartmentReport
from bmtk.utils.reports.spike_trains import SpikeTrains

output, cells = pathlib.Path(sys.argv[1]), int(sys.argv[2])

# What is in the files.
with h5py.File(output / "spikes.h5") as file:
    times = file["spikes/v1/timestamps"][:]
    ids = file["spikes/v1/node_ids"][:]
with h5py.File(output / "all.h5") as file:
    data = file["report/v1/data"][:]
    pointers = file["report/v1/mapping/index_pointers"][:]
    nodes = file["report/v1/mapping/node_ids"][:]

# libsonata
spikes = libsonata.SpikeReader(str(output / "spikes.h5"))["v1"].get()
assert sorted(spikes) == sorted(zip(ids.tolist(), times.tolist())), "libsonata's spikes"
frame = libsonata.SomaReportReader(str(output / "v.h5"))["v1"].get()
soma = {node: np.asarray(frame.data)[:, i] for i, node in enumerate(np.asarray(frame.ids).reshape(-1).tolist())}
elements = libsonata.ElementReportReader(str(output / "all.h5"))["v1"].get()
assert np.array_equal(np.asarray(elements.data), data), "libsonata's compartments"

# BMTK
trains = SpikeTrains.load(str(output / "spikes.h5"))
for node in range(cells):
    assert np.array_equal(np.sort(trains.get_times(node)), np.sort(times[ids == node])), "BMTK's spikes"
report = CompartmentReport.load(str(output / "all.h5"))
for k, node in enumerate(nodes):
    read = report.data(node_id=int(node), population="v1")
    assert np.array_equal(np.asarray(read), data[:, pointers[k]:pointers[k + 1]]), "BMTK's compartments"
table = pd.read_csv(output / "spikes.csv", sep=" ")
assert np.allclose(table["timestamps"], times, rtol=0, atol=0) and (table["population"] == "v1").all(), "the CSV"

# bluepysnap
circuit = output / "circuit"
circuit.mkdir(exist_ok=True)
with h5py.File(circuit / "nodes.h5", "w") as file:
    group = file.create_group("nodes/v1")
    group["node_type_id"] = np.full(cells, -1)
    own = group.create_group("0")
    for axis in "xyz":
        own[axis] = np.zeros(cells)
    own["model_type"] = np.array(["virtual"] * cells, dtype=h5py.string_dtype())
(circuit / "circuit.json").write_text(json.dumps({
    "networks": {"nodes": [{"nodes_file": "nodes.h5", "populations": {"v1": {"type": "virtual"}}}], "edges": []},
}))
(circuit / "simulation.json").write_text(json.dumps({
    "network": "circuit.json",
    "run": {"tstop": 100.0, "dt": 0.1, "random_seed": 1},
    "output": {"output_dir": "..", "spikes_file": "spikes.h5"},
    "reports": {
        "v": {"type": "compartment", "variable_name": "v", "sections": "soma", "dt": 0.1, "start_time": 0.0, "end_time": 100.0},
        "all": {"type": "compartment", "variable_name": "v", "sections": "all", "dt": 0.1, "start_time": 0.0, "end_time": 100.0},
    },
}))
simulation = Simulation(str(circuit / "simulation.json"))
read = simulation.spikes["v1"].get()
assert np.array_equal(np.sort(read.index.to_numpy()), np.sort(times)), "bluepysnap's spikes"
frame = simulation.reports["all"]["v1"].get()
assert frame.shape == data.shape and np.array_equal(frame.to_numpy(), data), "bluepysnap's compartments"

print(json.dumps({
    "spikes": len(times),
    "rows": int(data.shape[0]),
    "compartments": int(data.shape[1]),
    "soma": {str(node): float(trace[0]) for node, trace in soma.items()},
}))
