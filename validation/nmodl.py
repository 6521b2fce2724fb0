"""Compares what Tianyan and NEURON compute for any folder of NMODL files (`make validate-nmodl MODS=folder`).

Each file that both compile runs in the experiments of nmodl_cases.py. Samples s of its states, RANGE variables,
currents, concentrations and of v must agree within 1e-8 + 1e-6 |s|, or 1e-4 |s| where the current is not affine in v or
an equation is solved by iteration (there NEURON itself is no more exact: it stops at changes of 1e-6). |s| is the largest of the trace. A
file counts only if each of its states and currents moves by more than 1e-3 of its scale.

A table goes to the screen, everything to a JSON file. Compiled mechanisms are kept in validation/.work/nmodl.
"""
import argparse
import collections
import hashlib
import importlib.util
import json
import multiprocessing
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np

import compare
import nmodl_cases as cases

WORK = compare.WORK / "nmodl"
BATCH = 40
TIMEOUT_S = 120
ABSOLUTE = 1e-8
TOLERANCE = {True: 1e-6, False: 1e-4}
MOVES = 1e-3


def files_of(folder):
    """All files of a folder, or a list of folders."""
    return sorted(path for path in pathlib.Path(folder).rglob("*") if path.suffix.lower() == ".mod")


def default_folders():
    """The files that NEURON and BMTK ship, and our own."""
    folders = [compare.HERE / "cases"]
    for package in ("neuron", "bmtk"):
        spec = importlib.util.find_spec(package)
        if spec:
            folders.append(pathlib.Path(spec.submodule_search_locations[0]))
    return folders


def read(path, depth=0):
    """The text, with INCLUDEs in place, as old editors and encodings may have left it."""
    text = path.read_bytes().decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")

    def included(found):
        other = path.parent / found[1]
        return read(other, depth + 1) if other.exists() and depth < 8 else found[0]

    return re.sub(r'^\s*INCLUDE\s+"([^"]+)"', included, text, flags=re.M)


def renamed(text, name):
    """The text under another mechanism name, which no built-in and no other file has."""
    pattern = r"\b(SUFFIX|POINT_PROCESS|ARTIFICIAL_CELL)(\s+)(\w+)"
    code = without_comments(text)
    found = list(re.finditer(pattern, code))
    for match in reversed(found):
        text = text[:match.start(3)] + name + text[match.end(3):]
    if not found:
        start = re.search(r"\bNEURON\s*\{", code)
        text = text[:start.end()] + f" SUFFIX {name} " + text[start.end():] if start else text
    return text


def without_comments(text):
    """The same length, comments blanked."""
    blank = lambda found: re.sub(r"[^\n]", " ", found[0])
    text = re.sub(r"\bCOMMENT\b.*?\bENDCOMMENT\b", blank, text, flags=re.S)
    text = re.sub(r"\bVERBATIM\b.*?\bENDVERBATIM\b", blank, text, flags=re.S)
    text = re.sub(r"^[ \t]*TITLE[^\n]*", blank, text, flags=re.M)
    return re.sub(r"[:?][^\n]*", blank, text)


def described(path):
    """What Tianyan says of a file."""
    done = subprocess.run([compare.binary(), "mod", "--format", "json", path], capture_output=True, text=True)
    if done.returncode not in (0, 2) or not done.stdout:
        return None, [{"message": done.stderr.strip()[-300:], "severity": "error", "code": "crash", "line": 0}]
    report = json.loads(done.stdout)[0]
    return report["mechanism"], report["diagnostics"]


def nocmodl():
    """NEURON's translator and its environment."""
    root = pathlib.Path(importlib.util.find_spec("neuron").submodule_search_locations[0]) / ".data"
    environment = dict(os.environ, MODLUNIT=str(root / "share/nrn/lib/nrnunits.lib"),
                       LD_LIBRARY_PATH=str(root / "lib"))
    return root / "bin" / "nocmodl", environment


def neuron_accepts(text, folder):
    """The last line of nocmodl's complaint, or none."""
    program, environment = nocmodl()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "x.mod").write_text(text, encoding="utf-8")
    done = subprocess.run([program, "x.mod"], cwd=folder, env=environment, capture_output=True, timeout=60)
    shutil.rmtree(folder)
    return (done.stderr.decode(errors="replace").strip().splitlines() or ["?"])[-1] if done.returncode else None


def library(texts):
    """A NEURON library of these mechanisms {name: text}; kept by content."""
    digest = hashlib.sha256("\0".join(f"{name}\0{texts[name]}" for name in sorted(texts)).encode()).hexdigest()[:20]
    folder = WORK / "libraries" / digest
    made = next(folder.rglob("libnrnmech.so"), None) if folder.exists() else None
    if made is None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, text in texts.items():
            (folder / f"{name}.mod").write_text(text, encoding="utf-8")
        program = pathlib.Path(sys.executable).parent / "nrnivmodl"
        subprocess.run([program, "."], cwd=folder, capture_output=True, timeout=3600)
        made = next(folder.rglob("libnrnmech.so"), None)
    return made


