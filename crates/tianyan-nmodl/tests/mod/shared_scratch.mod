: What NEURON shares among all instances and a mechanism sets: here each instance has its own.
NEURON { SUFFIX shared_scratch GLOBAL inf RANGE m0 NONSPECIFIC_CURRENT i }
PARAMETER { rate = 2 }
ASSIGNED { v i inf }
STATE { m }
LOCAL factor
INITIAL { factor = 3 rate = rate + 1 m = 0 }
BREAKPOINT { SOLVE s METHOD cnexp i = m*(v + 60) }
DERIVATIVE s { inf = 1/(1 + exp(-v/factor)) m' = rate*(inf - m) }
