COMMENT
A synapse whose conductance rises with tau1 and decays with tau2; an event of weight w (uS) peaks at w.
i = g (v - e), g = B - A, A' = -A/tau1, B' = -B/tau2.

Equation: the difference of two exponentials, divided by its own peak, which lies at
tau1 tau2/(tau2 - tau1) log(tau2/tau1). Names, defaults and limits as NEURON's Exp2Syn: tau1/tau2 is kept
within 1e-9 and 0.9999.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    POINT_PROCESS Exp2Syn
    NONSPECIFIC_CURRENT i
    RANGE tau1, tau2, e, i, g
}

PARAMETER {
    tau1 = 0.1 (ms)
    tau2 = 10 (ms)
    e = 0 (mV)
}

ASSIGNED {
    v (mV)
    i (nA)
    g (uS)
    factor
}

STATE {
    A (uS)
    B (uS)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = B - A
    i = g*(v - e)
}

INITIAL {
    LOCAL peak
    if (tau1/tau2 > 0.9999) {
        tau1 = 0.9999*tau2
    }
    if (tau1/tau2 < 1e-9) {
        tau1 = tau2*1e-9
    }
    A = 0
    B = 0
    peak = (tau1*tau2)/(tau2 - tau1)*log(tau2/tau1)
    factor = -exp(-peak/tau1) + exp(-peak/tau2)
    factor = 1/factor
}

DERIVATIVE states {
    A' = -A/tau1
    B' = -B/tau2
}

NET_RECEIVE(weight (uS)) {
    A = A + weight*factor
    B = B + weight*factor
}
