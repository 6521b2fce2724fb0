"""BMTK and libsonata read a network that readers.rs built: the same edges by every index as in the arrays."""

import json
import sys
from pathlib import Path

import h5py
import libsonata
import numpy as np
import pandas as pd
from bmtk.utils.sonata.config import SonataConfig
from bmtk.utils.sonata.file import File

folder = Path(sys.argv[1])
config = SonataConfig.from_json(str(folder / "circuit_config.json"))
circuit = libsonata.CircuitConfig.from_file(str(folder / "circuit_config.json"))
assert circuit.node_populations == {"net", "input"}, circuit.node_populations
checked = 0
for source, target in [("net", "net"), ("input", "net")]:
    name, stem = f"{source}_to_{target}", str(folder / "network" / f"{source}_{target}_edge")
    with h5py.File(stem + "s.h5") as file:
        group = file["edges"][name]
        sources, targets = group["source_node_id"][:], group["target_node_id"][:]
        assert (np.diff(targets.astype(int)) >= 0).all(), "sorted by target"
        assert (group["edge_group_index"][:] == np.arange(len(sources))).all()
        assert len(group["edge_group_id"]) == len(sources) and not group["edge_group_id"][:].any()
        types = pd.read_csv(stem + "_types.csv", sep=" ", index_col="edge_type_id")
        assert set(np.unique(group["edge_type_id"][:])) <= set(types.index)

    nodes = [str(folder / "network" / f"{population}_node") for population in {source, target}]
    bmtk = File(
        data_files=[stem + "s.h5"] + [node + "s.h5" for node in nodes],
        data_type_files=[stem + "_types.csv"] + [node + "_types.csv" for node in nodes],
    ).edges[name]
    sonata = circuit.edge_population(name)
    assert (sonata.source, sonata.target, sonata.size) == (source, target, len(sources))
    for node in range(0, 500, 7):
        expected = np.flatnonzero(targets == node)
        assert (sonata.afferent_edges([node]).flatten() == expected).all()
        assert [edge.source_node_id for edge in bmtk.get_target(node)] == list(sources[expected])
        if source == target:
            leaving = np.flatnonzero(sources == node)
            assert (sonata.efferent_edges([node]).flatten() == leaving).all()
            assert [edge.target_node_id for edge in bmtk.get_source(node)] == list(targets[leaving])
        checked += len(expected)
    edge = next(bmtk.get_target(0))
    assert edge["syn_weight"] > 0 and edge["delay"] > 0 and edge["nsyns"] >= 1

population = circuit.node_population("net")
assert population.size == 500 and {"x", "y", "z", "angle", "size"} <= population.attribute_names
spikes = libsonata.SpikeReader(str(folder / "inputs/input_spikes.h5"))["input"]
assert spikes.sorting == "by_time" and len(spikes.get()) > 500
simulation = json.loads((folder / "simulation_config.json").read_text())
assert simulation["inputs"]["input_spikes"]["node_set"] == "input"
print(f"{checked} edges read alike by BMTK, libsonata and h5py")
