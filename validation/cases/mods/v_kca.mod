COMMENT
A potassium current opened by calcium, for the validation cases: ik = gbar o (v - ek).
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S) = (siemens)
    (molar) = (1/liter)
    (mM) = (millimolar)
}

NEURON {
    SUFFIX v_kca
    USEION k READ ek WRITE ik
    USEION ca READ cai
    RANGE gbar, half
}

PARAMETER {
    gbar = 1e-3 (S/cm2)
    half = 1e-3 (mM)
}

ASSIGNED {
    v (mV)
    ek (mV)
    ik (mA/cm2)
    cai (mM)
}

STATE {
    o
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ik = gbar*o*(v - ek)
}

INITIAL {
    o = cai/(cai + half)
}

DERIVATIVE states {
    o' = (cai/(cai + half) - o)/4 (ms)
}
