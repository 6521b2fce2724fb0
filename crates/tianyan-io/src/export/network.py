#!/usr/bin/env python3
"""Builds the network of network.json in NEURON 9 and runs it.

    python network.py [--duration-ms X] [--dt-ms X] [--out result.h5]

Written by Tianyan's export. Needs neuron, numpy and h5py, and a C++ compiler for the mechanisms in mods/.
From Python, `from network import build, simulate`: build() returns the cells, with all that sits on them, for
whoever wants to go on in NEURON; simulate(cells) runs them.

The run is NEURON's fixed step: finitialize, then duration/dt times fadvance, without tables unless the model asks for
them. Row n of a report is
t = n * interval: v, states and concentrations at that time, currents those of the step that led there.
"""
import argparse
import bisect
import json
import math
import pathlib
import platform
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def read():
    """network.json."""
    with open(HERE / "network.json", encoding="utf-8") as file:
        return json.load(file)


# ---------------------------------------------------------------- mechanisms

def load_mechanisms(mechanisms, tables):
    """NEURON's h with the mechanisms loaded; compiles them where they are older than their texts."""
    from neuron import h

    if mechanisms and not hasattr(h, mechanisms[0]["neuron_name"]):
        h.nrn_load_dll(str(compiled(mechanisms)))
    for mechanism in mechanisms:
        name = mechanism["neuron_name"]
        if not hasattr(h, name):
            sys.exit(f"mechanism {name} is not loaded: NEURON found other mechanisms in the working directory")
        if hasattr(h, f"usetable_{name}"):
            setattr(h, f"usetable_{name}", int(tables))
    return h


def compiled(mechanisms):
    """The library of the mechanisms."""
    texts = [HERE / "mods" / mechanism["file"] for mechanism in mechanisms]
    library = HERE / platform.machine() / "libnrnmech.so"
    if sys.platform == "darwin":
        library = library.with_suffix(".dylib")
    if not library.exists() or any(text.stat().st_mtime > library.stat().st_mtime for text in texts):
        beside = pathlib.Path(sys.executable).parent / "nrnivmodl"
        tool = str(beside) if beside.exists() else shutil.which("nrnivmodl")
        if tool is None:
            sys.exit("nrnivmodl is not there; it comes with `pip install neuron`")
        done = subprocess.run([tool, "mods"], cwd=HERE, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"nrnivmodl failed:\n{done.stdout}\n{done.stderr}")
    return library


# --------------------------------------------------------------------- cells

class Cell:
    """A cell of the network and everything that sits on it."""

    def __init__(self, h, network, gid, population, kind):
        self.gid = gid
        self.population = population["name"]
        names = population["cell_names"]
        node_id = gid - population["first_gid"]
        self.name = names[node_id] if names else f"{self.population}[{node_id}]"
        self.kind = kind
        self.is_source = not kind["sections"]
        self.sections = []
        self.synapses, self.couplings, self.stimuli = [], [], []
        self.connections = []
        self.artificial = None
        self.by_mechanism = {}
        self.instances = {}  # (instance, parameters) by mechanism, in the order of sections, compartments, instances
        for section in kind["sections"]:
            self.sections.append(self._section(h, section))
        self.stream_parts = network.stream_parts
        for density in kind["densities"]:
            self._insert(h, network.neuron_name[density["mechanism"]], density)
        self.detector = self._detector(h)

    def __str__(self):
        return f"gid{self.gid}"

    __repr__ = __str__

    def section(self, name):
        """The section of that name."""
        for section, spec in zip(self.sections, self.kind["sections"]):
            if name in (spec["name"], spec["hoc_name"]):
                return section
        raise KeyError(name)

    def at(self, section, x):
        """A place: index of a section and relative position."""
        return self.sections[section](x)

    def initial_voltage(self):
        """Sets v to its initial value."""
        for section, spec in zip(self.sections, self.kind["sections"]):
            if spec["parent"] is None:
                section(0).v = spec["v_init_mv"]
            for segment in section:
                segment.v = spec["v_init_mv"]
            section(1).v = spec["v_init_mv"]

    def set_ions(self):
        """Reversal potentials and concentrations; after all mechanisms are in, for these bring the ions."""
        for ion in self.kind["ions"]:
            for segment in self.sections[ion["section"]]:
                if hasattr(segment, ion["variable"]):
                    setattr(segment, ion["variable"], ion["value"])

    def _section(self, h, spec):
        section = h.Section(name=spec["hoc_name"], cell=self)
        if spec["parent"] is not None:
            section.connect(self.sections[spec["parent"]](spec["parent_x"]), 0)
        if "points_um" in spec:
            section.pt3dclear()
            for point in spec["points_um"]:
                section.pt3dadd(*point)
        else:
            section.L, section.diam = spec["length_um"], spec["diameter_um"]
        section.nseg = spec["nseg"]
        section.Ra = spec["ra_ohm_cm"]
        each_segment(section, "cm", spec["cm_uf_per_cm2"])
        return section

    def _insert(self, h, mechanism, density):
        section = self.sections[density["section"]]
        section.insert(mechanism)
        for k, segment in enumerate(section):
            given = {name: at(value, k) for name, value in density["parameters"].items()}
            self.instances.setdefault(density["mechanism"], []).append((getattr(segment, mechanism), given))
        for name, value in density["parameters"].items():
            if name in self.stream_parts(density["mechanism"]):
                continue
            if hasattr(getattr(section(0.5), mechanism), name):
                each_segment(section, f"{name}_{mechanism}", value)
            else:
                setattr(h, f"{name}_{mechanism}", first(value))

    def _detector(self, h):
        spec = self.kind["detector"]
        if spec is None or self.is_source:
            return None
        segment = self.at(spec["section"], spec["x"])
        detector = h.NetCon(segment._ref_v, None, sec=segment.sec)
        detector.threshold = spec["threshold_mv"]
        return detector


