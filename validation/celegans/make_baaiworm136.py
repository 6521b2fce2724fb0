"""Turns the trained 136-cell network of BAAIWorm into a self-contained folder.

    python make_baaiworm136.py PARAMS_FOLDER OUT_FOLDER

PARAMS_FOLDER holds baaiworm_5class_params.json, baaiworm_sections_302.json, baaiworm_136_cells.json,
baaiworm_net_trial10.csv and baaiworm_trial10_input.h5 (BAAIWorm, Apache-2.0; Zhao M et al. 2024, Nat Comput
Sci 4:978-990). Needs h5py. README.md beside this file says how the published network maps.

Writes
    cells.csv     name, class
    cells.json    {name: sections}: name, type, parent, parent_x, compartments, points_um (x, y, z, diameter)
    classes.json  {class: ra_ohm_cm, cm_uf_per_cm2, v_init_mv, pas, soma}, mechanism -> parameters
    links.csv     source, source_section, source_x, target, target_section, target_x, kind, weight
    input.csv     a column a cell: the current in nanoamp, held for sample_ms from its row's time on
"""

import csv
import json
import re
import sys
from pathlib import Path

import h5py

CHANNELS = ("shl1 shk1 kvs1 egl2 egl36 kqt3 egl19 unc2 cca1 slo1_egl19 slo1_unc2 slo2_egl19 slo2_unc2 "
            "kcnl nca irk").split()


def sections(published):
    """One cell in our words."""
    out = []
    for section in published:
        row = {"name": section["name"], "type": "soma" if section["name"] == "Soma" else "dend"}
        if section["parent"]:
            row["parent"], row["parent_x"], own_end = section["parent"]
            assert own_end == 0.0, "every section hangs by its start"
        row["compartments"], row["points_um"] = section["nseg"], section["pt3d"]
        out.append(row)
    return out


def parameters(soma, neurite):
    """One class in our words; membrane and leak are the same in soma and neurites."""
    assert all(soma[key] == value for key, value in neurite.items())
    mechanisms = {name: {"gbar": soma["gb" + name]} for name in CHANNELS if soma["gb" + name]}
    if "kcnl" in mechanisms:
        mechanisms["ca_pool_fixed"] = {}
    return {"ra_ohm_cm": soma["Ra"], "cm_uf_per_cm2": soma["cm"], "v_init_mv": -65.0,
            "pas": {"g": soma["gpas"], "e": soma["epas"]}, "soma": mechanisms}


def links(rows, cells):
    """Point processes: the target carries it and reads v of the source, at the centre of a compartment."""
    counts = {(name, s["name"]): s["compartments"] for name, listed in cells.items() for s in listed}

    def place(name, section, index):
        return name, section, repr((int(index) + 0.5) / counts[name, section])

    for r in rows:
        pre = place(r["pre"], r["pre_section"], r["pre_seg"])
        yield *pre, *place(r["post"], r["post_section"], r["post_seg"]), r["kind"], r["weight"]


def classes_of(params):
    """{cell: class}: cells_302.csv lies beside the parameters' folder and uses names without zeros."""
    with open(params.parent / "cells_302.csv", newline="") as file:
        return {r["name"]: r["baai_param_class"] for r in csv.DictReader(file)}


def write(path, header, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main(params, out):
    out.mkdir(parents=True, exist_ok=True)
    load = lambda name: json.loads((params / f"baaiworm_{name}.json").read_text())  # noqa: E731
    morphologies, names, of_class = load("sections_302"), load("136_cells"), classes_of(params)
    cells = {name: sections(morphologies[name]) for name in names}
    classes = {name: parameters(p["soma"], p["neurite"]) for name, p in load("5class_params").items()}
    plain = lambda name: re.sub(r"(?<=[A-Z])0(?=\d$)", "", name)  # noqa: E731  DA01 as DA1
    write(out / "cells.csv", ("name", "class"), [(name, of_class[plain(name)]) for name in names])
    (out / "cells.json").write_text(json.dumps(cells))
    (out / "classes.json").write_text(json.dumps(classes, indent=1))
    with open(params / "baaiworm_net_trial10.csv", newline="") as file:
        header = ("source", "source_section", "source_x", "target", "target_section", "target_x", "kind", "weight")
        write(out / "links.csv", header, links(csv.DictReader(file), cells))
    with h5py.File(params / "baaiworm_trial10_input.h5") as file:
        step = float(file.attrs["sample_ms"])
        columns = [name.decode() for name in file["cells"][:]]
        rows = file["iclamp_nA"][:].T
    write(out / "input.csv", ("time_ms", *columns), [(i * step, *map(repr, map(float, row))) for i, row in enumerate(rows)])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
