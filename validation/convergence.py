"""How fast results settle when the step is halved.

The differences of successive runs, |v(dt) - v(dt/2)| and |v(dt/2) - v(dt/4)|, have the ratio 2 in a method of the
first order and 4 in one of the second. Stimuli stay below threshold and change only on the coarsest grid.
"""
import compare
import worm

MORE = compare.HERE / "more"


def ratios(config, steps_ms, bounds, duration_ms=None):
    """The ratio for each three successive steps."""
    runs = [compare.tianyan(config, dt_ms=dt, duration_ms=duration_ms, name=f"{compare.key(config)}-{dt}")
            for dt in steps_ms]
    tables = [run.reports["v"] for run in runs]
    steps = [compare.rms(a, b) for a, b in zip(tables, tables[1:])]
    found = []
    for dt, coarse, fine in zip(steps_ms, steps, steps[1:]):
        ratio = coarse / fine if fine > 0.0 else float("nan")
        found.append(compare.Figure(f"ratio from dt {dt} ms", ratio, bounds[1], at_least=bounds[0]))
    return found


def first_order():
    """Backward Euler on a branched tree with Hodgkin-Huxley channels."""
    return ratios(MORE / "subthreshold.toml", [0.1, 0.05, 0.025, 0.0125], (1.8, 2.2))


def second_order():
    """Crank-Nicolson: the voltage's own error falls fourfold; states staggered by half a step keep up."""
    return ratios(MORE / "subthreshold_second.toml", [0.025, 0.0125, 0.00625], (3.4, 4.6))


def worm_cell():
    """AIYL of the published worm, a small current, with the steps of V2."""
    return ratios(worm.aiyl_subthreshold(), [0.2, 0.1, 0.05, 0.025], (1.8, 2.2))


CHECKS = {
    "convergence_first_order": first_order,
    "convergence_second_order": second_order,
    "convergence_worm_aiyl": worm_cell,
}
