"""Point neurons beside live NEST: spikes on the same steps, v to 1e-9 mV where both are exact; AdEx beside an adaptive
solver of tolerance 1e-13."""
import json
import math
import sys

import numpy as np
from scipy.integrate import solve_ivp

import compare

DT_MS = 0.1
DURATION_MS = 400.0
TRAIN_MS = [5.0, 5.1, 5.4, 30.0, 61.7, 62.0, 62.1, 62.2, 150.0, 210.3, 300.0]
# The train's second way to the cell has the opposite sign.
DELAY_MS, LATE_MS = 1.5, 7.3
CLAMP = (100.0, 250.0)
# When AdEx is looked at: its errors die away between events.
SEEN_MS = 153.0

LIF = {"cm": 0.25, "tau_m": 10.0, "tau_refrac": 2.0, "i_offset": 0.3}
GLIF = {"tau_syn_e": 2.0, "tau_syn_i": 3.0}
GLIF_OF = {1: (0, 0, 0), 2: (1, 0, 0), 3: (0, 1, 0), 4: (1, 1, 0), 5: (1, 1, 1)}
GLIF_FLAGS = ("spike_dependent_threshold", "after_spike_currents", "adapting_threshold")


def nests(parameters):
    """The same in NEST's words and units (pF, pA, nS)."""
    words = {"cm": ("C_m", 1e3), "tau_m": ("tau_m", 1), "tau_refrac": ("t_ref", 1), "i_offset": ("I_e", 1e3),
             "tau_syn_e": ("tau_syn_ex", 1), "tau_syn_i": ("tau_syn_in", 1), "v_rest": ("E_L", 1), "v_reset": ("V_reset", 1),
             "v_thresh": ("V_th", 1), "v_init": ("V_m", 1), "e_rev_e": ("E_ex", 1), "e_rev_i": ("E_in", 1)}
    found = {"E_L": -65.0, "V_reset": -65.0, "V_th": -50.0, "V_m": -65.0}
    found.update({words[key][0]: value * words[key][1] for key, value in parameters.items() if key in words})
    return found


def cases():
    """Name, Tianyan's mechanism and parameters, NEST's model and parameters, weight (nA, uS or mV), NEST's unit, clamp
    (nA), bound of v (mV; None where the methods differ)."""
    exp = LIF | {"tau_syn_e": 0.5, "tau_syn_i": 3.0}
    yield "exponential currents", "LifCurrExp", exp, "iaf_psc_exp", nests(exp), 1.0, 1e3, 0.2, 1e-9
    same = LIF | {"tau_syn_e": 10.0, "tau_syn_i": 10.0}
    yield "exponential currents, tau_m", "LifCurrExp", same, "iaf_psc_exp", nests(same), 0.2, 1e3, 0.2, 1e-9
    alpha = LIF | {"tau_syn_e": 2.0, "tau_syn_i": 5.0}
    yield "alpha currents", "LifCurrAlpha", alpha, "iaf_psc_alpha", nests(alpha), 0.4, 1e3, 0.2, 1e-9
    yield "jumps", "LifCurrDelta", LIF, "iaf_psc_delta", nests(LIF), 3.0, 1.0, 0.2, 1e-9
    cond = LIF | {"tau_syn_e": 2.0, "tau_syn_i": 5.0, "e_rev_e": 0.0, "e_rev_i": -80.0}
    theirs = nests(cond) | {"g_L": 25.0}
    theirs.pop("tau_m")
    yield "conductances", "LifCondExp", cond, "iaf_cond_exp", theirs, 0.005, 1e3, 0.2, None
    for model, flags in GLIF_OF.items():
        switches = dict(zip(GLIF_FLAGS, flags))
        theirs = {key: bool(value) for key, value in switches.items()} | {"tau_syn": [2.0, 3.0]}
        asc = {"asc_decay": [0.003, 0.1], "asc_amps": [-9.18, -198.94]} if flags[1] else {}
        yield f"GLIF {model}", "Glif", GLIF | switches, "glif_psc", theirs | asc, 0.2, 1e3, 0.35, 1e-9
    izhikevich = {"d": 8.0, "u_init": -13.0, "i_offset": 0.006}
    theirs = {"I_e": 6.0, "d": 8.0, "U_m": -13.0, "V_m": -65.0}
    yield "Izhikevich", "Izhikevich", izhikevich, "izhikevich", theirs, 5.0, 1.0, 0.004, 1e-9


def ours(name, mechanism, parameters, weight, clamp, dt_ms=DT_MS):
    """Tianyan's run."""
    values = ", ".join(f"{key} = {value!r}" for key, value in parameters.items())
    connections = "".join(
        f'[[connections]]\nsource = "train"\ntarget = "cell"\nrule = "all_to_all"\nweight = {w!r}\ndelay_ms = {d!r}\n'
        for w, d in ((weight, DELAY_MS), (-weight, LATE_MS)))
    text = f"""schema_version = 1
[run]
duration_ms = {DURATION_MS}
dt_ms = {dt_ms}
[cells.cell]
artificial = {{ mechanism = "{mechanism}", parameters = {{ {values} }} }}
[populations]
cell = {{ cell = "cell", size = 1 }}
train = {{ spike_times_ms = {TRAIN_MS} }}
{connections}
[[stimuli]]
kind = "current_clamp"
cells = "cell"
start_ms = {CLAMP[0]}
duration_ms = {CLAMP[1] - CLAMP[0]}
amplitude_nanoamp = {clamp!r}
[[probes]]
report = "v"
variable = "v"
cells = "cell"
precision = "f64"
"""
    compare.WORK.mkdir(exist_ok=True)
    path = compare.WORK / f"point-{name.replace(' ', '-').replace(',', '')}.toml"
    path.write_text(text)
    return compare.tianyan(path)


