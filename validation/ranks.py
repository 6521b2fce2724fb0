#!/usr/bin/env python3
"""The full matrix of ranks and threads with Open MPI and MPICH, restarts across them, and fifty killed writers.

    validation/ranks.py [--kills 50]

All spikes and rows of each run must be those of one rank and one thread, to the bit. MPICH takes a build of its own
(target-mpich) and is left out where there is none.
"""
import argparse
import itertools
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = pathlib.Path(os.environ.get("TIANYAN_TEST_DATA", "/nonexistent"))
RANKS, THREADS = {"mpiexec": [1, 2, 3, 4, 7], "mpiexec.mpich": [1, 2, 3]}, [1, 2]

# Config, milliseconds.
MODELS = [
    (ROOT / "models/celegans/celegans302.toml", 200),
    (ROOT / "models/ring/ring_hh.toml", 200),
    (ROOT / "models/ring/ring_rich.toml", 25),
    (ROOT / "tests/tests/models/events.toml", 20),
    (ROOT / "tests/tests/models/coupled.toml", 40),
    (ROOT / "tests/tests/models/points.toml", 150),
    (DATA / "sonata/bmtk/bio_450cells/config.simulation_vm.json", 200),
]


def content(folder):
    """All numbers of all files of results."""
    found = {}
    for path in sorted(folder.glob("*.h5")):
        with h5py.File(path) as file:
            def keep(name, item):
                if isinstance(item, h5py.Dataset):
                    found[path.name, name] = (item.shape, item[()].tobytes())
            file.visititems(keep)
    return found


def run(program, launcher, ranks, threads, config, milliseconds, output, *more):
    """A run; its exit code."""
    start = [launcher, *(["--oversubscribe"] if launcher == "mpiexec" else []), "-n", str(ranks)] if ranks > 1 else []
    environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                   "OMPI_MCA_mpi_yield_when_idle": "1"}
    arguments = ["--threads", str(threads), "--duration-ms", str(milliseconds), "--output", output, "--quiet", *more]
    done = subprocess.run(["timeout", "-k", "5", "300", *start, program, "run", config, *arguments], cwd=ROOT,
                          env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 75):
        print(done.stdout[-500:], done.stderr[-1500:])
    return done.returncode


def matrix(program, launcher, folder):
    """Failures of the matrix and of a restart in its middle."""
    failures = 0
    for config, milliseconds in MODELS:
        if not config.exists():
            print(f"skipped: {config.name} (no data)")
            continue
        want = None
        for ranks, threads in itertools.product(RANKS[launcher], THREADS):
            out = folder / f"{config.stem}-{ranks}-{threads}"
            code = run(program, launcher, ranks, threads, config, milliseconds, out)
            got = content(out)
            want = want or got
            good = code == 0 and got == want and got
            failures += not good
            print(f"{launcher:14} {config.stem:28} {ranks} ranks {threads} threads  {'same' if good else 'DIFFERENT'}", flush=True)
            shutil.rmtree(out, ignore_errors=True)
    return failures


def mpich(folder):
    """A program built with MPICH, if there is one."""
    if not shutil.which("mpicc.mpich") or not shutil.which("mpiexec.mpich"):
        print("skipped: MPICH (it is not installed)")
        return None
    environment = {**os.environ, "MPICC": "mpicc.mpich"}
    build = ["cargo", "build", "--quiet", "-p", "tianyan-cli", "--features", "mpi", "--target-dir", "target-mpich"]
    subprocess.run(build, cwd=ROOT, env=environment, check=True)
    return ROOT / "target-mpich/debug/tianyan"


def other_launcher(program, launcher, folder):
    """1 if copies would be started by the launcher of another MPI."""
    done = subprocess.run(["timeout", "60", launcher, "-n", "2", program, "run", MODELS[1][0], "--output", folder / "wrong"],
                          cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"})
    good = done.returncode != 0 and not (folder / "wrong").exists()
    print(f"{launcher} with a program of another MPI: {'refused' if good else 'NOT REFUSED'}")
    return not good


def kills(program, count, folder):
    """Failures of killed writers: everything must be readable, and a restart gives the whole run."""
    failures = 0
    config, milliseconds = ROOT / "models/ring/ring_hh.toml", 600
    run(program, "", 1, 2, config, milliseconds, folder / "whole")
    want, out = content(folder / "whole"), folder / "killed"
    for number in range(count):
        started = subprocess.Popen([program, "run", config, "--threads", "1", "--duration-ms", str(milliseconds), "--output", out,
                                    "--resume", "--checkpoint-every-ms", "20", "--quiet"], cwd=ROOT, stderr=subprocess.DEVNULL)
        time.sleep(0.05 + random.random() * 0.7)
        started.send_signal(signal.SIGKILL)
        started.wait()
        try:
            for path in out.glob("*.h5.part"):
                with h5py.File(path) as file:
                    file.visititems(lambda name, item: item[()] if isinstance(item, h5py.Dataset) else None)
        except OSError as error:
            # A file that was being created has never been flushed.
            if list(out.glob("checkpoints/*.h5")):
                failures += 1
                print(f"kill {number}: {error}")
        if not list(out.glob("*.part")) and (out / "run.json").exists():
            failures += content(out) != want
            shutil.rmtree(out)
    if out.exists():
        code = run(program, "", 1, 1, config, milliseconds, out, "--resume")
        failures += code != 0 or content(out) != want
    print(f"{count} killed writers: {failures} failures")
    return failures


def main():
    parser = argparse.ArgumentParser(description="Ranks, threads, restarts and kills.")
    parser.add_argument("--kills", type=int, default=50)
    arguments = parser.parse_args()
    program = ROOT / "target/debug/tianyan"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        failures = matrix(program, "mpiexec", folder)
        failures += kills(program, arguments.kills, folder)
        other = mpich(folder)
        if other:
            failures += matrix(other, "mpiexec.mpich", folder)
            failures += other_launcher(program, "mpiexec.mpich", folder)
            failures += other_launcher(other, "mpiexec", folder)
    print("all the same" if failures == 0 else f"{failures} failures")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
