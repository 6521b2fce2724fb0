#!/usr/bin/env python3
"""Compares shipped mechanisms in Tianyan with the files they stand for in live NEURON.

    validation/shipped.py                    those that the wheel of bmtk holds, and NEURON's own artificial cells
    validation/shipped.py --upstream folder  those that the .mod files below a folder have the names of
    validation/shipped.py --only NaV SK      those of these names
    validation/shipped.py --texts            our files in NEURON too, so that only the texts differ

Both run in the experiments of nmodl_cases.py at each temperature, with defaults and with all parameters changed. Of every
state, current and RANGE variable the largest difference relative to its trace's largest value counts, and of v the
largest difference in mV; NEURON's file must not show a variable or a default that ours lacks.
"""
import argparse
import importlib.util
import pathlib
import sys

import numpy as np

import compare
import nmodl
import nmodl_build
import nmodl_cases as cases
import nmodl_neuron
import nmodl_text

MECHANISMS = compare.ROOT / "crates/tianyan-nmodl/mechanisms"
BUILT_IN = ("IntFire1", "IntFire2", "IntFire4")
CELSIUS = (34.0, 6.3)
# Attempts of nmodl_cases.py: defaults, and all parameters changed.
ATTEMPTS = (0, 1)
# Densities that move v.
GBAR_S_PER_CM2 = 1e-3
# With hh's spikes alone the simulators are 2e-9 mV apart.
RELATIVE, V_MV = 1e-9, 1e-8


def shipped():
    """{name: file} of all shipped mechanisms."""
    return {nmodl_text.mechanism_name(nmodl_text.read(path)): path for path in sorted(MECHANISMS.rglob("*.mod"))}


def bmtk():
    """The folder of BMTK's package."""
    spec = importlib.util.find_spec("bmtk")
    if spec is None:
        raise compare.Skipped("bmtk is not installed")
    return pathlib.Path(spec.submodule_search_locations[0])


def upstream(folder):
    """{name: file}; of files of one name the first."""
    found = {}
    for path in sorted(folder.rglob("*.mod")):
        found.setdefault(nmodl_text.mechanism_name(nmodl_text.read(path)), path)
    return found


def worst(name, ours, theirs, texts):
    """(largest relative difference, of which variable, largest difference of v in mV) over all runs."""
    description, diagnostics = nmodl.describe(ours)
    relative, variable, v_mv = 0.0, "", 0.0
    for celsius in CELSIUS:
        cases.CELSIUS = celsius
        for attempt in ATTEMPTS:
            case = cases.Case(nmodl_text.read(ours), ours, description, diagnostics, attempt)
            if "gbar" in {field["name"] for field in description["fields"]}:
                case.parameters["gbar"] = GBAR_S_PER_CM2
            found = nmodl_neuron.run(libraries(case, theirs), case, False)
            traces, spikes_ms = in_neuron(case, ours) if texts else nmodl.run_tianyan(case, f"shipped_{name}", False)
            problem = nmodl.undeclared(case, found["declares"]) or nmodl.spikes_apart(spikes_ms, found["spikes_ms"])
            if problem:
                raise compare.Failed(f"{name}: {problem}")
            for key, their in found["traces"].items():
                apart = np.abs(traces[key] - their).max()
                if key == "v":
                    v_mv = max(v_mv, apart)
                elif apart > relative * np.abs(their).max():
                    relative, variable = apart / np.abs(their).max(), f"{key} at {celsius:g} degC"
    return relative, variable, v_mv


def in_neuron(case, ours):
    """Traces and spike times of our file in NEURON."""
    found = nmodl_neuron.run(libraries(case, ours), case, False)
    return found["traces"], found["spikes_ms"]


def libraries(case, theirs):
    """NEURON's machine code of the helpers and of the file that ours stands for (none for what NEURON has)."""
    texts = dict(case.helpers)
    if theirs is not None:
        texts[case.name] = nmodl_text.read(theirs)
    made = []
    for name, text in texts.items():
        library, problem = nmodl_build.library(name, text, {})
        if problem:
            raise compare.Failed(f"{name}: {problem}")
        made.append(library)
    return made


def check(folder=None, only=(), texts=False):
    """Figures of all that both have."""
    ours, theirs = shipped(), upstream(folder or bmtk())
    theirs.update({} if texts else {name: None for name in BUILT_IN})
    figures = []
    for name in sorted(set(ours) & set(theirs)):
        if not only or name in only:
            relative, variable, v_mv = worst(name, ours[name], theirs[name], texts)
            figures.append(compare.Figure(f"{name} {variable}".strip(), relative, RELATIVE))
            figures.append(compare.Figure(f"{name} v mV", v_mv, V_MV))
    return figures


CHECKS = {"shipped mechanisms": check}


def main():
    parser = argparse.ArgumentParser(description="Compares shipped mechanisms with the files they stand for.")
    parser.add_argument("--upstream", type=pathlib.Path, metavar="FOLDER", help="where those files are [bmtk]")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="names of mechanisms")
    parser.add_argument("--texts", action="store_true", help="both in NEURON")
    options = parser.parse_args()
    figures = check(options.upstream, options.only, options.texts)
    for figure in figures:
        print(f"{figure.name:<40} {figure.value:9.2e}  {'ok' if figure.passed else 'FAIL'}", flush=True)
    return 0 if figures and all(figure.passed for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
