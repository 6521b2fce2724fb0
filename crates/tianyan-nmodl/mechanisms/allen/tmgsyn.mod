COMMENT
A synapse that depresses and facilitates, with resources of its own for every connection: x of them are recovered,
y active, z inactive (x + y + z = 1), and a spike activates the part u of x after u has grown.
i = g (v - e), g' = -g/tau_1; from event to event y' = -y/tau_1, z' = y/tau_1 - z/tau_rec, u' = -u/tau_facil;
at an event u += U (1 - u), g += weight x u, y += x u. With tau_facil = 0, u is U.

Equations: Tsodyks M, Uziel A, Markram H (2000) Synchrony generation in recurrent networks with frequency-dependent
synapses. J Neurosci 20:RC50, where y is a current; a conductance here. Names and defaults as in ModelDB 3815.
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    POINT_PROCESS tmgsyn
    NONSPECIFIC_CURRENT i
    RANGE e, i, tau_1, tau_rec, tau_facil, U, u0
}

PARAMETER {
    e = -90 (mV)
    tau_1 = 3 (ms)              : decay of g and y
    tau_rec = 100 (ms)          : recovery
    tau_facil = 1000 (ms)       : decay of u
    U = 0.04                    : growth of u
    u0 = 0                      : u before the first event
}

ASSIGNED {
    v (mV)
    i (nA)
}

STATE {
    g (uS)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = g*(v - e)
}

INITIAL {
    g = 0
}

DERIVATIVE states {
    g' = -g/tau_1
}

NET_RECEIVE(weight (uS), y, z, u, last (ms)) {
    LOCAL x, closed, recovered
    INITIAL {
        y = 0
        z = 0
        u = u0
        last = t
    }
    : What is left of y and z since the last event of this connection.
    closed = exp(-(t - last)/tau_1)
    recovered = exp(-(t - last)/tau_rec)
    z = z*recovered + y*(closed - recovered)/(tau_1/tau_rec - 1)
    y = y*closed
    x = 1 - y - z

    if (tau_facil > 0) {
        u = u*exp(-(t - last)/tau_facil)
        u = u + U*(1 - u)
    } else {
        u = U
    }
    g = g + weight*x*u
    y = y + x*u
    last = t
}
