COMMENT
A synapse whose connections tire, each on its own, for the validation cases. Its current is calcium's in part.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    POINT_PROCESS v_depressing
    USEION ca READ eca WRITE ica
    NONSPECIFIC_CURRENT i
    RANGE tau, recovery, release, e, i, g
}

PARAMETER {
    tau = 3 (ms)
    recovery = 40 (ms)
    release = 0.4
    e = 0 (mV)
}

ASSIGNED {
    v (mV)
    eca (mV)
    ica (nA)
    i (nA)
}

STATE {
    g (uS)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = g*(v - e)
    ica = 0.05*g*(v - eca)
}

INITIAL {
    g = 0
}

DERIVATIVE states {
    g' = -g/tau
}

NET_RECEIVE(weight (uS), used, last (ms)) {
    used = used*exp(-(t - last)/recovery)
    g = g + weight*(1 - used)
    used = used + release*(1 - used)
    last = t
}
