#!/usr/bin/env python3
"""NEST's side of points.py: reads cases as JSON, writes spikes (ms) and v (mV) of each as JSON.

Each case is one neuron under a spike train and a step of current.
"""
import json
import sys

import nest


def run(case):
    """Spikes and v after each step."""
    nest.ResetKernel()
    nest.set(resolution=case["dt_ms"])
    neuron = nest.Create(case["model"], params=case["parameters"])
    train = nest.Create("spike_generator", params={"spike_times": case["train_ms"]})
    for weight in (case["weight"], -case["weight"]):
        spec = {"weight": weight, "delay": case["delay_ms"] if weight == case["weight"] else case["late_ms"]}
        if "receptors" in case:
            spec["receptor_type"] = case["receptors"][0 if weight == case["weight"] else 1]
        nest.Connect(train, neuron, syn_spec=spec)
    # What a generator emits in a step acts in the next one.
    start, end, current = case["clamp"]
    clamp = nest.Create("step_current_generator")
    clamp.set({"amplitude_times": [start - case["dt_ms"], end - case["dt_ms"]], "amplitude_values": [current, 0.0]})
    nest.Connect(clamp, neuron, syn_spec={"delay": case["dt_ms"]})
    recorder, meter = nest.Create("spike_recorder"), nest.Create("multimeter")
    meter.set({"record_from": ["V_m"], "interval": case["dt_ms"]})
    nest.Connect(neuron, recorder)
    nest.Connect(meter, neuron)
    nest.Simulate(case["duration_ms"] + case["dt_ms"])
    return {"spikes_ms": recorder.events["times"].tolist(), "v_mv": meter.events["V_m"].tolist()}


if __name__ == "__main__":
    nest.verbosity = nest.VerbosityLevel.ERROR
    json.dump([run(case) for case in json.load(open(sys.argv[1]))], open(sys.argv[2], "w"))
