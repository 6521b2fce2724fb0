"""The model of nmodl_cases.py in NEURON, in a child process that may crash."""
import contextlib
import multiprocessing
import os
import re
import tempfile

import numpy as np

import nmodl_cases as cases

TIMEOUT_S = 60


class Crash(Exception):
    """NEURON ended, or does not end; its last words."""


def run(libraries, case, tables, shift_mv=0.0):
    """What `simulate` finds. Where instances share what they write, each cell has a process of its own: here they do
    not share it."""
    if not case.alone:
        return in_process(libraries, case, tables, range(case.count), shift_mv)
    found = [in_process(libraries, case, tables, [k], shift_mv) for k in range(case.count)]
    beside = lambda part: {name: np.hstack([one[part][name] for one in found]) for name in found[0][part]}
    return {**found[0], "traces": beside("traces"), "flows": beside("flows")}


def in_process(libraries, case, tables, cells, shift_mv):
    """What a child process finds."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.TemporaryFile() as words:
        child = context.Process(target=in_child, args=(sender, words.fileno(), libraries, case, tables, cells, shift_mv))
        child.start()
        sender.close()
        try:
            if not receiver.poll(TIMEOUT_S):
                raise Crash(f"no result in {TIMEOUT_S} s")
            found = receiver.recv()
        except (EOFError, OSError):
            child.join(1.0)
            words.seek(0)
            said = [line.strip() for line in words.read().decode("latin-1").splitlines() if line.strip()]
            said = [line for line in said if "DISPLAY" not in line and "graphics" not in line]
            raise Crash(f"exit {child.exitcode}: {' | '.join(said)[-200:]}") from None
        finally:
            child.kill()
            child.join()
    if isinstance(found, str):
        raise Crash(found)
    return found


def in_child(sender, words, libraries, case, tables, cells, shift_mv):
    """Sends the results, or a text that says why there are none."""
    for stream in (1, 2):
        os.dup2(words, stream)
    try:
        from neuron import h

        for library in libraries:
            h.nrn_load_dll(str(library))
        sender.send(simulate(h, case, tables, cells, shift_mv))
    except Exception as error:  # told by the parent, whatever it is
        sender.send(f"{type(error).__name__}: {error}"[:300])
    sender.close()


def simulate(h, case, tables, cells, shift_mv):
    """Of these cells a table of `traces` {variable: [row, cell]}, clamped cells first; `flows` of the helpers; `spikes_ms` of an
    artificial cell; and what NEURON `declares`: {PARAMETER: default} and {ASSIGNED or STATE: size}."""
    declared = declarations(h, case)
    h.load_file("stdrun.hoc")
    h.celsius = cases.CELSIUS
    h.usetable_hh = 0
    if hasattr(h, f"usetable_{case.name}"):
        setattr(h, f"usetable_{case.name}", int(tables))
    model = Model(h, case, cells)
    records = {}
    for variable, own in case.variables + cases.voltage(case):
        with contextlib.suppress(AttributeError, LookupError):  # what has no such variable is missing in the comparison
            records[variable] = [h.Vector().record(model.reference(variable, own, k)) for k in range(model.count)]
    flows = {ion: [h.Vector().record(getattr(section(0.5), f"_ref_flow_{helper}")) for section in model.sections]
             for ion, helper in case.helper_flows.items()}
    arrivals = [(connection, time + cases.DELAY_MS) for connection in model.connections for time in cases.EVENTS_MS]
    start = h.FInitializeHandler(lambda: [connection.event(time) for connection, time in arrivals])
    h.cvode_active(0)
    h.secondorder = 0
    h.dt = case.dt_ms
    h.finitialize(cases.HOLD_MV + shift_mv)
    for _ in range(round(cases.DURATION_MS / case.dt_ms)):
        h.fadvance()
    del start
    if h.dt != case.dt_ms:
        raise RuntimeError(f"dt became {h.dt}")
    table = lambda vectors: np.array([vector.to_python() for vector in vectors]).T
    return {"traces": {name: table(vectors) for name, vectors in records.items()},
            "flows": {ion: table(vectors) for ion, vectors in flows.items()},
            "spikes_ms": np.array(model.spikes.to_python()), "declares": declared}


def declarations(h, case):
    """Names by NEURON's own list: {PARAMETER: default} and {ASSIGNED or STATE: size}."""
    found = {"parameters": {}, "variables": {}}
    for sort, kind in ((1, "parameters"), (2, "variables"), (3, "variables")):
        listed, word = h.MechanismStandard(case.name, sort), h.ref("")
        for k in range(int(listed.count())):
            size = int(listed.name(word, k))
            name = re.sub(rf"_{case.name}$", "", word[0]) if case.kind == "density" else word[0]
            found[kind][name] = listed.get(word[0]) if kind == "parameters" else size
    for field in case.description["fields"]:
        if field["shared"] and field["settable"]:
            with contextlib.suppress(AttributeError, LookupError, TypeError):
                found["parameters"][field["name"]] = float(getattr(h, f"{field['name']}_{case.name}"))
    return found


