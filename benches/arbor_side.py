"""An exported network in Arbor, timed; prints one JSON line. Run by compare.py.

    python arbor_side.py EXPORT_FOLDER MILLISECONDS [--group CELLS]

Mechanisms are those of Arbor's own catalogues of the same names. What is timed is `run` alone, after ten steps: no set-up,
no recording of voltages.
"""
import argparse
import collections
import json
import pathlib
import resource

import arbor
from arbor import units as U

# Those of Arbor that are called otherwise, and parameters that Arbor takes as globals.
NAMES = {"ExpSyn": "expsyn"}
GLOBALS = {"pas": ["e"]}
NOT_IN_ARBOR = {"CaDynamics": ["minCai"]}


def mechanism(name, parameters):
    """A density mechanism of Arbor's."""
    values = {key: value for key, value in parameters.items() if key not in NOT_IN_ARBOR.get(name, [])}
    shared = [f"{key}={values.pop(key)!r}" for key in GLOBALS.get(name, []) if key in values]
    return arbor.density("/".join([name, ",".join(shared)]) if shared else name, values)


def region(tags):
    """The sections of these tags."""
    words = " ".join(f"(tag {tag})" for tag in tags)
    return f"(join {words})" if len(tags) > 1 else words


class Network(arbor.recipe):
    """The exported network."""

    def __init__(self, spec):
        super().__init__()
        self.spec = spec
        self.cells = spec["populations"][0]["size"]
        self.incoming = collections.defaultdict(list)
        self.kicks = collections.defaultdict(list)
        times = {source["gid"]: source["times_ms"] for source in spec["source_spikes"]}
        connections, synapses = spec["connections"], spec["synapses"]
        columns = [connections[key] for key in ("source", "synapse", "delay_ms", "weight")]
        for source, synapse, delay, weight in zip(*columns):
            gid = synapses["gid"][synapse]
            if source in times:
                self.kicks[gid].append((weight, [time + delay for time in times[source]]))
            else:
                self.incoming[gid].append((source, weight, delay))
        self.properties = arbor.neuron_cable_properties()
        self.properties.catalogue = arbor.default_catalogue()
        self.properties.catalogue.extend(arbor.allen_catalogue(), "")

    def num_cells(self):
        return self.cells

    def cell_kind(self, gid):
        return arbor.cell_kind.cable

    def global_properties(self, kind):
        return self.properties

    def cell_description(self, gid):
        kind = self.spec["kinds"][self.spec["kind_of"][gid]]
        sections = kind["sections"]
        tree, ids, ends = arbor.segment_tree(), [], []
        for number, section in enumerate(sections):
            parent, radius = section["parent"], section["diameter_um"] / 2
            start = 0.0 if parent is None else ends[parent]
            ends.append(start + section["length_um"])
            points = [arbor.mpoint(x, 0, 0, radius) for x in (start, ends[-1])]
            ids.append(tree.append(arbor.mnpos if parent is None else ids[parent], *points, tag=number + 1))
        decor = arbor.decor()
        run = self.spec["run"]
        decor.set_property(Vm=sections[0]["v_init_mv"] * U.mV, cm=sections[0]["cm_uf_per_cm2"] * 0.01 * U.F / U.m2,
                           rL=sections[0]["ra_ohm_cm"] * U.Ohm * U.cm,
                           tempK=(run["temperature_celsius"] + 273.15) * U.Kelvin)
        self.ions(kind, decor)
        painted = collections.defaultdict(list)
        for density in kind["densities"]:
            parameters = tuple(sorted(density["parameters"].items()))
            painted[density["mechanism"], parameters].append(density["section"] + 1)
        for (name, parameters), tags in painted.items():
            decor.paint(region(tags), mechanism(name, dict(parameters)))
        synapses = self.spec["synapses"]
        synapse = synapses["gid"].index(gid)
        name = self.spec["mechanisms"][synapses["mechanism"][synapse]]["name"]
        parameters = synapses["parameter_sets"][synapses["parameter_set"][synapse]]
        decor.place("(location 0 0.5)", arbor.synapse(NAMES.get(name, name), parameters), "synapse")
        decor.place("(location 0 0.5)", arbor.threshold_detector(kind["detector"]["threshold_mv"] * U.mV), "detector")
        policy = arbor.cv_policy_single("(tag 1)")
        for count in sorted({section["nseg"] for section in sections[1:]}):
            tags = [number + 1 for number, section in enumerate(sections) if number and section["nseg"] == count]
            policy |= arbor.cv_policy_fixed_per_branch(count, region(tags))
        return arbor.cable_cell(tree, decor, None, policy)

    def ions(self, kind, decor):
        """Reversal potentials and concentrations, the same in all sections."""
        values = {ion["variable"]: ion["value"] for ion in kind["ions"]}
        for ion in ("na", "k"):
            if f"e{ion}" in values:
                decor.set_ion(ion, rev_pot=values[f"e{ion}"] * U.mV)
        if any(density["mechanism"] == "CaDynamics" for density in kind["densities"]):
            decor.set_ion("ca", int_con=5e-5 * U.mM, ext_con=2.0 * U.mM, rev_pot=132.4579341637009 * U.mV)

    def connections_on(self, gid):
        return [arbor.connection((source, "detector"), "synapse", weight, delay * U.ms)
                for source, weight, delay in self.incoming[gid]]

    def event_generators(self, gid):
        return [arbor.event_generator("synapse", weight, arbor.explicit_schedule([time * U.ms for time in times]))
                for weight, times in self.kicks[gid]]


def cpu_s():
    """Processor time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("milliseconds", type=float)
    parser.add_argument("--group", type=int, default=0)
    options = parser.parse_args()
    spec = json.loads((options.folder / "network.json").read_text())
    recipe, context = Network(spec), arbor.context(threads=1)
    hints = {}
    if options.group:
        hint = arbor.partition_hint()
        hint.cpu_group_size, hint.prefer_gpu = options.group, False
        hints[arbor.cell_kind.cable] = hint
    simulation = arbor.simulation(recipe, context, arbor.partition_load_balance(recipe, context, hints))
    simulation.record(arbor.spike_recording.all)
    dt_ms = spec["run"]["dt_ms"]
    simulation.run(10 * dt_ms * U.ms, dt_ms * U.ms)
    before = cpu_s()
    simulation.run(options.milliseconds * U.ms, dt_ms * U.ms)
    took = cpu_s() - before
    steps = round(options.milliseconds / dt_ms) - 10
    kinds = [spec["kinds"][spec["kind_of"][gid]] for gid in range(recipe.cells)]
    compartments = sum(section["nseg"] for kind in kinds for section in kind["sections"])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ns": took * 1e9 / steps / compartments, "compartments": compartments, "memory_mb": memory,
                      "spikes": len(simulation.spikes())}))


if __name__ == "__main__":
    main()
