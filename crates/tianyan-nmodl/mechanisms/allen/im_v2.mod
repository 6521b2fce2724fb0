COMMENT
The M-type potassium channel of CA1 pyramidal cells: six charges move, 0.4 of the way before the barrier.
ik = gbar m (v - ek).

Equations: Vervaeke K, Hu H, Graham LJ, Storm JF (2006) Contrasting effects of the persistent Na+ current on
neuronal excitability and spike timing. Neuron 49:257-270.
Names, defaults and numbers as in the Allen Institute's models (Gouwens NW et al. 2018, Nat Commun 9:710),
whose time constant is that at 30 degC and shrinks 2.3-fold in 10 degC.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX Im_v2
    USEION k READ ek WRITE ik
    RANGE gbar, g, ik
}

PARAMETER {
    gbar = 0.00001 (S/cm2)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ek (mV)
    ik (mA/cm2)
    g (S/cm2)
    mInf
    mTau (ms)
}

STATE {
    m
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbar*m
    ik = g*(v - ek)
}

INITIAL {
    rates(v)
    m = mInf
}

DERIVATIVE states {
    rates(v)
    m' = (mInf - m)/mTau
}

PROCEDURE rates(v (mV)) {
    LOCAL x, open, close, q10
    x = 6*(v + 48 (mV))/26.12 (mV)
    q10 = 2.3^((celsius - 30 (degC))/10 (degC))
    open = 0.007 (/ms)*exp(0.4*x)
    close = 0.007 (/ms)*exp(-0.6*x)
    mInf = open/(open + close)
    mTau = (15 (ms) + 1/(open + close))/q10
}
