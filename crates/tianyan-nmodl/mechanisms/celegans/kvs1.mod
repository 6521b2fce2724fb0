COMMENT
KVS-1, an A-type potassium current that opens at strong depolarisation.
ik = gbar m h (v - erev).

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
    SUFFIX kvs1
    USEION k WRITE ik
    RANGE gbar, erev, m_inf, h_inf, tau_m, tau_h
}

PARAMETER {
    gbar = 0 (S/cm2)          : density of the fully open channel
    erev = -80 (mV)
    m_half = 57.1 (mV)
    m_slope = 25 (mV)
    h_half = 47.3 (mV)
    h_slope = 11.1 (mV)

    tau_m_height = 30 (ms)
    tau_m_half = 18.1 (mV)
    tau_m_slope = 20 (mV)
    tau_m_floor = 1 (ms)

    tau_h_height = 88.5 (ms)
    tau_h_half = 50 (mV)
    tau_h_slope = 15 (mV)
    tau_h_floor = 53.4 (ms)
}

ASSIGNED {
    v (mV)
    ik (mA/cm2)
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
    ik = gbar*m*h*(v - erev)
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
