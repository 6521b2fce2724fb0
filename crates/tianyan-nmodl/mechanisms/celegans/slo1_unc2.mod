COMMENT
SLO-1, the large-conductance (BK) calcium-activated potassium current,
in a 1:1 complex with an UNC-2 calcium channel whose gates m_cav and h_cav it carries itself.
ik = gbar m h_cav (v - erev).

The calcium it sees is that of the nanodomain: I = single_channel (e_calcium - v) from a point source at
`distance`, buffered over the length sqrt(diffusion/buffering); it depends on v alone.
The complex is reduced to one gate: with opening rate alpha and closing rate beta of the calcium channel,
and opening (k_open), closing (k_close) and closing-without-calcium (k_rest) rates of SLO-1,
    tau_m = (alpha + beta + k_rest)/((k_open + k_close)(k_rest + alpha) + beta k_rest),
    m_inf = m_cav k_open tau_m.

Equations: Nicoletti M, Loppini A, Chiodo L, Folli V, Ruocco G, Filippi S (2019) Biophysical modeling of
C. elegans neurons: single ion currents and whole-cell dynamics of AWCon and RMD.
PLoS ONE 14(7):e0218738.
Numbers as used in BAAIWorm (Zhao M et al. 2024, Nat Comput Sci 4:978-990), which fixes the
reversal potential and reads gbar as S/cm2.
There SLO-1 starts closed (m = 0).
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
    (nS) = (nanosiemens)
    (um) = (micron)
    (molar) = (1/liter)
    (uM) = (micromolar)
}

NEURON {
    SUFFIX slo1_unc2
    USEION k WRITE ik
    RANGE gbar, erev, m_inf, tau_m, m_cav_inf, h_cav_inf, tau_m_cav, tau_h_cav
}

PARAMETER {
    gbar = 0 (S/cm2)             : density of the fully open complex
    erev = -80 (mV)

    : SLO-1
    close_rate = 3.15 (/ms)      : at v = 0
    close_slope = 0.013 (/mV)
    close_calcium = 34.34 (uM)
    close_power = 0.0001
    open_rate = 0.16 (/ms)       : at v = 0
    open_slope = 0.028 (/mV)
    open_calcium = 55.73 (uM)
    open_power = 1.3

    : UNC-2
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

    : nanodomain
    e_calcium = 60 (mV)

    single_channel = 0.04 (nS)   : of the calcium channel
    distance = 0.013 (um)        : from it to the potassium channel
    diffusion = 250 (um2/s)      : of calcium
    buffering = 15000 (/s)       : 500 /uM/s by 30 uM of buffer
    rest_calcium = 0.05 (uM)     : while the calcium channel is closed
    none_calcium = 0.0001 (uM)   : where no calcium flows in
    faraday = 96485 (coul)       : per mole
}

ASSIGNED {
    v (mV)
    ik (mA/cm2)
    m_inf
    tau_m (ms)
    m_cav_inf
    h_cav_inf
    tau_m_cav (ms)
    tau_h_cav (ms)
}

STATE {
    m
    m_cav
    h_cav
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ik = gbar*m*h_cav*(v - erev)
}

INITIAL {
    rates(v)
    m_cav = m_cav_inf
    h_cav = h_cav_inf
    m = 0
}

DERIVATIVE states {
    rates(v)
    m_cav' = (m_cav_inf - m_cav)/tau_m_cav
    h_cav' = (h_cav_inf - h_cav)/tau_h_cav
    m' = (m_inf - m)/tau_m
}

PROCEDURE rates(v (mV)) {
    LOCAL calcium, alpha, beta, at_v_close, at_v_open, k_open, k_close, k_rest
    m_cav_inf = rising(v, m_half, m_slope)
    h_cav_inf = falling(v, h_half, h_slope)
    tau_m_cav = tau_m_height*bell(v, tau_m_centre, tau_m_left_width, tau_m_centre, tau_m_right_width) + tau_m_floor
    tau_h_cav = tau_h_height_1*falling(v, tau_h_half_1, tau_h_slope_1) + tau_h_height_2*rising(v, tau_h_half_2, tau_h_slope_2)
    calcium = nanodomain(v)

    alpha = m_cav_inf/tau_m_cav
    beta = 1/tau_m_cav - alpha
    at_v_close = close_rate*exp(-close_slope*v)
    at_v_open = open_rate*exp(open_slope*v)
    k_close = at_v_close/(1 + (calcium/close_calcium)^close_power)
    k_rest = at_v_close/(1 + (rest_calcium/close_calcium)^close_power)
    k_open = at_v_open/(1 + (open_calcium/calcium)^open_power)
    tau_m = (alpha + beta + k_rest)/((k_open + k_close)*(k_rest + alpha) + beta*k_rest)
    m_inf = m_cav*k_open*tau_m
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

: Calcium (uM) at the potassium channel. nS mV/(um um2/s coul/mol) is 1e9 uM.
FUNCTION nanodomain(v (mV)) (uM) {
    if (v < e_calcium) {
        nanodomain = single_channel*(e_calcium - v)*(1e9)/(8*3.1415926*distance*diffusion*faraday)
        nanodomain = nanodomain*exp(-sqrt(distance*distance*buffering/diffusion))
    } else {
        nanodomain = none_calcium
    }
}
