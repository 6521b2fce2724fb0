#!/usr/bin/env python3
"""A BioNet network beside BMTK with NEURON: processor time of set-up and of the run, one thread, in one go.

    benches/sonata.py [--rounds 1] [--milliseconds 1000]

The network is bio_450cells of BMTK's examples, looked for in TIANYAN_TEST_DATA. Mechanisms are those of the bmtk wheel on
both sides. Writes benches/sonata.md.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "validation"))
import compare  # noqa: E402
import sonata  # noqa: E402


def prepared(folder, milliseconds):
    """The config, with compiled mechanisms and without reports."""
    source = sonata.data() / "sonata/bmtk/bio_450cells"
    circuit = json.loads((source / "config.circuit.json").read_text())
    circuit["manifest"]["$BASE_DIR"] = str(source)
    circuit["components"]["mechanisms_dir"] = str(sonata.mechanisms())
    (folder / "circuit.json").write_text(json.dumps(circuit))
    config = json.loads((source / "config.simulation.json").read_text())
    config["manifest"]["$BASE_DIR"] = str(source)
    config["network"] = str(folder / "circuit.json")
    config["run"]["tstop"] = milliseconds
    config["output"] = {"output_dir": "theirs", "spikes_file": "spikes.h5", "log_file": "log.txt"}
    (folder / "config.json").write_text(json.dumps(config))
    return folder / "config.json"


def ours(config, folder, milliseconds):
    """Seconds of processor time, MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    compare.call([compare.binary(), "run", config, "--threads", "1", "--quiet", "--overwrite", "--output",
                  folder / "ours", "--duration-ms", str(milliseconds)])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, json.loads((folder / "ours" / "run.json").read_text())["peak_rss_mb"]


def theirs(config, folder):
    """What sonata_bmtk.py says."""
    script = compare.HERE / "sonata_bmtk.py"
    done = subprocess.run([sys.executable, script, config.name], cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description="bio_450cells beside BMTK with NEURON.")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--milliseconds", type=float, default=1000.0)
    options = parser.parse_args()
    try:
        sonata.data()
    except compare.Skipped as reason:
        print(f"skipped: {reason}")
        return
    rows = {"Tianyan": [], "BMTK": []}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        config = prepared(folder, options.milliseconds)
        ours(config, folder, 0.0)  # kernels are compiled once and kept
        for _ in range(options.rounds):
            ready, _ = ours(config, folder, 0.0)
            whole, memory = ours(config, folder, options.milliseconds)
            rows["Tianyan"].append((ready, whole - ready, memory))
            other = theirs(config, folder)
            rows["BMTK"].append((other["setup_s"], other["run_s"], other["rss_mb"]))
        differ = sonata.spike_figures(sonata.trains(folder / "ours/spikes.h5"), sonata.trains(folder / "theirs/spikes.h5"))
    median = {name: [statistics.median(column) for column in zip(*values)] for name, values in rows.items()}
    ratio = [b / a for a, b in zip(median["Tianyan"], median["BMTK"])]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True).stdout.strip()
    lines = [
        "# bio_450cells beside BMTK",
        "",
        f"{options.milliseconds:g} ms, one thread, processor time, rounds: {options.rounds}, development build;",
        f"{platform.machine()}, {os.cpu_count()} cores, {datetime.date.today()}, commit {commit}. Made by benches/sonata.py.",
        "",
        "| | set-up, s | run, s | memory, MB |",
        "|---|---|---|---|",
        *(f"| {name} | {a:.2f} | {b:.1f} | {c:.0f} |" for name, (a, b, c) in median.items()),
        f"| BMTK / Tianyan | {ratio[0]:.0f} | {ratio[1]:.1f} | {ratio[2]:.0f} |",
        "",
        f"Cells whose spike counts differ: {differ[0].value}; largest shift {differ[1].value:.2g} ms.",
        "",
    ]
    (HERE / "sonata.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
