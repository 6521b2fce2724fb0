"""The experiments of validation/nmodl.py: one model for a mechanism, described once for both simulators.

    clamp   nine cells of one compartment under voltage clamp: -65 mV for 5 ms, one of -100, -80 .. +60 mV for 50 ms,
            -65 mV again
    pulses  a cell with hh and the mechanism, with pulses of current into it

Point processes sit in the middle of the same cells; those with NET_RECEIVE get a train of events, and so do artificial
cells, which need no membrane. Mechanisms that read a concentration or an ion's whole current have helpers in the same
compartment that make it oscillate. A POINTER of a point process reads v of a further spiking cell.
"""
import re
import zlib

import nmodl_text

DURATION_MS = 80.0
DT_MS = 0.025
# A step whose multiples are exact: what differs at DT_MS and agrees at this one was decided by NEURON's rounding of t.
EXACT_DT_MS = 1.0 / 32.0
CELSIUS = 23.7
HOLD_MV = -65.0
LEVELS_MV = [-100.0 + 20.0 * k for k in range(9)]
CLAMP_MS = (5.0, 50.0, 25.0)
CLAMP_MOHM = 0.01
# Off the odd multiples of dt/2, where NEURON itself is decided by rounding.
EVENTS_MS = [5.03, 7.03, 7.53, 12.13, 13.03, 14.08, 20.13, 20.73, 25.03, 30.13, 31.03, 33.08, 38.03, 44.13, 46.03, 49.08, 57.03,
             57.63, 62.03, 70.13]
DELAY_MS = 1.0
# Start ms, duration ms, nA.
PULSES = [(4.0, 2.0, 0.4), (12.0, 15.0, 0.15), (35.0, 10.0, -0.1), (50.0, 3.0, 0.5), (60.0, 15.0, 0.3)]
LENGTH_UM = 20.0
# Attempts, until every state and current has moved: a factor of weights and densities, whether all parameters leave
# their defaults, by up to VARIED of them, a factor of calcium inside, and whether what waits is woken: parameters that
# are 0 get a size by their unit, and times outside of the run come into it.
ATTEMPTS = ((1.0, False, 1.0, False), (30.0, True, 30.0, False), (0.03, False, 5.0, False), (1.0, True, 300.0, True))
VARIED = 0.3
# Of events: onto conductances (uS) and onto artificial cells, where thresholds are about 1.
WEIGHT = {"density": 0.0, "point_process": 0.01, "artificial_cell": 0.5}
HELPER_PEAK_MA_PER_CM2 = 0.002

# Concentrations (mM) around which helpers swing, and by which part.
INSIDE = {"ca": (1e-4, 0.9), "na": (10.0, 0.3), "k": (54.4, 0.2)}
OUTSIDE = {"ca": (2.0, 0.2), "na": (140.0, 0.1), "k": (2.5, 0.4)}
# Stimuli that are off by default.
STIMULUS = {"del": 2.0, "delay": 2.0, "dur": 20.0, "amp": 0.2, "dur1": 5.0, "dur2": 20.0, "dur3": 10.0, "amp1": -70.0,
            "amp2": -20.0, "amp3": -65.0, "number": 8.0, "interval": 5.0}
# Densities and maxima that are 0 by default, by unit.
DENSITY = {"cm/s": 1e-5, "us": 1e-3, "umho": 1e-3, "ns": 1.0, "s/cm2": 1e-3, "mho/cm2": 1e-3, "siemens/cm2": 1e-3,
           "ms/cm2": 1.0, "ps/um2": 10.0, "": 1e-3}
WAKING = {"na": 0.2, "ma/cm2": 0.005, "hz": 20.0, "khz": 0.02, "ms": 15.0, "um": 1.0, "us": 1e-3}
TIMING = re.compile(r"t\d|(t|p|tt)?_?(del|delay|dur|start|stop|onset|begin|end|on|off)_?\d*", re.I)
SHORTER = 0.05
# What other parameters that are 0 by default are varied to.
VARIED_ZERO = {"mv": 3.0, "ms": 2.0}
DENSITY_NAME = re.compile(r"(.*_)?(g|p|perm)_?(bar|max|peak|na|k|ca|l|h|m)?.*", re.I)
# Identifiers of random streams.
STREAM_IDS = (11, 22, 33)
# A FUNCTION_TABLE: any smooth positive course will do.
TABLE_ARGUMENTS = [-150.0 + 10.0 * k for k in range(31)]
TABLE_VALUES = [0.5 + 4.5 / (1.0 + ((x + 40.0) / 30.0) ** 2) for x in TABLE_ARGUMENTS]


