COMMENT
EGL-36, a Shaw-like (Kv3) potassium current: one activation curve, three constant time constants.
ik = gbar (0.33 m_fast + 0.36 m_mid + 0.39 m_slow) (v - erev).

Equations and data: Johnstone DB, Wei A, Butler A, Salkoff L, Thomas JH (1997) Behavioral defects in
C. elegans egl-36 mutants result from potassium channels shifted in voltage-dependence of activation.
Neuron 19:151-164, figure 2A.
Numbers as used in BAAIWorm (Zhao M et al. 2024, Nat Comput Sci 4:978-990), which fixes the
reversal potential and reads gbar as S/cm2.
The three fractions sum to 1.08 there, and so here: gbar was tuned with them.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX egl36
    USEION k WRITE ik
    RANGE gbar, erev, m_inf
}

PARAMETER {
    gbar = 0 (S/cm2)          : density of the fully open channel
    erev = -80 (mV)
    m_half = 63 (mV)
    m_slope = 28.5 (mV)
    tau_fast = 13 (ms)
    tau_mid = 63 (ms)
    tau_slow = 355 (ms)
}

ASSIGNED {
    v (mV)
    ik (mA/cm2)
    m_inf
}

STATE {
    m_fast
    m_mid
    m_slow
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ik = gbar*(0.33*m_fast + 0.36*m_mid + 0.39*m_slow)*(v - erev)
}

INITIAL {
    rates(v)
    m_fast = m_inf
    m_mid = m_inf
    m_slow = m_inf
}

DERIVATIVE states {
    rates(v)
    m_fast' = (m_inf - m_fast)/tau_fast
    m_mid' = (m_inf - m_mid)/tau_mid
    m_slow' = (m_inf - m_slow)/tau_slow
}

PROCEDURE rates(v (mV)) {
    m_inf = rising(v, m_half, m_slope)
}

: 0 far below `half`, 1 far above it.
FUNCTION rising(v (mV), half (mV), slope (mV)) {
    rising = 1/(1 + exp((half - v)/slope))
}
