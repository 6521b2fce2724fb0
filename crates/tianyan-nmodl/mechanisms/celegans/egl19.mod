COMMENT
EGL-19, the L-type (Cav1) calcium current, with incomplete inactivation that partly recovers.
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
    SUFFIX egl19
    USEION ca WRITE ica
    RANGE gbar, erev, m_inf, h_inf, tau_m, tau_h
}

PARAMETER {
    gbar = 0 (S/cm2)          : density of the fully open channel
    erev = 60 (mV)
    m_half = 5.6 (mV)
    m_slope = 7.5 (mV)

    h_rise_height = 1.43
    h_rise_half = 24.9 (mV)
    h_rise_slope = 12 (mV)
    h_rise_floor = 0.14
    h_fall_height = 5.96
    h_fall_half = -20.5 (mV)
    h_fall_slope = 8.1 (mV)
    h_fall_floor = 0.6

    tau_m_height_1 = 2.9 (ms)
    tau_m_centre_1 = 5.2 (mV)
    tau_m_width_1 = 6 (mV)
    tau_m_height_2 = 1.9 (ms)
    tau_m_centre_2 = 1.4 (mV)
    tau_m_width_2 = 30 (mV)
    tau_m_floor = 2.3 (ms)

    tau_h_factor = 0.4
    tau_h_height_1 = 44.6 (ms)
    tau_h_half_1 = -23 (mV)
    tau_h_slope_1 = 5 (mV)
    tau_h_height_2 = 36.4 (ms)
    tau_h_half_2 = 28.7 (mV)
    tau_h_slope_2 = 3.7 (mV)
    tau_h_floor = 43.1 (ms)
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
    h_inf = h_rise_height*rising(v, h_rise_half, h_rise_slope) + h_rise_floor
    h_inf = h_inf*(h_fall_height*falling(v, h_fall_half, h_fall_slope) + h_fall_floor)
    tau_m = tau_m_height_1*gaussian(v, tau_m_centre_1, tau_m_width_1)
    tau_m = tau_m + tau_m_height_2*gaussian(v, tau_m_centre_2, tau_m_width_2) + tau_m_floor
    tau_h = tau_h_height_1*falling(v, tau_h_half_1, tau_h_slope_1)
    tau_h = tau_h_factor*(tau_h + tau_h_height_2*falling(v, tau_h_half_2, tau_h_slope_2) + tau_h_floor)
}

: 0 far below `half`, 1 far above it.
FUNCTION rising(v (mV), half (mV), slope (mV)) {
    rising = 1/(1 + exp((half - v)/slope))
}

: 1 far below `half`, 0 far above it.
FUNCTION falling(v (mV), half (mV), slope (mV)) {
    falling = 1/(1 + exp((v - half)/slope))
}

: A Gaussian of height 1 around `centre`.
FUNCTION gaussian(v (mV), centre (mV), width (mV)) {
    LOCAL x
    x = (v - centre)/width
    gaussian = exp(-x*x)
}
