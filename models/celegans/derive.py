"""Derives the tables and morphologies of models/celegans from their published sources.

    python -m venv venv
    venv/bin/pip install numpy scipy pandas
    venv/bin/pip install --no-deps c302==0.10.1 cect==0.3.5
    venv/bin/python models/celegans/derive.py --fenyves S3_sign_prediction.csv

Reads c302 (morphologies, MIT), cect (Cook 2019 connectome, transmitters, cell lists, MIT) and the sign
prediction of Fenyves et al. 2020 (PLoS Comput Biol 16(12):e1007974, dataset S3 as CSV, CC BY 4.0).
Writes swc/*.swc, cells.csv, chemical.csv and electrical.csv beside this file; the same input gives the
same bytes. README.md explains the columns and the choices.
"""

import argparse
import csv
import json
import re
import xml.etree.ElementTree as xml
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

HERE = Path(__file__).resolve().parent
NML = "{http://www.neuroml.org/schema/neuroml2}"
SAMPLE_UM = 0.25  # spacing at which skeletons are sampled to find the closest approach
COMMAND = {"AVAL", "AVAR", "AVBL", "AVBR", "AVEL", "AVER", "PVCL", "PVCR"}
HEAD = re.compile(r"RI[MV]|RM[DEFGH]|SAB|SIA|SIB|SMB|SMD|URA")
SIGN_OF = {"Acetylcholine": 1, "Glutamate": 1, "GABA": -1}


def package(name):
    """The folder of an installed package, without importing it."""
    return Path(find_spec(name).submodule_search_locations[0])


# ---- morphologies -------------------------------------------------------------------------------------


def neuroml_tree(path):
    """Segments of a NeuroML cell: (root id, {id: (proximal, distal)}, {id: children})."""
    root, ends, children = None, {}, {}
    segments = xml.parse(path).getroot().iter(NML + "segment")
    for segment in segments:
        number, parent = int(segment.get("id")), segment.find(NML + "parent")
        distal = point(segment.find(NML + "distal"))
        proximal = segment.find(NML + "proximal")
        if parent is None:
            root, ends[number] = number, (point(proximal), distal)
            continue
        above = int(parent.get("segment"))
        ends[number] = (point(proximal) if proximal is not None else None, distal)
        children.setdefault(above, []).append(number)
    return root, ends, children


def point(element):
    """x, y, z and radius, um."""
    x, y, z, diameter = (float(element.get(key)) for key in ("x", "y", "z", "diameter"))
    return x, y, z, diameter / 2


def swc_rows(root, ends, children):
    """SWC samples, depth first, so that an unbranched run has consecutive numbers.

    The soma is one sample; a neurite that leaves it begins with a sample of its own at its proximal end.
    """
    rows = [(1, 1, *ends[root][1], -1)]
    stack = [(child, 1, True) for child in reversed(children.get(root, []))]
    while stack:
        segment, parent, leaves_soma = stack.pop()
        proximal, distal = ends[segment]
        if leaves_soma and proximal is not None:
            rows.append((len(rows) + 1, 3, *proximal, parent))
            parent = len(rows)
        rows.append((len(rows) + 1, 3, *distal, parent))
        number = len(rows)
        stack += [(child, number, False) for child in reversed(children.get(segment, []))]
    return rows


def write_swc(name, rows):
    lines = [f"# {name}, C. elegans hermaphrodite; um; whole-animal coordinates. Exported from c302 0.10.1 (MIT)."]
    lines += [f"{n} {t} {x:.4f} {y:.4f} {z:.4f} {r:.4f} {p}" for n, t, x, y, z, r, p in rows]
    (HERE / "swc" / f"{name}.swc").write_text("\n".join(lines) + "\n")


def swc_sections(rows):
    """Unbranched sections as NEURON's Import3d cuts and names them: [(name, points as n x 3 array)].

    Valid for what swc_rows writes: one soma sample, everything else type 3, depth first.
    """
    children = {}
    for row in rows:
        children.setdefault(row[6], []).append(row[0])
    at = {row[0]: np.array(row[2:5]) for row in rows}
    sections, points = [("soma[0]", np.array([at[1]]))], None
    for number, *_, parent in rows[1:]:
        if points is None:
            points = [] if parent == 1 else [at[parent]]
        points.append(at[number])
        if len(children.get(number, [])) != 1:
            if len(points) == 1:
                points.insert(0, at[parent])
            if np.ptp(points, axis=0).any():
                sections.append((f"dend[{len(sections) - 1}]", np.array(points)))
            points = None
    return sections


# ---- where two neurites meet ---------------------------------------------------------------------------