def each_segment(section, name, value):
    """Sets a range variable: one value, or a list with one for each compartment."""
    if isinstance(value, list):
        for segment, one in zip(section, value):
            setattr(segment, name, one)
    else:
        setattr(section, name, value)


def at(value, k):
    """The value of a parameter in compartment k."""
    return value[k] if isinstance(value, list) else value


def first(value):
    """The value of a parameter that is the same everywhere."""
    return at(value, 0)


def element(holder, variable):
    """A reference to a variable, perhaps an element of an array."""
    name, _, index = variable.partition("[")
    found = getattr(holder, "_ref_" + name)
    return found[int(index[:-1])] if index else found


# ------------------------------------------------------------------- network

class Network:
    """network.json, turned into NEURON's objects."""

    def __init__(self, spec):
        self.spec = spec
        self.h = h = load_mechanisms(spec["mechanisms"], spec["run"]["tables"])
        self.neuron_name = {m["name"]: m["neuron_name"] for m in spec["mechanisms"]}
        self.streams = {m["name"]: m["streams"] for m in spec["mechanisms"]}
        self.cells = []
        for population in spec["populations"]:
            for node_id in range(population["size"]):
                gid = population["first_gid"] + node_id
                kind = spec["kinds"][spec["kind_of"][gid]]
                self.cells.append(Cell(h, self, gid, population, kind))
        self.synapses = self._place(spec["synapses"], "synapses")
        self.couplings = self._place(spec["couplings"], "couplings")
        self.stimuli = self._place(spec["stimuli"], "stimuli")
        for cell in self.cells:
            cell.set_ions()
            cell.network = self
        for source, mechanism in enumerate(spec["mechanisms"]):
            self._set_streams(source, mechanism)
            self._set_function_tables(mechanism)
        self._connect(spec["connections"])
        for peer in spec["peers"]:
            target = self.couplings[peer["instance"]]
            h.setpointer(self.reference(peer["gid"], peer["section"], peer["x"], 0, peer["quantity"]),
                         peer["pointer"], target)

    def _place(self, table, list_name):
        """The point processes of a table."""
        placed = []
        for row in range(len(table["gid"])):
            cell = self.cells[table["gid"][row]]
            mechanism = self.spec["mechanisms"][table["mechanism"][row]]
            name = mechanism["neuron_name"]
            given = table["parameter_sets"][table["parameter_set"][row]]
            if mechanism["kind"] == "artificial_cell":
                process = cell.artificial = getattr(self.h, name)()
            else:
                process = getattr(self.h, name)(cell.at(table["section"][row], table["x"][row]))
            cell.instances.setdefault(mechanism["name"], []).append((process, given))
            for parameter, value in given.items():
                if parameter in self.stream_parts(mechanism["name"]):
                    continue
                if hasattr(process, parameter):
                    setattr(process, parameter, first(value))
                else:
                    setattr(self.h, f"{parameter}_{name}", first(value))
            getattr(cell, list_name).append(process)
            cell.by_mechanism.setdefault(mechanism["name"], []).append(process)
            placed.append(process)
        return placed

    def stream_parts(self, mechanism):
        """Parameters that are identifiers of the mechanism's RANDOM streams."""
        return {f"{stream}_id{part}" for stream in self.streams[mechanism] for part in (1, 2, 3)}

    def _set_streams(self, source, mechanism):
        """The identifiers of RANDOM streams; those not given are the seed, the gid, and a number of the stream's own."""
        for variable, stream in enumerate(mechanism["streams"]):
            for cell in self.cells:
                for rank, (instance, given) in enumerate(cell.instances.get(mechanism["name"], [])):
                    ids = [self.spec["run"]["seed"], cell.gid, (source << 20) + (rank << 4) + variable]
                    ids = [first(given.get(f"{stream}_id{part + 1}", own % 2**32)) for part, own in enumerate(ids)]
                    getattr(instance, stream).set_ids(*map(int, ids))
                    getattr(instance, stream).set_seq(0)

    def _set_function_tables(self, mechanism):
        """The values of FUNCTION_TABLEs."""
        self.tables = getattr(self, "tables", [])
        for table in mechanism["function_tables"]:
            vectors = [self.h.Vector(table["values"]), self.h.Vector(table["arguments"])]
            self.tables.append(vectors)
            if mechanism["kind"] == "density":
                getattr(self.h, f"table_{table['name']}_{mechanism['neuron_name']}")(*vectors)
                continue
            for cell in self.cells:
                for instance, _ in cell.instances.get(mechanism["name"], [])[:1]:
                    getattr(instance, f"table_{table['name']}")(*vectors)

    def _connect(self, table):
        """NetCons; those of sources with known spikes have no source and get their events in `start`."""
        self.from_sources = {}
        for source, synapse, delay, weight in zip(*(table[k] for k in ("source", "synapse", "delay_ms", "weight"))):
            cell, target = self.cells[source], self.synapses[synapse]
            if cell.is_source:
                connection = self.h.NetCon(None, target)
                self.from_sources.setdefault(source, []).append((connection, delay))
            elif cell.artificial is not None:
                connection = self.h.NetCon(cell.artificial, target)
            elif cell.detector is None:
                sys.exit(f"cell {cell.name} is the source of a connection but detects no spikes")
            else:
                spec = cell.kind["detector"]
                segment = cell.at(spec["section"], spec["x"])
                connection = self.h.NetCon(segment._ref_v, target, sec=segment.sec)
                connection.threshold = spec["threshold_mv"]
            connection.delay = delay
            connection.weight[0] = weight
            self.cells[self.spec["synapses"]["gid"][synapse]].connections.append(connection)

    def reference(self, gid, section, x, instance, quantity):
        """A reference to a variable at a place; instance numbers the point processes of a mechanism on a cell."""
        cell = self.cells[gid]
        kind = quantity["kind"]
        if kind == "point_process":
            holder = cell.by_mechanism[quantity["mechanism"]][instance]
            return element(holder, quantity["variable"])
        segment = cell.at(section, x)
        if kind == "voltage":
            return segment._ref_v
        if kind == "membrane_current":
            return segment._ref_i_membrane_
        if kind == "ion":
            return getattr(segment, "_ref_" + quantity["variable"])
        density = getattr(segment, self.neuron_name[quantity["mechanism"]])
        return element(density, quantity["variable"])


