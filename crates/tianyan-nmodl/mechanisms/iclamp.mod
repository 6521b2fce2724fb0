COMMENT
A current injected through an electrode; a positive one depolarises. The engine writes amp at every step
(pulse, table or series), so the file has no times of its own.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
}

NEURON {
    POINT_PROCESS IClamp
    ELECTRODE_CURRENT i
    RANGE amp, i
}

PARAMETER {
    amp = 0 (nA)
}

ASSIGNED {
    i (nA)
}

BREAKPOINT {
    i = amp
}
