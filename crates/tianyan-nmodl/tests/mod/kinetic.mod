: A channel as a kinetic scheme: a linear system, solved in one round, started in its steady state.
NEURON { SUFFIX kinetic NONSPECIFIC_CURRENT i RANGE g }
PARAMETER { g = 0.001 }
ASSIGNED { v i }
STATE { closed open blocked }
INITIAL { SOLVE scheme STEADYSTATE sparse }
BREAKPOINT { SOLVE scheme METHOD sparse i = g*open*(v + 70) }
KINETIC scheme {
    ~ closed <-> open (0.5*exp(v/40), 0.2)
    ~ open <-> blocked (0.1, 0.05)
    CONSERVE closed + open + blocked = 1
}