def helper_concentration(name, ion, side, valence):
    """A mechanism that makes a concentration oscillate."""
    base, swing = (INSIDE if side == "i" else OUTSIDE).get(ion, (1.0, 0.5))
    charge = "" if valence is None else f" VALENCE {valence:g}"
    return f"""NEURON {{ SUFFIX {name} USEION {ion} WRITE {ion}{side}{charge} RANGE base, swing }}
PARAMETER {{ base = {base!r} swing = {swing!r} }}
ASSIGNED {{ {ion}{side} }}
INITIAL {{ set() }}
BREAKPOINT {{ SOLVE set }}
PROCEDURE set() {{ {ion}{side} = base*(1 + swing*sin(t/7)) }}
"""


def helper_current(name, ion, valence):
    """A mechanism that makes a current flow, mostly inward and sometimes outward; `flow` is what it adds."""
    charge = "" if valence is None else f" VALENCE {valence:g}"
    return f"""NEURON {{ SUFFIX {name} USEION {ion} WRITE i{ion}{charge} RANGE peak, flow }}
PARAMETER {{ peak = {HELPER_PEAK_MA_PER_CM2} }}
ASSIGNED {{ i{ion} flow v }}
BREAKPOINT {{ i{ion} = -peak*(0.6 + sin(t/5)) flow = i{ion} }}
"""


