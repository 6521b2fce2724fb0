NEURON { SUFFIX wrong RANGE g NONSPECIFIC_CURRENT i }
PARAMETER { g = 1 (S/cm2) e = -65 (mV) }
ASSIGNED { v (mV) i (mA/cm2) }
STATE { m h }
BREAKPOINT { SOLVE states METHOD sparse i = g*v }
DERIVATIVE states { m' = -m h' = -h }
