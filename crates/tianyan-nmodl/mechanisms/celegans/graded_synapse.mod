COMMENT
A chemical synapse without spikes: the release s follows the presynaptic voltage.
i = weight g s (v - e), s' = (s_inf - s)/tau,
s_inf = 1/(1 + exp((vth - vpre)/delta)), tau = (1 - s_inf)/k.

Equations: Wicks SR, Roehrig CJ, Rankin CH (1996) A dynamic network simulation of the nematode tap
withdrawal circuit. J Neurosci 16:4017-4031, for the graded form; the kinetics are those of Prinz AA,
Bucher D, Marder E (2004) Nat Neurosci 7:1345-1352, as taken over by c302 and BAAIWorm (Zhao M et al. 2024,
Nat Comput Sci 4:978-990). The defaults are BAAIWorm's excitatory synapse; its inhibitory one has
g = 2e-4 uS, e = -70 mV, k = 0.015 /ms.
tau is kept above 1e-9 ms, so that a presynaptic voltage far above vth gives s_inf and not 0/0.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    POINT_PROCESS graded_synapse
    POINTER vpre
    NONSPECIFIC_CURRENT i
    RANGE weight, g, e, k, delta, vth, i, s_inf, tau
}

PARAMETER {
    weight = 1
    g = 4.9e-4 (uS)             : at full release, for weight 1
    e = 30 (mV)
    k = 0.5 (/ms)               : closing rate
    delta = 5 (mV)
    vth = -20 (mV)              : half release
}

ASSIGNED {
    v (mV)
    vpre (mV)
    i (nA)
    s_inf
    tau (ms)
}

STATE {
    s
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = weight*g*s*(v - e)
}

INITIAL {
    rates()
    s = s_inf
}

DERIVATIVE states {
    rates()
    s' = (s_inf - s)/tau
}

PROCEDURE rates() {
    s_inf = 1/(1 + exp((vth - vpre)/delta))
    tau = (1 - s_inf)/k
    if (tau < 1e-9) {
        tau = 1e-9
    }
}
