: Calcium in two shells with a buffer and a pump: volumes, fluxes, reactions of second order.
NEURON { SUFFIX buffer USEION ca READ ica, cai WRITE cai RANGE pumped }
PARAMETER { kon = 500 koff = 0.5 total = 0.1 }
ASSIGNED { ica cai pumped diam }
STATE { ca[2] free bound }
INITIAL { ca[0] = cai ca[1] = cai free = total*koff/(koff + kon*cai) bound = total - free }
BREAKPOINT { SOLVE move METHOD sparse }
KINETIC move {
    COMPARTMENT k, (k + 1)*diam { ca }
    ~ ca[0] << (-ica*diam/9.6)
    ~ ca[0] <-> ca[1] (0.6, 0.6)
    ~ ca[0] + free <-> bound (kon, koff)
    ~ ca[1] -> (0.02)
    pumped = f_flux
    cai = ca[0]
}
