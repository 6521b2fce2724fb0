NEURON { POINT_PROCESS wrong POINTER other NONSPECIFIC_CURRENT i }
ASSIGNED { other i v }
BREAKPOINT { other = v i = 1e-3*(v - other) }
