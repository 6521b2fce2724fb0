#!/usr/bin/env python3
"""Whole runs beside NEURON, CoreNEURON, Arbor and NEST: processor time, one thread, interleaved, median of five.

    benches/compare.py [--rounds 5] [WORD ...]     the cases whose names hold one of the words; all without any

Writes benches/results.md with machine, date and commit. Ratios of one table were measured in one run: a round runs each
program once, one after the other.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
RESULTS = HERE / "results.md"
TIANYAN = ROOT / "target" / "debug" / "tianyan"

# CoreNEURON as it comes is scalar; so it uses the processor's vectors.
TUNED = ["-incflags", "-O3 -march=native -ffast-math"]
CORE = {"CoreNEURON, as shipped": [], "CoreNEURON, tuned": TUNED}
ARBOR = {"Arbor": [], "Arbor, 4 cells a group": ["--group", "4"]}

# All numbers computed, and gates' rates looked up within a millionth.
OWN = {"Tianyan": [], "Tianyan, --rate-error 1e-6": ["--rate-error", "1e-6"]}

# Cases that are not run with rates looked up: with many mechanisms and few cells the tables cost more than the run.
COMPUTED = {"worm, 302 neurons"}

# Name, config, keys that are changed, milliseconds, ways in NEURON, in CoreNEURON, in Arbor.
CASES = [
    ("ring, passive dendrites", "models/ring/ring_pas.toml", {}, 100.0,
     {"NEURON": ["--built-in", "--table"]}, CORE, ARBOR),
    ("ring, hh everywhere", "models/ring/ring_hh.toml", {}, 100.0,
     {"NEURON, tables": ["--built-in", "--table"], "NEURON, no tables": ["--built-in"]}, CORE, ARBOR),
    ("ring, twelve mechanisms everywhere", "models/ring/ring_rich.toml", {}, 10.0, {"NEURON": []}, CORE, ARBOR),
    ("ring of 2,048 cells, passive dendrites", "models/ring/ring_pas.toml", {"rings": 128}, 20.0,
     {"NEURON": ["--built-in", "--table"]}, {"CoreNEURON, tuned": TUNED}, ARBOR),
    ("ring of 2,048 cells, hh everywhere", "models/ring/ring_hh.toml", {"rings": 128}, 20.0,
     {"NEURON, tables": ["--built-in", "--table"]}, {"CoreNEURON, tuned": TUNED}, ARBOR),
    ("worm, 302 neurons", "models/celegans/celegans302.toml", {}, 30.0, {"NEURON": []}, {}, {}),
]

# Part of the microcircuit, milliseconds.
MICROCIRCUITS = [(0.1, 1000.0), (0.25, 500.0)]
BEFORE_MS = 500.0


def changed(config, keys, folder):
    """The config with other values of some keys, in the folder; paths in it must not be relative."""
    lines = (ROOT / config).read_text().splitlines()
    for key, value in keys.items():
        lines = [f"{key} = {value}" if line.split("=")[0].strip() == key else line for line in lines]
    path = folder / pathlib.Path(config).name
    path.write_text("\n".join(lines) + "\n")
    return path


def run(config, milliseconds, folder, *more):
    """run.json of a run."""
    out = folder / "out"
    subprocess.run([TIANYAN, "run", config, "--threads", "1", "--quiet", "--overwrite", "--output", out,
                    "--duration-ms", str(milliseconds), *more], check=True, cwd=folder)
    return json.loads((out / "run.json").read_text())


def tianyan(config, milliseconds, folder, more):
    """ns of processor time per compartment and step, without what a run without steps costs; memory, MB."""
    empty, full = run(config, 0, folder, *more), run(config, milliseconds, folder, *more)
    return (full["cpu_s"] - empty["cpu_s"]) * 1e9 / full["steps"] / full["compartments"], full["peak_rss_mb"]


def peer(script, *arguments, cwd):
    """The last line that a peer's side prints."""
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, HERE / script, *map(str, arguments)], capture_output=True, text=True,
                          cwd=cwd, env=environment)
    if done.returncode:
        sys.exit(f"{script} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def for_core(export, flags):
    """A copy of an exported network whose mechanisms are compiled for CoreNEURON."""
    copy = export.with_name(f"{export.name}-core{'-tuned' if flags else ''}")
    shutil.copytree(export, copy)
    shutil.rmtree(copy / platform.machine(), ignore_errors=True)
    tool = pathlib.Path(sys.executable).parent / "nrnivmodl"
    done = subprocess.run([tool, *flags, "-coreneuron", "mods"], cwd=copy, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"nrnivmodl failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return copy


def network(case, rounds, folder):
    """Of each program the figures of all rounds: ns per compartment and step, and memory in MB."""
    name, config, keys, milliseconds, neuron, core, arbor = case
    own = {"Tianyan": []} if name in COMPUTED else OWN
    config = changed(config, keys, folder) if keys else ROOT / config
    export = folder / "export"
    subprocess.run([TIANYAN, "export", config, "--neuron", export], check=True, capture_output=True)
    cores = {way: for_core(export, flags) for way, flags in core.items()}
    figures = {way: [] for way in [*own, *neuron, *core, *arbor]}
    for _ in range(rounds):
        for way, more in own.items():
            figures[way].append(tianyan(config, milliseconds, folder, more))
        asked = [(way, "neuron_side.py", export, flags) for way, flags in neuron.items()]
        asked += [(way, "neuron_side.py", place, ["--core"]) for way, place in cores.items()]
        asked += [(way, "arbor_side.py", export, flags) for way, flags in arbor.items()]
        for way, script, place, flags in asked:
            found = peer(script, place, milliseconds, *flags, cwd=place)
            figures[way].append((found["ns"], found["memory_mb"]))
    return figures


def microcircuit(scale, milliseconds, rounds, folder):
    """Of Tianyan and NEST the figures of all rounds: seconds of processor time per second, and memory in MB."""
    config = changed("models/microcircuit/microcircuit.toml", {"scale": scale}, folder)
    figures = {"Tianyan": [], "NEST": []}
    for _ in range(rounds):
        before, full = (run(config, end, folder) for end in (BEFORE_MS, BEFORE_MS + milliseconds))
        took = (full["cpu_s"] - before["cpu_s"]) / milliseconds * 1e3
        figures["Tianyan"].append((took, full["peak_rss_mb"]))
        found = peer("nest_side.py", scale, milliseconds, cwd=folder)
        figures["NEST"].append((found["per_s"], found["memory_mb"]))
    return figures


def rows(name, figures):
    """The rows of a case."""
    own = statistics.median(time for time, _ in figures["Tianyan"])
    for program, values in figures.items():
        times, memory = zip(*values)
        middle = statistics.median(times)
        yield (f"| {name} | {program} | {middle:.1f} ({min(times):.1f}, {max(times):.1f}) | {middle / own:.2f} | "
               f"{statistics.median(memory):.0f} |")


def command(*words):
    """What a command prints, in one line."""
    return subprocess.run(words, capture_output=True, text=True, cwd=ROOT).stdout.strip()


def processor():
    """The processor's name."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def main():
    parser = argparse.ArgumentParser(description="Tianyan beside NEURON, CoreNEURON, Arbor and NEST, one thread.")
    parser.add_argument("words", nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    wanted = lambda name: not options.words or any(word in name for word in options.words)  # noqa: E731
    parts = [(f"microcircuit, {scale}", scale, milliseconds) for scale, milliseconds in MICROCIRCUITS]
    networks, circuits = [], []
    for case in (case for case in CASES if wanted(case[0])):
        with tempfile.TemporaryDirectory() as folder:
            found = list(rows(case[0], network(case, options.rounds, pathlib.Path(folder))))
            print("\n".join(found), flush=True)
            networks += found
    for name, scale, milliseconds in (part for part in parts if wanted(part[0])):
        with tempfile.TemporaryDirectory() as folder:
            circuits += rows(name, microcircuit(scale, milliseconds, options.rounds, pathlib.Path(folder)))
            print("\n".join(circuits[-2:]), flush=True)
    if options.words:
        return
    head = "| network | program | {} | times Tianyan's | memory, MB |\n|---|---|---|---|---|"
    text = f"""# Speed beside the peers

{datetime.date.today()}, commit {command('git', 'describe', '--always', '--dirty')}, {processor()}, one thread, median of \
{options.rounds} interleaved rounds (least, most). Versions are those of validation/requirements.txt; Tianyan is built as `make build` does (opt-level 2, with overflow \
checks). Processor time is that of user and system, memory the peak of the process in MiB. CoreNEURON \
as shipped is compiled without the processor's vectors; tuned means `{TUNED[1]}`. Arbor advances gates with a rational \
approximation of the exponential, the others exactly.

{head.format('ns per compartment and step')}
{chr(10).join(networks)}

{head.format('seconds of processor time per second')}
{chr(10).join(circuits)}
"""
    # benches/ranks.py writes that section.
    before = RESULTS.read_text() if RESULTS.exists() else ""
    ranks = before.find("## Ranks\n")
    RESULTS.write_text(text + ("\n" + before[ranks:] if ranks >= 0 else ""))


if __name__ == "__main__":
    main()
