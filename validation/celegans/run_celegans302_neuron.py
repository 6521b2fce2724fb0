"""Runs models/celegans in NEURON, from its tables and parameters.toml, with and without its couplings.

    nrnivmodl MECHANISMS/celegans         (in the folder this is started from)
    python run_celegans302_neuron.py MODEL_FOLDER [DT_MS] [COMPARTMENT_UM]

Prints what README.md of the model states: range, how many neurons the stimulus moves, and what becomes of the
named neurons without chemical synapses or without gap junctions.
"""

import csv
import math
import sys
import tomllib
from pathlib import Path

import numpy as np
from neuron import h

h.load_file("stdrun.hoc")
h.load_file("import3d.hoc")
NAMED = "AVAL AVAR AVDL AVDR AIBL AIBR RIML RIMR RIAL RIBL SMDVL".split()


class Imported:
    """Holds the sections of one SWC file."""


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def build_cell(path, of_class, compartment_um):
    reader = h.Import3d_SWC_read()
    reader.quiet = 1
    reader.input(str(path))
    cell = Imported()
    h.Import3d_GUI(reader, 0).instantiate(cell)
    sections = {f"{kind}[{i}]": s for kind in ("soma", "dend") for i, s in enumerate(getattr(cell, kind, []))}
    for name, section in sections.items():
        section.nseg = 1 if name == "soma[0]" else math.ceil(section.L / compartment_um)
        section.Ra, section.cm = of_class["ra_ohm_cm"], of_class["cm_uf_per_cm2"]
        section.insert("pas")
        for segment in section:
            segment.pas.g, segment.pas.e = of_class["pas_g_s_per_cm2"], of_class["pas_e_mv"]
    soma = sections["soma[0]"]
    for mechanism, gbar in of_class["soma_gbar_s_per_cm2"].items():
        soma.insert(mechanism)
        getattr(soma(0.5), mechanism).gbar = gbar
    if "kcnl" in of_class["soma_gbar_s_per_cm2"]:
        soma.insert("ca_pool_fixed")
    return cell, sections


class Network:
    def __init__(self, folder, compartment_um):
        self.folder, self.parameters = folder, tomllib.loads((folder / "parameters.toml").read_text())
        self.rows = table(folder / "cells.csv")
        self.cells, self.kept, self.links = {}, [], []
        for row in self.rows:
            cell, sections = build_cell(folder / row["morphology"], self.parameters["class"][row["class"]], compartment_um)
            self.kept.append(cell)
            self.cells[row["name"]] = sections

    def place(self, row, side):
        return self.cells[row[side]][row[f"{side}_section"]](float(row[f"{side}_x"]))

    def add(self, mechanism, target, source, **values):
        made = mechanism(target)
        made._ref_vpre = source._ref_v
        for key, value in values.items():
            setattr(made, key, value)
        self.links.append(made)

    def connect(self, chemical=True, electrical=True):
        self.links = []
        settings = self.parameters["chemical"]
        for row in table(self.folder / "chemical.csv") if chemical else []:
            kind = settings["excitatory" if row["sign"] == "1" else "inhibitory"]
            weight = 23.91 * math.tanh(0.02285 * 0.5 * int(row["weight"]))
            self.add(h.graded_synapse, self.place(row, "post"), self.place(row, "pre"), weight=weight,
                     delta=settings["delta_mv"], vth=settings["vth_mv"], g=kind["g_usiemens"], e=kind["e_mv"], k=kind["k_per_ms"])
        for row in table(self.folder / "electrical.csv") if electrical else []:
            weight = 0.7 * 20.49 * math.tanh(0.02184 * int(row["weight"])) * self.parameters["electrical"]["g_usiemens"]
            self.add(h.gap_junction, self.place(row, "pre"), self.place(row, "post"), weight=weight)
            self.add(h.gap_junction, self.place(row, "post"), self.place(row, "pre"), weight=weight)

    def set_voltage(self):
        for row in self.rows:
            for section in self.cells[row["name"]].values():
                for segment in section:
                    segment.v = self.parameters["class"][row["class"]]["v_init_mv"]

    def run(self, dt, stimulated=True):
        """v of all somata, mV, [cell, row]."""
        stimulus, clamps = self.parameters["stimulus"], []
        for name in stimulus["cells"] if stimulated else []:
            clamp = h.IClamp(self.cells[name]["soma[0]"](0.5))
            clamp.delay, clamp.dur, clamp.amp = (stimulus[k] for k in ("delay_ms", "duration_ms", "amplitude_nanoamp"))
            clamps.append(clamp)
        h.celsius, h.secondorder, h.dt = self.parameters["cells"]["celsius"], 0, dt
        start = h.FInitializeHandler(0, self.set_voltage)
        traces = [h.Vector().record(self.cells[row["name"]]["soma[0]"](0.5)._ref_v) for row in self.rows]
        h.finitialize()
        for _ in range(round(self.parameters["run"]["duration_ms"] / dt)):
            h.fadvance()
        del start
        return np.array(traces)


def main(folder, dt=0.2, compartment_um=None):
    network = Network(folder, compartment_um or 2.0)
    names = [row["name"] for row in network.rows]
    traces = {}
    for key, chemical, electrical in (("whole", True, True), ("no synapses", False, True), ("no gaps", True, False)):
        network.connect(chemical, electrical)
        traces[key] = network.run(dt)
    network.connect()
    rest, whole = network.run(dt, stimulated=False), traces["whole"]
    moved = np.abs(whole - rest).max(axis=1)
    print(f"range {min(t.min() for t in traces.values()):.1f} to {max(t.max() for t in traces.values()):.1f} mV; "
          f"moved by the stimulus: {(moved > 5).sum()} by > 5 mV, {(moved > 1).sum()} by > 1 mV")
    print("neuron, peak deviation from rest: whole; largest change without synapses, without gap junctions (mV)")
    for name in NAMED:
        i = names.index(name)
        changes = [np.abs(whole[i] - traces[key][i]).max() for key in ("no synapses", "no gaps")]
        print(f"{name:6} {moved[i]:6.2f} {changes[0]:6.2f} {changes[1]:6.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(float, sys.argv[2:]))
