"""An exported network in NEURON, timed; prints one JSON line. Run by compare.py.

    python neuron_side.py EXPORT_FOLDER MILLISECONDS [--built-in] [--table] [--core]

--built-in uses NEURON's own hh, pas and ExpSyn where ours were exported under other names; --table leaves hh's
look-up tables on, as NEURON does by default; --core lets CoreNEURON advance it, whose mechanisms must have been compiled
for it. What is timed is psolve alone: no set-up, no recording, no stimuli that change. Of CoreNEURON it is the
difference of a long and a short psolve, since each takes the model in.
"""
import argparse
import json
import pathlib
import resource
import sys

BUILT_IN = ["hh", "pas", "ExpSyn", "Exp2Syn"]


def cpu_s():
    """Processor time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("milliseconds", type=float)
    parser.add_argument("--built-in", action="store_true")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--core", action="store_true")
    options = parser.parse_args()
    sys.path.insert(0, options.folder)
    import network

    spec = network.read()
    if options.built_in:
        for mechanism in spec["mechanisms"]:
            if mechanism["name"] in BUILT_IN:
                mechanism["neuron_name"] = mechanism["name"]
    cells = network.build(spec)
    from neuron import h

    h.usetable_hh = int(options.table)
    h.CVode().cache_efficient(1)
    pc = h.ParallelContext()
    pc.set_maxstep(10)
    if options.core:
        from neuron import coreneuron

        coreneuron.enable, coreneuron.verbose = True, 0
        for cell in (cell for cell in cells if cell.detector):
            pc.set_gid2node(cell.gid, 0)
            pc.cell(cell.gid, cell.detector)

    def psolve(start_ms, end_ms):
        """Processor time from one time to another."""
        network.start(cells[0].network, spec["run"]["dt_ms"])
        if not options.core:
            pc.psolve(start_ms)
        before = cpu_s()
        pc.psolve(end_ms)
        return cpu_s() - before

    start_ms = 10 * spec["run"]["dt_ms"]
    took = psolve(start_ms, options.milliseconds)
    if options.core:
        took -= psolve(0.0, start_ms)
    steps = round(options.milliseconds / h.dt) - 10
    compartments = sum(section.nseg for section in h.allsec())
    del cells
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ns": took * 1e9 / steps / compartments, "compartments": compartments, "memory_mb": memory}))
    sys.stdout.flush()
    h.quit()


if __name__ == "__main__":
    main()
