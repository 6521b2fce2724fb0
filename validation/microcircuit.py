"""The cortical microcircuit at a tenth: rates of all populations beside NEST's, in networks that each draws for itself."""
import json
import os
import sys

import numpy as np

import compare

SCALE, MILLISECONDS, BEFORE_MS, SEEDS = 0.1, 1000.0, 500.0, (1, 2, 3)
# Networks of other draws differ by so much themselves.
RELATIVE, ABSOLUTE_HZ = 0.08, 0.25


def ours(seed):
    """Rates of a run with that seed, by population, Hz."""
    text = (compare.ROOT / "models/microcircuit/microcircuit.toml").read_text()
    changes = {"seed": seed, "scale": SCALE, "duration_ms": BEFORE_MS + MILLISECONDS}
    lines = [f"{key} = {changes[key]}" if (key := line.split("=")[0].strip()) in changes else line
             for line in text.splitlines()]
    compare.WORK.mkdir(exist_ok=True)
    path = compare.WORK / f"microcircuit-{seed}.toml"
    path.write_text("\n".join(lines) + "\n")
    result = compare.tianyan(path, name=path.stem)
    late = result.gids[result.times_ms > BEFORE_MS]
    rates, first = {}, 0
    for population in json.loads((compare.WORK / "tianyan" / path.stem / "run.json").read_text())["populations"]:
        size = population["cells"]
        inside = (late >= first) & (late < first + size)
        rates[population["name"]] = inside.sum() / size / MILLISECONDS * 1e3
        first += size
    return rates


def nest():
    """NEST's rates, by population, Hz."""
    script = compare.ROOT / "benches" / "nest_side.py"
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    out = compare.call([sys.executable, script, SCALE, MILLISECONDS], env=environment)
    return json.loads(out.splitlines()[-1])["rates_hz"]


def rates():
    """The largest difference of a population's rate, as a part of what is allowed."""
    runs = [ours(seed) for seed in SEEDS]
    figures = []
    for name, theirs in nest().items():
        mine = np.mean([run[name] for run in runs])
        allowed = RELATIVE * theirs + ABSOLUTE_HZ
        figures.append(compare.Figure(f"{name}: {mine:.2f} Hz, NEST {theirs:.2f}", abs(mine - theirs) / allowed, 1.0))
    return figures


CHECKS = {"microcircuit": rates}
