"""The cortical microcircuit (Potjans and Diesmann 2014) in NEST, timed; prints one JSON line. Run by compare.py.

    python nest_side.py SCALE MILLISECONDS

The network of models/microcircuit: the same numbers of neurons and connections, weights, delays and random spikes,
drawn by NEST. Its numbers stand here once more, so that a mistake in those of the program would show. What is timed is
Run alone, after 500 ms.
"""
import argparse
import json
import math
import resource

import nest
import numpy as np

NAMES = ["L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"]
SIZES = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
PROBABILITY = np.array([
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
    [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443]])
OUTSIDE = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])
RATES_HZ = np.array([0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829])
WEIGHT_PA, TAU_SYN_MS, DT_MS, BEFORE_MS = 87.8, 0.5, 0.1, 500.0


def cpu_s():
    """Processor time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def build(scale):
    """The populations of neurons."""
    pairs = np.outer(SIZES, SIZES)
    totals = np.log(1 - PROBABILITY) / np.log(1 - 1 / pairs)
    weights = np.tile([1.0, -4.0] * 4, (8, 1)) * WEIGHT_PA
    weights[0, 2] *= 2
    inside = (totals / SIZES[:, None] * weights) @ RATES_HZ
    lost = (1 - math.sqrt(scale)) * TAU_SYN_MS * 1e-3 * (inside + OUTSIDE * WEIGHT_PA * 8.0)
    populations = []
    for target, name in enumerate(NAMES):
        neurons = nest.Create("iaf_psc_exp", round(SIZES[target] * scale), params={
            "C_m": 250.0, "tau_m": 10.0, "t_ref": 2.0, "tau_syn_ex": TAU_SYN_MS, "tau_syn_in": TAU_SYN_MS, "E_L": -65.0,
            "V_reset": -65.0, "V_th": -50.0, "I_e": float(lost[target])})
        neurons.V_m = nest.random.normal(-58.0, 10.0)
        noise = nest.Create("poisson_generator", params={"rate": 8.0 * float(OUTSIDE[target]) * scale})
        nest.Connect(noise, neurons, syn_spec={"weight": WEIGHT_PA / math.sqrt(scale), "delay": 1.5})
        populations.append(neurons)
    for target in range(8):
        for source in range(8):
            count = round(totals[target, source] * scale * scale)
            if count < 1:
                continue
            mean = float(weights[target, source]) / math.sqrt(scale)
            delay = 1.5 if source % 2 == 0 else 0.8
            bounds = (0.0, np.inf) if mean > 0 else (-np.inf, 0.0)
            nest.Connect(populations[source], populations[target], {"rule": "fixed_total_number", "N": count}, {
                "weight": nest.math.redraw(nest.random.normal(mean, abs(mean) * 0.1), *bounds),
                "delay": nest.math.redraw(nest.random.normal(delay, delay / 2), DT_MS / 2, np.inf)})
    return populations


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("scale", type=float)
    parser.add_argument("milliseconds", type=float)
    options = parser.parse_args()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.set(resolution=DT_MS, local_num_threads=1, rng_seed=55)
    started = cpu_s()
    populations = build(options.scale)
    recorder = nest.Create("spike_recorder")
    for neurons in populations:
        nest.Connect(neurons, recorder)
    nest.Prepare()
    set_up = cpu_s() - started
    nest.Run(BEFORE_MS)
    before = cpu_s()
    nest.Run(options.milliseconds)
    took = cpu_s() - before
    nest.Cleanup()
    events = recorder.events
    late = events["times"] > BEFORE_MS
    seconds = options.milliseconds / 1e3
    rates = {name: float(np.isin(events["senders"][late], neurons.tolist()).sum() / len(neurons) / seconds)
             for name, neurons in zip(NAMES, populations)}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"per_s": took / seconds, "set_up_s": set_up, "memory_mb": memory, "rates_hz": rates}))


if __name__ == "__main__":
    main()
