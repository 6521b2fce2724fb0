COMMENT
SHL-1, the A-type (Kv4) potassium current: fast activation, a fast and a slow inactivation.
ik = gbar m^3 (0.7 h_fast + 0.3 h_slow) (v - erev).

Equations: Nicoletti M, Loppini A, Chiodo L, Folli V, Ruocco G, Filippi S (2019) Biophysical modeling of
C. elegans neurons: single ion currents and whole-cell dynamics of AWCon and RMD.
PLoS ONE 14(7):e0218738.
Numbers as used in BAAIWorm (Zhao M et al. 2024, Nat Comput Sci 4:978-990), which fixes the
reversal potential and reads gbar as S/cm2.
It also shortens the three time constants by the factors below.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX shl1
    USEION k WRITE ik
    RANGE gbar, erev, m_inf, h_inf, tau_m, tau_fast, tau_slow
}

PARAMETER {
    gbar = 0 (S/cm2)          : density of the fully open channel
    erev = -80 (mV)
    m_half = 11.2 (mV)
    m_slope = 14.1 (mV)
    h_half = -33.1 (mV)
    h_slope = 8.3 (mV)

    tau_m_height = 13.8 (ms)
    tau_m_left = -17.5 (mV)
    tau_m_left_width = 12.9 (mV)
    tau_m_right = -3.7 (mV)
    tau_m_right_width = 6.5 (mV)
    tau_m_floor = 1.9 (ms)
    tau_m_factor = 0.4

    tau_fast_height = 539.2 (ms)
    tau_fast_half = -28.2 (mV)
    tau_fast_slope = 4.9 (mV)
    tau_fast_floor = 27.3 (ms)
    tau_fast_factor = 0.08

    tau_slow_height = 8422 (ms)
    tau_slow_half = -37.7 (mV)
    tau_slow_slope = 6.4 (mV)
    tau_slow_floor = 118.9 (ms)
    tau_slow_factor = 0.3
}

ASSIGNED {
    v (mV)
    ik (mA/cm2)
    m_inf
    h_inf
    tau_m (ms)
    tau_fast (ms)
    tau_slow (ms)
}

STATE {
    m
    h_fast
    h_slow
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ik = gbar*m*m*m*(0.7*h_fast + 0.3*h_slow)*(v - erev)
}

INITIAL {
    rates(v)
    m = m_inf
    h_fast = h_inf
    h_slow = h_inf
}

DERIVATIVE states {
    rates(v)
    m' = (m_inf - m)/tau_m
    h_fast' = (h_inf - h_fast)/tau_fast
    h_slow' = (h_inf - h_slow)/tau_slow
}

PROCEDURE rates(v (mV)) {
    m_inf = rising(v, m_half, m_slope)
    h_inf = falling(v, h_half, h_slope)
    tau_m = (tau_m_height*bell(v, tau_m_left, tau_m_left_width, tau_m_right, tau_m_right_width) + tau_m_floor)*tau_m_factor
    tau_fast = (tau_fast_height*falling(v, tau_fast_half, tau_fast_slope) + tau_fast_floor)*tau_fast_factor
    tau_slow = (tau_slow_height*falling(v, tau_slow_half, tau_slow_slope) + tau_slow_floor)*tau_slow_factor
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
