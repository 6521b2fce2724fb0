COMMENT
A Kv3-like potassium channel: fast, and open during spikes only.
ik = gbar m (v - ek).

Equations: Rettig J, Wunder F, Stocker M, Lichtinghagen R, Mastiaux F, Beckh S, Kues W, Pedarzani P, Schroter KH,
Ruppersberg JP, Veh R, Pongs O (1992) Characterization of a Shaw-related potassium channel family in rat brain.
EMBO J 11:2473-2486, as in Hay E et al. (2011) PLoS Comput Biol 7:e1002107.
Names, defaults and numbers as in the Allen Institute's models (Gouwens NW et al. 2018, Nat Commun 9:710),
the same at every temperature. vshift moves both curves.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX Kv3_1
    USEION k READ ek WRITE ik
    RANGE gbar, g, ik
}

PARAMETER {
    gbar = 0.00001 (S/cm2)
    vshift = 0 (mV)
}

ASSIGNED {
    v (mV)
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
    LOCAL u
    u = v - vshift
    mInf = 1/(1 + exp(-(u - 18.7 (mV))/9.7 (mV)))
    mTau = 4 (ms)/(1 + exp(-(u + 46.56 (mV))/44.14 (mV)))
}
