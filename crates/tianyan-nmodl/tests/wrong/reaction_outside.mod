NEURON { SUFFIX wrong RANGE g NONSPECIFIC_CURRENT i }
PARAMETER { g = 1 (S/cm2) e = -65 (mV) }
ASSIGNED { v (mV) i (mA/cm2) }
STATE { m h }
BREAKPOINT { ~ m <-> h (1, 2) i = g*v }
