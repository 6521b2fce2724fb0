COMMENT
One half of a gap junction: i = g (v - vgap). The other half sits on the other cell and looks back.

Equation: Ohm's law. Named as BMTK expects it: it sets g (uS) to the weight of an edge, and vgap to the voltage of
the other side.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    POINT_PROCESS Gap
    POINTER vgap
    NONSPECIFIC_CURRENT i
    RANGE g, i
}

PARAMETER {
    g = 0 (uS)
}

ASSIGNED {
    v (mV)
    vgap (mV)
    i (nA)
}

BREAKPOINT {
    i = g*(v - vgap)
}