def libraries(jobs):
    """For each case its library; those that fail to compile with others are tried alone."""
    found = {}
    names = sorted(jobs)
    for start in range(0, len(names), BATCH):
        batch = names[start:start + BATCH]
        texts = {}
        for name in batch:
            texts.update({name: jobs[name].text, **jobs[name].helpers})
        made = library(texts)
        for name in batch:
            found[name] = made or library({name: jobs[name].text, **jobs[name].helpers})
    return found


def in_child(queue, path, case, tables):
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    try:
        from neuron import h

        h.nrn_load_dll(str(path))
        queue.put(cases.run_neuron(case, tables))
    except Exception as error:  # told by the parent, whatever it is
        queue.put(f"{type(error).__name__}: {error}"[:200])


def neuron(path, case, tables):
    """NEURON's results, from a child that may crash."""
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=in_child, args=(queue, path, case, tables))
    child.start()
    try:
        return queue.get(timeout=TIMEOUT_S) if wait(child, queue) else None
    except Exception:  # the child died, or never ended
        return None
    finally:
        child.kill()
        child.join()


def wait(child, queue):
    """Waits until there is a result or the child is gone."""
    import time

    for _ in range(TIMEOUT_S * 20):
        if not queue.empty():
            return True
        if not child.is_alive():
            return not queue.empty()
        time.sleep(0.05)
    return False


def tianyan(case, tables):
    """Tianyan's results in the same form."""
    folder = WORK / "runs" / case.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = []
    for name, text in {case.name: case.text, **case.helpers}.items():
        (folder / f"{name}.mod").write_text(text, encoding="utf-8")
        files.append(f"{name}.mod")
    config = folder / "model.toml"
    config.write_text(cases.toml(case, files, tables), encoding="utf-8")
    compare.call([compare.binary(), "run", config, "--output", folder / "out", "--overwrite", "--quiet"])
    result = compare.read_tianyan(folder / "out")
    traces = {}
    for index, (variable, _) in enumerate(case.variables + [("v", False)]):
        columns = [result.reports.get(f"p{index}_{population}") for population in cases.populations(case)]
        if all(column is not None for column in columns):
            traces[variable] = np.concatenate(columns, axis=1)
    shutil.rmtree(folder / "out")
    return traces, result.times_ms


def exact(case):
    """True where NEURON's own method is exact to rounding: currents affine in v, nothing iterated."""
    return case.description["affine_in_v"] and not case.description["iterates"]


def judge(case, ours, theirs):
    """(status, words) of one comparison."""
    (our_traces, our_spikes), (their_traces, their_spikes) = ours, theirs
    worst = (0.0, "")
    for variable, their in their_traces.items():
        our = our_traces.get(variable)
        if our is None or our.shape != their.shape:
            return "differs", f"{variable}: {None if our is None else our.shape} and {their.shape} numbers"
        bad = ~(np.isfinite(our) == np.isfinite(their))
        if bad.any():
            row, cell = np.argwhere(bad)[0]
            return "differs", f"{variable} cell {cell} t {row * cases.DT_MS:g}: {our[row, cell]} {their[row, cell]}"
        scale = np.nanmax(np.abs(np.where(np.isfinite(their), their, 0.0)), axis=0)
        error = np.where(np.isfinite(their), np.abs(our - their), 0.0)
        excess = error / (ABSOLUTE / TOLERANCE[exact(case)] + scale)
        row, cell = np.unravel_index(np.argmax(excess), excess.shape)
        if excess[row, cell] > worst[0]:
            worst = (excess[row, cell],
                     f"{variable} cell {cell} t {row * cases.DT_MS:g}: {our[row, cell]!r} {their[row, cell]!r}")
    if case.kind == "artificial_cell":
        if len(our_spikes) != len(their_spikes):
            return "differs", f"{len(our_spikes)} and {len(their_spikes)} spikes"
        apart = np.abs(our_spikes - their_spikes).max(initial=0.0)
        if apart > compare.SAME_TIME_MS:
            return "differs", f"spikes {apart} ms apart"
    figure = f"{worst[0]:.1e} {worst[1]}"
    if worst[0] <= TOLERANCE[True]:
        return "pass", figure
    if worst[0] <= TOLERANCE[False]:
        return ("loose" if exact(case) else "pass"), figure
    return "differs", figure


