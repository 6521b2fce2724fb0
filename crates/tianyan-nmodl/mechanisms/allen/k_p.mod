COMMENT
The persistent (slowly inactivating) potassium channel.
ik = gbar m^2 h (v - ek).

Equations: Korngreen A, Sakmann B (2000) Voltage-gated K+ channels in layer 5 neocortical pyramidal neurones
from young rats: subtypes and gradients. J Physiol 525:621-639.
Names, defaults and numbers as in the Allen Institute's models (Gouwens NW et al. 2018, Nat Commun 9:710),
whose time constants are those at 21 degC and shrink 2.3-fold in 10 degC. vshift moves all curves, tauF
stretches the time constant of m.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX K_P
    USEION k READ ek WRITE ik
    RANGE gbar, g, ik
}

PARAMETER {
    gbar = 0.00001 (S/cm2)
    vshift = 0 (mV)
    tauF = 1
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
    g = gbar*m*m*h
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

    mInf = 1/(1 + exp(-(u + 14.3 (mV))/14.6 (mV)))
    : Longest at -50 mV, where its two branches meet.
    if (u < -50 (mV)) {
        mTau = tauF*(1.25 (ms) + 175.03 (ms)*exp(0.026 (/mV)*u))/q10
    } else {
        mTau = tauF*(1.25 (ms) + 13 (ms)*exp(-0.026 (/mV)*u))/q10
    }

    hInf = 1/(1 + exp((u + 54 (mV))/11 (mV)))
    hTau = (360 (ms) + (1010 (ms) + 24 (ms/mV)*(u + 55 (mV)))*exp(-((u + 75 (mV))/48 (mV))^2))/q10
}
