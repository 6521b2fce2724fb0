COMMENT
A depressing synapse as stp2syn, of whose receptors only the part D is not desensitised.
i = g (v - e), g' = -g/tau_1, n' = (1 - n)/tau_r, tau_r' = (tau_r0 - tau_r)/tau_FDR, D' = (1 - D)/tau_D;
at an event g += weight n p0 D, n -= n p0, tau_r -= a_FDR tau_r, D -= a_D p0 n D (with the n that is left).

Equations: Hennig MH (2013) Theoretical models of synaptic short term plasticity. Front Comput Neurosci 7:45,
equations 3, 5 and 10. Names and defaults as in the synapses of the Allen Institute's BMTK; tau_f is one of them,
and without effect.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    POINT_PROCESS stp3syn
    NONSPECIFIC_CURRENT i
    RANGE e, i, p0, tau_1, tau_r0, a_FDR, tau_FDR, a_D, tau_D
}

PARAMETER {
    e = 0 (mV)
    p0 = 0.3                    : of all vesicles, the part that a spike releases
    tau_f = 1000 (ms)           : not used
    tau_1 = 10 (ms)             : decay of g
    tau_r0 = 1000 (ms)          : recovery of n after long silence
    tau_FDR = 1000 (ms)         : return of tau_r to it
    a_FDR = 0.5                 : by which part a spike shortens tau_r
    tau_D = 100 (ms)            : recovery of D
    a_D = 0.5                   : what full release would take of D
}

ASSIGNED {
    v (mV)
    i (nA)
}

STATE {
    n
    tau_r (ms)
    D
    g (uS)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = g*(v - e)
}

INITIAL {
    n = 1
    tau_r = tau_r0
    D = 1
    g = 0
}

DERIVATIVE states {
    n' = (1 - n)/tau_r
    g' = -g/tau_1
    tau_r' = (tau_r0 - tau_r)/tau_FDR
    D' = (1 - D)/tau_D
}

NET_RECEIVE(weight (uS)) {
    g = g + weight*n*p0*D
    n = n - n*p0
    tau_r = tau_r - a_FDR*tau_r
    D = D - a_D*p0*n*D
}
