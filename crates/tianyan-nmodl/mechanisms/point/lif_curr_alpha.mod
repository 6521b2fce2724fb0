COMMENT
A leaky integrate-and-fire neuron with alpha-shaped synaptic currents: a weight (nA) is the current's peak, tau_syn after
the event. Weights of at least 0 excite, others inhibit.
cm v' = -cm (v - v_rest)/tau_m + i_syn_e + i_syn_i + i_offset + i_injected,
i_syn = e/tau_syn j, j' = r - j/tau_syn, r' = -r/tau_syn; a weight jumps r.
At v >= v_thresh it fires, and v stays at v_reset for tau_refrac (in whole steps) while currents go on.

Advanced by the exact propagator of the linear equations, with currents from outside constant in a step (Rotter S,
Diesmann M (1999) Biol Cybern 81:381-402). Names and defaults as PyNN's IF_curr_alpha; steps, threshold and refractory
time as NEST's iaf_psc_alpha.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (nF) = (nanofarad)
    (mV) = (millivolt)
}

NEURON {
    ARTIFICIAL_CELL LifCurrAlpha
    RANGE v_rest, cm, tau_m, tau_refrac, tau_syn_e, tau_syn_i, i_offset, v_reset, v_thresh, v_init
    RANGE i_syn_e, i_syn_i
}

PARAMETER {
    v_rest = -65 (mV)
    cm = 1 (nF) <1e-9, 1e9>
    tau_m = 20 (ms) <1e-9, 1e9>
    tau_refrac = 0.1 (ms)
    tau_syn_e = 0.5 (ms) <1e-9, 1e9>
    tau_syn_i = 0.5 (ms) <1e-9, 1e9>
    i_offset = 0 (nA)
    v_reset = -65 (mV)
    v_thresh = -50 (mV)
    v_init = -65 (mV)
}

ASSIGNED {
    v (mV)
    dt (ms)
    i_injected (nA)
    i_syn_e (nA)
    i_syn_i (nA)
    refractory          : steps that are left
    steps
    of_v                : what becomes of each in a step,
    of_e
    of_i
    v_of_re (mV/nA)     : and what it gives to v
    v_of_je (mV/nA/ms)
    v_of_ri (mV/nA)
    v_of_ji (mV/nA/ms)
    v_of_i0 (mV/nA)
}

STATE {
    r_e (nA)
    j_e (nA ms)
    r_i (nA)
    j_i (nA ms)
}

BREAKPOINT {
    if (refractory > 0) {
        refractory = refractory - 1
    } else {
        v = v_rest + (v - v_rest)*of_v + r_e*v_of_re + j_e*v_of_je + r_i*v_of_ri + j_i*v_of_ji + (i_offset + i_injected)*v_of_i0
    }
    j_e = (j_e + dt*r_e)*of_e
    r_e = r_e*of_e
    j_i = (j_i + dt*r_i)*of_i
    r_i = r_i*of_i
    i_syn_e = j_e*exp(1)/tau_syn_e
    i_syn_i = j_i*exp(1)/tau_syn_i
    if (v >= v_thresh) {
        net_event(t)
        v = v_reset
        refractory = steps
    }
}

INITIAL {
    v = v_init
    r_e = 0
    j_e = 0
    r_i = 0
    j_i = 0
    refractory = 0
    steps = floor(tau_refrac/dt + 0.5)
    of_v = exp(-dt/tau_m)
    of_e = exp(-dt/tau_syn_e)
    of_i = exp(-dt/tau_syn_i)
    v_of_je = exp(1)/tau_syn_e*of_j(tau_syn_e)
    v_of_ji = exp(1)/tau_syn_i*of_j(tau_syn_i)
    v_of_re = exp(1)/tau_syn_e*of_r(tau_syn_e)
    v_of_ri = exp(1)/tau_syn_i*of_r(tau_syn_i)
    v_of_i0 = tau_m/cm*(1 - of_v)
}

NET_RECEIVE(w (nA)) {
    if (w >= 0) {
        r_e = r_e + w
    } else {
        r_i = r_i + w
    }
}

: What a current exp(-t/tau) makes of v in a step, and
FUNCTION of_j(tau (ms)) (mV/nA) {
    LOCAL d, mean
    d = dt/tau - dt/tau_m
    if (fabs(d) < 0.02) {
        mean = 1 - d/2*(1 - d/3*(1 - d/4*(1 - d/5*(1 - d/6*(1 - d/7)))))
    } else {
        mean = (1 - exp(-d))/d
    }
    of_j = dt/cm*of_v*mean
}

: a current t exp(-t/tau). Both also for tau = tau_m.
FUNCTION of_r(tau (ms)) (mV ms/nA) {
    LOCAL d, mean
    d = dt/tau - dt/tau_m
    if (fabs(d) < 0.02) {
        mean = 1/2 - d/3*(1 - d*3/8*(1 - d*4/15*(1 - d*5/24*(1 - d*6/35*(1 - d*7/48)))))
    } else {
        mean = (1 - (1 + d)*exp(-d))/(d*d)
    }
    of_r = dt*dt/cm*of_v*mean
}
