COMMENT
IRK, the inward rectifier (Kir) potassium current, open at hyperpolarised voltages.
ik = gbar m (v - erev).

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
    SUFFIX irk
    USEION k WRITE ik
    RANGE gbar, erev, m_inf, tau_m
}

PARAMETER {
    gbar = 0 (S/cm2)          : density of the fully open channel
    erev = -80 (mV)
    m_half = -82 (mV)
    m_slope = 13 (mV)

    tau_m_height = 17.1 (ms)
    tau_m_left = -17.8 (mV)
    tau_m_left_width = 20.3 (mV)
    tau_m_right = -43.4 (mV)
    tau_m_right_width = 11.2 (mV)
    tau_m_floor = 3.8 (ms)
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
    m_inf = falling(v, m_half, m_slope)
    tau_m = tau_m_height*bell(v, tau_m_left, tau_m_left_width, tau_m_right, tau_m_right_width) + tau_m_floor
}

: 1 far below `half`, 0 far above it.
FUNCTION falling(v (mV), half (mV), slope (mV)) {
    falling = 1/(1 + exp((v - half)/slope))
}

: A bell between `left` and `right`: one over a falling plus a rising exponential.
FUNCTION bell(v (mV), left (mV), left_width (mV), right (mV), right_width (mV)) {
    bell = 1/(exp((left - v)/left_width) + exp((v - right)/right_width))
}
