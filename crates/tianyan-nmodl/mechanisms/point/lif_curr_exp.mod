COMMENT
A leaky integrate-and-fire neuron with exponential synaptic currents. Weights (nA) of at least 0 jump i_syn_e, others
i_syn_i.
cm v' = -cm (v - v_rest)/tau_m + i_syn_e + i_syn_i + i_offset + i_injected, i_syn' = -i_syn/tau_syn.
At v >= v_thresh it fires, and v stays at v_reset for tau_refrac (in whole steps) while currents go on.

Advanced by the exact propagator of the linear equations, with currents from outside constant in a step (Rotter S,
Diesmann M (1999) Exact digital simulation of time-invariant linear systems with applications to neuronal modeling. Biol
Cybern 81:381-402). Names and defaults as PyNN's IF_curr_exp; steps, threshold and refractory time as NEST's
iaf_psc_exp.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (nF) = (nanofarad)
    (mV) = (millivolt)
}

NEURON {
    ARTIFICIAL_CELL LifCurrExp
    RANGE v_rest, cm, tau_m, tau_refrac, tau_syn_e, tau_syn_i, i_offset, v_reset, v_thresh, v_init
    RANGE i_syn_e, i_syn_i
}

PARAMETER {
    v_rest = -65 (mV)
    cm = 1 (nF) <1e-9, 1e9>
    tau_m = 20 (ms) <1e-9, 1e9>
    tau_refrac = 0.1 (ms)
    tau_syn_e = 5 (ms) <1e-9, 1e9>
    tau_syn_i = 5 (ms) <1e-9, 1e9>
    i_offset = 0 (nA)
    v_reset = -65 (mV)
    v_thresh = -50 (mV)
    v_init = -65 (mV)
}

ASSIGNED {
    v (mV)
    dt (ms)
    i_injected (nA)
    refractory          : steps that are left
    steps
    of_v                : what becomes of each in a step,
    of_e
    of_i
    v_of_e (mV/nA)      : and what it gives to v
    v_of_i (mV/nA)
    v_of_i0 (mV/nA)
}

STATE {
    i_syn_e (nA)
    i_syn_i (nA)
}

BREAKPOINT {
    if (refractory > 0) {
        refractory = refractory - 1
    } else {
        v = v_rest + (v - v_rest)*of_v + i_syn_e*v_of_e + i_syn_i*v_of_i + (i_offset + i_injected)*v_of_i0
    }
    i_syn_e = i_syn_e*of_e
    i_syn_i = i_syn_i*of_i
    if (v >= v_thresh) {
        net_event(t)
        v = v_reset
        refractory = steps
    }
}

INITIAL {
    v = v_init
    i_syn_e = 0
    i_syn_i = 0
    refractory = 0
    steps = floor(tau_refrac/dt + 0.5)
    of_v = exp(-dt/tau_m)
    of_e = exp(-dt/tau_syn_e)
    of_i = exp(-dt/tau_syn_i)
    v_of_e = response(tau_syn_e)
    v_of_i = response(tau_syn_i)
    v_of_i0 = tau_m/cm*(1 - of_v)
}

NET_RECEIVE(w (nA)) {
    if (w >= 0) {
        i_syn_e = i_syn_e + w
    } else {
        i_syn_i = i_syn_i + w
    }
}

: What a current of 1 nA that decays with tau makes of v in a step; also for tau = tau_m.
FUNCTION response(tau (ms)) (mV/nA) {
    LOCAL d, mean
    d = dt/tau - dt/tau_m
    if (fabs(d) < 1e-3) {
        mean = 1 - d/2*(1 - d/3*(1 - d/4))
    } else {
        mean = (1 - exp(-d))/d
    }
    response = dt/cm*of_v*mean
}
