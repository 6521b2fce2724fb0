COMMENT
The sodium, potassium and leak channels of the squid giant axon, resting at -65 mV.
ina = gnabar m^3 h (v - ena), ik = gkbar n^4 (v - ek), il = gl (v - el).

Equations: Hodgkin AL, Huxley AF (1952) A quantitative description of membrane current and its application
to conduction and excitation in nerve. J Physiol 117:500-544, with depolarisation upwards and v shifted to
the resting potential. The numbers are NEURON's hh without its table; rates grow threefold in 10 degC.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX hh
    USEION na READ ena WRITE ina
    USEION k READ ek WRITE ik
    NONSPECIFIC_CURRENT il
    RANGE gnabar, gkbar, gl, el, gna, gk, minf, hinf, ninf, mtau, htau, ntau
}

PARAMETER {
    gnabar = 0.12 (S/cm2)
    gkbar = 0.036 (S/cm2)
    gl = 0.0003 (S/cm2)
    el = -54.3 (mV)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ena (mV)
    ek (mV)
    ina (mA/cm2)
    ik (mA/cm2)
    il (mA/cm2)
    gna (S/cm2)
    gk (S/cm2)
    minf
    hinf
    ninf
    mtau (ms)
    htau (ms)
    ntau (ms)
}

STATE {
    m
    h
    n
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    gna = gnabar*m*m*m*h
    ina = gna*(v - ena)
    gk = gkbar*n*n*n*n
    ik = gk*(v - ek)
    il = gl*(v - el)
}

INITIAL {
    rates(v)
    m = minf
    h = hinf
    n = ninf
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
    n' = (ninf - n)/ntau
}

: Opening rate alpha and closing rate beta of each gate, /ms at 6.3 degC.
PROCEDURE rates(v (mV)) {
    LOCAL alpha, beta, sum, q10
    q10 = 3^((celsius - 6.3 (degC))/10 (degC))

    alpha = 0.1 (/mV/ms)*vtrap(-(v + 40 (mV)), 10 (mV))
    beta = 4 (/ms)*exp(-(v + 65 (mV))/18 (mV))
    sum = alpha + beta
    mtau = 1/(q10*sum)
    minf = alpha/sum

    alpha = 0.07 (/ms)*exp(-(v + 65 (mV))/20 (mV))
    beta = 1 (/ms)/(exp(-(v + 35 (mV))/10 (mV)) + 1)
    sum = alpha + beta
    htau = 1/(q10*sum)
    hinf = alpha/sum

    alpha = 0.01 (/mV/ms)*vtrap(-(v + 55 (mV)), 10 (mV))
    beta = 0.125 (/ms)*exp(-(v + 65 (mV))/80 (mV))
    sum = alpha + beta
    ntau = 1/(q10*sum)
    ninf = alpha/sum
}

: x/(exp(x/y) - 1), by its series near 0.
FUNCTION vtrap(x (mV), y (mV)) (mV) {
    if (fabs(x/y) < 1e-6) {
        vtrap = y*(1 - x/y/2)
    } else {
        vtrap = x/(exp(x/y) - 1)
    }
}
