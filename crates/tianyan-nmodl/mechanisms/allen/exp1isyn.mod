COMMENT
A synapse that jumps by the connection's weight (uS) at each event and decays with tau.
i = g e, g' = -g/tau: with e = 1 mV, i reports the conductance.

Equation: a single exponential. Names and defaults as in the synapses of the Allen Institute's BMTK.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    POINT_PROCESS exp1isyn
    NONSPECIFIC_CURRENT i
    RANGE tau, e, i
}

PARAMETER {
    tau = 0.1 (ms)
    e = 0 (mV)
}

ASSIGNED {
    v (mV)
    i (nA)
}

STATE {
    g (uS)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = g*e
}

INITIAL {
    g = 0
}

DERIVATIVE states {
    g' = -g/tau
}

NET_RECEIVE(weight (uS)) {
    g = g + weight
}
