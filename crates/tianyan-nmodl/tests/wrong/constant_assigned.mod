NEURON { SUFFIX wrong RANGE g NONSPECIFIC_CURRENT i }
PARAMETER { g = 1 (S/cm2) e = -65 (mV) }
ASSIGNED { v (mV) i (mA/cm2) }
STATE { m h }
CONSTANT { c = 3 }
BREAKPOINT { c = c + 1 t = 3 i = g*v*c }
