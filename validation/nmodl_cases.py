"""The experiments of validation/nmodl.py: one model for a mechanism, described once for both simulators.

    clamp   nine cells of one compartment under voltage clamp: -65 mV for 5 ms, one of -100, -80 .. +60 mV for 40 ms,
            -65 mV again
    pulses  a cell with hh and the mechanism, with current pulses into it

Point processes sit in the middle of the same cells; those with NET_RECEIVE get trains of events. Mechanisms that read
a concentration or an ion's whole current get helpers in the same compartment that make it oscillate.
"""
import re

DURATION_MS = 60.0
DT_MS = 0.025
CELSIUS = 23.7
HOLD_MV = -65.0
LEVELS_MV = [-100.0 + 20.0 * k for k in range(9)]
CLAMP_MS = (5.0, 40.0, 10.0)
# Off the odd multiples of dt/2, where NEURON itself is decided by rounding.
EVENTS_MS = [5.03, 7.03, 7.53, 12.13, 20.13, 20.73, 30.13, 31.03, 44.13]
DELAY_MS = 1.0
PULSES = [(4.0, 2.0, 0.4), (12.0, 15.0, 0.15), (35.0, 10.0, -0.1), (50.0, 3.0, 0.5)]
LENGTH_UM = 20.0

# Inside concentrations, their swing, and currents, for helpers.
INSIDE = {"ca": (1e-4, 0.9), "na": (10.0, 0.3), "k": (54.4, 0.2)}
# Stimuli that are off by default.
STIMULUS = {"del": 2.0, "delay": 2.0, "dur": 20.0, "amp": 0.2, "dur1": 5.0, "dur2": 20.0, "dur3": 10.0, "amp1": -70.0,
            "amp2": -20.0, "amp3": -65.0, "number": 8.0, "interval": 5.0, "noise": 0.0}
# Identifiers of random streams.
STREAM_IDS = (11, 22, 33)
OUTSIDE = {"ca": (2.0, 0.2), "na": (140.0, 0.1), "k": (2.5, 0.4)}


def helper_concentration(name, ion, side, valence):
    """A mechanism that makes a concentration oscillate."""
    base, swing = (INSIDE if side == "i" else OUTSIDE).get(ion, (1.0, 0.5))
    charge = "" if valence is None else f" VALENCE {valence:g}"
    return f"""NEURON {{ SUFFIX {name} USEION {ion} WRITE {ion}{side}{charge} RANGE was }}
ASSIGNED {{ {ion}{side} was }}
INITIAL {{ set() }}
BREAKPOINT {{ SOLVE set }}
PROCEDURE set() {{ {ion}{side} = {base!r}*(1 + {swing!r}*sin(t/7)) was = {ion}{side} }}
"""


def helper_current(name, ion, valence):
    """A mechanism that makes a current flow, mostly inward and sometimes outward."""
    charge = "" if valence is None else f" VALENCE {valence:g}"
    return f"""NEURON {{ SUFFIX {name} USEION {ion} WRITE i{ion}{charge} RANGE peak }}
PARAMETER {{ peak = 0.002 }}
ASSIGNED {{ i{ion} v }}
BREAKPOINT {{ i{ion} = -peak*(0.6 + sin(t/5)) }}
"""


