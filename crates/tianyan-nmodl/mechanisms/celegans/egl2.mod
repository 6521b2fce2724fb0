COMMENT
EGL-2, an ether-a-go-go (EAG) potassium current: slow, non-inactivating.
ik = gbar m (v - erev).

Form: Nicoletti M, Loppini A, Chiodo L, Folli V, Ruocco G, Filippi S (2019) Biophysical modeling of
C. elegans neurons: single ion currents and whole-cell dynamics of AWCon and RMD.
PLoS ONE 14(7):e0218738.
Fitted to the currents of Weinshenker D et al. (1999) J Neurosci 19:9831-9840, figure 3a.
Numbers as used in BAAIWorm (Zhao M et al. 2024, Nat Comput Sci 4:978-990), which fixes the
reversal potential and reads gbar as S/cm2.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX egl2
    USEION k WRITE ik
    RANGE gbar, erev, m_inf, tau_m
}

PARAMETER {
    gbar = 0 (S/cm2)          : density of the fully open channel
    erev = -80 (mV)
    m_half = -6.9 (mV)
    m_slope = 14.9 (mV)

    tau_m_height = 1845.8 (ms)
    tau_m_half = -122.6 (mV)
    tau_m_slope = 13.8 (mV)
    tau_m_floor = 1517.74 (ms)
}

ASSIGNED {
    v (mV)
    ik (mA/cm2)
    m_inf
    tau_m (ms)
}

STATE {
    m
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ik = gbar*m*(v - erev)
}

INITIAL {
    rates(v)
    m = m_inf
}

DERIVATIVE states {
    rates(v)
    m' = (m_inf - m)/tau_m
}

PROCEDURE rates(v (mV)) {
    m_inf = rising(v, m_half, m_slope)
    tau_m = tau_m_height*falling(v, tau_m_half, tau_m_slope) + tau_m_floor
}

: 0 far below `half`, 1 far above it.
FUNCTION rising(v (mV), half (mV), slope (mV)) {
    rising = 1/(1 + exp((half - v)/slope))
}

: 1 far below `half`, 0 far above it.
FUNCTION falling(v (mV), half (mV), slope (mV)) {
    falling = 1/(1 + exp((v - half)/slope))
}
