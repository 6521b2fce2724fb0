COMMENT
One half of a gap junction: i = g (v - vgap). The other half sits on the other cell and looks back.

Equation: Ohm's law. With SONATA networks g (uS) is the weight of an edge, and vgap the voltage of the other side. In
BMTK vgap must be a RANGE variable instead of a POINTER, which is read here too.
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
