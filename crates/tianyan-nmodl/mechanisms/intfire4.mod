COMMENT
A leaky integrator of a fast excitatory current e and a slower inhibitory current i2, which rises with taui1 and
decays with taui2. Weights above 0 excite, others inhibit; m fires at 1, after which only m returns to 0.
e' = -e/taue, i1' = -i1/taui1, i2' = -i2/taui2 + ai1 i1, m' = -m/taum + ae e + ai2 i2.
The factors ae, ai1 and ai2 make a weight of 1 (-1) a largest m of 1 (-1).

Between events all four are sums of exponentials. m rises no faster than its slope now, so an event of its own
never comes late to the threshold, and comes again until it is reached (van Elburg RAJ, van Ooyen A (2009)
Generalization of the event-based Carnevale-Hines integration scheme for integrate-and-fire models. Neural Comput
21:1913-1930). Names and defaults as NEURON's IntFire4; as there variables are brought up to date by events only,
and time constants that lie within taueps of each other, or in the wrong order, are moved at the start.
ENDCOMMENT

NEURON {
    ARTIFICIAL_CELL IntFire4
    RANGE taue, taui1, taui2, taum, e, i1, i2, m, ae, ai2, ai1
    RANGE nself, nexcite, ninhibit
    GLOBAL eps, taueps
}

PARAMETER {
    taue = 5 (ms)
    taui1 = 10 (ms)
    taui2 = 20 (ms)
    taum = 50 (ms)
    ib = 0                      : not used
    eps = 1e-6                  : m fires this much below 1
    taueps = 0.01 (ms)
}

ASSIGNED {
    e
    i1
    i2
    m
    t0 (ms)                     : when they were true
    nself                       : events of its own, excitatory ones, others
    nexcite
    ninhibit

    ke (/ms)
    ki1 (/ms)
    ki2 (/ms)
    km (/ms)
    ae (/ms)
    ai1 (/ms)
    ai2 (/ms)
    be
    bi1
    bi2
    a
    b
}

INITIAL {
    order()
    factors()
    e = 0
    i1 = 0
    i2 = 0
    m = 0
    t0 = t
    nself = 0
    nexcite = 0
    ninhibit = 0
    net_send(soonest(), 1)
}

NET_RECEIVE(w) {
    advance(t - t0)
    t0 = t
    if (m > 1 - eps) {
        m = 0
        net_event(t)
    }
    if (flag == 1) {
        nself = nself + 1
        net_send(soonest(), 1)
    } else {
        if (w > 0) {
            nexcite = nexcite + 1
            e = e + w
        } else {
            ninhibit = ninhibit + 1
            i1 = i1 + w
        }
        net_move(soonest() + t)
    }
}

: When m would reach 1 if it went on as now.
FUNCTION soonest() (ms) {
    LOCAL slope
    slope = ae*e + ai2*i2 - km*m
    if (slope <= 1e-9) {
        soonest = 1e9
    } else {
        soonest = (1 - m)/slope
    }
}

: All four, d later.
PROCEDURE advance(d (ms)) {
    LOCAL ee, ei1, ei2, em
    ee = exp(-ke*d)
    ei1 = exp(-ki1*d)
    ei2 = exp(-ki2*d)
    em = exp(-km*d)
    m = m*em + be*e*(em - ee) + (bi2*i2 + a*i1)*(em - ei2) - b*i1*(em - ei1)
    i2 = i2*ei2 + bi1*i1*(ei2 - ei1)
    i1 = i1*ei1
    e = e*ee
}

PROCEDURE factors() {
    LOCAL peak
    ke = 1/taue
    ki1 = 1/taui1
    ki2 = 1/taui2
    km = 1/taum

    : e alone: the largest m is 1.
    peak = log(km/ke)/(km - ke)
    be = 1/(exp(-km*peak) - exp(-ke*peak))
    ae = be*(ke - km)
    : i1 alone: the largest i2 is 1,
    peak = log(ki2/ki1)/(ki2 - ki1)
    bi1 = 1/(exp(-ki2*peak) - exp(-ki1*peak))
    ai1 = bi1*(ki1 - ki2)
    : and the largest m too.
    weigh(1)
    e = 0
    i1 = 1
    i2 = 0
    m = 0
    advance(latest())
    weigh(1/m)
}

: The factor of i2 in m, and what follows from it.
PROCEDURE weigh(factor) {
    bi2 = factor
    ai2 = bi2*(ki2 - km)
    a = bi2*bi1
    b = a*(ki2 - km)/(ki1 - km)
}

: When i1 alone makes m largest: where the sign of m' changes, between two powers of 10 and then by halves.
FUNCTION latest() (ms) {
    LOCAL low, high
    low = 1 (ms)
    high = 1 (ms)
    if (rising(low) < 0) {
        while (rising(low) < 0 && low > 1e-9) {
            high = low
            low = low/10
        }
    } else {
        while (rising(high) > 0 && high < 1e9) {
            low = high
            high = high*10
        }
    }
    latest = low
    while (high - low > 1e-6) {
        latest = (low + high)/2
        if (rising(latest) > 0) {
            low = latest
        } else {
            high = latest
        }
    }
}

: Has the sign of m', d after i1 was 1.
FUNCTION rising(d (ms)) {
    rising = (ki2*exp(-ki2*d) - km*exp(-km*d))/(ki2 - km) - (ki1*exp(-ki1*d) - km*exp(-km*d))/(ki1 - km)
}

: taue and taui1 below taui2, and no two of the four within taueps, which the exponentials would divide by.
PROCEDURE order() {
    LOCAL other
    if (taui2 < 4*taueps) {
        taui2 = 4*taueps
    }
    if (taui1 < 3*taueps) {
        taui1 = 3*taueps
    }
    if (taue < 2*taueps) {
        taue = 2*taueps
    }
    if (taui2 - taue < taueps) {
        taue = taui2 - taueps
    }
    if (taui1 > taui2) {
        other = taui2
        taui2 = taui1
        taui1 = other
    }
    if (taui2 - taui1 < taueps) {
        taui1 = taui2 - taueps
    }

    if (taum > taui2) {
        if (taum - taui2 < taueps) {
            taum = taui2 + taueps
        }
    } else {
        if (taui2 - taum < taueps) {
            taum = taui2 - taueps
        }
        if (fabs(taui1 - taum) < taueps) {
            taum = taui1 - taueps
        }
        : Once more: rounding may have left them too close.
        if (fabs(taui1 - taum) < taueps) {
            if (taui1 < taum) {
                taum = taui1 - taueps
            } else {
                taui1 = taum - taueps
            }
        }
        if (fabs(taue - taum) < taueps) {
            if (taue < taum) {
                taum = taue - taueps
            } else {
                taue = taum - taueps
            }
        }
        if (fabs(taui1 - taum) < taueps) {
            taum = taui1 - taueps
        }
    }
}