def build(spec=None):
    """Builds the network and returns its cells, in the order of their gids."""
    return Network(spec or read()).cells


# ----------------------------------------------------------------- waveforms

def waveform(spec):
    """The course of a driven value: a function of time."""
    if spec["kind"] == "pulses":
        def pulses(t):
            total = 0.0
            for start, duration, amplitude in spec["pulses"]:
                if start <= t < start + duration:
                    total += amplitude
            return total
        return pulses
    if spec["kind"] == "step":
        start, interval, samples = spec["start_ms"], spec["interval_ms"], spec["samples"]

        def step(t):
            k = math.floor((t - start) / interval)
            return samples[k] if 0 <= k < len(samples) else 0.0
        return step
    if spec["kind"] == "played":
        start, end = spec["start_ms"], spec["start_ms"] + spec["duration_ms"]
        interval, samples = spec["interval_ms"], spec["samples"]

        def played(t):
            k = min(max(math.floor(t / interval), 0), len(samples) - 1)
            return samples[k] if samples and start <= t < end else 0.0
        return played
    points = spec["points"]
    times = [point[0] for point in points]

    def linear(t):
        after = bisect.bisect_right(times, t)
        if after == 0 or after == len(points):
            return points[min(after, len(points) - 1)][1] if points else 0.0
        (t0, y0), (t1, y1) = points[after - 1], points[after]
        return y0 + (y1 - y0) * ((t - t0) / (t1 - t0))
    return linear


# ----------------------------------------------------------------------- run

