COMMENT
KCNL, the small-conductance (SK) potassium current, opened by the calcium of the whole cell.
ik = gbar m (v - erev), m following cai/(cai + half_calcium).

Equations: Nicoletti M, Loppini A, Chiodo L, Folli V, Ruocco G, Filippi S (2019) Biophysical modeling of
C. elegans neurons: single ion currents and whole-cell dynamics of AWCon and RMD.
PLoS ONE 14(7):e0218738.
Numbers as used in BAAIWorm (Zhao M et al. 2024, Nat Comput Sci 4:978-990), which fixes the
reversal potential and reads gbar as S/cm2.
The pool's numbers are micromolar, yet they travel in cai, whose unit is mM; half_calcium (0.33 uM in the
paper) is on that same scale. Only ca_pool_fixed writes them so.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
    (molar) = (1/liter)
    (mM) = (millimolar)
}

NEURON {
    SUFFIX kcnl
    USEION k WRITE ik
    USEION ca READ cai
    RANGE gbar, erev, m_inf
}

PARAMETER {
    gbar = 0 (S/cm2)          : density of the fully open channel
    erev = -80 (mV)
    half_calcium = 0.33 (mM)   : on the scale of ca_pool_fixed
    tau_m = 6.3 (ms)
}

ASSIGNED {
    v (mV)
    ik (mA/cm2)
    cai (mM)
    m_inf
}

STATE {
    m
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ik = gbar*m*(v - erev)
}

INITIAL {
    rates()
    m = m_inf
}

DERIVATIVE states {
    rates()
    m' = (m_inf - m)/tau_m
}

PROCEDURE rates() {
    m_inf = cai/(half_calcium + cai)
}
