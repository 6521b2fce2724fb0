"""Rallpack 1 and 3: a passive cable against its analytic solution, an active one against NEURON."""
import numpy as np

import compare

MORE = compare.HERE / "more"
DT_MS = 0.05

# The cable of the benchmark.
LENGTH_CM, DIAMETER_CM = 0.1, 1e-4
RA_OHM_CM, RM_OHM_CM2, CM_UF_PER_CM2 = 100.0, 4e4, 1.0
CURRENT_NANOAMP, REST_MV = 0.1, -65.0


def sealed_cable(x_cm, t_ms, terms=4000):
    """v of a cable sealed at both ends that gets a constant current at x = 0 from t = 0.

    With space in length constants (X, cable of length L) and time in time constants (T):
    v = I r lambda (cosh(L - X)/sinh(L) - exp(-T)/L (1 + 2 sum_n cos(n pi X/L) exp(-k_n^2 T)/(1 + k_n^2))),
    k_n = n pi/L. (Rall W (1969) Biophys J 9:1483, from the expansion in the cable's cosines.)
    """
    constant_cm = np.sqrt(DIAMETER_CM / 4.0 * RM_OHM_CM2 / RA_OHM_CM)
    tau_ms = RM_OHM_CM2 * CM_UF_PER_CM2 * 1e-3
    ohm_per_cm = 4.0 * RA_OHM_CM / (np.pi * DIAMETER_CM**2)
    length, x, t = LENGTH_CM / constant_cm, x_cm / constant_cm, np.asarray(t_ms) / tau_ms
    total = np.ones_like(t)
    for n in range(1, terms + 1):
        k = n * np.pi / length
        total += 2.0 * np.cos(k * x) / (1.0 + k * k) * np.exp(-k * k * t)
    shape = np.cosh(length - x) / np.sinh(length) - np.exp(-t) / length * total
    return REST_MV + CURRENT_NANOAMP * 1e-6 * ohm_per_cm * constant_cm * shape


def passive():
    """RMS difference from the analytic solution, in percent of its range."""
    run = compare.tianyan(MORE / "rallpack1.toml")
    figures = []
    for name, x_cm in [("start", 0.0), ("end", LENGTH_CM)]:
        v = run.reports[name][:, 0]
        t = np.arange(len(v)) * DT_MS
        # Row 0 stands before the current; the end without capacitance follows it only afterwards.
        exact = sealed_cable(x_cm, t)
        percent = 100.0 * compare.rms(v[1:], exact[1:]) / np.ptp(exact)
        figures.append(compare.Figure(f"RMS, {name}, % of the range", percent, 0.1))
    return figures


def crossings_ms(v, threshold_mv=0.0):
    """When v rises above the threshold."""
    above = v > threshold_mv
    return (np.flatnonzero(above[1:] & ~above[:-1]) + 1) * DT_MS


def active():
    """Times of the spikes at both ends, against NEURON."""
    config = MORE / "rallpack3.toml"
    ours, theirs = compare.tianyan(config), compare.neuron(config)
    figures = [compare.Figure("spikes in NEURON", len(theirs.times_ms), float("inf"), at_least=5)]
    for name in ["start", "end"]:
        a, b = (crossings_ms(run.reports[name][:, 0]) for run in (ours, theirs))
        figures.append(compare.Figure(f"spikes too many or few, {name}", abs(len(a) - len(b)), 0))
        if len(a) == len(b):
            figures.append(compare.Figure(f"spike times, {name}, ms", compare.difference(a, b), DT_MS * 1.001))
        v = compare.difference(ours.reports[name], theirs.reports[name])
        figures.append(compare.Figure(f"max |dv|, {name}, mV", v, 1e-4))
    return figures


CHECKS = {"rallpack1": passive, "rallpack3": active}
