COMMENT
Calcium in a shell below the membrane, for the validation cases:
cai' = -ica/(2 F depth) - (cai - rest)/tau.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (um) = (micron)
    (molar) = (1/liter)
    (mM) = (millimolar)
}

NEURON {
    SUFFIX v_pool
    USEION ca READ ica, cai WRITE cai
    RANGE depth, tau, rest
}

PARAMETER {
    depth = 0.1 (um)
    tau = 20 (ms)
    rest = 5e-5 (mM)
    faraday = 96485.3           : six digits: nocmodl writes no more of a default into its C++
}

ASSIGNED {
    ica (mA/cm2)
}

STATE {
    cai (mM)
}

BREAKPOINT {
    SOLVE pool METHOD cnexp
}

DERIVATIVE pool {
    cai' = -ica*10000/(2*faraday*depth) - (cai - rest)/tau
}
