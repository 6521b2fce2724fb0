: An electrode whose current is not affine in v, with a peer and a CONDUCTANCE.
NEURON { POINT_PROCESS Electrode ELECTRODE_CURRENT i POINTER other RANGE g, i }
PARAMETER { g = 0.01 }
ASSIGNED { v other i }
BREAKPOINT { at_time(3) if (t > 1) { i = g*(other - v)*exp(-v*v/1e4) } else { i = 0 } }
