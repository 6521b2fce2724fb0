COMMENT
A leaky integrator that fires: m decays with tau, an event adds its weight, and m > 1 is a spike, after which
nothing counts for `refrac`. m' = -m/tau.

Equation: the leaky integrate-and-fire cell without a membrane (Hines ML, Carnevale NT (2004) Discrete event
simulation in the NEURON environment. Neurocomputing 58-60:1117-1122). Names and defaults as NEURON's IntFire1; as
there m is brought up to date by events only, and is 2 while refractory.
ENDCOMMENT

NEURON {
    ARTIFICIAL_CELL IntFire1
    RANGE tau, refrac, m
}

PARAMETER {
    tau = 10 (ms)
    refrac = 5 (ms)
}

ASSIGNED {
    m
    t0 (ms)                     : when m was true
    refractory
}

INITIAL {
    m = 0
    t0 = t
    refractory = 0
}

NET_RECEIVE(w) {
    if (refractory == 0) {
        m = m*exp(-(t - t0)/tau) + w
        t0 = t
        if (m > 1) {
            m = 2
            refractory = 1
            net_event(t)
            net_send(refrac, 1)
        }
    } else if (flag == 1) {
        m = 0
        t0 = t
        refractory = 0
    }
}
