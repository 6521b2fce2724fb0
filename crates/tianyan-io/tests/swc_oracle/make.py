"""Asks a live NEURON what its Import3d makes of SWC files and writes the figures as JSON.

    (cd tests/swc_oracle; python make.py detailed *.swc > detailed.json)         every compartment
    (cd $TIANYAN_TEST_DATA; python make.py summary */**/*.swc > summary.json)    per section: parent, L, area

Needs the PyPI package neuron. The Rust tests read the JSON; nothing here runs in them.
"""
import contextlib, hashlib, io, json, sys

from neuron import h

h.load_file("stdlib.hoc")
h.load_file("import3d.hoc")
# A hoc template, as BMTK uses: there Import3d prints coordinates with 8 digits.
h("""
begintemplate Imported
public all, somatic, axonal, basal, apical
objref all, somatic, axonal, basal, apical
create soma[1], axon[1], dend[1], apic[1]
proc init() {
    forall delete_section()
    all = new SectionList() somatic = new SectionList() axonal = new SectionList()
    basal = new SectionList() apical = new SectionList()
}
endtemplate Imported
""")


def load(path):
    reader = h.Import3d_SWC_read()
    reader.quiet = 1
    with contextlib.redirect_stdout(io.StringIO()):
        reader.input(path)
        cell = h.Imported()
        h.Import3d_GUI(reader, 0).instantiate(cell)
    return cell


def short(sec):
    return sec.name().split(".", 1)[1]


def compartments(index):
    """nseg differs from section to section, so that even, odd and single cuts all occur."""
    return [1, 3, 4, 7, 2][index % 5]


def one_section(sec, order, origin, detailed):
    seg = sec.parentseg()
    row = {"name": short(sec), "L": sec.L, "points": sec.n3d()}
    if seg is not None:
        row["parent"] = order[short(seg.sec)]
        row["x"] = seg.x
    if not detailed:
        row["area"] = sum(s.area() for s in sec)
        return row
    sec.Ra, sec.cm = 150.0, 0.9
    row["lambda_f"] = h.lambda_f(100, sec=sec)
    row["nseg"] = sec.nseg
    row["areas"] = [s.area() for s in sec]
    row["diams"] = [s.diam for s in sec]
    row["ri"] = [s.ri() for s in sec]
    row["ri_end"] = sec(1).ri()
    row["distance"] = [h.distance(origin, s) for s in sec]
    return row


def one_file(path, detailed):
    cell = load(path)
    sections = list(cell.all)
    order = {short(s): i for i, s in enumerate(sections)}
    origin = sections[0](0.5)
    if detailed:
        for i, sec in enumerate(sections):
            sec.nseg = compartments(i)
            sec.Ra = 150.0
    return [one_section(s, order, origin, detailed) for s in sections]


def compact(rows):
    """Columns of one file: parent (-1 at the root), x as a digit (0, 5 for 0.5, 1), L, area."""
    names = [r["name"].split("[") for r in rows]
    kinds = [name for name, _ in names]
    counts = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    assert names == [[kind, f"{i}]"] for kind, n in counts.items() for i in range(n)]
    return {
        "count": counts,
        "parent": [r.get("parent", -1) for r in rows],
        "x": "".join({0.0: "0", 0.5: "5", 1.0: "1"}[r.get("x", 0.0)] for r in rows),
        "L": [float(f"{r['L']:.7g}") for r in rows],
        "area": [float(f"{r['area']:.7g}") for r in rows],
    }


def main():
    detailed = sys.argv[1] == "detailed"
    out, seen = {}, set()
    for path in sys.argv[2:]:
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).digest()
        if digest in seen:
            continue
        seen.add(digest)
        rows = one_file(path, detailed)
        out[path] = rows if detailed else compact(rows)
    lines = [json.dumps(k) + ": " + json.dumps(v, separators=(",", ":")) for k, v in out.items()]
    print("{\n" + ",\n".join(lines) + "\n}")


main()
