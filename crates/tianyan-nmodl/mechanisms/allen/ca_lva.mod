COMMENT
The low-voltage-activated (T-type) calcium channel.
ica = gbar m^2 h (v - eca).

Equations: Avery RB, Johnston D (1996) Multiple channel types contribute to the low-voltage-activated calcium
current in hippocampal CA3 pyramidal neurons. J Neurosci 16:5567-5582. Time constants, read from its figures:
Randall AD, Tsien RW (1997) Contrasting biophysical and pharmacological properties of T-type and R-type calcium
channels. Neuropharmacology 36:879-893.
Names, defaults and numbers as in the Allen Institute's models (Gouwens NW et al. 2018, Nat Commun 9:710),
10 mV below the papers' for the junction potential; time constants are those at 21 degC and shrink 2.3-fold in
10 degC.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX Ca_LVA
    USEION ca READ eca WRITE ica
    RANGE gbar, g, ica
}

PARAMETER {
    gbar = 0.00001 (S/cm2)
}

ASSIGNED {
    v (mV)
    celsius (degC)
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
    LOCAL u, q10
    u = v + 10 (mV)
    q10 = 2.3^((celsius - 21 (degC))/10 (degC))
    mInf = 1/(1 + exp(-(u + 30 (mV))/6 (mV)))
    mTau = (5 (ms) + 20 (ms)/(1 + exp((u + 25 (mV))/5 (mV))))/q10
    hInf = 1/(1 + exp((u + 80 (mV))/6.4 (mV)))
    hTau = (20 (ms) + 50 (ms)/(1 + exp((u + 40 (mV))/7 (mV))))/q10
}
