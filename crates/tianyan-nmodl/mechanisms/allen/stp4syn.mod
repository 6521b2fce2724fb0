COMMENT
A depressing synapse as stp1syn. A release probability p is there to facilitate and does not: it starts at its
upper end, and releases are the part p0.
i = g (v - e), g' = -g/tau_1, n' = (1 - n)/tau_r; at an event g += weight n p0, n -= n p0, p += p0 (1 - p).

Equations: Hennig MH (2013) Theoretical models of synaptic short term plasticity. Front Comput Neurosci 7:45,
equation 3, and 4 for p without its return. Names and defaults as in the synapses of the Allen Institute's BMTK;
tau_f is one of them, and without effect.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    POINT_PROCESS stp4syn
    NONSPECIFIC_CURRENT i
    RANGE e, i, tau_r, p0, tau_1, tau_f
}

PARAMETER {
    e = 0 (mV)
    tau_r = 100 (ms)            : recovery of n
    p0 = 0.3                    : of all vesicles, the part that a spike releases
    tau_f = 1000 (ms)           : not used
    tau_1 = 10 (ms)             : decay of g
}

ASSIGNED {
    v (mV)
    i (nA)
}

STATE {
    n
    p
    g (uS)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = g*(v - e)
}

INITIAL {
    n = 1
    p = 1
    g = 0
}

DERIVATIVE states {
    n' = (1 - n)/tau_r
    g' = -g/tau_1
    p' = 0
}

NET_RECEIVE(weight (uS)) {
    g = g + weight*n*p0
    n = n - n*p0
    p = p + p0*(1 - p)
}
