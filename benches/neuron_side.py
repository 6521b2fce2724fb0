"""An exported network in NEURON, timed; prints one JSON line. Run by compare.py.

    python neuron_side.py EXPORT_FOLDER MILLISECONDS [--built-in] [--table]

--built-in uses NEURON's own hh, pas and ExpSyn where ours were exported under other names; --table leaves hh's
look-up tables on, as NEURON does by default. What is timed is psolve alone: no set-up, no recording, no stimuli
that change.
"""
import argparse
import json
import pathlib
import resource
import sys

BUILT_IN = ["hh", "pas", "ExpSyn", "Exp2Syn"]


def cpu_s():
    """Processor time of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("milliseconds", type=float)
    parser.add_argument("--built-in", action="store_true")
    parser.add_argument("--table", action="store_true")
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
    network.start(cells[0].network, spec["run"]["dt_ms"])
    pc.psolve(10 * h.dt)
    before = cpu_s()
    pc.psolve(options.milliseconds)
    took = cpu_s() - before
    steps = round(options.milliseconds / h.dt) - 10
    compartments = sum(section.nseg for section in h.allsec())
    del cells
    print(json.dumps({"ns": took * 1e9 / steps / compartments, "dt": h.dt, "compartments": compartments}))
    sys.stdout.flush()
    h.quit()


if __name__ == "__main__":
    main()
