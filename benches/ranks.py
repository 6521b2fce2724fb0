#!/usr/bin/env python3
"""Weak and strong scaling over MPI ranks: wall time of the steps, and the shares of computing, exchange and imbalance.

    benches/ranks.py [--rounds 5] [--ranks 1,2]

Writes the section "Ranks" of benches/results.md and benches/ranks.json, which validation/scaling.py projects from. A round
runs each number of ranks once, one after the other; more ranks than cores are marked.
"""
import argparse
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from compare import RESULTS, ROOT, TIANYAN, changed, command, processor  # noqa: E402

# Name, config, keys that are changed (for so many ranks), milliseconds.
CASES = [
    ("strong: ring of 2,048 hh cells", "models/ring/ring_hh.toml", lambda ranks: {"rings": 128}, 20.0),
    ("weak: ring of 1,024 hh cells a rank", "models/ring/ring_hh.toml", lambda ranks: {"rings": 64 * ranks}, 20.0),
    ("strong: worm, 302 coupled neurons", "models/celegans/celegans302.toml", lambda ranks: {}, 200.0),
    ("strong: microcircuit, 0.1", "models/microcircuit/microcircuit.toml", lambda ranks: {"scale": 0.1}, 500.0),
]


def run(config, milliseconds, ranks, folder):
    """run.json of a run on so many ranks of a thread each."""
    out = folder / "out"
    launcher = ["mpiexec", "--oversubscribe", "-n", str(ranks)] if ranks > 1 else []
    environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    subprocess.run([*launcher, TIANYAN, "run", config, "--threads", "1", "--quiet", "--overwrite", "--output", out,
                    "--duration-ms", str(milliseconds)], check=True, cwd=folder, env=environment)
    return json.loads((out / "run.json").read_text())


def shares(summary):
    """Wall time of the steps, s; of the ranks the mean time of computing, the spread of it, and that of exchange."""
    places = summary["places"]
    computing = [place["computing_s"] for place in places]
    exchange = [place["spikes_s"] + place["peers_s"] + place["results_s"] for place in places]
    mean = statistics.mean(computing)
    return {"wall_s": summary["solve_s"], "computing_s": mean, "imbalance": max(computing) / mean - 1.0,
            "exchange_s": min(exchange), "compartments": summary["compartments"], "steps": summary["steps"],
            "ns": summary["ns_per_compartment_step"], "cells": summary["cells"], "spikes": summary["spikes"]}


def measure(rounds, numbers):
    """For each case and number of ranks the medians."""
    found = []
    for name, config, keys, milliseconds in CASES:
        figures = {ranks: [] for ranks in numbers}
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            for _ in range(rounds):
                for ranks in numbers:
                    changes = keys(ranks)
                    path = changed(config, changes, folder) if changes else ROOT / config
                    figures[ranks].append(shares(run(path, milliseconds, ranks, folder)))
        for ranks, values in figures.items():
            middle = {key: statistics.median(value[key] for value in values) for key in values[0]}
            found.append({"case": name, "ranks": ranks, **middle})
            print(json.dumps(found[-1]), flush=True)
    return found


def table(found, rounds):
    """The section as text."""
    cores = os.cpu_count()
    lines = ["## Ranks", "",
             f"{datetime.date.today()}, commit {command('git', 'describe', '--always', '--dirty')}, {processor()}, {cores} "
             f"cores, Open MPI, a thread a rank, median of {rounds} rounds. Wall time of the steps; imbalance is the "
             "longest computing over the mean, exchange the least of a rank (what it takes beside waiting for others). "
             "Ranks marked * share cores.", "",
             "| case | ranks | s | times one rank | imbalance | exchange |", "|---|---|---|---|---|---|"]
    for one in found:
        first = next(other for other in found if other["case"] == one["case"])
        work = one["compartments"] / first["compartments"]
        times = first["wall_s"] * work / one["wall_s"]
        mark = "*" if one["ranks"] > cores else ""
        lines.append(f"| {one['case']} | {one['ranks']}{mark} | {one['wall_s']:.2f} | {times:.2f} | "
                     f"{100 * one['imbalance']:.0f} % | {100 * one['exchange_s'] / one['wall_s']:.1f} % |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description="Weak and strong scaling over MPI ranks.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ranks", default="1,2,4")
    arguments = parser.parse_args()
    found = measure(arguments.rounds, [int(ranks) for ranks in arguments.ranks.split(",")])
    (HERE / "ranks.json").write_text(json.dumps(found, indent=1) + "\n")
    before = re.split(r"^## Ranks$", RESULTS.read_text(), flags=re.MULTILINE)[0]
    RESULTS.write_text(before.rstrip() + "\n\n" + table(found, arguments.rounds))


if __name__ == "__main__":
    main()
