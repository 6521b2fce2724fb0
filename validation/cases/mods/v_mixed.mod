COMMENT
Odds and ends of NMODL for the validation cases: an equation that is not affine in its own state, GLOBAL and
plain parameters, a table, a branch, a power.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S) = (siemens)
}

NEURON {
    SUFFIX v_mixed
    NONSPECIFIC_CURRENT i
    RANGE gbar, e, i
    GLOBAL scale
}

CONSTANT {
    half = -40 (mV)
}

PARAMETER {
    gbar = 1e-4 (S/cm2)
    e = -70 (mV)
    scale = 1
    width = 8 (mV)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    i (mA/cm2)
    ninf
    ntau (ms)
}

STATE {
    n
    w
}

BREAKPOINT {
    SOLVE states METHOD derivimplicit
    i = scale*gbar*n^3*(1 + w)*(v - e)
}

INITIAL {
    rates(v)
    n = ninf
    w = 0.1
}

DERIVATIVE states {
    rates(v)
    n' = (ninf - n)/ntau
    w' = 0.05*n - 0.02*w*w - 0.01*w
}

PROCEDURE rates(v (mV)) {
    LOCAL q
    TABLE ninf, ntau DEPEND celsius FROM -100 TO 100 WITH 200
    q = 2.3^((celsius - 21)/10)
    ninf = 1/(1 + exp((half - v)/width))
    if (v < -60) {
        ntau = 3/q
    } else {
        ntau = (1 + 2*exp(-(v + 60)/20))/q
    }
}
