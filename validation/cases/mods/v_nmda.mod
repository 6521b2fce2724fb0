COMMENT
An NMDA synapse with its magnesium block (Jahr CE, Stevens CF (1990) J Neurosci 10:3178-3182), for the
validation cases: not affine in v.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    POINT_PROCESS v_nmda
    NONSPECIFIC_CURRENT i
    RANGE rise, decay, e, mg, i
}

PARAMETER {
    rise = 3 (ms)
    decay = 40 (ms)
    e = 0 (mV)
    mg = 1
}

ASSIGNED {
    v (mV)
    i (nA)
}

STATE {
    a (uS)
    b (uS)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = (b - a)*(v - e)/(1 + mg*exp(-0.062 (/mV)*v)/3.57)
}

INITIAL {
    a = 0
    b = 0
}

DERIVATIVE states {
    a' = -a/rise
    b' = -b/decay
}

NET_RECEIVE(weight (uS)) {
    a = a + weight
    b = b + weight
}
