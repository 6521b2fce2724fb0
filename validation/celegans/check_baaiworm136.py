"""Runs the folder of make_baaiworm136.py in NEURON with this project's mechanisms and compares somata.

    nrnivmodl MECHANISMS/celegans         (in the folder this is started from)
    python check_baaiworm136.py FOLDER REFERENCE.h5 DT_MS

REFERENCE.h5 holds `names`, `soma_v_mV` [cell, row] and the attribute sample_ms: traces of the published files.
Prints RMS and largest difference, mV.
"""

import csv
import json
import sys
from pathlib import Path

import h5py
import numpy as np
from neuron import h

SYNAPSES = {"exc": dict(g=4.9e-4, e=30, k=0.5), "inh": dict(g=2.0e-4, e=-70, k=0.015)}


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def build_cell(name, listed, of_class):
    sections = {}
    for row in listed:
        section = sections[row["name"]] = h.Section(name=f"{name}_{row['name']}")
        for point in row["points_um"]:
            section.pt3dadd(*point)
        section.nseg = row["compartments"]
        if "parent" in row:
            section.connect(sections[row["parent"]](row["parent_x"]), 0)
        section.Ra, section.cm = of_class["ra_ohm_cm"], of_class["cm_uf_per_cm2"]
        section.insert("pas")
        for segment in section:
            segment.pas.g, segment.pas.e = of_class["pas"]["g"], of_class["pas"]["e"]
    for mechanism, values in of_class["soma"].items():
        sections["Soma"].insert(mechanism)
        for key, value in values.items():
            setattr(getattr(sections["Soma"](0.5), mechanism), key, value)
    return sections


def link(row, cells):
    def place(side):
        return cells[row[side]][row[f"{side}_section"]](float(row[f"{side}_x"]))

    made = (h.gap_junction if row["kind"] == "gj" else h.graded_synapse)(place("target"))
    made._ref_vpre, made.weight = place("source")._ref_v, float(row["weight"])
    for key, value in SYNAPSES.get(row["kind"], {}).items():
        setattr(made, key, value)
    return made


def main(folder, reference, dt):
    classes, shapes = (json.loads((folder / f"{n}.json").read_text()) for n in ("classes", "cells"))
    cells = {r["name"]: build_cell(r["name"], shapes[r["name"]], classes[r["class"]]) for r in table(folder / "cells.csv")}
    made = [link(row, cells) for row in table(folder / "links.csv")]
    current = table(folder / "input.csv")
    clamps = {name: h.IClamp(cells[name]["Soma"](0.5)) for name in current[0] if name != "time_ms"}
    for clamp in clamps.values():
        clamp.dur = 1e9
    with h5py.File(reference) as file:
        names, wanted, sample = [n.decode() for n in file["names"][:]], file["soma_v_mV"][:], file.attrs["sample_ms"]
    somata, every = [cells[name]["Soma"](0.5) for name in names], round(sample / dt)
    input_sample = float(current[1]["time_ms"]) - float(current[0]["time_ms"])
    h.celsius, h.secondorder, h.dt = 6.3, 0, dt
    h.finitialize(-65)
    rows = [[s.v for s in somata]]
    for step in range((wanted.shape[1] - 1) * every):
        row = current[int(step * dt / input_sample + 1e-9)]
        for name, clamp in clamps.items():
            clamp.amp = float(row[name])
        h.fadvance()
        if (step + 1) % every == 0:
            rows.append([s.v for s in somata])
    difference = np.array(rows).T - wanted
    print(f"{len(cells)} cells, {len(made)} links, dt {h.dt} ms: RMS {np.sqrt((difference**2).mean()):.3g} mV, largest "
          f"{np.abs(difference).max():.3g} mV ({names[int(np.abs(difference).max(axis=1).argmax())]})")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