class Case:
    """What both simulators build for one mechanism."""

    def __init__(self, name, text, description, scale=1.0):
        self.name, self.text, self.description = name, text, description
        self.kind = description["kind"]
        self.weight = 0.01 * scale
        self.peak = 0.002 * scale
        self.streams = description["random"]
        self.parameters = self.conductances(scale)
        self.helpers = self.make_helpers()
        self.variables = self.recorded()

    def conductances(self, scale):
        """Parameters that are 0 by default and must not be for currents to flow."""
        chosen = {}
        for field in self.description["fields"]:
            if field["settable"] and field["default"] == 0.0 and not field["shared"] and field["name"] in STIMULUS:
                chosen[field["name"]] = STIMULUS[field["name"]]
        for field in self.description["fields"]:
            if not field["settable"] or field["pointer"] or field["shared"] or field["default"] != 0.0:
                continue
            if any(field["name"].startswith(f"{stream}_") for stream in self.description["random"]):
                continue
            if re.fullmatch(r"(.*_)?(g|p|perm)_?(bar|max|peak|na|k|ca|l|h|m)?.*", field["name"], re.I) is None:
                continue
            unit = field["unit"].replace(" ", "").lower()
            value = {"cm/s": 1e-5, "us": 1e-3, "umho": 1e-3, "ns": 1.0}.get(unit, 1e-3)
            if unit in ("s/cm2", "mho/cm2", "siemens/cm2", "cm/s", "us", "umho", "ns", "pS/um2".lower(), "ms/cm2", ""):
                chosen[field["name"]] = value * scale
        return chosen

    def make_helpers(self):
        """Texts of the helper mechanisms, by name."""
        helpers = {}
        for ion in self.description["ions"]:
            name, valence = ion["name"], ion["valence"]
            for side, writes in (("i", ion["writes_inside"]), ("o", ion["writes_outside"])):
                reads = re.search(rf"\b{name}{side}\b", read_list(self.text, name))
                if ion["reads_concentration"] and reads and not writes and self.kind == "density":
                    helpers[f"a{self.name}{name}{side}"] = helper_concentration(
                        f"a{self.name}{name}{side}", name, side, valence)
            if ion["reads_current"] or ion["writes_inside"] or ion["writes_outside"]:
                helpers[f"a{self.name}{name}c"] = helper_current(f"a{self.name}{name}c", name, valence)
        return helpers

    def recorded(self):
        """(name, is the mechanism's own) of everything that is compared."""
        hidden = {f"{stream}_{part}" for stream in self.streams for part in ("id1", "id2", "id3", "sequence")}
        own = [field["name"] for field in self.description["fields"] if field["name"] not in hidden
               and field["range"] and not field["shared"] and not field["name"].startswith("_") and not field["pointer"]
               and not (field["settable"] and not field["state"])]
        ions = []
        for ion in self.description["ions"]:
            if ion["writes_current"] or ion["reads_current"]:
                ions.append(f"i{ion['name']}")
            if ion["writes_inside"]:
                ions.append(f"{ion['name']}i")
            if ion["writes_outside"]:
                ions.append(f"{ion['name']}o")
        return [(name, True) for name in own] + [(name, False) for name in ions if name not in own]

    def must_change(self):
        """States and currents: a file counts only if each of them does."""
        states = {field["name"] for field in self.description["fields"] if field["state"]}
        return states | {name for name in self.description["currents"]}

    @property
    def has_events(self):
        return bool(self.description["net_receive"])


def read_list(text, ion):
    """What stands behind READ in the USEION of an ion."""
    found = re.search(rf"USEION\s+{ion}\b(.*?)(?=USEION|RANGE|GLOBAL|NONSPECIFIC|SUFFIX|POINTER|\}})", text, re.S)
    return found[1] if found else ""


