NEURON { SUFFIX wrong RANGE g NONSPECIFIC_CURRENT i }
PARAMETER { g = 1 (S/cm2) e = -65 (mV) }
ASSIGNED { v (mV) i (mA/cm2) }
STATE { m h }
UNITS { (mV) = (millivolt) (volt) = (volt) }
PARAMETER { shift = 0.01 (volt) }
BREAKPOINT { i = g*(v - e - shift) }
