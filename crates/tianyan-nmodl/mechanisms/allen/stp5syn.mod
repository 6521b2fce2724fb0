COMMENT
A synapse with depression (n), shortened recovery (tau_r), desensitisation (D), facilitation (p) and a slow loss of
the probability (pb) to which p returns. p starts at 1.
i = g (v - e), g' = -g/tau_1, n' = (1 - n)/tau_r, p' = (pb - p)/tau_f, tau_r' = (tau_r0 - tau_r)/tau_FDR,
D' = (1 - D)/tau_D, pb' = (pbtilde - pb)/tau_i; at an event, one after the other, g += weight Pmax, n -= n p,
p += a_f (1 - p), tau_r -= a_FDR tau_r, D -= a_D p n D, pb -= a_i pb.

Equations: Hennig MH (2013) Theoretical models of synaptic short term plasticity. Front Comput Neurosci 7:45,
equations 3, 4, 5, 8 and 10. Names and defaults as in the synapses of the Allen Institute's BMTK, whose
Pmax = n p D is that of the last current: two events within one step find the same Pmax.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    POINT_PROCESS stp5syn
    NONSPECIFIC_CURRENT i
    RANGE e, i, tau_1, tau_r0, a_FDR, tau_FDR, a_D, tau_D, a_i, tau_i, a_f, tau_f, pbtilde, Pmax
}

PARAMETER {
    e = 0 (mV)
    tau_1 = 10 (ms)             : decay of g
    tau_r0 = 1000 (ms)          : recovery of n after long silence
    tau_FDR = 1000 (ms)         : return of tau_r to it
    a_FDR = 0.5                 : by which part a spike shortens tau_r
    tau_D = 100 (ms)            : recovery of D
    a_D = 0.5                   : what full release would take of D
    tau_i = 100 (ms)            : return of pb to pbtilde
    a_i = 0.5                   : by which part a spike lowers pb
    tau_f = 10 (ms)             : return of p to pb
    a_f = 0.5                   : by which part of 1 - p a spike raises p
    pbtilde = 0.5               : pb after long silence
}

ASSIGNED {
    v (mV)
    i (nA)
    Pmax
}

STATE {
    n
    p
    tau_r (ms)
    D
    pb
    g (uS)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = g*(v - e)
    Pmax = n*p*D
}

INITIAL {
    n = 1
    pb = pbtilde
    p = 1
    tau_r = tau_r0
    D = 1
    g = 0
}

DERIVATIVE states {
    g' = -g/tau_1
    n' = (1 - n)/tau_r
    p' = (pb - p)/tau_f
    tau_r' = (tau_r0 - tau_r)/tau_FDR
    D' = (1 - D)/tau_D
    pb' = (pbtilde - pb)/tau_i
}

NET_RECEIVE(weight (uS)) {
    g = g + weight*Pmax
    n = n - n*p
    p = p + a_f*(1 - p)
    tau_r = tau_r - a_FDR*tau_r
    D = D - a_D*p*n*D
    pb = pb - a_i*pb
}
