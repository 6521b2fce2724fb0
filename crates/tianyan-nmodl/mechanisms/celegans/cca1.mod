COMMENT
CCA-1, the T-type (Cav3) calcium current.
ica = gbar m^2 h (v - erev).

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
    SUFFIX cca1
    USEION ca WRITE ica
    RANGE gbar, erev, m_inf, h_inf, tau_m, tau_h
}

PARAMETER {
    gbar = 0 (S/cm2)          : density of the fully open channel
    erev = 60 (mV)
    m_half = -43.32 (mV)
    m_slope = 7.6 (mV)
    h_half = -58 (mV)
    h_slope = 7 (mV)

    tau_m_height = 40 (ms)
    tau_m_half = -62.5 (mV)
    tau_m_slope = 12.6 (mV)
    tau_m_floor = 0.7 (ms)

    tau_h_height = 280 (ms)
    tau_h_half = -60.7 (mV)
    tau_h_slope = 8.5 (mV)
    tau_h_floor = 19.8 (ms)
}

ASSIGNED {
    v (mV)
    ica (mA/cm2)
    m_inf
    h_inf
    tau_m (ms)
    tau_h (ms)
}

STATE {
    m
    h
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ica = gbar*m*m*h*(v - erev)
}

INITIAL {
    rates(v)
    m = m_inf
    h = h_inf
}

DERIVATIVE states {
    rates(v)
    m' = (m_inf - m)/tau_m
    h' = (h_inf - h)/tau_h
}

PROCEDURE rates(v (mV)) {
    m_inf = rising(v, m_half, m_slope)
    h_inf = falling(v, h_half, h_slope)
    tau_m = tau_m_height*falling(v, tau_m_half, tau_m_slope) + tau_m_floor
    tau_h = tau_h_height*falling(v, tau_h_half, tau_h_slope) + tau_h_floor
}

: 0 far below `half`, 1 far above it.
FUNCTION rising(v (mV), half (mV), slope (mV)) {
    rising = 1/(1 + exp((half - v)/slope))
}

: 1 far below `half`, 0 far above it.
FUNCTION falling(v (mV), half (mV), slope (mV)) {
    falling = 1/(1 + exp((v - half)/slope))
}
