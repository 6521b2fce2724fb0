COMMENT
The adaptive exponential integrate-and-fire neuron with exponential synaptic conductances. Weights (uS) of at least 0
jump g_syn_e, others -g_syn_i.
cm v' = -g_l (v - v_rest) + g_l delta_t exp((v - v_thresh)/delta_t) - w - g_syn_e (v - e_rev_e) - g_syn_i (v - e_rev_i)
        + i_offset + i_injected, with g_l = cm/tau_m,
tau_w w' = a (v - v_rest) - w, g_syn' = -g_syn/tau_syn.
At v >= v_spike it fires, w jumps by b, and v stays at v_reset for tau_refrac (in whole steps) while w and the
conductances go on.

Equations: Brette R, Gerstner W (2005) Adaptive exponential integrate-and-fire model as an effective description of
neuronal activity. J Neurophysiol 94:3637-3642. v and w take one step of the classical Runge-Kutta method of fourth
order, in which v is at most v_spike; conductances are exact. Names and defaults as PyNN's EIF_cond_exp_isfa_ista.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (nF) = (nanofarad)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    ARTIFICIAL_CELL AdEx
    RANGE cm, tau_m, tau_refrac, tau_syn_e, tau_syn_i, e_rev_e, e_rev_i, tau_w, a, b, delta_t
    RANGE v_rest, v_reset, v_thresh, v_spike, i_offset, v_init
    RANGE g_syn_e, g_syn_i, w
}

PARAMETER {
    cm = 0.281 (nF) <1e-9, 1e9>
    tau_m = 9.3667 (ms) <1e-9, 1e9>
    tau_refrac = 0.1 (ms)
    tau_syn_e = 5 (ms) <1e-9, 1e9>
    tau_syn_i = 5 (ms) <1e-9, 1e9>
    e_rev_e = 0 (mV)
    e_rev_i = -80 (mV)
    tau_w = 144 (ms) <1e-9, 1e9>
    a = 0.004 (uS)
    b = 0.0805 (nA)
    delta_t = 2 (mV) <1e-9, 1e9>
    v_rest = -70.6 (mV)
    v_reset = -70.6 (mV)
    v_thresh = -50.4 (mV)
    v_spike = -40 (mV)
    i_offset = 0 (nA)
    v_init = -70.6 (mV)
}

ASSIGNED {
    v (mV)
    dt (ms)
    i_injected (nA)
    refractory          : steps that are left
    steps
    half_e              : what becomes of each in half a step
    half_i
    g_l (uS)
}

STATE {
    g_syn_e (uS)
    g_syn_i (uS)
    w (nA)
}

BREAKPOINT {
    LOCAL moves, v1, v2, v3, v4, w1, w2, w3, w4
    moves = 1
    if (refractory > 0) {
        moves = 0
    }
    v1 = moves*v_slope(v, w)
    w1 = w_slope(v, w)
    g_syn_e = g_syn_e*half_e
    g_syn_i = g_syn_i*half_i
    v2 = moves*v_slope(v + dt/2*v1, w + dt/2*w1)
    w2 = w_slope(v + dt/2*v1, w + dt/2*w1)
    v3 = moves*v_slope(v + dt/2*v2, w + dt/2*w2)
    w3 = w_slope(v + dt/2*v2, w + dt/2*w2)
    g_syn_e = g_syn_e*half_e
    g_syn_i = g_syn_i*half_i
    v4 = moves*v_slope(v + dt*v3, w + dt*w3)
    w4 = w_slope(v + dt*v3, w + dt*w3)
    v = v + dt/6*(v1 + 2*v2 + 2*v3 + v4)
    w = w + dt/6*(w1 + 2*w2 + 2*w3 + w4)
    if (refractory > 0) {
        refractory = refractory - 1
    } else if (v >= v_spike) {
        net_event(t)
        v = v_reset
        w = w + b
        refractory = steps
    }
}

INITIAL {
    v = v_init
    g_syn_e = 0
    g_syn_i = 0
    w = 0
    refractory = 0
    steps = floor(tau_refrac/dt + 0.5)
    half_e = exp(-dt/2/tau_syn_e)
    half_i = exp(-dt/2/tau_syn_i)
    g_l = cm/tau_m
}

NET_RECEIVE(weight (uS)) {
    if (weight >= 0) {
        g_syn_e = g_syn_e + weight
    } else {
        g_syn_i = g_syn_i - weight
    }
}

FUNCTION v_slope(x (mV), y (nA)) (mV/ms) {
    LOCAL u, i
    u = x
    if (u > v_spike) {
        u = v_spike
    }
    i = g_l*(v_rest - u) + g_l*delta_t*exp((u - v_thresh)/delta_t) - y - g_syn_e*(u - e_rev_e) - g_syn_i*(u - e_rev_i)
    v_slope = (i + i_offset + i_injected)/cm
}

FUNCTION w_slope(x (mV), y (nA)) (nA/ms) {
    LOCAL u
    u = x
    if (u > v_spike) {
        u = v_spike
    }
    w_slope = (a*(u - v_rest) - y)/tau_w
}