def toml(case, files, tables):
    """The model for Tianyan."""
    lines = ["schema_version = 1", "[run]", f"duration_ms = {DURATION_MS}", f"dt_ms = {DT_MS}",
             f"temperature_celsius = {CELSIUS}", f"v_init_mv = {HOLD_MV}", f"tables = {str(tables).lower()}",
             "[output]", "spikes = true", "[mechanisms]", f"files = {files!r}"]
    ids = {f"{stream}_id{k + 1}": float(value) for stream in case.streams for k, value in enumerate(STREAM_IDS)}
    given = {**case.parameters, **ids}
    for template in ("clamped", "spiking"):
        if case.kind == "artificial_cell":
            continue
        paint = ["{ cm_uf_per_cm2 = 1.0, ra_ohm_cm = 100.0 }",
                 '{ mechanism = "pas", parameters = { g = 0.0001, e = -65.0 } }']
        paint += ['{ mechanism = "hh" }'] if template == "spiking" else []
        # Before its helpers, which is NEURON's order of states too.
        if case.kind == "density":
            paint.append(f'{{ mechanism = "{case.name}", parameters = {{ {numbers(given)} }} }}')
        for helper in case.helpers:
            peak = f", parameters = {{ peak = {case.peak!r} }}" if helper.endswith("c") else ""
            paint.append(f'{{ mechanism = "{helper}"{peak} }}')
        lines += [f"[cells.{template}]",
                  f'sections = [{{ name = "soma", length_um = {LENGTH_UM}, diameter_um = {LENGTH_UM} }}]',
                  f"paint = [{', '.join(paint)}]"]
        if case.kind == "point_process":
            lines += [f"[cells.{template}.synapses.it]", f'mechanism = "{case.name}"',
                      f"parameters = {{ {numbers(given)} }}"]
    if case.kind == "artificial_cell":
        lines += ["[cells.artificial]",
                  f'artificial = {{ mechanism = "{case.name}", parameters = {{ {numbers(given)} }} }}',
                  "[populations.artificial]", 'cell = "artificial"', "size = 1"]
    else:
        lines += ["[populations.clamped]", 'cell = "clamped"', f"size = {len(LEVELS_MV)}",
                  "[populations.spiking]", 'cell = "spiking"', "size = 1"]
        for k, level in enumerate(LEVELS_MV):
            steps = zip(CLAMP_MS, (HOLD_MV, level, HOLD_MV))
            levels = ", ".join(f"{{ duration_ms = {d}, v_mv = {v} }}" for d, v in steps)
            lines += ["[[stimuli]]", 'kind = "voltage_clamp"', f'cells = "clamped[{k}]"',
                      "series_resistance_mohm = 0.01", f"levels = [{levels}]"]
        pulses = ", ".join(f"{{ start_ms = {s}, duration_ms = {d}, amplitude_nanoamp = {a} }}" for s, d, a in PULSES)
        lines += ["[[stimuli]]", 'kind = "current_clamp"', 'cells = "spiking"', f"pulses = [{pulses}]"]
    if case.has_events:
        lines += ["[populations.train]", f"spike_times_ms = [{EVENTS_MS}]"]
        for target in (["artificial"] if case.kind == "artificial_cell" else ["clamped", "spiking"]):
            lines += ["[[connections]]", 'source = "train"', f'target = "{target}"', 'rule = "all_to_all"',
                      f"weight = {case.weight!r}", f"delay_ms = {DELAY_MS}"]
            lines += [] if target == "artificial" else ['synapse = "it"']
    for index, (variable, own) in enumerate(case.variables + [("v", False)]):
        for population in populations(case):
            if not own and case.kind == "artificial_cell":
                continue
            lines += ["[[probes]]", f'report = "p{index}_{population}"', f'variable = "{variable}"',
                      f'cells = "{population}"', 'precision = "f64"']
            if own and case.kind == "density":
                lines.append(f'mechanism = "{case.name}"')
            if own and case.kind != "density":
                lines.append('synapse = "it"' if case.kind == "point_process" else 'synapse = "cell"')
    return "\n".join(lines) + "\n"


def populations(case):
    return ["artificial"] if case.kind == "artificial_cell" else ["clamped", "spiking"]


def numbers(parameters):
    return ", ".join(f'"{name}" = {value!r}' for name, value in parameters.items())


