#!/usr/bin/env python3
"""Compares what Tianyan and live NEURON compute for any NMODL files; `make validate-nmodl MODS=folder` runs it.

    validation/nmodl.py --mods folder            all .mod files below a folder (or one file)
    validation/nmodl.py                          those that the wheels of neuron, bmtk, snudda and netpyne hold, and our own
    validation/nmodl.py --mods folder --only Kv  those whose paths hold one of these words
    validation/nmodl.py --tables                 files with TABLE, with tables in both simulators

Each file that both compile runs in the experiments of nmodl_cases.py. Both must declare the same variables with the
same defaults, and every sample s of its states, ASSIGNED RANGE variables, currents, concentrations and of v must agree
within 1e-8 + 1e-6 |s|, |s| being the largest of its trace; within 1e-8 + 1e-4 |s| where the current is not affine in v
or an equation is solved by iteration (there NEURON is no more exact itself: it takes differences over 0.001 mV and
stops at changes of 1e-6). A file counts only if each of its states and currents moves by more than 1e-3 of its scale.

    pass             within the bound
    loose            an exact method, yet only within the wider bound
    rounding         differs, and agrees at dt = 1/32 ms, where t is exact: NEURON's rounding of t decides something
    sensitive        differs, and so does NEURON from itself when v begins 1e-9 mV higher
    differs          none of these; which variable, when, and both values
    lacks            the same numbers, but NEURON shows a variable or default that Tianyan has not
    not-exercised    within the bound, but something hardly moved
    tianyan-refuses  NEURON compiles it, Tianyan does not; also neuron-refuses, both-refuse
    tianyan-fails    compiled, but the run ended with an error; crash: without one, or never
    neuron-fails     nocmodl takes it, but the C++ compiler does not, or NEURON cannot run it
    needs-pointer    a POINTER that is not v of another cell, or has no place in a config
    own-random       numbers come from a generator of hoc's that Tianyan replaces and nothing can set
    no-kernels       nothing that could be compared
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import hashlib
import importlib.util
import json
import multiprocessing
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np

import compare
import nmodl_build
import nmodl_cases as cases
import nmodl_neuron
import nmodl_text

WORK = nmodl_build.WORK
TIMEOUT_S = 60
WHEELS = ["snudda==3.0", "netpyne==1.1.1"]
OURS = [compare.HERE / "cases", compare.ROOT / "crates/tianyan-nmodl/tests/mod"]
ABSOLUTE = 1e-8
TIGHT, WIDE = 1e-6, 1e-4
MOVES = 1e-3
SHIFT_MV = 1e-9
# What must pass, and how much may be left unexercised.
PASS_PART, QUIET_PART = 0.98, 0.05
COMPARED = ("pass", "loose", "rounding", "sensitive", "differs", "lacks", "tianyan-fails", "crash")


@dataclasses.dataclass
class Outcome:
    """What came of one file."""

    path: str
    status: str
    detail: str = ""
    worst: float = None  # largest difference relative to its bound's scale
    exact: bool = None  # whether the tighter bound holds
    where: dict = None  # variable, experiment, time and both values of the largest difference
    seconds: dict = dataclasses.field(default_factory=dict)

    def line(self):
        """A line of the table."""
        worst = "" if self.worst is None else f"{self.worst:.1e}"
        return f"{self.status:<15} {worst:>8} {sum(self.seconds.values()):5.1f} s  {self.path}  {self.detail}".rstrip()


class Stopwatch:
    """Seconds of the stages of one file."""

    def __init__(self):
        self.seconds, self.last = {}, time.monotonic()

    def lap(self, stage):
        """What passed since the last call belongs to this stage."""
        now = time.monotonic()
        self.seconds[stage] = round(self.seconds.get(stage, 0.0) + now - self.last, 3)
        self.last = now


# ------------------------------------------------------------------- files

def wheels():
    """Folders of the wheels that are not installed, unpacked without what they depend on."""
    folder = compare.WORK / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    for wheel in WHEELS:
        target = folder / wheel
        if target.exists():
            continue
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, wheel]
        if subprocess.run(command, check=False).returncode:
            print(f"{wheel} could not be had: its files are not counted")
            continue
        for file in folder.glob(f"{wheel.partition('=')[0]}-*.whl"):
            with zipfile.ZipFile(file) as archive:
                archive.extractall(target)
    return [path for path in folder.iterdir() if path.is_dir()]


def default_folders():
    """What NEURON and BMTK and two more packages ship, and our own."""
    specs = [importlib.util.find_spec(package) for package in ("neuron", "bmtk")]
    return [pathlib.Path(spec.submodule_search_locations[0]) for spec in specs if spec] + wheels() + OURS


def mod_files(folder):
    """(file, name for the table) of a folder or a single file."""
    if folder.is_file():
        return [(folder.resolve(), folder.name)]
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".mod" and path.is_file())
    return [(path.resolve(), str(path.relative_to(folder.parent))) for path in found]


# ----------------------------------------------------------------- Tianyan

def describe(path):
    """What Tianyan makes of a file (none if it refuses), and its diagnostics."""
    try:
        done = subprocess.run([compare.binary(), "mod", "--format", "json", path], capture_output=True, text=True,
                              timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise Crashed(f"tianyan mod: no result in {TIMEOUT_S} s") from None
    try:
        report = json.loads(done.stdout)[0]
    except ValueError:
        raise Crashed(f"tianyan mod: {ending(done)}") from None
    return report["mechanism"], report["diagnostics"]


class Crashed(Exception):
    """Tianyan ended without a word for users, or never."""


def ending(done):
    """How a program ended."""
    name = signal.Signals(-done.returncode).name if done.returncode < 0 else f"exit {done.returncode}"
    return f"{name}: {' | '.join(done.stderr.strip().splitlines())[-200:]}"


def run_tianyan(case, key, tables):
    """Traces {variable: [row, cell]} and spike times."""
    folder = WORK / "runs" / key
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in case.helpers.items():
        (folder / f"{name}.mod").write_text(text, encoding="utf-8")
    config = folder / "model.toml"
    files = json.dumps([str(case.file), *(f"{name}.mod" for name in case.helpers)])
    config.write_text(cases.toml(case, files, tables), encoding="utf-8")
    command = [compare.binary(), "run", config, "--output", folder / "out", "--quiet", "--threads", "1"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise Crashed(f"tianyan run: no result in {TIMEOUT_S} s") from None
    if done.returncode < 0 or done.returncode > 100:
        raise Crashed(f"tianyan run: {ending(done)}")
    if done.returncode:
        raise compare.Failed(" ".join((done.stderr.strip() or ending(done)).splitlines()[0].split())[:250])
    result = compare.read_tianyan(folder / "out")
    shutil.rmtree(folder / "out")
    traces = {}
    for index, (variable, _) in enumerate(case.variables + cases.voltage(case)):
        columns = [result.reports[cases.report(index, population)] for population in case.populations()]
        traces[variable] = np.hstack(columns)
    own = result.gids == 0 if case.kind == "artificial_cell" else np.zeros(len(result.gids), dtype=bool)
    return traces, np.sort(result.times_ms[own])


# ---------------------------------------------------------------- judgement

def undeclared(case, declares):
    """What NEURON's mechanism has and Tianyan's lacks, or gives another default."""
    fields = {field["name"]: field for field in case.description["fields"]}
    ions = {part for ion in case.description["ions"] for part in (f"e{ion['name']}", f"i{ion['name']}", f"{ion['name']}i",
                                                                 f"{ion['name']}o")}
    for name, size in declares["variables"].items():
        for element in [name] if size == 1 else [f"{name}[{k}]" for k in range(size)]:
            if element not in fields:
                return f"no variable {element}"
    for name, default in declares["parameters"].items():
        if name in fields and float(f"{fields[name]['default']:g}") != float(f"{default:g}"):
            return f"default of {name}: {fields[name]['default']!r} and {default!r}"
        if name not in fields and f"{name}[0]" not in fields and name not in ions:
            return f"no parameter {name}"
    return None


def largest(case, ours, theirs, relative, absolute):
    """The largest difference as (part of its bound, relative error, where)."""
    worst = (0.0, 0.0, None)
    for name, their in theirs.items():
        our = ours[name]
        finite = np.isfinite(their)
        odd = finite != np.isfinite(our)
        scale = np.max(np.abs(np.where(finite, their, 0.0)), axis=0)
        with np.errstate(invalid="ignore"):
            error = np.where(finite & ~odd, np.abs(our - their), 0.0)
        part = np.where(odd, np.inf, error / (absolute + relative * scale))
        row, cell = np.unravel_index(np.argmax(part), part.shape)
        if part[row, cell] > worst[0]:
            where = {"variable": name, "experiment": cases.experiment(case, cell), "t_ms": round(row * case.dt_ms, 6),
                     "tianyan": float(our[row, cell]), "neuron": float(their[row, cell])}
            worst = (float(part[row, cell]), float(part[row, cell] * relative), where)
    return worst


def spikes_apart(ours_ms, theirs_ms):
    """Words on spike times that differ; none if they are the same. Those of the last step are reported by NEURON alone."""
    end_ms = cases.DURATION_MS - cases.EXACT_DT_MS
    ours_ms, theirs_ms = ours_ms[ours_ms < end_ms], theirs_ms[theirs_ms < end_ms]
    if len(ours_ms) != len(theirs_ms):
        return f"{len(ours_ms)} spikes and {len(theirs_ms)}"
    apart = np.abs(ours_ms - np.sort(theirs_ms)).max(initial=0.0)
    return f"spikes are {apart:.2g} ms apart" if apart > compare.SAME_TIME_MS else None


def judge(case, ours, theirs):
    """(status, detail, worst, where) of one comparison."""
    traces, spikes_ms = ours
    shapes = {name for name, their in theirs["traces"].items() if traces[name].shape != their.shape}
    if shapes:
        return "differs", f"numbers of samples of {', '.join(sorted(shapes))}", None, None
    unrecorded = [name for name in traces if name not in theirs["traces"]]
    if unrecorded:
        return "differs", f"NEURON has no variable {unrecorded[0]}", None, None
    bound = TIGHT if case.is_exact else WIDE
    part, worst, where = largest(case, traces, theirs["traces"], bound, ABSOLUTE)
    apart = spikes_apart(spikes_ms, theirs["spikes_ms"])
    if apart:
        return "differs", apart, worst, where
    if part <= 1.0:
        lacking = undeclared(case, theirs["declares"])
        return "lacks" if lacking else "pass", lacking or "", worst, where
    wide = largest(case, traces, theirs["traces"], WIDE, ABSOLUTE)[0]
    return ("loose" if wide <= 1.0 else "differs"), words(where), worst, where


def words(where):
    """A place in words."""
    return (f"{where['variable']} in {where['experiment']} at {where['t_ms']:g} ms: {where['tianyan']:.10g} and "
            f"{where['neuron']:.10g}")


def still(case, theirs):
    """What hardly moves in NEURON; hh and the helpers do not count, and of an array one element is enough."""
    quiet, moving = [], set()
    own = dict(case.variables)
    for name in case.must_change():
        trace = theirs["traces"][name]
        if not own[name]:  # a whole ion's: without the cell that has hh, without what a helper adds
            trace = (trace - theirs["flows"].get(name, 0.0))[:, :len(cases.LEVELS_MV)]
        trace = np.where(np.isfinite(trace), trace, 0.0)
        scale = np.abs(trace).max()
        if np.ptp(trace, axis=0).max() <= MOVES * scale:
            quiet.append(name)
        else:
            moving.add(name.partition("[")[0])
    quiet = [name for name in quiet if name.partition("[")[0] not in moving]
    if case.description["makes_spikes"] and case.kind == "artificial_cell" and not len(theirs["spikes_ms"]):
        quiet.append("spikes")
    return quiet


# ----------------------------------------------------------------- one file

def check(path, label, tables):
    """The outcome of a file."""
    watch = Stopwatch()
    outcome = Outcome(label, "crash")
    try:
        examine(path, tables, outcome, watch)
    except Crashed as crash:
        outcome.status, outcome.detail = "crash", str(crash)
    except compare.Failed as failed:
        outcome.status, outcome.detail = "tianyan-fails", str(failed)
    except nmodl_neuron.Crash as crash:
        outcome.status, outcome.detail = "neuron-fails", str(crash)
    except Exception as error:  # one file must not hide the others
        outcome.status, outcome.detail = "crash", f"nmodl.py: {type(error).__name__}: {error}"[:200]
    outcome.seconds = watch.seconds
    return outcome


def examine(path, tables, outcome, watch):
    """Fills the outcome."""
    description, diagnostics = describe(path)
    watch.lap("tianyan mod")
    complaint = nmodl_build.refusal(path)
    watch.lap("nocmodl")
    errors = [f"{d['line']}: {d['code']}: {d['message']}" for d in diagnostics if d["severity"] == "error"]
    if description is None or complaint:
        both = description is None and complaint
        outcome.status = "both-refuse" if both else "neuron-refuses" if complaint else "tianyan-refuses"
        outcome.detail = errors[0] if errors else complaint
        return
    key = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    text, includes = nmodl_text.with_includes(path)
    source, file = nmodl_text.read(path), path
    if description["name"] in nmodl_text.taken_names():
        name = f"{description['name']}_renamed"
        source = text = nmodl_text.renamed(text, name)
        includes, file = {}, WORK / "renamed" / key / f"{name}.mod"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="latin-1")
        description, diagnostics = describe(file)
    if nmodl_text.mechanism_name(text) == "nothing":
        outcome.status = "no-kernels"
        return
    make_case = lambda attempt, dt_ms=cases.DT_MS: cases.Case(text, file, description, diagnostics, attempt, dt_ms)
    compare_runs(make_case, source, includes, key, tables, outcome, watch)


def compare_runs(make_case, source, includes, key, tables, outcome, watch):
    """Runs a case in both, again with other parameters while something has hardly moved."""
    case = make_case(0)
    outcome.exact = case.is_exact
    if not case.can_point:
        outcome.status, outcome.detail = "needs-pointer", ", ".join(case.pointers)
        return
    if not case.description["operations"]:
        outcome.status = "no-kernels"
        return
    other = [stream for stream in case.streams if not case.draws_alike(stream)]
    if other:
        outcome.status, outcome.detail = "own-random", ", ".join(other)
        return
    libraries = []
    # Of those that write concentrations, NEURON advances first what was loaded last.
    for name, text in {**case.helpers, case.name: source}.items():
        made, problem = nmodl_build.library(name, text, includes if name == case.name else {})
        if problem:
            outcome.status, outcome.detail = "neuron-fails", problem
            return
        libraries.append(made)
    watch.lap("compile")
    quiet = odd = None
    for attempt in range(len(cases.ATTEMPTS)):
        case = make_case(attempt)
        theirs = nmodl_neuron.run(libraries, case, tables)
        watch.lap("neuron")
        if not np.isfinite(theirs["traces"].get("v", np.zeros(1))).all():
            odd = "v"  # Tianyan ends such a run, NEURON goes on
            continue
        ours = run_tianyan(case, key, tables)
        watch.lap("tianyan run")
        undefined = [name for name, their in theirs["traces"].items() if their.shape == ours[0][name].shape and (np.isfinite(ours[0][name]) & ~np.isfinite(their)).any()]
        if undefined:
            odd = undefined[0]  # Tianyan has a limit where NEURON divides by 0
            continue
        status, detail, worst, where = judge(case, ours, theirs)
        if outcome.worst is None or (worst or 0.0) >= outcome.worst:
            outcome.worst, outcome.where = worst, where and {"attempt": attempt + 1, **where}
        if outcome.status not in ("loose", "lacks") or status == "differs":
            outcome.status, outcome.detail = status, detail
        moves = still(case, theirs)
        quiet = moves if quiet is None else [name for name in quiet if name in moves]
        watch.lap("judge")
        if status == "differs" and agrees(make_case(attempt, cases.EXACT_DT_MS), libraries, key, tables):
            outcome.status = "rounding"
        elif status == "differs" and is_sensitive(case, ours[0], theirs["traces"], libraries, tables):
            outcome.status = "sensitive"
        watch.lap("second opinion")
        if status == "differs" or not quiet:
            return
    outcome.status = "not-exercised"
    outcome.detail = f"{odd} is no number in NEURON" if quiet is None else ", ".join(quiet[:6])


def is_sensitive(case, ours, theirs, libraries, tables):
    """True if NEURON differs from itself about as much as from Tianyan when it starts a little higher."""
    try:
        moved = nmodl_neuron.run(libraries, case, tables, SHIFT_MV)["traces"]
    except nmodl_neuron.Crash:
        return False
    from_us, from_itself = largest(case, ours, theirs, WIDE, ABSOLUTE)[0], largest(case, moved, theirs, WIDE, ABSOLUTE)[0]
    return from_itself > 0.1 * from_us


def agrees(case, libraries, key, tables):
    """True if both compute the same numbers."""
    try:
        return judge(case, run_tianyan(case, key, tables), nmodl_neuron.run(libraries, case, tables))[0] != "differs"
    except (Crashed, compare.Failed, nmodl_neuron.Crash):
        return False


# ------------------------------------------------------------------- report

def summary(outcomes):
    """Counts by status, and whether the bounds are kept."""
    counts = collections.Counter(outcome.status for outcome in outcomes)
    compared = sum(counts[status] for status in COMPARED)
    exercised = compared + counts["not-exercised"]
    return {
        "files": len(outcomes), "counts": dict(counts.most_common()), "compared": compared,
        "passed_part": counts["pass"] / compared if compared else 0.0,
        "not_exercised_part": counts["not-exercised"] / exercised if exercised else 0.0,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mods", action="append", type=pathlib.Path, metavar="FOLDER", help="folder or file; repeatable")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="parts of paths")
    parser.add_argument("--tables", action="store_true", help="usetable 1 in both; files with TABLE only")
    parser.add_argument("--jobs", type=int, default=2, help="files at a time [2]")
    parser.add_argument("--json", type=pathlib.Path, default=compare.WORK / "nmodl.json", help="where everything is written")
    options = parser.parse_args()
    files = [found for folder in options.mods or default_folders() for found in mod_files(folder)]
    files = [(path, label) for path, label in files if not options.only or any(word in str(path) for word in options.only)]
    if options.tables:
        files = [(path, label) for path, label in files if nmodl_text.has_table(nmodl_text.with_includes(path)[0])]
    if not files:
        print("no files")
        return 2
    describe("hh")  # a program that cannot say what it compiles is told of once
    context = multiprocessing.get_context("fork")
    outcomes = []
    with concurrent.futures.ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        waiting = [pool.submit(check, path, label, options.tables) for path, label in files]
        for done in waiting:
            outcomes.append(done.result())
            print(outcomes[-1].line(), flush=True)
    found = summary(outcomes)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    report = {"summary": found, "files": [dataclasses.asdict(outcome) for outcome in outcomes]}
    options.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    print("\n" + ", ".join(f"{count} {status}" for status, count in found["counts"].items()))
    print(f"{found['passed_part']:.1%} of {found['compared']} compared pass ({PASS_PART:.0%} wanted), "
          f"{found['not_exercised_part']:.1%} not exercised (at most {QUIET_PART:.0%}); {options.json}")
    return 0 if found["passed_part"] >= PASS_PART and found["not_exercised_part"] <= QUIET_PART else 1


if __name__ == "__main__":
    sys.exit(main())
