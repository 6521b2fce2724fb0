: An artificial cell: it integrates weights, leaks, fires, and rests.
NEURON { ARTIFICIAL_CELL integrator RANGE tau, m, refractory }
PARAMETER { tau = 10 (ms) rest = 3 (ms) }
ASSIGNED { m t0 (ms) refractory }
INITIAL { m = 0 t0 = 0 refractory = 0 }
NET_RECEIVE(w) {
    if (refractory == 0) {
        m = m*exp(-(t - t0)/tau) + w
        t0 = t
        if (m > 1) { refractory = 1 m = 2 net_send(rest, 1) net_event(t) }
    } else if (flag == 1) {
        t0 = t
        refractory = 0
        m = 0
    }
}
