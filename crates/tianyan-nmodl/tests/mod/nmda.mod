TITLE A receptor whose current is not affine in v
NEURON {
    POINT_PROCESS Nmda
    USEION ca WRITE ica
    NONSPECIFIC_CURRENT i
    RANGE tau, e, mg, g, i, ica, last
}
UNITS { (mV) = (millivolt) (nA) = (nanoamp) (uS) = (microsiemens) }
PARAMETER { tau = 50 (ms) <1e-9, 1e9> e = 0 (mV) mg = 1 }
ASSIGNED { v (mV) i (nA) ica (nA) last (ms) }
STATE { g (uS) }
INITIAL { g = 0 last = -1000 }
BREAKPOINT {
    LOCAL open
    SOLVE decay METHOD cnexp
    open = block(v)
    ica = 0.1*g*open*(v - 120)
    i = 0.9*g*open*(v - e)
}
DERIVATIVE decay { g' = -g/tau }
FUNCTION block(v (mV)) { block = 1/(1 + exp(-0.062*v)*(mg/3.57)) }
NET_RECEIVE(w (uS), count, spent (ms)) {
    if (t - last > 5 && w > 0) {
        g = g + w*exp(-(t - last)/100)
        count = count + 1
    } else if (w < 0) {
        state_discontinuity(g, 0)
    }
    spent = t - last
    last = t
}
