COMMENT
The D-type (Kv1) potassium channel: it opens within a millisecond and inactivates within seconds.
ik = gbar m h (v - ek).

Equations: Foust AJ, Yu Y, Popovic M, Zecevic D, McCormick DA (2011) Somatic membrane potential and Kv1 channels
control spike repolarization in cortical axon collaterals and presynaptic boutons. J Neurosci 31:15490-15498.
Names, defaults and numbers as in the Allen Institute's models (Gouwens NW et al. 2018, Nat Commun 9:710),
where its time constants are the same at every voltage and temperature.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX Kd
    USEION k READ ek WRITE ik
    RANGE gbar, g, ik
}

PARAMETER {
    gbar = 0.00001 (S/cm2)
}

ASSIGNED {
    v (mV)
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
    g = gbar*m*h
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
    mInf = 1/(1 + exp(-(v + 43 (mV))/8 (mV)))
    hInf = 1/(1 + exp((v + 67 (mV))/7.3 (mV)))
    mTau = 1 (ms)
    hTau = 1500 (ms)
}
