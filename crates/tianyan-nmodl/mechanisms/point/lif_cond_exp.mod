COMMENT
A leaky integrate-and-fire neuron with exponential synaptic conductances. Weights (uS) of at least 0 jump g_syn_e, others
-g_syn_i.
cm v' = -cm (v - v_rest)/tau_m - g_syn_e (v - e_rev_e) - g_syn_i (v - e_rev_i) + i_offset + i_injected,
g_syn' = -g_syn/tau_syn.
At v >= v_thresh it fires, and v stays at v_reset for tau_refrac (in whole steps) while conductances go on.

Conductances are exact. v takes the exponential midpoint rule: exact with the conductances of the middle of the step, so
of second order in dt (Hochbruck M, Ostermann A (2010) Exponential integrators. Acta Numerica 19:209-286). Names and
defaults as PyNN's IF_cond_exp; steps, threshold and refractory time as NEST's iaf_cond_exp.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (nF) = (nanofarad)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    ARTIFICIAL_CELL LifCondExp
    RANGE v_rest, cm, tau_m, tau_refrac, tau_syn_e, tau_syn_i, e_rev_e, e_rev_i, i_offset, v_reset, v_thresh, v_init
    RANGE g_syn_e, g_syn_i
}

PARAMETER {
    v_rest = -65 (mV)
    cm = 1 (nF) <1e-9, 1e9>
    tau_m = 20 (ms) <1e-9, 1e9>
    tau_refrac = 0.1 (ms)
    tau_syn_e = 5 (ms) <1e-9, 1e9>
    tau_syn_i = 5 (ms) <1e-9, 1e9>
    e_rev_e = 0 (mV)
    e_rev_i = -70 (mV)
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
    half_e              : what becomes of each in half a step
    half_i
    g_rest (uS)
}

STATE {
    g_syn_e (uS)
    g_syn_i (uS)
}

BREAKPOINT {
    LOCAL g, end
    g_syn_e = g_syn_e*half_e
    g_syn_i = g_syn_i*half_i
    if (refractory > 0) {
        refractory = refractory - 1
    } else {
        g = g_rest + g_syn_e + g_syn_i
        end = (g_rest*v_rest + g_syn_e*e_rev_e + g_syn_i*e_rev_i + i_offset + i_injected)/g
        v = end + (v - end)*exp(-g*dt/cm)
    }
    g_syn_e = g_syn_e*half_e
    g_syn_i = g_syn_i*half_i
    if (v >= v_thresh) {
        net_event(t)
        v = v_reset
        refractory = steps
    }
}

INITIAL {
    v = v_init
    g_syn_e = 0
    g_syn_i = 0
    refractory = 0
    steps = floor(tau_refrac/dt + 0.5)
    half_e = exp(-dt/2/tau_syn_e)
    half_i = exp(-dt/2/tau_syn_i)
    g_rest = cm/tau_m
}

NET_RECEIVE(w (uS)) {
    if (w >= 0) {
        g_syn_e = g_syn_e + w
    } else {
        g_syn_i = g_syn_i - w
    }
}
