COMMENT
The transient (A-type) potassium channel.
ik = gbar m^4 h (v - ek).

Equations: Korngreen A, Sakmann B (2000) Voltage-gated K+ channels in layer 5 neocortical pyramidal neurones
from young rats: subtypes and gradients. J Physiol 525:621-639.
Names, defaults and numbers as in the Allen Institute's models (Gouwens NW et al. 2018, Nat Commun 9:710),
whose time constants are those at 21 degC and shrink 2.3-fold in 10 degC. vshift moves all curves, mTauF and
hTauF stretch the part of the time constants that depends on v.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX K_T
    USEION k READ ek WRITE ik
    RANGE gbar, g, ik
}

PARAMETER {
    gbar = 0.00001 (S/cm2)
    vshift = 0 (mV)
    mTauF = 1
    hTauF = 1
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ek (mV)
    ik (mA/cm2)
    g (S/cm2)
    mInf
    hInf
    mTau (ms)
    hTau (ms)
}

STATE {
    m
    h
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbar*m*m*m*m*h
    ik = g*(v - ek)
}

INITIAL {
    rates(v)
    m = mInf
    h = hInf
}

DERIVATIVE states {
    rates(v)
    m' = (mInf - m)/mTau
    h' = (hInf - h)/hTau
}

PROCEDURE rates(v (mV)) {
    LOCAL u, q10
    u = v - vshift
    q10 = 2.3^((celsius - 21 (degC))/10 (degC))
    mInf = 1/(1 + exp(-(u + 47 (mV))/29 (mV)))
    mTau = (0.34 (ms) + mTauF*0.92 (ms)*exp(-((u + 71 (mV))/59 (mV))^2))/q10
    hInf = 1/(1 + exp((u + 66 (mV))/10 (mV)))
    hTau = (8 (ms) + hTauF*49 (ms)*exp(-((u + 73 (mV))/23 (mV))^2))/q10
}
