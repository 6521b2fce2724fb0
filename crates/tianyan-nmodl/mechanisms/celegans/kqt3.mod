COMMENT
KQT-3, a slow KCNQ-like (Kv7) potassium current: a fast and a slow activation, two inactivations.
ik = gbar (0.3 m_fast + 0.7 m_slow) w s (v - ek).

Form: Nicoletti M, Loppini A, Chiodo L, Folli V, Ruocco G, Filippi S (2019) Biophysical modeling of
C. elegans neurons: single ion currents and whole-cell dynamics of AWCon and RMD.
PLoS ONE 14(7):e0218738.
Numbers as refitted in BAAIWorm (Zhao M et al. 2024, Nat Comput Sci 4:978-990), which reads gbar as
S/cm2. Unlike its other potassium channels this one follows ek of the compartment (NEURON's default is
-77 mV), and both activations start closed.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX kqt3
    USEION k READ ek WRITE ik
    RANGE gbar, m_inf, w_inf, s_inf, tau_fast, tau_slow, tau_w
}

PARAMETER {
    gbar = 0 (S/cm2)          : density of the fully open channel
    m_half = -12.6726 (mV)
    m_slope = 15.8008 (mV)

    w_floor = 0.49
    w_height = 0.51
    w_half = -1.084 (mV)
    w_slope = 28.78 (mV)

    s_floor = 0.34
    s_height = 0.66
    s_half = -45.3 (mV)
    s_slope = 12.3 (mV)

    tau_fast_height = 395.3 (ms)
    tau_fast_centre = -38.1 (mV)
    tau_fast_width = 33.59 (mV)

    tau_slow_base = 5503 (ms)
    tau_slow_drop_left = 5345.4 (ms)
    tau_slow_rate_left = 0.02827 (/mV)
    tau_slow_half_left = -23.9 (mV)
    tau_slow_drop_right = 4590.6 (ms)
    tau_slow_rate_right = 0.0357 (/mV)
    tau_slow_half_right = -14.15 (mV)

    tau_w_floor = 0.544 (ms)
    tau_w_height = 29.2 (ms)
    tau_w_centre = -48.09 (mV)
    tau_w_width = 48.83 (mV)
    tau_s = 500000 (ms)
}

ASSIGNED {
    v (mV)
    ik (mA/cm2)
    ek (mV)
    m_inf
    w_inf
    s_inf
    tau_fast (ms)
    tau_slow (ms)
    tau_w (ms)
}

STATE {
    m_fast
    m_slow
    w
    s
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ik = gbar*(0.3*m_fast + 0.7*m_slow)*w*s*(v - ek)
}

INITIAL {
    rates(v)
    m_fast = 0
    m_slow = 0
    w = w_inf
    s = s_inf
}

DERIVATIVE states {
    rates(v)
    m_fast' = (m_inf - m_fast)/tau_fast
    m_slow' = (m_inf - m_slow)/tau_slow
    w' = (w_inf - w)/tau_w
    s' = (s_inf - s)/tau_s
}

PROCEDURE rates(v (mV)) {
    m_inf = rising(v, m_half, m_slope)
    w_inf = w_floor + w_height*falling(v, w_half, w_slope)
    s_inf = s_floor + s_height*falling(v, s_half, s_slope)
    tau_fast = tau_fast_height*hump(v, tau_fast_centre, tau_fast_width)
    tau_slow = tau_slow_base - tau_slow_drop_left/(1 + 10^(tau_slow_rate_left*(v - tau_slow_half_left)))
    tau_slow = tau_slow - tau_slow_drop_right/(1 + 10^(tau_slow_rate_right*(tau_slow_half_right - v)))
    tau_w = tau_w_floor + tau_w_height*hump(v, tau_w_centre, tau_w_width)
}

: 0 far below `half`, 1 far above it.
FUNCTION rising(v (mV), half (mV), slope (mV)) {
    rising = 1/(1 + exp((half - v)/slope))
}

: 1 far below `half`, 0 far above it.
FUNCTION falling(v (mV), half (mV), slope (mV)) {
    falling = 1/(1 + exp((v - half)/slope))
}

: A Lorentzian of height 1 around `centre`.
FUNCTION hump(v (mV), centre (mV), width (mV)) {
    LOCAL x
    x = (v - centre)/width
    hump = 1/(1 + x*x)
}
