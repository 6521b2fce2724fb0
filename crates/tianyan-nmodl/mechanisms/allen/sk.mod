COMMENT
The small-conductance potassium channel that calcium inside opens.
ik = gbar z (v - ek), z_inf = 1/(1 + (0.43 uM/cai)^4.8).

Equations: Kohler M, Hirschberg B, Bond CT, Kinzie JM, Marrion NV, Maylie J, Adelman JP (1996) Small-conductance,
calcium-activated potassium channels from mammalian brain. Science 273:1709-1714.
Names, defaults and numbers as in the Allen Institute's models (Gouwens NW et al. 2018, Nat Commun 9:710),
with a time constant of 1 ms at every temperature. Below 1e-7 mM, 1e-7 mM are added: nothing is divided by 0.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
    (molar) = (1/liter)
    (mM) = (millimolar)
}

NEURON {
    SUFFIX SK
    USEION k READ ek WRITE ik
    USEION ca READ cai
    RANGE gbar, g, ik
}

PARAMETER {
    gbar = 0.000001 (S/cm2)
    zTau = 1 (ms)
}

ASSIGNED {
    v (mV)
    cai (mM)
    ek (mV)
    ik (mA/cm2)
    g (S/cm2)
    zInf
}

STATE {
    z
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbar*z
    ik = g*(v - ek)
}

INITIAL {
    opening(cai)
    z = zInf
}

DERIVATIVE states {
    opening(cai)
    z' = (zInf - z)/zTau
}

PROCEDURE opening(calcium (mM)) {
    LOCAL seen
    seen = calcium
    if (seen < 1e-7 (mM)) {
        seen = seen + 1e-7 (mM)
    }
    zInf = 1/(1 + (0.00043 (mM)/seen)^4.8)
}
