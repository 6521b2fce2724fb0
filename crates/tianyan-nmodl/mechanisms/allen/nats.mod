COMMENT
The fast, transient sodium channel of the soma and dendrites; the axon's (NaTa) opens 8 mV and inactivates 3 mV lower.
ina = gbar m^3 h (v - ena), with the rates r x/(exp(x/k) - 1) of both gates, x the distance of v to a midpoint.

Equations: Colbert CM, Pan E (2002) Ion channel properties underlying axonal action potential initiation in
pyramidal neurons. Nat Neurosci 5:533-538.
Names, defaults and numbers as in the Allen Institute's models (Gouwens NW et al. 2018, Nat Commun 9:710),
whose rates are those at 23 degC and grow 2.3-fold in 10 degC.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX NaTs
    USEION na READ ena WRITE ina
    RANGE gbar, g, ina
}

PARAMETER {
    gbar = 0.00001 (S/cm2)
    malphaF = 0.182 (/mV/ms)    : r of opening and of closing of m
    mbetaF = 0.124 (/mV/ms)
    mvhalf = -40 (mV)
    mk = 6 (mV)

    halphaF = 0.015 (/mV/ms)    : the same of h
    hbetaF = 0.015 (/mV/ms)
    hvhalf = -66 (mV)
    hk = 6 (mV)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ena (mV)
    ina (mA/cm2)
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
    g = gbar*m*m*m*h
    ina = g*(v - ena)
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
    LOCAL open, close, q10
    q10 = 2.3^((celsius - 23 (degC))/10 (degC))

    open = malphaF*vtrap(mvhalf - v, mk)
    close = mbetaF*vtrap(v - mvhalf, mk)
    mInf = open/(open + close)
    mTau = 1/(q10*(open + close))

    : h opens where v is low.
    open = halphaF*vtrap(v - hvhalf, hk)
    close = hbetaF*vtrap(hvhalf - v, hk)
    hInf = open/(open + close)
    hTau = 1/(q10*(open + close))
}

: x/(exp(x/y) - 1), by its series near 0.
FUNCTION vtrap(x (mV), y (mV)) (mV) {
    if (fabs(x/y) < 1e-6) {
        vtrap = y*(1 - x/y/2)
    } else {
        vtrap = x/(exp(x/y) - 1)
    }
}
