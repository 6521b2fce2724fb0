COMMENT
A Goldman-Hodgkin-Katz current of an ion of charge 2, for the validation cases: not affine in v.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
}

NEURON {
    SUFFIX v_ghk
    NONSPECIFIC_CURRENT i
    RANGE permeability, i
}

PARAMETER {
    permeability = 1e-5 (cm/s)
    inside = 1e-3
    outside = 2
}

ASSIGNED {
    v (mV)
    celsius (degC)
    i (mA/cm2)
}

BREAKPOINT {
    i = permeability*flux(v)
}

FUNCTION flux(v (mV)) {
    LOCAL z
    z = 2*v*96.4853/(8.31446*(celsius + 273.15))
    flux = 2*96.4853*(inside*ratio(-z) - outside*ratio(z))
}

FUNCTION ratio(x) {
    if (fabs(x) < 1e-4) {
        ratio = 1 - x/2
    } else {
        ratio = x/(exp(x) - 1)
    }
}
