COMMENT
One half of a gap junction: i = weight (v - vpre). The other half sits on the other cell and looks back.

Equation: Ohm's law, as in every gap junction of this kind. In the C. elegans models weight is uS.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    POINT_PROCESS gap_junction
    POINTER vpre
    NONSPECIFIC_CURRENT i
    RANGE weight, i
}

PARAMETER {
    weight = 0 (uS)
}

ASSIGNED {
    v (mV)
    vpre (mV)
    i (nA)
}

BREAKPOINT {
    i = weight*(v - vpre)
}
