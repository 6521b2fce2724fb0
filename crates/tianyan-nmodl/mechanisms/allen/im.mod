COMMENT
The muscarine-sensitive (M-type) potassium channel.
ik = gbar m (v - ek).

Equations: Adams PR, Brown DA, Constanti A (1982) M-currents and other potassium currents in bullfrog sympathetic
neurones. J Physiol 330:537-572.
Names, defaults and numbers as in the Allen Institute's models (Gouwens NW et al. 2018, Nat Commun 9:710),
whose rates are those at 21 degC and grow 2.3-fold in 10 degC.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX Im
    USEION k READ ek WRITE ik
    RANGE gbar, g, ik
}

PARAMETER {
    gbar = 0.00001 (S/cm2)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ek (mV)
    ik (mA/cm2)
    g (S/cm2)
    mInf
    mTau (ms)
}

STATE {
    m
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbar*m
    ik = g*(v - ek)
}

INITIAL {
    rates(v)
    m = mInf
}

DERIVATIVE states {
    rates(v)
    m' = (mInf - m)/mTau
}

PROCEDURE rates(v (mV)) {
    LOCAL open, close, q10
    q10 = 2.3^((celsius - 21 (degC))/10 (degC))
    open = 3.3e-3 (/ms)*exp(0.1 (/mV)*(v + 35 (mV)))
    close = 3.3e-3 (/ms)*exp(-0.1 (/mV)*(v + 35 (mV)))
    mInf = open/(open + close)
    mTau = 1/(q10*(open + close))
}