def still(case, traces, spikes):
    """States and currents that hardly move."""
    quiet = []
    for name in case.must_change():
        trace = traces.get(name)
        if trace is None:
            continue
        trace = np.where(np.isfinite(trace), trace, 0.0)
        scale = np.abs(trace).max()
        if scale == 0.0 or (trace.max(axis=0) - trace.min(axis=0)).max() <= MOVES * scale:
            quiet.append(name)
    return quiet


def prepare(paths):
    """Cases by name, and outcomes of the files that cannot run."""
    jobs, outcomes = {}, {}
    for number, path in enumerate(paths):
        text = read(path)
        name = f"t{number}_{hashlib.sha256(text.encode()).hexdigest()[:4]}"
        text = renamed(text, name)
        copy = WORK / "mods" / f"{name}.mod"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")
        description, diagnostics = described(copy)
        complaint = neuron_accepts(text, WORK / "nocmodl" / name)
        errors = [d for d in diagnostics if d["severity"] == "error"]
        if description is None or complaint:
            status = "both-refuse" if complaint and description is None else (
                "neuron-refuses" if complaint else "tianyan-refuses")
            word = f"{errors[0]['code']}: {errors[0]['message']}" if errors else complaint
            outcomes[path] = (status, word)
            continue
        outcomes[path] = prepare_case(name, text, description, diagnostics, jobs)
    return jobs, outcomes


def prepare_case(name, text, description, diagnostics, jobs):
    """The name of the case, or why there is none."""
    case = cases.Case(name, text, description)
    if any(field["pointer"] for field in description["fields"]):
        return ("needs-pointer", "")
    if description["function_tables"]:
        return ("needs-table", "")
    if "scop" in description["random"] or any("replaced" in d["code"] and "RANDOM" in d["message"] for d in diagnostics):
        return ("own-random", "")  # NEURON draws from another generator
    if not case.variables or not description["operations"]:
        return ("no-kernels", "")
    jobs[name] = case
    return name


def outcome(case, path, tables):
    """Runs one case in both; a second time with other weights if something hardly moved."""
    for scale in (1.0, 30.0, 0.03):
        attempt = cases.Case(case.name, case.text, case.description, scale)
        theirs = neuron(path, attempt, tables)
        if theirs is None or isinstance(theirs, str):
            return ("neuron-crashes", theirs or "")
        try:
            ours = tianyan(attempt, tables)
        except compare.Failed as failed:
            return ("tianyan-fails", str(failed).splitlines()[1][:200] if "\n" in str(failed) else str(failed)[:200])
        status, words = judge(attempt, ours, theirs)
        quiet = still(attempt, *theirs)
        if status == "differs" or not quiet:
            return (status, words)
    return ("not-exercised", f"{', '.join(quiet[:4])} ({status} {words})")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--mods", action="append", type=pathlib.Path)
    arguments.add_argument("--only", nargs="*", default=[])
    arguments.add_argument("--tables", action="store_true", help="usetable 1, for files with TABLE")
    arguments.add_argument("--json", type=pathlib.Path, default=WORK / "result.json")
    options = arguments.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    folders = options.mods or default_folders()
    paths = [path for folder in folders for path in (files_of(folder) if folder.is_dir() else [folder])]
    if options.only:
        paths = [path for path in paths if any(word in str(path) for word in options.only)]
    if options.tables:
        paths = [path for path in paths if re.search(r"\bTABLE\b", without_comments(read(path)))]
    jobs, outcomes = prepare(paths)
    made = libraries(jobs)
    for path, found in outcomes.items():
        if isinstance(found, str):
            case = jobs[found]
            found = outcome(case, made[found], options.tables) if made[found] else ("neuron-fails", "C++ compiler")
            outcomes[path] = found
        print(f"{found[0]:16} {path}  {found[1]}", flush=True)
    sys.exit(report(outcomes, options.json))


def report(outcomes, path):
    """The summary; 0 if the bounds of the issue are kept."""
    counts = collections.Counter(status for status, _ in outcomes.values())
    path.write_text(json.dumps({str(p): list(o) for p, o in outcomes.items()}, indent=1), encoding="utf-8")
    ran = counts["pass"] + counts["loose"] + counts["differs"] + counts["tianyan-fails"]
    judged = ran + counts["not-exercised"]
    print("\n" + ", ".join(f"{count} {status}" for status, count in counts.most_common()))
    if not judged:
        print("nothing to compare")
        return 1
    passed, quiet = counts["pass"] / max(ran, 1), counts["not-exercised"] / judged
    print(f"{passed:.1%} of {ran} pass (98 % wanted), {quiet:.1%} not exercised (at most 5 %); {path}")
    return 0 if passed >= 0.98 and quiet <= 0.05 else 1


if __name__ == "__main__":
    main()