def nest():
    """NEST's runs of all cases."""
    asked = []
    for _, _, _, model, parameters, weight, unit, clamp, _ in cases():
        case = {"model": model, "parameters": parameters, "weight": weight * unit, "train_ms": TRAIN_MS,
                "delay_ms": DELAY_MS, "late_ms": LATE_MS, "clamp": [*CLAMP, clamp * 1e3], "dt_ms": DT_MS,
                "duration_ms": DURATION_MS}
        if model == "glif_psc":
            case["receptors"] = [1, 2]
        asked.append(case)
    to, back = compare.WORK / "points.json", compare.WORK / "points-nest.json"
    compare.WORK.mkdir(exist_ok=True)
    to.write_text(json.dumps(asked))
    compare.call([sys.executable, compare.HERE / "points_nest.py", to, back])
    return json.loads(back.read_text())


def steps(times_ms):
    return np.round(np.asarray(times_ms) / DT_MS).astype(int)


def beside_nest():
    """Each case's spikes and voltages."""
    figures = []
    for (name, mechanism, parameters, _, _, weight, _, clamp, bound), theirs in zip(cases(), nest()):
        own = ours(name, mechanism, parameters, weight, clamp)
        mine, other = steps(own.times_ms), steps(theirs["spikes_ms"])
        other = other[other <= round(DURATION_MS / DT_MS)]
        figures.append(compare.Figure(f"{name}: NEST's spikes", len(other), at_least=2))
        if bound is None:
            away = np.abs(mine - other).max() if len(mine) == len(other) else math.inf
            figures.append(compare.Figure(f"{name}: steps between spikes", away, 1))
            continue
        figures.append(compare.Figure(f"{name}: spikes on other steps", len(set(mine) ^ set(other)), 0))
        v, w = own.reports["v"][1:, 0], np.array(theirs["v_mv"])
        count = min(len(v), len(w))
        differs = np.abs(v[:count] - w[:count])
        if mechanism in ("LifCurrDelta", "Izhikevich"):
            # NEST shows v after the events and the reset of its time, Tianyan before.
            late = np.concatenate([steps(TRAIN_MS) + steps([DELAY_MS]), steps(TRAIN_MS) + steps([LATE_MS]), mine]) - 1
            differs[late[late < count]] = 0.0
        figures.append(compare.Figure(f"{name}: v (mV)", differs.max(), bound))
    return figures


def adaptive():
    """AdEx below its threshold: what it is off by after a few events, and the order."""
    p = {"cm": 0.281, "tau_m": 9.3667, "tau_syn": 5.0, "e": 0.0, "i": -80.0, "tau_w": 144.0, "a": 0.004, "dt": 2.0,
         "rest": -70.6, "thresh": -50.4}
    weight, clamp = 0.012, 0.2
    arrivals = sorted([(t + DELAY_MS, 0) for t in TRAIN_MS] + [(t + LATE_MS, 1) for t in TRAIN_MS])
    corners = sorted(t for t in {0.0, SEEN_MS, *CLAMP, *(t for t, _ in arrivals)} if t <= SEEN_MS)

    def slope(t, y, current):
        v, w, ge, gi = y
        leak = p["cm"] / p["tau_m"]
        spike = leak * p["dt"] * math.exp((v - p["thresh"]) / p["dt"])
        i = leak * (p["rest"] - v) + spike - w - ge * (v - p["e"]) - gi * (v - p["i"]) + current
        return [i / p["cm"], (p["a"] * (v - p["rest"]) - w) / p["tau_w"], -ge / p["tau_syn"], -gi / p["tau_syn"]]

    y = np.array([p["rest"], 0.0, 0.0, 0.0])
    for start, end in zip(corners, corners[1:]):
        for time, sign in arrivals:
            if time == start:
                y[2 + sign] += weight
        current = clamp if CLAMP[0] <= start < CLAMP[1] else 0.0
        y = solve_ivp(slope, (start, end), y, "DOP853", rtol=1e-13, atol=1e-14, args=(current,)).y[:, -1]
    errors = []
    for dt_ms in (0.1, 0.05):
        own = ours("adex", "AdEx", {}, weight, clamp, dt_ms)
        errors.append(abs(own.reports["v"][round(SEEN_MS / dt_ms), 0] - y[0]) + (0.0 if len(own.times_ms) == 0 else math.inf))
    orders = [math.log2(a / b) for a, b in zip(errors, errors[1:])]
    return [compare.Figure("AdEx at dt 0.1 ms, v (mV)", errors[0], 1e-4),
            compare.Figure("AdEx, order of convergence", min(orders), at_least=3.7)]


CHECKS = {"points_nest": beside_nest, "points_adex": adaptive}
