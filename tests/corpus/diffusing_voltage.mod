: A substance that diffuses along the cable.
NEURON { SUFFIX cable RANGE c, source }
PARAMETER { source = 0 diffusion = 0.6 }
ASSIGNED { diam }
STATE { c }
INITIAL { c = source }
BREAKPOINT { SOLVE spread METHOD sparse }
KINETIC spread {
    COMPARTMENT diam*diam/4 { c }
  COMPARTMENT diam*diam/4 { c }
    LONGITUDINAL_DIFFUSION diffusion*diam*diam/4 { v }
    ~ c -> (0.01*diam)
}
