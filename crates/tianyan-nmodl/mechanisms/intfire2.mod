COMMENT
A leaky integrator of a current: events add their weight to i, which decays to ib with taus, m follows i with taum
and fires at 1. taus i' = ib - i, taum m' = i - m; after a spike m = 0.

Between events, s after the last, with f = taus/(taus - taum):
i = ib + (i0 - ib) exp(-s/taus), m = ib + f (i0 - ib) exp(-s/taus) + (m0 - ib - f (i0 - ib)) exp(-s/taum),
so that the next spike is known in advance (Hines ML, Carnevale NT (2004) Discrete event simulation in the NEURON
environment. Neurocomputing 58-60:1117-1122). Names, defaults and the Newton iteration (from where, and when it
ends) as NEURON's IntFire2; as there i and m are brought up to date by events only.
ENDCOMMENT

NEURON {
    ARTIFICIAL_CELL IntFire2
    RANGE taus, taum, ib, i, m
}

PARAMETER {
    taus = 20 (ms)
    taum = 10 (ms)
    ib = 0
}

ASSIGNED {
    i
    m
    t0 (ms)                     : when i and m were true
}

INITIAL {
    i = ib
    m = 0
    if (taus <= taum) {
        taus = taum + 0.1 (ms)
    }
    t0 = t
    net_send(ahead(ib, 0, 0), 1)
}

NET_RECEIVE(w) {
    LOCAL f, slow, fast
    f = taus/(taus - taum)
    slow = (i - ib)*exp(-(t - t0)/taus)
    fast = (m - (ib + (i - ib)*f))*exp(-(t - t0)/taum)
    i = ib + slow
    t0 = t
    if (flag == 1) {
        m = 0
        net_event(t)
        net_send(ahead(ib, (i - ib)*f, 0), 1)
    } else {
        m = ib + f*slow + fast
        i = i + w
        if (m >= 1) {
            net_move(t)
        } else {
            net_move(ahead(ib, (i - ib)*f, m) + t)
        }
    }
}

: How long until a + b exp(-s/taus) + (c - a - b) exp(-s/taum) = 1; 1e9 if never. It is c < 1 at s = 0.
FUNCTION ahead(a, b, c) (ms) {
    LOCAL r, rest, x, top, slope
    r = taum/taus
    rest = c - a - b
    slope = r*b + rest          : in x = exp(-s/taum), at x = 1
    if (a <= 1 && a + b <= 1) {
        ahead = 1e9
    } else if (a > 1 && b <= 0) {
        : There is one. Newton's first step must not leave 0 < x: else in exp(-s/taus), from 0.
        x = 0
        if (slope < 0) {
            x = (1 - c + slope)/slope
        }
        if (x <= 0) {
            ahead = -taus*log(root(a, rest, b, 1/r, 0))
        } else {
            ahead = -taum*log(root(a, b, rest, r, x))
        }
    } else {
        : There is one if the maximum lies in the future and above 1.
        x = (-rest/(r*b))^(1/(r - 1))
        top = a + b*x^r + rest*x
        if (x >= 1 || top <= 1) {
            ahead = 1e9
        } else {
            ahead = -taum*log(root(a, b, rest, r, (1 - c + slope)/slope))
        }
    }
}

: Where a + b x^r + c x = 1 in 0 < x <= 1, from `start`; eleven steps at most.
FUNCTION root(a, b, c, r, start) {
    LOCAL x, value, slope, step, steps
    x = start
    value = 0
    step = 1
    steps = 0
    while (steps < 11 && (fabs(step) > 1e-6 || fabs(value - 1) > 1e-6)) {
        value = a + b*x^r + c*x
        slope = r*b*x^(r - 1) + c
        step = (1 - value)/slope
        x = x + step
        if (x <= 0) {
            x = 1e-4
        } else if (x > 1) {
            x = 1
        }
        steps = steps + 1
    }
    root = x
}
