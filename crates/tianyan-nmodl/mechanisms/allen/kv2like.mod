COMMENT
A Kv2-like delayed rectifier whose inactivation is half fast (h1), half slow (h2).
ik = gbar m^2 (h1 + h2)/2 (v - ek).

Equations: Keren N, Peled N, Korngreen A (2005) Constraining compartmental models using multiple voltage
recordings and genetic algorithms. J Neurophysiol 94:3730-3742. Adjusted to the guangxitoxin-sensitive current of
Liu PW, Bean BP (2014) Kv2 channel regulation of action potential repolarization and firing patterns in superior
cervical ganglion neurons and hippocampal CA1 pyramidal neurons. J Neurosci 34:4991-5002.
Names, defaults and numbers as in the Allen Institute's models (Gouwens NW et al. 2018, Nat Commun 9:710),
whose rates are those at 21 degC and grow 2.3-fold in 10 degC.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX Kv2like
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
    hInf
    mTau (ms)
    h1Tau (ms)
    h2Tau (ms)
}

STATE {
    m
    h1
    h2
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbar*m*m*(0.5*h1 + 0.5*h2)
    ik = g*(v - ek)
}

INITIAL {
    rates(v)
    m = mInf
    h1 = hInf
    h2 = hInf
}

DERIVATIVE states {
    rates(v)
    m' = (mInf - m)/mTau
    h1' = (hInf - h1)/h1Tau
    h2' = (hInf - h2)/h2Tau
}

PROCEDURE rates(v (mV)) {
    LOCAL open, close, q10
    q10 = 2.3^((celsius - 21 (degC))/10 (degC))

    open = 0.12 (/mV/ms)*vtrap(43 (mV) - v, 11 (mV))
    close = 0.02 (/ms)*exp(-(v + 1.27 (mV))/120 (mV))
    mInf = open/(open + close)
    mTau = 2.5/(q10*(open + close))

    hInf = 1/(1 + exp((v + 58 (mV))/11 (mV)))
    h1Tau = (360 (ms) + (1010 (ms) + 23.7 (ms/mV)*(v + 54 (mV)))*exp(-((v + 75 (mV))/48 (mV))^2))/q10
    h2Tau = (2350 (ms) + 1380 (ms)*exp(-0.011 (/mV)*v) - 210 (ms)*exp(-0.03 (/mV)*v))/q10
    : The fit ends at -120 mV; below, it would be negative.
    if (h2Tau < 0) {
        h2Tau = 1e-3 (ms)
    }
}

: x/(exp(x/y) - 1), by its series near 0.
FUNCTION vtrap(x (mV), y (mV)) (mV) {
    if (fabs(x/y) < 1e-6) {
        vtrap = y*(1 - x/y/2)
    } else {
        vtrap = x/(exp(x/y) - 1)
    }
}