class Recorder:
    """The rows of one report.

    What events may change is recorded by NEURON itself, before it delivers those between the middle and the end of a
    step; everything else is read after each step, only the rows that are wanted.
    """

    def __init__(self, network, report, dt):
        import numpy as np

        h = network.h
        self.np = np
        self.columns = len(report["gid"])
        self.every = max(1, round(report["interval_ms"] / dt))
        places = zip(report["gid"], report["section"], report["x"], report["instance"])
        references = [network.reference(*place, report["quantity"]) for place in places]
        self.vectors = None
        if report["quantity"]["kind"] in ("point_process", "density"):
            self.vectors = [h.Vector().record(reference) for reference in references]
            return
        self.rows = []
        self.pointers = h.PtrVector(max(1, self.columns))
        self.values = h.Vector(max(1, self.columns))
        for i, reference in enumerate(references):
            self.pointers.pset(i, reference)

    def take(self, step):
        """Adds a row if one is due."""
        if self.vectors is None and step % self.every == 0 and self.columns:
            self.pointers.gather(self.values)
            self.rows.append(self.np.array(self.values))

    def table(self):
        """All rows."""
        if self.vectors is not None:
            return self.np.array([vector.as_numpy() for vector in self.vectors]).T[::self.every]
        return self.np.array(self.rows).reshape(len(self.rows), self.columns)


def start(network, dt):
    """Brings the network to t = 0."""
    h, spec = network.h, network.spec
    run = spec["run"]
    h.CVode().active(0)
    h.celsius = run["temperature_celsius"]
    h.secondorder = run["second_order"]
    h.dt = dt
    for cell in network.cells:
        cell.initial_voltage()
    h.finitialize()
    for train in spec["source_spikes"]:
        for connection, delay in network.from_sources.get(train["gid"], []):
            for time in train["times_ms"]:
                connection.event(time + delay)


def simulate(cells, duration_ms=None, dt_ms=None):
    """Runs the cells that `build` gave: a dict with spikes (times, gids) and reports (rows of values)."""
    network = cells[0].network
    h, spec = network.h, network.spec
    dt = spec["run"]["dt_ms"] if dt_ms is None else dt_ms
    duration = spec["run"]["duration_ms"] if duration_ms is None else duration_ms
    driven = [(network.stimuli[d["instance"]], d["parameter"], waveform(d["waveform"])) for d in spec["driven"]]
    for process, parameter, course in driven:
        setattr(process, parameter, course(0.0))
    times, gids = h.Vector(), h.Vector()
    for cell in cells:
        if cell.artificial is not None:
            cell.detector = h.NetCon(cell.artificial, None)
        if cell.detector is not None:
            cell.detector.record(times, gids, cell.gid)
    h.CVode().use_fast_imem(any(r["quantity"]["kind"] == "membrane_current" for r in spec["reports"]))
    recorders = [Recorder(network, report, dt) for report in spec["reports"]]
    start(network, dt)
    steps = round(duration / dt)
    for recorder in recorders:
        recorder.take(0)
    for step in range(steps):
        middle = step * dt + 0.5 * dt
        for process, parameter, course in driven:
            setattr(process, parameter, course(middle))
        h.fadvance()
        for recorder in recorders:
            recorder.take(step + 1)
    if h.dt != dt:
        sys.exit(f"NEURON ran at dt = {h.dt} instead of {dt}")
    reports = {report["name"]: recorder.table() for report, recorder in zip(spec["reports"], recorders)}
    return {"times_ms": list(times), "gids": [int(gid) for gid in gids], "reports": reports, "dt_ms": dt}


def write(result, spec, path):
    """result.h5."""
    import h5py
    import numpy as np

    with h5py.File(path, "w") as file:
        order = sorted(range(len(result["times_ms"])), key=lambda i: (result["times_ms"][i], result["gids"][i]))
        file["spikes/time_ms"] = np.array([result["times_ms"][i] for i in order], dtype=float)
        file["spikes/gid"] = np.array([result["gids"][i] for i in order], dtype=np.int64)
        for report in spec["reports"]:
            data = file.create_dataset("reports/" + report["name"], data=result["reports"][report["name"]])
            data.attrs["interval_ms"] = report["interval_ms"]
            data.attrs["variable"] = report["variable"]
            data.attrs["unit"] = report["unit"]
            data.attrs["gid"] = np.array(report["gid"], dtype=np.int64)
        file.attrs["dt_ms"] = result["dt_ms"]


def main():
    parser = argparse.ArgumentParser(description="Runs an exported network in NEURON.")
    parser.add_argument("--duration-ms", type=float)
    parser.add_argument("--dt-ms", type=float)
    parser.add_argument("--out", default="result.h5")
    options = parser.parse_args()
    spec = read()
    cells = build(spec)
    if not cells:
        sys.exit("the network has no cells")
    result = simulate(cells, options.duration_ms, options.dt_ms)
    write(result, spec, options.out)
    print(f"{len(result['times_ms'])} spikes; wrote {options.out}")


if __name__ == "__main__":
    main()