def run_neuron(case, tables):
    """The same in NEURON: {variable: array [row, cell]} with the clamped cells first, and spike times."""
    import numpy as np
    from neuron import h

    h.load_file("stdrun.hoc")
    h.celsius = CELSIUS
    usetable = f"usetable_{case.name}"
    if hasattr(h, usetable):
        setattr(h, usetable, 1 if tables else 0)
    h.usetable_hh = 0
    sections, processes, connections, keep, spikes = [], [], [], [], h.Vector()
    count = 1 if case.kind == "artificial_cell" else len(LEVELS_MV) + 1
    for k in range(count):
        if case.kind == "artificial_cell":
            process = getattr(h, case.name)()
            processes.append(process)
            sections.append(h.Section(name="nobody"))  # without any section NEURON records nothing
            for name, value in case.parameters.items():
                setattr(process, name, value)
        else:
            section = h.Section(name=f"s{k}")
            section.L = section.diam = LENGTH_UM
            section.cm, section.Ra = 1.0, 100.0
            section.insert("pas")
            section.g_pas, section.e_pas = 1e-4, -65.0
            if k == len(LEVELS_MV):
                section.insert("hh")
            for helper in case.helpers:
                section.insert(helper)
                if helper.endswith("c"):
                    setattr(section(0.5), f"peak_{helper}", case.peak)
            sections.append(section)
            process = None
            if case.kind == "density":
                section.insert(case.name)
                for name, value in case.parameters.items():
                    setattr(section(0.5), f"{name}_{case.name}", value)
            else:
                process = getattr(h, case.name)(section(0.5))
                for name, value in case.parameters.items():
                    setattr(process, name, value)
                processes.append(process)
            keep += clamps(h, section, k)
        for stream in case.streams:
            owner = process if process is not None else getattr(section(0.5), case.name)
            if hasattr(owner, stream):
                getattr(owner, stream).set_ids(*STREAM_IDS)
        if case.has_events:
            connection = h.NetCon(None, process)
            connection.weight[0] = case.weight
            connections.append(connection)
    if case.kind == "artificial_cell":
        out = h.NetCon(processes[0], None)
        out.record(spikes)
        keep.append(out)
    records = {}
    for variable, own in case.variables + [("v", False)]:
        if not own and case.kind == "artificial_cell":
            continue
        records[variable] = [h.Vector().record(reference(case, variable, own, sections, processes, k))
                             for k in range(count)]
    arrivals = [(connection, time + DELAY_MS) for connection in connections for time in EVENTS_MS]
    keep.append(h.FInitializeHandler(lambda: [connection.event(time) for connection, time in arrivals]))
    h.cvode_active(0)
    h.secondorder = 0
    h.dt = DT_MS
    h.finitialize(HOLD_MV)
    for _ in range(round(DURATION_MS / DT_MS)):
        h.fadvance()
    assert h.dt == DT_MS
    traces = {name: np.array([vector.to_python() for vector in vectors]).T for name, vectors in records.items()}
    return traces, np.array(spikes.to_python())


def clamps(h, section, k):
    if k < len(LEVELS_MV):
        clamp = h.SEClamp(section(0.5))
        clamp.rs = 0.01
        clamp.dur1, clamp.dur2, clamp.dur3 = CLAMP_MS
        clamp.amp1, clamp.amp2, clamp.amp3 = HOLD_MV, LEVELS_MV[k], HOLD_MV
        return [clamp]
    stimuli = []
    for start, duration, amplitude in PULSES:
        pulse = h.IClamp(section(0.5))
        pulse.delay, pulse.dur, pulse.amp = start, duration, amplitude
        stimuli.append(pulse)
    return stimuli


def reference(case, variable, own, sections, processes, k):
    """NEURON's reference to a variable."""
    array = re.fullmatch(r"(.*)\[(\d+)\]", variable)
    name, element = (array[1], int(array[2])) if array else (variable, None)
    if own and case.kind != "density":
        owner, full = processes[k], name
    else:
        owner, full = sections[k](0.5), f"{name}_{case.name}" if own else name
    found = getattr(owner, f"_ref_{full}")
    return found if element is None else found[element]