class Case:
    """What both simulators build for one mechanism.

    `description` is what `tianyan mod --format json` says of it, `text` its file with INCLUDEs in place, and `file` what
    Tianyan reads.
    """

    def __init__(self, text, file, description, diagnostics, attempt=0, dt_ms=DT_MS):
        scale, varied, calcium, woken = ATTEMPTS[attempt]
        self.dt_ms = dt_ms
        self.name, self.text, self.file, self.description = description["name"], text, file, description
        self.kind = description["kind"]
        self.weight = WEIGHT[self.kind] * scale
        self.setters = {stream: setter for stream in description["random"]
                        if (setter := nmodl_text.stream_setter(text, stream, diagnostics))}
        self.streams = {stream: self.identifiers(stream) for stream in description["random"]}
        self.alone = any(d["code"] == "nmodl-global-assigned" for d in diagnostics)
        self.hidden = {f"{stream}_{part}" for stream in self.streams for part in ("id1", "id2", "id3", "sequence")}
        self.pointers = [field["name"] for field in description["fields"] if field["pointer"]]
        self.parameters = self.chosen_parameters(scale, varied, woken)
        self.helpers, self.helper_flows = self.make_helpers()
        self.helper_parameters = {helper: {"peak": HELPER_PEAK_MA_PER_CM2 * scale} for helper in self.helper_flows.values()}
        if "swing_cai" in self.helpers:
            self.helper_parameters["swing_cai"] = {"base": INSIDE["ca"][0] * calcium}
        self.variables = self.recorded()

    def identifiers(self, stream):
        """Those of a random stream. Some files give only one or two."""
        given = self.setters[stream].numbers if stream in self.setters else 0
        return STREAM_IDS[:given or 3] + (0,) * (3 - (given or 3))

    def draws_alike(self, stream):
        """True if NEURON can be made to draw the same numbers: not from the old generators of exprand and its like, and
        not normal ones through hoc's Random, which makes them in pairs."""
        setter = self.setters.get(stream)
        if setter is None:
            return nmodl_text.declares_random(self.text, stream)
        return bool(setter.numbers) or setter.distribution != "random_normal"

    @property
    def count(self):
        """Number of cells."""
        return 1 if self.kind == "artificial_cell" else len(LEVELS_MV) + 1

    @property
    def has_events(self):
        return bool(self.description["net_receive"])

    @property
    def can_point(self):
        """True if the POINTERs, if there are any, can be connected in both simulators."""
        return not self.pointers or (self.kind == "point_process" and len(self.pointers) == 1 and not self.has_events)

    @property
    def is_exact(self):
        """True where NEURON's own method is exact to rounding: currents affine in v, nothing iterated."""
        return self.description["affine_in_v"] and not self.description["iterates"]

    def chosen_parameters(self, scale, varied, woken):
        """Values of parameters: those that are 0 by default and must not be for currents to flow; all, if varied; and
        those that keep a mechanism asleep, if woken."""
        chosen = {}
        for field in self.description["fields"]:
            name, unit, default = field["name"], re.sub(r"[\s()]", "", field["unit"]).lower(), field["default"]
            if not field["settable"] or field["pointer"] or field["state"] or name in self.hidden or name.startswith("_"):
                continue
            if default == 0.0 and name in STIMULUS:
                chosen[name] = STIMULUS[name]
            elif default == 0.0 and not field["shared"] and DENSITY_NAME.fullmatch(name) and unit in DENSITY:
                chosen[name] = DENSITY[unit] * scale
            elif woken and default == 0.0 and unit in WAKING and "[" not in name:
                chosen[name] = WAKING[unit]
            elif woken and default > DURATION_MS / 2 and unit == "ms" and TIMING.fullmatch(name):
                chosen[name] = float(f"{default * SHORTER:.10g}")
            elif varied and "[" not in name:
                part = zlib.crc32(name.encode()) / 2.0**32
                base = default or VARIED_ZERO.get(unit, 0.1)
                chosen[name] = float(f"{base * (1.0 + VARIED * (2.0 * part - 1.0)):.10g}")
        return chosen

    def make_helpers(self):
        """Texts of the helper mechanisms by name, and for each ion's current the helper that adds to it."""
        helpers, flows = {}, {}
        for ion in self.description["ions"] if self.kind != "artificial_cell" else []:
            name, valence = ion["name"], ion["valence"]
            if valence is None and name not in ("na", "k", "ca"):
                valence = 1  # NEURON takes -10000 where no file says it
            read = nmodl_text.read_list(self.text, name)
            for side, writes in (("i", ion["writes_inside"]), ("o", ion["writes_outside"])):
                if f"{name}{side}" in read and not writes:
                    helper = f"swing_{name}{side}"
                    helpers[helper] = helper_concentration(helper, name, side, valence)
            if ion["reads_current"] or ion["writes_inside"] or ion["writes_outside"]:
                flows[f"i{name}"] = helper = f"flow_{name}"
                helpers[helper] = helper_current(helper, name, valence)
        return helpers, flows

    def recorded(self):
        """(name, whether it is the mechanism's own) of everything that is compared, without v."""
        own = [field["name"] for field in self.description["fields"]
               if field["range"] and not field["shared"] and not field["pointer"] and field["name"] not in self.hidden
               and not field["name"].startswith("_") and (field["state"] or not field["settable"])]
        ions = []
        for ion in self.description["ions"] if self.kind != "artificial_cell" else []:
            name = ion["name"]
            ions += [f"i{name}"] if ion["writes_current"] or ion["reads_current"] else []
            ions += [f"{name}i"] if ion["writes_inside"] else []
            ions += [f"{name}o"] if ion["writes_outside"] else []
            ions += [f"e{name}"] if ion["writes_reversal"] or ion["writes_inside"] or ion["writes_outside"] else []
        return [(name, True) for name in own] + [(name, False) for name in ions if name not in own]

    def must_change(self):
        """States, currents and concentrations it writes: a file counts only if each of them moves."""
        names = {field["name"] for field in self.description["fields"] if field["state"]}
        names |= set(self.description["currents"])
        for ion in self.description["ions"]:
            names |= {f"{ion['name']}i"} if ion["writes_inside"] else set()
            names |= {f"{ion['name']}o"} if ion["writes_outside"] else set()
        return sorted(names & {name for name, _ in self.variables})

    def populations(self):
        """Populations that are recorded, in the order of cells."""
        return ["artificial"] if self.kind == "artificial_cell" else ["clamped", "spiking"]


def experiment(case, cell):
    """Which experiment a recorded cell belongs to."""
    if case.kind == "artificial_cell":
        return "events"
    return f"clamp {LEVELS_MV[cell]:g} mV" if cell < len(LEVELS_MV) else "pulses"


# ------------------------------------------------------------------- TOML

