COMMENT
The high-voltage-activated calcium channel.
ica = gbar m^2 h (v - eca).

Equations: Reuveni I, Friedman A, Amitai Y, Gutnick MJ (1993) Stepwise repolarization from Ca2+ plateaus in
neocortical pyramidal cells: evidence for nonhomogeneous distribution of HVA Ca2+ channels in dendrites.
J Neurosci 13:4609-4621.
Names, defaults and numbers as in the Allen Institute's models (Gouwens NW et al. 2018, Nat Commun 9:710),
the same at every temperature.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX Ca_HVA
    USEION ca READ eca WRITE ica
    RANGE gbar, g, ica
}

PARAMETER {
    gbar = 0.00001 (S/cm2)
}

ASSIGNED {
    v (mV)
    eca (mV)
    ica (mA/cm2)
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
    ica = g*(v - eca)
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
    LOCAL open, close
    open = 0.055 (/mV/ms)*vtrap(-(v + 27 (mV)), 3.8 (mV))
    close = 0.94 (/ms)*exp(-(v + 75 (mV))/17 (mV))
    mInf = open/(open + close)
    mTau = 1/(open + close)

    open = 0.000457 (/ms)*exp(-(v + 13 (mV))/50 (mV))
    close = 0.0065 (/ms)/(1 + exp(-(v + 15 (mV))/28 (mV)))
    hInf = open/(open + close)
    hTau = 1/(open + close)
}

: x/(exp(x/y) - 1), by its series near 0.
FUNCTION vtrap(x (mV), y (mV)) (mV) {
    if (fabs(x/y) < 1e-6) {
        vtrap = y*(1 - x/y/2)
    } else {
        vtrap = x/(exp(x/y) - 1)
    }
}
