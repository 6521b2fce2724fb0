#!/usr/bin/env python3
"""How many NMODL files that NEURON's nocmodl accepts Tianyan compiles; `make validate-nmodl` runs it too.

    validation/nmodl_coverage.py                  the files that the wheels of neuron, bmtk, snudda and netpyne hold
    validation/nmodl_coverage.py --mods folder    all .mod files below a folder; repeatable

Files of the same text count once. Prints each file that does not compile with its first error, then the two figures:
files without VERBATIM (also in what they INCLUDE) and files with it. Ends with 1 if one misses its bound.
"""
import argparse
import concurrent.futures
import hashlib
import pathlib
import re
import sys

import nmodl
import nmodl_build
import nmodl_text

PLAIN_PART, VERBATIM_PART = 0.97, 0.60


def distinct(folders):
    """(file, label) of all files, each text once."""
    found = {}
    for folder in folders:
        for path, label in nmodl.mod_files(folder):
            found.setdefault(hashlib.sha256(nmodl_text.read(path).strip().encode("latin-1")).hexdigest(), (path, label))
    return sorted(found.values(), key=lambda entry: entry[1])


def examine(entry):
    """(label, whether it has VERBATIM, the first error or none), or none if nocmodl refuses the file."""
    path, label = entry
    if nmodl_build.refusal(path):
        return None
    text = nmodl_text.with_includes(path)[0]
    has_verbatim = re.search(r"^\s*VERBATIM\b", re.sub(r"\bCOMMENT\b.*?\bENDCOMMENT\b", "", text, flags=re.S), re.M) is not None
    try:
        description, diagnostics = nmodl.describe(path)
    except nmodl.Crashed as crash:
        return label, has_verbatim, str(crash)
    errors = [f"{d['line']}: {d['code']}: {d['message']}" for d in diagnostics if d["severity"] == "error"]
    return label, has_verbatim, None if description else (errors or ["no reason given"])[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mods", action="append", type=pathlib.Path, metavar="FOLDER", help="folder or file; repeatable")
    options = parser.parse_args()
    shipped = [folder for folder in nmodl.default_folders() if folder not in nmodl.OURS]
    files = distinct(options.mods or shipped)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = [outcome for outcome in pool.map(examine, files) if outcome]
    for label, has_verbatim, error in found:
        if error:
            print(f"{'VERBATIM' if has_verbatim else '':8}  {label}  {error}")
    kept = True
    for has_verbatim, words, bound in ((False, "without VERBATIM", PLAIN_PART), (True, "with VERBATIM", VERBATIM_PART)):
        errors = [error for _, verbatim, error in found if verbatim == has_verbatim]
        good = errors.count(None)
        part = good / len(errors) if errors else 1.0
        kept &= part >= bound
        print(f"{good} of {len(errors)} files {words} compile: {part:.1%} ({bound:.0%} wanted)")
    return 0 if kept and found else 1


if __name__ == "__main__":
    sys.exit(main())
