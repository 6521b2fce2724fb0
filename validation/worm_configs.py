"""Configs of the published worm's cells and network, made from the data beside the checkout.

The tables come from celegans/make_baaiworm136.py; here they become TOML in validation/.work/configs.
"""
import csv
import importlib.util
import json

import compare

CONFIGS = compare.WORK / "configs"
SYNAPSES = {"exc": {"g": 4.9e-4, "e": 30.0, "k": 0.5}, "inh": {"g": 2.0e-4, "e": -70.0, "k": 0.015}}

HEAD = """schema_version = 1

[run]
duration_ms = {duration_ms}
dt_ms = {dt_ms}
v_init_mv = {v_init_mv}
"""

PROBE = """
[[probes]]
report = "{report}"
variable = "{variable}"{more}
cells = "{cells}"
sections = "Soma"
interval_ms = {interval_ms}
precision = "f64"
"""


def params():
    """The folder of the published parameters."""
    folder = compare.test_data() / "celegans" / "params"
    if not folder.is_dir():
        raise compare.Skipped("no celegans/params in the test data")
    return folder


def reference(name):
    """A file of reference traces."""
    path = compare.test_data() / "celegans" / "reference_neuron" / name
    if not path.exists():
        raise compare.Skipped(f"no {name} in the test data")
    return path


def maker():
    """celegans/make_baaiworm136.py as a module."""
    path = compare.HERE / "celegans" / "make_baaiworm136.py"
    spec = importlib.util.spec_from_file_location("make_baaiworm136", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def published(name):
    """Sections and class parameters of one of the 302 cells."""
    make, folder = maker(), params()
    shapes = json.loads((folder / "baaiworm_sections_302.json").read_text())
    classes = json.loads((folder / "baaiworm_5class_params.json").read_text())
    return make.sections(shapes[name]), classes, make


def inline(values):
    """A TOML inline table of numbers."""
    return "{ " + ", ".join(f"{key} = {value!r}" for key, value in values.items()) + " }"


def template(name, sections, of_class):
    """A cell template in TOML."""
    out = [f"\n[cells.{name}]", "sections = ["]
    for section in sections:
        parent = f', parent = "{section["parent"]}", parent_x = {section["parent_x"]!r}' if "parent" in section else ""
        points = ", ".join(json.dumps(point) for point in section["points_um"])
        out.append(f'    {{ name = "{section["name"]}", type = "{section["type"]}"{parent}, '
                   f'compartments = {section["compartments"]}, points_um = [{points}] }},')
    out += ["]", "paint = ["]
    out.append(f'    {{ ra_ohm_cm = {of_class["ra_ohm_cm"]}, cm_uf_per_cm2 = {of_class["cm_uf_per_cm2"]} }},')
    out.append(f'    {{ mechanism = "pas", parameters = {inline(of_class["pas"])} }},')
    for mechanism, values in of_class["soma"].items():
        out.append(f'    {{ region = "Soma", mechanism = "{mechanism}", parameters = {inline(values)} }},')
    return "\n".join([*out, "]"]) + "\n"


def probe(report, variable, cells, interval_ms, mechanism=None):
    """A report of all somata."""
    more = f'\nmechanism = "{mechanism}"' if mechanism else ""
    return PROBE.format(report=report, variable=variable, cells=cells, interval_ms=interval_ms, more=more)


def write(name, text):
    """Writes a config and gives its path."""
    CONFIGS.mkdir(parents=True, exist_ok=True)
    path = CONFIGS / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def single(cell, class_name, stimuli, run, probes):
    """A population `sweeps` of one cell, with a stimulus on each; `stimuli` are texts after `cells = ...`."""
    sections, classes, make = published(cell)
    of_class = make.parameters(classes[class_name]["soma"], classes[class_name]["neurite"])
    text = HEAD.format(**run) + template(cell, sections, of_class)
    text += f'\n[populations.sweeps]\ncell = "{cell}"\nsize = {len(stimuli)}\n'
    for k, stimulus in enumerate(stimuli):
        text += f'\n[[stimuli]]\ncells = "sweeps[{k}]"\nsection = "Soma"\n{stimulus}'
    return text + "".join(probes)


def pulse(start_ms, duration_ms, amplitude_nanoamp):
    """The rest of a current clamp."""
    return (f'kind = "current_clamp"\nstart_ms = {start_ms}\nduration_ms = {duration_ms}\n'
            f"amplitude_nanoamp = {amplitude_nanoamp!r}\n")


def levels(resistance_mohm, *pairs):
    """The rest of a voltage clamp."""
    listed = ", ".join(f"{{ duration_ms = {float(d)}, v_mv = {float(v)} }}" for d, v in pairs)
    return f'kind = "voltage_clamp"\nseries_resistance_mohm = {resistance_mohm}\nlevels = [{listed}]\n'


def network():
    """The trained network of 136 cells: its config and the names of its cells."""
    folder = CONFIGS / "baaiworm136"
    maker().main(params(), folder)
    shapes, classes = (json.loads((folder / f"{name}.json").read_text()) for name in ("cells", "classes"))
    with open(folder / "cells.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open(folder / "input.csv", newline="", encoding="utf-8") as file:
        header, first, second = (next(csv.reader(file)) for _ in range(3))
    interval_ms = float(second[0]) - float(first[0])
    text = HEAD.format(duration_ms=200.0, dt_ms=0.5, v_init_mv=-65.0)
    text += "".join(template(row["name"], shapes[row["name"]], classes[row["class"]]) for row in rows)
    text += '\n[populations.neurons]\ntable = "cells.csv"\ncell = "{name}"\ncolumns = { name = "name" }\n'
    for kind, values in [*SYNAPSES.items(), ("gj", {})]:
        mechanism = "gap_junction" if kind == "gj" else "graded_synapse"
        given = ", ".join(['weight = "weight"', *(f"{key} = {value!r}" for key, value in values.items())])
        text += (f'\n[[graded_synapses]]\nmechanism = "{mechanism}"\ntable = "links.csv"\n'
                 f'filter = {{ kind = "{kind}" }}\nparameters = {{ {given} }}\n')
    listed = ", ".join(f'"{name}"' for name in header[1:])
    text += (f'\n[[stimuli]]\nkind = "current_clamp"\ncells = [{listed}]\nsection = "Soma"\ntable = "input.csv"\n'
             f'interpolation = "step"\ninterval_ms = {interval_ms}\ncolumn = "{{name}}"\n')
    text += probe("v", "v", "neurons", 0.5)
    path = folder / "baaiworm136.toml"
    path.write_text(text, encoding="utf-8")
    return path, [row["name"] for row in rows]
