COMMENT
A depressing synapse: a spike releases the part p0 of the n vesicles that are there, and they come back with tau_r.
i = g (v - e), g' = -g/tau_1, n' = (1 - n)/tau_r; at an event g += weight n p0, n -= n p0.

Equations: Hennig MH (2013) Theoretical models of synaptic short term plasticity. Front Comput Neurosci 7:45,
equation 3. Names and defaults as in the synapses of the Allen Institute's BMTK.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    POINT_PROCESS stp1syn
    NONSPECIFIC_CURRENT i
    RANGE e, i, tau_r, p0, tau_1
}

PARAMETER {
    e = 0 (mV)
    tau_r = 100 (ms)            : recovery of n
    p0 = 0.3                    : of all vesicles, the part that a spike releases
    tau_1 = 10 (ms)             : decay of g
}

ASSIGNED {
    v (mV)
    i (nA)
}

STATE {
    n
    g (uS)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = g*(v - e)
}

INITIAL {
    n = 1
    g = 0
}

DERIVATIVE states {
    n' = (1 - n)/tau_r
    g' = -g/tau_1
}

NET_RECEIVE(weight (uS)) {
    g = g + weight*n*p0
    n = n - n*p0
}
