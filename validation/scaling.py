#!/usr/bin/env python3
"""Projects runs to many ranks from what benches/ranks.py measured on few, and writes validation/scaling.md.

    benches/ranks.py && validation/scaling.py

An epoch takes the computing of the fullest rank and an exchange of spikes. What is measured and what is assumed stands in
the page that comes out.
"""
import json
import math
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
MEASURED = HERE.parent / "benches" / "ranks.json"

# Of the interconnect: seconds a message, seconds a byte. Assumed: InfiniBand or Slingshot, across nodes.
LATENCY_S, BYTE_S = 2e-6, 1 / 10e9
# Bytes of a spike on its way.
SPIKE_BYTES = 8
# Seconds to look a spike up that nobody on a rank hears, and to deliver an event. Assumed from profiles.
UNHEARD_S, EVENT_S = 20e-9, 15e-9

# Compartments, ns of a compartment and step, cells, spikes a second of each, synapses, least delay and step in ms,
# ranks on which an average cell is heard at most.
MODELS = {
    "mouse V1, 230,924 cells": dict(cells=230_924, compartments=51_978 * 150 + 178_946, rate_hz=5.0, synapses=70e6,
                                    delay_ms=1.0, dt_ms=0.1),
    "cortex, 9 million cells": dict(cells=9_000_000, compartments=9_000_000 * 150, rate_hz=3.0, synapses=26e9,
                                    delay_ms=1.0, dt_ms=0.1),
}
RANKS = [100, 1_000, 10_000, 100_000]


def epoch(model, ranks, ns, imbalance):
    """Seconds of an epoch: computing, exchange to all, exchange to listeners."""
    steps = round(model["delay_ms"] / model["dt_ms"])
    work = model["compartments"] * steps * ns * 1e-9
    work += model["synapses"] * model["rate_hz"] * model["delay_ms"] * 1e-3 * EVENT_S
    # The dearest cell cannot be cut: with few cells a rank it is the imbalance.
    cells = model["cells"] / ranks
    computing = work / ranks * (1 + max(imbalance, 1 / max(cells, 1)))
    spikes = model["cells"] * model["rate_hz"] * model["delay_ms"] * 1e-3
    to_all = LATENCY_S * math.log2(ranks) + spikes * (SPIKE_BYTES * BYTE_S + UNHEARD_S)
    fan_out = min(ranks - 1, model["synapses"] / model["cells"])
    own = spikes / ranks
    partners = (ranks - 1) * (1 - (1 - fan_out / (ranks - 1)) ** max(own, 1e-12))
    received = spikes * fan_out / ranks
    to_listeners = 2 * partners * LATENCY_S / 4 + received * (SPIKE_BYTES * BYTE_S + UNHEARD_S) + LATENCY_S * math.log2(ranks)
    return computing, to_all, to_listeners


def main():
    measured = json.loads(MEASURED.read_text())
    by = {(one["case"], one["ranks"]): one for one in measured}
    hh = "strong: ring of 2,048 hh cells"
    ns = by[hh, 1]["ns"]
    imbalance = by[hh, 2]["imbalance"]
    exchange = 1e6 * by[hh, 2]["exchange_s"] / (by[hh, 2]["steps"] / 200)
    lines = ["# Beyond these machines", "",
             "Made by validation/scaling.py from benches/ranks.json. An epoch (the least delay between cells) takes the "
             "computing of the fullest rank, and one exchange of spikes:", "",
             "    T = W / P (1 + i) + E(P)", "",
             f"Measured on two ranks of one machine, ring of 2,048 hh cells: {ns:.1f} ns a compartment and step, an "
             f"imbalance i of {100 * imbalance:.1f} %, {exchange:.0f} us an exchange (gathering of results included).", "",
             f"Assumed: {1e6 * LATENCY_S:.0f} us a message and {1e-9 / BYTE_S:.0f} GB/s between nodes; {1e9 * UNHEARD_S:.0f} ns to "
             f"look up a spike, {1e9 * EVENT_S:.0f} ns an event; 150 compartments a cell with a body; a mean rate of 5 (V1) and 3 Hz "
             "(cortex), a least delay of 1 ms, steps of 0.1 ms; ranks as fast as a core here. Not in it: reading the network, "
             "writing results, other jobs on the network.", "",
             "| model | ranks | computing, ms an epoch | to all, ms | to listeners, ms | s for a second | exchange |",
             "|---|---|---|---|---|---|---|"]
    for name, model in MODELS.items():
        for ranks in RANKS:
            computing, to_all, to_listeners = epoch(model, ranks, ns, imbalance)
            best = min(to_all, to_listeners)
            seconds = (computing + best) * 1e3 / model["delay_ms"]
            lines.append(f"| {name} | {ranks:,} | {1e3 * computing:.3f} | {1e3 * to_all:.3f} | {1e3 * to_listeners:.3f} | "
                         f"{seconds:.2f} | {100 * best / (computing + best):.0f} % |")
    lines += ["", "What bounds which: V1 stops gaining where a rank has a few cells with a body (the dearest is then the "
              "epoch); the cortex still gains at 10^5 ranks. By these assumptions sending everything to all is the cheaper "
              "way in most rows, because its messages are few; Tianyan takes the other one by itself where less than half of "
              "all pairs of cells and ranks are hearers, which no large machine has tried yet.", ""]
    (HERE / "scaling.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