def toml(case, files, tables):
    """The model for Tianyan; `files` is a TOML list of NMODL files."""
    lines = ["schema_version = 1", "[run]", f"duration_ms = {DURATION_MS}", f"dt_ms = {case.dt_ms}",
             f"temperature_celsius = {CELSIUS}", f"v_init_mv = {HOLD_MV}", f"tables = {str(tables).lower()}",
             "[mechanisms]", f"files = {files}"]
    for function in case.description["function_tables"]:
        lines += ["[[mechanisms.tables]]", f'mechanism = "{case.name}"', f'function = "{function}"',
                  f"arguments = {TABLE_ARGUMENTS}", f"values = {TABLE_VALUES}"]
    ids = {f"{stream}_id{k + 1}": float(value) for stream, ids in case.streams.items() for k, value in enumerate(ids)}
    given = f"parameters = {{ {numbers({**case.parameters, **ids})} }}"
    if case.kind == "artificial_cell":
        lines += ["[cells.artificial]", f'artificial = {{ mechanism = "{case.name}", {given} }}',
                  "[populations.artificial]", 'cell = "artificial"', "size = 1"]
    else:
        lines += membranes(case, given)
    if case.has_events:
        lines += ["[populations.train]", f"spike_times_ms = [{EVENTS_MS}]"]
        for target in case.populations():
            lines += ["[[connections]]", 'source = "train"', f'target = "{target}"', 'rule = "all_to_all"',
                      f"weight = {case.weight!r}", f"delay_ms = {DELAY_MS}"]
            lines += [] if target == "artificial" else ['synapse = "it"']
    return "\n".join(lines + probes(case)) + "\n"


def membranes(case, given):
    """Cells with a membrane, their stimuli, and the mechanism on them."""
    lines = []
    for template in ["clamped", "spiking"] + (["driver"] if case.pointers else []):
        paint = ["{ cm_uf_per_cm2 = 1.0, ra_ohm_cm = 100.0 }", '{ mechanism = "pas", parameters = { g = 0.0001, e = -65.0 } }']
        paint += ['{ mechanism = "hh" }'] if template != "clamped" else []
        if template != "driver":
            # Before its helpers, which is NEURON's order of states too.
            paint += [f'{{ mechanism = "{case.name}", {given} }}'] if case.kind == "density" else []
            for helper in case.helpers:
                values = numbers(case.helper_parameters.get(helper, {}))
                paint.append(f'{{ mechanism = "{helper}", parameters = {{ {values} }} }}')
        lines += [f"[cells.{template}]",
                  f'sections = [{{ name = "soma", length_um = {LENGTH_UM}, diameter_um = {LENGTH_UM} }}]',
                  f"paint = [{', '.join(paint)}]"]
        if case.kind == "point_process" and not case.pointers:
            lines += [f"[cells.{template}.synapses.it]", f'mechanism = "{case.name}"', given]
        size = len(LEVELS_MV) if template == "clamped" else 1
        lines += [f"[populations.{template}]", f'cell = "{template}"', f"size = {size}"]
    for k, level in enumerate(LEVELS_MV):
        steps = zip(CLAMP_MS, (HOLD_MV, level, HOLD_MV))
        levels = ", ".join(f"{{ duration_ms = {d}, v_mv = {v} }}" for d, v in steps)
        lines += ["[[stimuli]]", 'kind = "voltage_clamp"', f'cells = "clamped[{k}]"',
                  f"series_resistance_mohm = {CLAMP_MOHM}", f"levels = [{levels}]"]
    pulses = ", ".join(f"{{ start_ms = {s}, duration_ms = {d}, amplitude_nanoamp = {a} }}" for s, d, a in PULSES)
    for cells in ["spiking"] + (["driver"] if case.pointers else []):
        lines += ["[[stimuli]]", 'kind = "current_clamp"', f'cells = "{cells}"', f"pulses = [{pulses}]"]
    for target in case.populations() if case.pointers else []:
        lines += ["[[graded_synapses]]", f'mechanism = "{case.name}"', f'pointer = "{case.pointers[0]}"',
                  'source = "driver"', f'target = "{target}"', 'rule = "all_to_all"', given]
    return lines


def probes(case):
    """A report for each variable and population."""
    lines = []
    for index, (variable, own) in enumerate(case.variables + voltage(case)):
        for population in case.populations():
            lines += ["[[probes]]", f'report = "{report(index, population)}"', f'variable = "{variable}"',
                      f'cells = "{population}"', 'precision = "f64"']
            if own and (case.kind == "density" or case.pointers):
                lines.append(f'mechanism = "{case.name}"')
            elif own:
                lines.append('synapse = "it"' if case.kind == "point_process" else 'synapse = "cell"')
    return lines


def voltage(case):
    """v, where there is a membrane."""
    return [] if case.kind == "artificial_cell" else [("v", False)]


def report(index, population):
    """The name of a report."""
    return f"p{index}_{population}"


def numbers(parameters):
    """The inside of a TOML table."""
    return ", ".join(f'"{name}" = {value!r}' for name, value in parameters.items())
