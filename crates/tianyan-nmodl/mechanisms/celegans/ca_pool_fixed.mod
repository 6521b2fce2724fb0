COMMENT
The calcium of the whole cell, in one well-mixed pool of fixed volume:
cai' = -free ica/(2 F volume) - (cai - rest)/tau, the influx only where v <= e_calcium.

Equations: Nicoletti M, Loppini A, Chiodo L, Folli V, Ruocco G, Filippi S (2019) Biophysical modeling of
C. elegans neurons: single ion currents and whole-cell dynamics of AWCon and RMD.
PLoS ONE 14(7):e0218738.
Numbers as used in BAAIWorm (Zhao M et al. 2024, Nat Comput Sci 4:978-990), with its two habits: the
current *density* (mA/cm2) stands where the paper has a current (pA), and every cell has the volume of one
soma. So the influx is negligible and cai simply relaxes to `rest`. The numbers are micromolar although
cai's unit is mM: only kcnl reads them, on the same scale. cai starts at the ion's default (5e-5).
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (um) = (micron)
    (molar) = (1/liter)
    (mM) = (millimolar)
}

NEURON {
    SUFFIX ca_pool_fixed
    USEION ca READ ica, cai WRITE cai
    RANGE volume, free, rest, tau, influx
}

PARAMETER {
    volume = 31.16 (um3)
    free = 0.001                : fraction of calcium that is not buffered
    tau = 50 (ms)               : of removal
    rest = 0.05 (mM)            : on the scale described above
    e_calcium = 60 (mV)
    faraday = 96485 (coul)      : per mole
    : Right for a current in pA and a concentration in uM.
    conversion = 1e6 (mM-um3-coul-cm2/mA-ms)
}

ASSIGNED {
    v (mV)
    ica (mA/cm2)
    influx (mM/ms)
}

STATE {
    cai (mM)
}

BREAKPOINT {
    SOLVE states METHOD derivimplicit
}

INITIAL {
    entry(v)
}

DERIVATIVE states {
    entry(v)
    cai' = influx - (cai - rest)/tau
}

PROCEDURE entry(v (mV)) {
    if (v <= e_calcium) {
        influx = -free*ica*conversion/(2*faraday*volume)
    } else {
        influx = 0
    }
}
