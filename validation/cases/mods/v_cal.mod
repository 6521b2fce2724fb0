COMMENT
A calcium channel for the validation cases: ica = gbar m^2 (v - eca), eca from the pool.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S) = (siemens)
}

NEURON {
    SUFFIX v_cal
    USEION ca READ eca WRITE ica
    RANGE gbar
}

PARAMETER {
    gbar = 1e-4 (S/cm2)
}

ASSIGNED {
    v (mV)
    eca (mV)
    ica (mA/cm2)
    minf
    mtau (ms)
}

STATE {
    m
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ica = gbar*m*m*(v - eca)
}

INITIAL {
    rates(v)
    m = minf
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
}

PROCEDURE rates(v (mV)) {
    minf = 1/(1 + exp(-(v + 25 (mV))/6 (mV)))
    mtau = 0.5 (ms) + 3 (ms)/(1 + exp((v + 20 (mV))/15 (mV)))
}
