COMMENT
The persistent sodium channel: it opens at once and inactivates within seconds.
ina = gbar m_inf(v) h (v - ena).

Equations: Magistretti J, Alonso A (1999) Biophysical properties and slow voltage-dependent inactivation of a
sustained sodium current in entorhinal cortex layer-II principal neurons. J Gen Physiol 114:491-509.
Names, defaults and numbers as in the Allen Institute's models (Gouwens NW et al. 2018, Nat Commun 9:710),
whose rates are those at 21 degC and grow 2.3-fold in 10 degC.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX Nap
    USEION na READ ena WRITE ina
    RANGE gbar, g, ina
}

PARAMETER {
    gbar = 0.00001 (S/cm2)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ena (mV)
    ina (mA/cm2)
    g (S/cm2)
    hInf
    hTau (ms)
}

STATE {
    h
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbar*m_inf(v)*h
    ina = g*(v - ena)
}

INITIAL {
    rates(v)
    h = hInf
}

DERIVATIVE states {
    rates(v)
    h' = (hInf - h)/hTau
}

FUNCTION m_inf(v (mV)) {
    m_inf = 1/(1 + exp(-(v + 52.6 (mV))/4.6 (mV)))
}

PROCEDURE rates(v (mV)) {
    LOCAL open, close, q10
    q10 = 2.3^((celsius - 21 (degC))/10 (degC))
    hInf = 1/(1 + exp((v + 48.8 (mV))/10 (mV)))
    open = 2.88e-6 (/mV/ms)*vtrap(v + 17 (mV), 4.63 (mV))
    close = 6.94e-6 (/mV/ms)*vtrap(-(v + 64.4 (mV)), 2.63 (mV))
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
