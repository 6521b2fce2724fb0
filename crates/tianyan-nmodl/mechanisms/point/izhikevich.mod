COMMENT
Izhikevich's neuron. A weight (mV) jumps v.
v' = 0.04 v^2 + 5 v + 140 - u + i, u' = a (b v - u), where 1 nA counts as an i of 1000.
At v >= 30 mV it fires, v becomes c and u jumps by d.

Equations: Izhikevich EM (2003) Simple model of spiking neurons. IEEE Trans Neural Netw 14:1569-1572. A step is forward
Euler's: with the jumps of the events that came, v becomes v + dt (0.04 v v + 5 v + 140 - u + i) and u becomes
u + dt a (b v - u), both from the v and u before. Names and defaults as PyNN's Izhikevich; the same steps as NEST's
izhikevich. Threshold and reset belong to the step that begins: v is recorded before them, and a crossing at the very end
of a run is not seen.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
}

NEURON {
    ARTIFICIAL_CELL Izhikevich
    RANGE a, b, c, d, i_offset, v_init, u_init, u
}

PARAMETER {
    a = 0.02 (/ms)
    b = 0.2 (/ms)
    c = -65 (mV)
    d = 2 (mV/ms)
    i_offset = 0 (nA)
    v_init = -65 (mV)
    u_init = -14 (mV/ms)
}

ASSIGNED {
    v (mV)
    dt (ms)
    i_injected (nA)
    jump (mV)           : events since the last step
}

STATE {
    u (mV/ms)
}

BREAKPOINT {
    LOCAL before
    : The end of the step before: its events, its threshold.
    v = v + jump
    jump = 0
    if (v >= 30) {
        net_event(t - dt)
        v = c
        u = u + d
    }
    before = v
    v = before + dt*(0.04*before*before + 5*before + 140 - u + 1000*(i_offset + i_injected))
    u = u + dt*a*(b*before - u)
}

INITIAL {
    v = v_init
    u = u_init
    jump = 0
}

NET_RECEIVE(w (mV)) {
    jump = jump + w
}
