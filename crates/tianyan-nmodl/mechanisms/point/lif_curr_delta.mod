COMMENT
A leaky integrate-and-fire neuron whose v jumps by an event's weight (mV).
v' = -(v - v_rest)/tau_m + (i_offset + i_injected)/cm.
At v >= v_thresh it fires, and v stays at v_reset for tau_refrac (in whole steps), when events are lost. A jump over the
threshold fires at the event's own step: v is recorded before it, and a crossing at the very end of a run is not seen.

Advanced by the exact propagator of the linear equation, with currents from outside constant in a step (Rotter S,
Diesmann M (1999) Biol Cybern 81:381-402). Names as PyNN's IF_curr_delta; steps, threshold and refractory time as NEST's
iaf_psc_delta.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (nF) = (nanofarad)
    (mV) = (millivolt)
}

NEURON {
    ARTIFICIAL_CELL LifCurrDelta
    RANGE v_rest, cm, tau_m, tau_refrac, i_offset, v_reset, v_thresh, v_init
}

PARAMETER {
    v_rest = -65 (mV)
    cm = 1 (nF) <1e-9, 1e9>
    tau_m = 20 (ms) <1e-9, 1e9>
    tau_refrac = 0.1 (ms)
    i_offset = 0 (nA)
    v_reset = -65 (mV)
    v_thresh = -50 (mV)
    v_init = -65 (mV)
}

ASSIGNED {
    v (mV)
    dt (ms)
    i_injected (nA)
    jump (mV)           : events since the last step
    refractory          : steps that are left, and the one that is not over
    steps
    of_v                : what becomes of v in a step, and what a current gives to it
    v_of_i0 (mV/nA)
}

BREAKPOINT {
    : The end of the step before: its events, its threshold.
    if (refractory > 0) {
        refractory = refractory - 1
    } else {
        v = v + jump
    }
    jump = 0
    if (v >= v_thresh) {
        net_event(t - dt)
        v = v_reset
        refractory = steps
    }
    if (refractory == 0) {
        v = v_rest + (v - v_rest)*of_v + (i_offset + i_injected)*v_of_i0
    }
}

INITIAL {
    v = v_init
    jump = 0
    refractory = 0
    steps = floor(tau_refrac/dt + 0.5)
    of_v = exp(-dt/tau_m)
    v_of_i0 = tau_m/cm*(1 - of_v)
}

NET_RECEIVE(w (mV)) {
    jump = jump + w
}
