COMMENT
Calcium in a shell under the membrane: currents bring it, it returns to minCai within `decay`.
cai' = -gamma ica/(2 F depth) - (cai - minCai)/decay.

Equation: Destexhe A, Contreras D, Sejnowski TJ, Steriade M (1994) A model of spindle rhythmicity in the isolated
thalamic reticular nucleus. J Neurophysiol 72:803-818, with outward currents too and buffers as one factor.
Names, defaults and numbers as in the Allen Institute's models (Gouwens NW et al. 2018, Nat Commun 9:710),
the same at every temperature.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (um) = (micron)
    (molar) = (1/liter)
    (mM) = (millimolar)
    F = (faraday) (coulombs)
}

NEURON {
    SUFFIX CaDynamics
    USEION ca READ ica WRITE cai
    RANGE decay, gamma, minCai, depth
}

PARAMETER {
    gamma = 0.05                : fraction of calcium that is not buffered
    decay = 80 (ms)
    depth = 0.1 (um)
    minCai = 1e-4 (mM)
}

ASSIGNED {
    ica (mA/cm2)
}

STATE {
    cai (mM)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
}

INITIAL {
    cai = minCai
}

: 1 mA/cm2 in 1 um of depth is 1e4 C/l in a millisecond.
DERIVATIVE states {
    cai' = -(10000)*gamma*ica/(2*F*depth) - (cai - minCai)/decay
}
