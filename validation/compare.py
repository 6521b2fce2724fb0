"""Runs Tianyan and NEURON on the same model and says how far apart they are.

    ours = tianyan("model.toml")            spikes and reports of a run
    theirs = neuron("model.toml")           the same from NEURON, through `tianyan export`
    difference(ours.reports["v"], theirs.reports["v"])

Everything is kept in validation/.work, which may be deleted at any time.
"""
import dataclasses
import hashlib
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys

import h5py
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = HERE / ".work"
# Spikes are the same if their times differ by less.
SAME_TIME_MS = 1e-6


class Failed(Exception):
    """A program that did not do what it was asked."""


class Skipped(Exception):
    """A check whose data are not here."""


@dataclasses.dataclass
class Result:
    """What a run left: spikes sorted by time, and reports as [row, column]."""

    times_ms: np.ndarray
    gids: np.ndarray
    reports: dict


@dataclasses.dataclass
class Figure:
    """One number of a check, and the bound it must keep."""

    name: str
    value: float
    bound: float = float("inf")
    at_least: float = float("-inf")

    @property
    def passed(self):
        """NaN never passes."""
        return bool(self.at_least <= self.value <= self.bound)


# ------------------------------------------------------------------ programs

def binary():
    """The program under test."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = pathlib.Path(os.environ.get("TIANYAN", target / "debug" / "tianyan"))
    if not path.exists():
        raise Failed(f"{path} is not there; `make build` builds it, TIANYAN names another")
    return path


def call(arguments, **options):
    """Runs a program; its words become the error if it fails."""
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, **options)
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise Failed(f"{' '.join(str(a) for a in arguments)}\n{words}")
    return done.stdout


def test_data():
    """The folder of data beside the checkout; without it some checks are skipped."""
    given = os.environ.get("TIANYAN_TEST_DATA")
    folder = pathlib.Path(given) if given else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        raise Skipped("TIANYAN_TEST_DATA names no folder")
    return folder


def key(config):
    """A name for the work folders of a config."""
    config = pathlib.Path(config).resolve()
    try:
        return "-".join(config.relative_to(ROOT).with_suffix("").parts).replace(".work-", "")
    except ValueError:
        return config.stem


def tianyan(config, dt_ms=None, duration_ms=None, name=None):
    """Runs a config."""
    out = WORK / "tianyan" / (name or key(config))
    arguments = [binary(), "run", config, "--output", out, "--overwrite", "--quiet"]
    arguments += [] if dt_ms is None else ["--dt-ms", dt_ms]
    arguments += [] if duration_ms is None else ["--duration-ms", duration_ms]
    call(arguments)
    return read_tianyan(out)


def export(config):
    """Exports a config to NEURON and gives the folder, with its mechanisms compiled."""
    folder = WORK / "neuron" / key(config)
    shutil.rmtree(folder, ignore_errors=True)
    call([binary(), "export", config, "--neuron", folder])
    use_compiled(folder)
    return folder


def neuron(config, dt_ms=None, duration_ms=None, folder=None):
    """Runs a config in NEURON."""
    folder = folder or export(config)
    arguments = [sys.executable, "network.py", "--out", "result.h5"]
    arguments += [] if dt_ms is None else ["--dt-ms", dt_ms]
    arguments += [] if duration_ms is None else ["--duration-ms", duration_ms]
    call(arguments, cwd=folder)
    keep_compiled(folder)
    return read_neuron(folder / "result.h5")


def compiled_folder(folder):
    """Where the compiled mechanisms of an export are kept for others that use the same."""
    digest = hashlib.sha256()
    for path in sorted((folder / "mods").glob("*.mod")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return WORK / "compiled" / digest.hexdigest()[:16] / platform.machine()


def use_compiled(folder):
    """Takes over compiled mechanisms that another export left."""
    kept = compiled_folder(folder)
    if kept.is_dir():
        shutil.copytree(kept, folder / platform.machine(), symlinks=True)
        for library in (folder / platform.machine()).rglob("libnrnmech*"):
            os.utime(library)


def keep_compiled(folder):
    """Leaves compiled mechanisms for other exports."""
    kept = compiled_folder(folder)
    made = folder / platform.machine()
    if made.is_dir() and not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(made, kept, symlinks=True)


# --------------------------------------------------------------------- files

def read_tianyan(folder):
    """A run's folder: spikes with gids (populations in their order), reports with all populations' columns."""
    folder = pathlib.Path(folder)
    with open(folder / "run.json", encoding="utf-8") as file:
        populations = json.load(file)["populations"]
    first, order = 0, {}
    for population in populations:
        order[population["name"]] = first
        first += population["cells"]
    times, gids = [], []
    with h5py.File(folder / "spikes.h5") as file:
        for name, group in file["spikes"].items():
            times.append(group["timestamps"][:])
            gids.append(group["node_ids"][:].astype(np.int64) + order[name])
    reports = {}
    for path in sorted(folder.glob("*.h5")):
        with h5py.File(path) as file:
            if "report" in file:
                groups = sorted(file["report"].items(), key=lambda item: order[item[0]])
                reports[path.stem] = np.hstack([group["data"][:] for _, group in groups])
    return sorted_result(times, gids, reports)


def read_neuron(path):
    """result.h5 of an export."""
    with h5py.File(path) as file:
        reports = {name: data[:] for name, data in file.get("reports", {}).items()}
        return sorted_result([file["spikes/time_ms"][:]], [file["spikes/gid"][:]], reports)


def sorted_result(times, gids, reports):
    """A result with its spikes in order."""
    times = np.concatenate(times) if times else np.zeros(0)
    gids = np.concatenate(gids) if gids else np.zeros(0, dtype=np.int64)
    order = np.lexsort((gids, times))
    return Result(times[order], gids[order], reports)


# --------------------------------------------------------------- differences

def difference(ours, theirs):
    """Greatest difference of two tables of the same shape."""
    if ours.shape != theirs.shape:
        raise Failed(f"one table has the shape {ours.shape}, the other {theirs.shape}")
    return float(np.max(np.abs(ours - theirs))) if ours.size else 0.0


def relative(ours, theirs):
    """Greatest difference, relative to the greatest value."""
    scale = float(np.max(np.abs(theirs))) if theirs.size else 0.0
    return difference(ours, theirs) / scale if scale > 0.0 else difference(ours, theirs)


def rms(ours, theirs):
    """Root of the mean of the squared differences."""
    if ours.shape != theirs.shape:
        raise Failed(f"one table has the shape {ours.shape}, the other {theirs.shape}")
    return float(np.sqrt(np.mean((ours - theirs) ** 2)))


def unmatched_spikes(ours, theirs, within_ms=SAME_TIME_MS):
    """How many spikes of one run the other lacks, cell by cell and in order."""
    missing = 0
    for gid in np.union1d(ours.gids, theirs.gids):
        a, b = np.sort(ours.times_ms[ours.gids == gid]), np.sort(theirs.times_ms[theirs.gids == gid])
        i = j = matched = 0
        while i < len(a) and j < len(b):
            if abs(a[i] - b[j]) <= within_ms:
                i, j, matched = i + 1, j + 1, matched + 1
            elif a[i] < b[j]:
                i += 1
            else:
                j += 1
        missing += len(a) + len(b) - 2 * matched
    return missing


def detected(result, network):
    """The spikes of cells that detect them; a run also writes those of sources."""
    return without(result, {source["gid"] for source in network["source_spikes"]})


def without(result, gids):
    """The result without the spikes of these cells."""
    keep = ~np.isin(result.gids, list(gids))
    return Result(result.times_ms[keep], result.gids[keep], result.reports)


def figures(config, volts=1e-6, others=1e-6, spikes=True, **options):
    """Runs a config in both: the greatest difference of each report (mV; relative for other units), and spikes."""
    folder = export(config)
    with open(folder / "network.json", encoding="utf-8") as file:
        network = json.load(file)
    ours, theirs = tianyan(config, **options), neuron(config, folder=folder, **options)
    found = []
    for report in network["reports"]:
        a, b = ours.reports[report["name"]], theirs.reports[report["name"]]
        if report["variable"] == "v":
            found.append(Figure(f"max |dv|, {report['name']}, mV", difference(a, b), volts))
        else:
            found.append(Figure(f"relative, {report['name']}", relative(a, b), others))
    has_detector = any(kind["detector"] for kind in network["kinds"])
    if spikes and has_detector:
        ours, theirs = detected(ours, network), detected(theirs, network)
        found.append(Figure("spikes in NEURON", len(theirs.times_ms), float("inf"), at_least=1))
        found.append(Figure("spikes unmatched", unmatched_spikes(ours, theirs), 0))
    return found
