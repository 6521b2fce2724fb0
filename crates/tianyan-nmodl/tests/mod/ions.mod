: Several ions: one read, one written, a reversal potential of its own, a valence, GHK.
NEURON {
    SUFFIX ions
    USEION ca READ cai, cao WRITE ica
    USEION cl READ ecl WRITE icl VALENCE -1
    USEION na WRITE ena
    RANGE p
}
PARAMETER { p = 1e-5 g = 1e-4 }
ASSIGNED { v cai cao ica ecl icl ena celsius }
BREAKPOINT { ica = p*nrn_ghk(v, cai, cao, 2) icl = g*(v - ecl) ena = 55 }
