COMMENT
A voltage clamp through one electrode of resistance rs: i = on (vc - v)/rs. The engine writes vc and on
(0 or 1) at every step.

The current that goes into the matrix is taken at v(t); `update` takes it again after the voltage has moved,
so that the recorded i is (vc - v(t + dt))/rs, which is what flowed in the implicit step. NEURON's SEClamp
does the same.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
}

NEURON {
    POINT_PROCESS SEClamp
    ELECTRODE_CURRENT i
    RANGE rs, vc, on, i
}

PARAMETER {
    rs = 1 (megohm)
    vc = 0 (mV)
    on = 1
}

ASSIGNED {
    v (mV)
    i (nA)
}

BREAKPOINT {
    SOLVE update
    i = on*(vc - v)/rs
}

PROCEDURE update() {
    i = on*(vc - v)/rs
}
