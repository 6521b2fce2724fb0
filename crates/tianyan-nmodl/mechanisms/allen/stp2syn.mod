COMMENT
A depressing synapse that recovers the faster the more it is used: each spike also shortens tau_r.
i = g (v - e), g' = -g/tau_1, n' = (1 - n)/tau_r, tau_r' = (tau_r0 - tau_r)/tau_FDR;
at an event g += weight Pmax, n -= n p0, tau_r -= a_FDR tau_r.

Equations: Hennig MH (2013) Theoretical models of synaptic short term plasticity. Front Comput Neurosci 7:45,
equations 3 and 5. Names and defaults as in the synapses of the Allen Institute's BMTK, whose
Pmax = n p0 is that of the last current: two events within one step find the same Pmax.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    POINT_PROCESS stp2syn
    NONSPECIFIC_CURRENT i
    RANGE e, i, p0, tau_1, tau_r0, a_FDR, tau_FDR, Pmax
}

PARAMETER {
    e = 0 (mV)
    p0 = 0.3                    : of all vesicles, the part that a spike releases
    tau_1 = 5 (ms)              : decay of g
    tau_r0 = 1000 (ms)          : recovery of n after long silence
    tau_FDR = 1000 (ms)         : return of tau_r to it
    a_FDR = 0.5                 : by which part a spike shortens tau_r
}

ASSIGNED {
    v (mV)
    i (nA)
    Pmax
}

STATE {
    n
    tau_r (ms)
    g (uS)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = g*(v - e)
    Pmax = n*p0
}

INITIAL {
    n = 1
    tau_r = tau_r0
    g = 0
}

DERIVATIVE states {
    g' = -g/tau_1
    n' = (1 - n)/tau_r
    tau_r' = (tau_r0 - tau_r)/tau_FDR
}

NET_RECEIVE(weight (uS)) {
    g = g + weight*Pmax
    n = n - n*p0
    tau_r = tau_r - a_FDR*tau_r
}
