"""The rings of models/ring: the same spikes as NEURON on the exported network, and as an independent script."""
import sys

import numpy as np

import compare

MODELS = compare.ROOT / "models" / "ring"


def ring(path):
    """The check of a ring; its report has 32 bits."""
    return lambda: compare.figures(path, volts=1e-4)


def peer(path):
    """The network as the benchmark script for NEURON builds it from its own description."""
    dendrites = "hh" if "hh" in path.stem else "pas"

    def check():
        script = compare.test_data().parent / "peers" / "ring_neuron.py"
        if not script.exists():
            raise compare.Skipped("the peers' script is not beside the test data")
        ours = compare.tianyan(path)
        dump = compare.WORK / f"peer-{path.stem}.txt"
        call = [sys.executable, script, "--kind", dendrites, "--rings", 8, "--tstop", 50, "--table", 0, "--dump", dump]
        compare.call(call, cwd=compare.WORK)
        times, gids = np.loadtxt(dump, ndmin=2).T
        theirs = compare.Result(times, gids.astype(np.int64), {})
        ours = compare.without(ours, np.arange(128, 136))
        return [
            compare.Figure("spikes of the script", len(times), float("inf"), at_least=1),
            # The script writes three decimals.
            compare.Figure("spikes unmatched (5e-4 ms)", compare.unmatched_spikes(ours, theirs, 5.1e-4), 0),
        ]

    return check


PATHS = sorted(MODELS.glob("*.toml"))
CHECKS = {path.stem: ring(path) for path in PATHS}
# The script has no mechanisms of its own for the rich cell.
CHECKS |= {f"{path.stem}_script": peer(path) for path in PATHS if "rich" not in path.stem}