class Model:
    """Sections, stimuli and instances of the mechanism."""

    def __init__(self, h, case, cells):
        self.h, self.case, self.count = h, case, len(cells)
        self.sections, self.processes, self.connections, self.kept = [], [], [], []
        self.spikes = h.Vector()
        if case.kind == "artificial_cell":
            self.artificial()
        else:
            self.driver = self.membrane("driver", excitable=True) if case.pointers else None
            if self.driver is not None:
                self.pulses(self.driver)
            for k in cells:
                self.cell(k)
        for function in case.description["function_tables"]:
            self.function_table(function)

    def artificial(self):
        """The artificial cell. Without any section NEURON records nothing."""
        h, case = self.h, self.case
        self.kept.append(h.Section(name="nobody"))
        process = getattr(h, case.name)()
        self.instance(process, process, "")
        out = h.NetCon(process, None)
        out.record(self.spikes)
        self.kept.append(out)

    def membrane(self, name, excitable):
        """A passive or spiking cell."""
        section = self.h.Section(name=name)
        section.L = section.diam = cases.LENGTH_UM
        section.cm, section.Ra = 1.0, 100.0
        section.insert("pas")
        section.g_pas, section.e_pas = 1e-4, -65.0
        if excitable:
            section.insert("hh")
        return section

    def cell(self, k):
        """Cell k with the mechanism, its helpers and its stimulus."""
        h, case = self.h, self.case
        section = self.membrane(f"cell{k}", excitable=k == len(cases.LEVELS_MV))
        for helper in case.helpers:
            section.insert(helper)
            for name, value in case.helper_parameters.get(helper, {}).items():
                setattr(section(0.5), f"{name}_{helper}", value)
        self.sections.append(section)
        if case.kind == "density":
            section.insert(case.name)
            self.instance(getattr(section(0.5), case.name), section(0.5), f"_{case.name}")
        else:
            process = getattr(h, case.name)(section(0.5))
            self.instance(process, process, "")
            for pointer in case.pointers:
                h.setpointer(self.driver(0.5)._ref_v, pointer, process)
        if k == len(cases.LEVELS_MV):
            self.pulses(section)
        else:
            self.clamp(section, cases.LEVELS_MV[k])

    def instance(self, owner, holder, ending):
        """Parameters, random streams and events of one instance.

        nocmodl keeps six digits of defaults: all are set to what the file says.
        """
        for field in self.case.description["fields"]:
            name, default = field["name"], field["default"]
            of_all = field["shared"] or not field["range"]
            where, full = (self.h, f"{name}_{self.case.name}") if of_all else (holder, name + ending)
            if name in self.case.parameters:
                setattr(where, full, self.case.parameters[name])
            elif field["settable"] and not field["state"] and "[" not in name and default != float(f"{default:g}"):
                setattr(where, full, default)
        for stream, ids in self.case.streams.items():
            if stream in self.case.setters:
                self.old_stream(owner, stream, ids)
            elif hasattr(owner, stream):
                getattr(owner, stream).set_ids(*ids)
                getattr(owner, stream).set_seq(0)  # without it numbers drawn under the old identifiers come first
        if self.case.kind != "density":
            self.processes.append(owner)
        if self.case.has_events:
            connection = self.h.NetCon(None, owner)
            connection.weight[0] = self.case.weight
            self.connections.append(connection)

    def old_stream(self, owner, stream, ids):
        """A stream behind a POINTER: the file's own PROCEDURE sets it, to identifiers or to hoc's Random."""
        setter = self.case.setters[stream]
        procedure = getattr(owner, setter.procedure)
        if setter.numbers:
            procedure(*ids[:setter.numbers])
            return
        random = self.h.Random()
        random.Random123(*ids)
        {"random_negexp": lambda: random.negexp(1.0), "random_normal": lambda: random.normal(0.0, 1.0)}.get(
            setter.distribution, lambda: random.uniform(0.0, 1.0))()
        random.seq(0)  # choosing a distribution draws once
        procedure(random)
        self.kept.append(random)

    def clamp(self, section, level_mv):
        """A step of voltage."""
        clamp = self.h.SEClamp(section(0.5))
        clamp.rs = cases.CLAMP_MOHM
        clamp.dur1, clamp.dur2, clamp.dur3 = cases.CLAMP_MS
        clamp.amp1, clamp.amp2, clamp.amp3 = cases.HOLD_MV, level_mv, cases.HOLD_MV
        self.kept.append(clamp)

    def pulses(self, section):
        """Pulses of current."""
        for start, duration, amplitude in cases.PULSES:
            pulse = self.h.IClamp(section(0.5))
            pulse.delay, pulse.dur, pulse.amp = start, duration, amplitude
            self.kept.append(pulse)

    def function_table(self, function):
        """The values of a FUNCTION_TABLE."""
        values, arguments = self.h.Vector(cases.TABLE_VALUES), self.h.Vector(cases.TABLE_ARGUMENTS)
        self.kept += [values, arguments]
        if self.case.kind == "density":
            getattr(self.h, f"table_{function}_{self.case.name}")(values, arguments)
        else:
            getattr(self.processes[0], f"table_{function}")(values, arguments)

    def reference(self, variable, own, k):
        """NEURON's reference to a variable of cell k."""
        array = re.fullmatch(r"(.*)\[(\d+)\]", variable)
        name = array[1] if array else variable
        if own and self.case.kind == "density":
            name = f"{name}_{self.case.name}"
        owner = self.processes[k] if own and self.case.kind != "density" else self.sections[k](0.5)
        found = getattr(owner, f"_ref_{name}")
        return found[int(array[2])] if array else found
