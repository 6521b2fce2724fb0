COMMENT
NCA, the sodium leak current. ina = gbar (v - erev).

Equations: Nicoletti M, Loppini A, Chiodo L, Folli V, Ruocco G, Filippi S (2019) Biophysical modeling of
C. elegans neurons: single ion currents and whole-cell dynamics of AWCon and RMD.
PLoS ONE 14(7):e0218738.
Numbers as used in BAAIWorm (Zhao M et al. 2024, Nat Comput Sci 4:978-990), which fixes the
reversal potential and reads gbar as S/cm2.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX nca
    USEION na WRITE ina
    RANGE gbar, erev
}

PARAMETER {
    gbar = 0 (S/cm2)
    erev = 30 (mV)
}

ASSIGNED {
    v (mV)
    ina (mA/cm2)
}

BREAKPOINT {
    ina = gbar*(v - erev)
}
