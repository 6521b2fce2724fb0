#!/usr/bin/env python3
"""Whole runs beside NEURON: processor time per compartment and step, one thread, interleaved, median of five.

    benches/compare.py [--rounds 5]

Writes benches/results.md with machine, date and commit. Ratios of one table were measured in one run.
"""
import argparse
import datetime
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
TIANYAN = ROOT / "target" / "debug" / "tianyan"

# Name, config, milliseconds, ways in NEURON.
CASES = [
    ("ring, passive dendrites", "models/ring/ring_pas.toml", 100.0, {"NEURON": ["--built-in", "--table"]}),
    ("ring, hh everywhere", "models/ring/ring_hh.toml", 100.0,
     {"NEURON, tables": ["--built-in", "--table"], "NEURON, no tables": ["--built-in"]}),
    ("ring, twelve mechanisms everywhere", "models/ring/ring_rich.toml", 5.0, {"NEURON": []}),
    ("worm, 302 neurons", "models/celegans/celegans302.toml", 30.0, {"NEURON": []}),
]


def tianyan(config, milliseconds, folder):
    """ns of processor time per compartment and step; what a run without steps costs is taken off."""
    def cpu(duration):
        out = folder / "out"
        subprocess.run([TIANYAN, "run", ROOT / config, "--threads", "1", "--quiet", "--overwrite", "--output", out,
                        "--duration-ms", str(duration)], check=True, cwd=folder)
        return json.loads((out / "run.json").read_text())

    empty, full = cpu(0), cpu(milliseconds)
    return (full["cpu_s"] - empty["cpu_s"]) * 1e9 / full["steps"] / full["compartments"]


def neuron(export, milliseconds, flags):
    """The same of NEURON."""
    done = subprocess.run([sys.executable, HERE / "neuron_side.py", export, str(milliseconds), *flags], check=True,
                          capture_output=True, text=True, cwd=export)
    return json.loads(done.stdout.splitlines()[-1])["ns"]


def measure(config, milliseconds, ways, rounds, folder):
    """Of Tianyan and each way the figures of all rounds."""
    export = folder / "export"
    subprocess.run([TIANYAN, "export", ROOT / config, "--neuron", export], check=True, capture_output=True)
    figures = {"Tianyan": [], **{way: [] for way in ways}}
    for _ in range(rounds):
        figures["Tianyan"].append(tianyan(config, milliseconds, folder))
        for way, flags in ways.items():
            figures[way].append(neuron(export, milliseconds, flags))
    return figures


def command(*words):
    """What a command prints, in one line."""
    return subprocess.run(words, capture_output=True, text=True, cwd=ROOT).stdout.strip()


def processor():
    """The processor's name."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def main():
    parser = argparse.ArgumentParser(description="Tianyan beside NEURON, one thread.")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    lines = ["# Speed beside NEURON", "",
             f"{datetime.date.today()}, commit {command('git', 'describe', '--always', '--dirty')}, {processor()}, "
             f"one thread, median of {options.rounds} interleaved rounds (least, most).", "",
             "| network | program | ns per compartment and step | times Tianyan's |", "|---|---|---|---|"]
    for name, config, milliseconds, ways in CASES:
        with tempfile.TemporaryDirectory() as folder:
            figures = measure(config, milliseconds, ways, options.rounds, pathlib.Path(folder))
        own = statistics.median(figures["Tianyan"])
        for program, values in figures.items():
            middle = statistics.median(values)
            lines.append(f"| {name} | {program} | {middle:.1f} ({min(values):.1f}, {max(values):.1f}) "
                         f"| {middle / own:.2f} |")
            print(lines[-1], flush=True)
    (HERE / "results.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