class Skeleton:
    """Points every SAMPLE_UM along all neurites of a cell, each with its section and relative position."""

    def __init__(self, sections):
        self.names, places, self.section, self.x = [name for name, _ in sections], [], [], []
        for index, (name, points) in enumerate(sections):
            if name == "soma[0]" and len(sections) > 1:
                continue
            self.add(index, points, places)
        self.places = np.vstack(places)
        self.section, self.x = np.concatenate(self.section), np.concatenate(self.x)
        self.tree = cKDTree(self.places)

    def add(self, index, points, places):
        if len(points) == 1:
            places.append(points)
            self.section.append(np.array([index]))
            self.x.append(np.array([0.5]))
            return
        along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        count = max(2, int(np.ceil(along[-1] / SAMPLE_UM)))
        x = (np.arange(count) + 0.5) / count
        places.append(np.stack([np.interp(x * along[-1], along, points[:, k]) for k in range(3)], axis=1))
        self.section.append(np.full(count, index))
        self.x.append(x)

    def place(self, i):
        return self.names[self.section[i]], f"{self.x[i]:.4f}"

    def middle(self):
        """The middle of the longest section: where a synapse of a cell on itself is put."""
        counts = np.bincount(self.section)
        of_longest = np.flatnonzero(self.section == counts.argmax())
        return of_longest[len(of_longest) // 2]


def closest(a, b):
    """Indices of the closest points of two skeletons and their distance; the first of equals."""
    if a is b:
        return a.middle(), a.middle(), 0.0
    distance, index = b.tree.query(a.places)
    i = int(np.argmin(np.round(distance, 6)))
    return i, int(index[i]), float(distance[i])


# ---- the connectome ------------------------------------------------------------------------------------


def reader_edges(name, kinds, neurons):
    """{(pre, post): {kind: weight}} among the 302 neurons, from a cect cache."""
    cache = json.loads((package("cect") / "cache" / f"{name}.json").read_text())
    nodes, edges = cache["nodes"], {}
    for kind in kinds or cache["connections"]:
        for i, row in enumerate(cache["connections"][kind]):
            for j, weight in enumerate(row):
                if weight > 0 and nodes[i] in neurons and nodes[j] in neurons:
                    edges.setdefault((nodes[i], nodes[j]), {})[kind] = weight
    return edges


def plain(name):
    """DA01 as DA1."""
    return re.sub(r"(?<=[A-Z])0(?=\d$)", "", name)


def fenyves_signs(path):
    """{(pre, post): '+', '-', 'complex' or 'no pred'}."""
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    return {(plain(r[0]), plain(r[3])): r[16] for r in rows[2:] if len(r) > 16}


def sign_of(prediction, transmitters):
    """(sign, sign_source). README.md, 'Signs'."""
    if prediction in ("+", "-"):
        return (1 if prediction == "+" else -1), "fenyves"
    known = {SIGN_OF[t] for t in transmitters if t in SIGN_OF}
    if len(known) == 1:
        return known.pop(), "assumed" if prediction == "complex" else "transmitter"
    return 1, "assumed"


def chemical_rows(edges, skeletons, released, signs):
    for pre, post in sorted(edges):
        transmitters = sorted(released.get((pre, post), {}))
        sign, source = sign_of(signs.get((pre, post)), transmitters)
        a, b = skeletons[pre], skeletons[post]
        i, j, distance = closest(a, b)
        weight = int(round(edges[pre, post]["Generic_CS"]))
        yield (pre, *a.place(i), post, *b.place(j), weight, sign, source, "+".join(transmitters), f"{distance:.3f}")


def electrical_rows(edges, skeletons):
    for pre, post in sorted(edges):
        if pre >= post:  # a junction of a cell with itself carries no current
            continue
        weight = edges[pre, post]["Generic_GJ"]
        assert edges[post, pre]["Generic_GJ"] == weight, "gap junctions are listed in both directions"
        a, b = skeletons[pre], skeletons[post]
        i, j, distance = closest(a, b)
        yield (pre, *a.place(i), post, *b.place(j), int(round(weight)), f"{distance:.3f}")


# ---- the cells -----------------------------------------------------------------------------------------


def template(name, category):
    """(template class, rule): the five parameter sets of BAAIWorm, by its own assignment put as rules."""
    if name in COMMAND:
        return "AVA", "command interneuron"
    if HEAD.match(name):
        return "RIM", "head motor neuron or RIM/RMF/RMG"
    if category == "motor" or name in ("MCL", "MCR", "MI"):
        return "VD5", "motor neuron of body or pharynx"
    if category == "sensory" and name != "DVA":
        return "AWC", "sensory neuron"
    return "AIY", "interneuron or none of the above"


def cell_rows(neurons, released):
    from cect.Cells import INTERNEURONS_COOK, MOTORNEURONS_COOK, SENSORY_NEURONS_COOK

    groups = {"sensory": SENSORY_NEURONS_COOK, "inter": INTERNEURONS_COOK, "motor": MOTORNEURONS_COOK}
    for name in neurons:
        category = next((word for word, members in groups.items() if name in members), "other")
        transmitters = sorted({t for (pre, _), kinds in released.items() if pre == name for t in kinds})
        yield (name, f"swc/{name}.swc", *template(name, category), category, "+".join(transmitters))


def write_table(name, header, rows):
    with open(HERE / name, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fenyves", required=True, help="Fenyves 2020 S3 sign prediction as CSV")
    fenyves = parser.parse_args().fenyves
    from cect.Cells import PREFERRED_HERM_NEURON_NAMES

    neurons = sorted(PREFERRED_HERM_NEURON_NAMES)
    (HERE / "swc").mkdir(exist_ok=True)
    skeletons = {}
    for name in neurons:
        rows = swc_rows(*neuroml_tree(package("c302") / "NeuroML2" / f"{name}.cell.nml"))
        write_swc(name, rows)
        skeletons[name] = Skeleton(swc_sections(rows))

    known = set(neurons)
    edges = reader_edges("Cook2019HermReader", ["Generic_CS"], known)
    gaps = reader_edges("Cook2019HermReader", ["Generic_GJ"], known)
    released = reader_edges("OpenWormUnifiedReader", ["Acetylcholine", "Glutamate", "GABA", "Betaine"], known)
    write_table("cells.csv", ("name", "morphology", "class", "class_rule", "type", "transmitter"), cell_rows(neurons, released))
    place = ("pre", "pre_section", "pre_x", "post", "post_section", "post_x", "weight")
    write_table("chemical.csv", (*place, "sign", "sign_source", "transmitter", "distance_um"),
                chemical_rows(edges, skeletons, released, fenyves_signs(fenyves)))
    write_table("electrical.csv", (*place, "distance_um"), electrical_rows(gaps, skeletons))


if __name__ == "__main__":
    main()
