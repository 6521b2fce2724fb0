COMMENT
UNC-2, the P/Q-type (Cav2) calcium current.
ica = gbar m h (v - erev).

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
    SUFFIX unc2
    USEION ca WRITE ica
    RANGE gbar, erev, m_inf, h_inf, tau_m, tau_h
}

PARAMETER {
    gbar = 0 (S/cm2)          : density of the fully open channel
    erev = 60 (mV)
    m_half = -12.2 (mV)
    m_slope = 4 (mV)
    h_half = -52.5 (mV)
    h_slope = 5.6 (mV)

    tau_m_height = 1.5 (ms)
    tau_m_centre = -8.2 (mV)
    tau_m_left_width = 9.1 (mV)
    tau_m_right_width = 15.4 (mV)
    tau_m_floor = 0.1 (ms)

    tau_h_height_1 = 83.8 (ms)
    tau_h_half_1 = 52.9 (mV)
    tau_h_slope_1 = 3.5 (mV)
    tau_h_height_2 = 72.1 (ms)
    tau_h_half_2 = 23.9 (mV)
    tau_h_slope_2 = 3.6 (mV)
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
    ica = gbar*m*h*(v - erev)
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
    tau_m = tau_m_height*bell(v, tau_m_centre, tau_m_left_width, tau_m_centre, tau_m_right_width) + tau_m_floor
    tau_h = tau_h_height_1*falling(v, tau_h_half_1, tau_h_slope_1) + tau_h_height_2*rising(v, tau_h_half_2, tau_h_slope_2)
}

: 0 far below `half`, 1 far above it.
FUNCTION rising(v (mV), half (mV), slope (mV)) {
    rising = 1/(1 + exp((half - v)/slope))
}

: 1 far below `half`, 0 far above it.
FUNCTION falling(v (mV), half (mV), slope (mV)) {
    falling = 1/(1 + exp((v - half)/slope))
}

: A bell between `left` and `right`: one over a falling plus a rising exponential.
FUNCTION bell(v (mV), left (mV), left_width (mV), right (mV), right_width (mV)) {
    bell = 1/(exp((left - v)/left_width) + exp((v - right)/right_width))
}
