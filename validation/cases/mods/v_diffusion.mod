COMMENT
Calcium in two shells that diffuses between them and along the cable, with an immobile buffer in the outer shell, for
the validation cases. Volumes are per um of length; a channel's current enters the outer shell.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (um) = (micron)
    (molar) = (1/liter)
    (mM) = (millimolar)
}

NEURON {
    SUFFIX v_diffusion
    USEION ca READ ica, cai WRITE cai
    RANGE outer, inner, buffer
}

DEFINE SHELLS 2

PARAMETER {
    spread = 0.6 (um2/ms)
    binding = 100 (/mM-ms)
    release = 0.1 (/ms)
    total = 0.01 (mM)
    out = 0.02 (/ms)
    rest = 5e-5 (mM)
    faraday = 96485.3
}

ASSIGNED {
    diam (um)
    ica (mA/cm2)
    cai (mM)
    part[SHELLS]
    outer (mM)
    inner (mM)
}

STATE {
    c[SHELLS] (mM)
    free (mM)
    buffer (mM)
}

INITIAL {
    part[0] = 0.75
    part[1] = 0.25
    FROM k = 0 TO SHELLS-1 { c[k] = cai }
    buffer = total*cai*binding/(release + cai*binding)
    free = total - buffer
}

BREAKPOINT {
    SOLVE shells METHOD sparse
    outer = c[0]
    inner = c[1]
}

LOCAL section

KINETIC shells {
    COMPARTMENT k, 0.785398*diam*diam*part[k] { c }
    COMPARTMENT 0.785398*diam*diam*part[0] { free buffer }
    LONGITUDINAL_DIFFUSION k, spread*0.785398*diam*diam*part[k] { c }
    section = 0.785398*diam*diam
    ~ c[0] << (-ica*3.14159*diam*10000/(2*faraday) - out*section*(c[0] - rest))
    ~ c[0] <-> c[1] (6.28318*spread, 6.28318*spread)
    ~ c[0] + free <-> buffer (binding*section*part[0], release*section*part[0])
    cai = c[0]
}
