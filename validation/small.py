"""Small models in validation/cases, each run in both simulators for 100 ms."""
import compare

CASES = compare.HERE / "cases"
# NEURON has no exact derivatives: the difference is that of its own to the exact one.
WIDER = {"nmda_analytic": 1e-4}

ALLEN = """# A reconstructed cortical cell, in odd numbers of compartments: Hodgkin-Huxley channels and a leak.
schema_version = 1

[run]
duration_ms = 100.0
dt_ms = 0.025

[cells.cortical]
morphology = "{morphology}"
compartments = {{ odd_max_length_um = 20.0 }}
paint = [
    {{ region = "all", cm_uf_per_cm2 = 1.0, ra_ohm_cm = 100.0 }},
    {{ region = ["dend", "apic"], mechanism = "pas", parameters = {{ g = 0.0001, e = -65.0 }} }},
    {{ region = ["soma", "axon"], mechanism = "hh" }},
]
detector = {{ threshold_mv = -10.0 }}

[populations.neurons]
cell = "cortical"
size = 1

[[stimuli]]
kind = "current_clamp"
cells = "neurons"
start_ms = 10.0
duration_ms = 70.0
amplitude_nanoamp = 1.5

[[probes]]
report = "v"
variable = "v"
cells = "neurons"
sections = "all"
x = 0.5
precision = "f64"
"""


def case(path):
    """The check of a config."""
    return lambda: compare.figures(path, volts=WIDER.get(path.stem, 1e-6))


def allen():
    """A cell of the Allen Institute that comes with the data beside the checkout."""
    folder = compare.test_data() / "sonata" / "bmtk" / "bio_components" / "morphologies"
    morphology = folder / "Scnn1a_473845048_m.swc"
    if not morphology.exists():
        raise compare.Skipped("no morphologies of BMTK in the test data")
    config = compare.WORK / "configs" / "allen.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(ALLEN.format(morphology=morphology), encoding="utf-8")
    return compare.figures(config)


CHECKS = {path.stem: case(path) for path in sorted(CASES.glob("*.toml"))}
CHECKS["allen_swc"] = allen
