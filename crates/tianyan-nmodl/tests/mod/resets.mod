: An event sets v itself, a state jumps at a time, and a system is solved under a condition.
NEURON { POINT_PROCESS resets RANGE u, jump, floor_mv POINTER reached NONSPECIFIC_CURRENT i }
PARAMETER { jump = 3 (ms) floor_mv = -55 (mV) tau = 10 (ms) }
ASSIGNED { v (mV) i (nA) reached }
STATE { u g }
INITIAL { u = 0 u0 = 0.5 g = 0 net_send(0, 1) }
BREAKPOINT {
    if (u > 2) { u = 2 } else { SOLVE decay METHOD cnexp }
    if (at_time(jump)) { state_discontinuity(g, g + 1) }
    i = 1e-3*(g + u + u0)*(v + 70)
}
DERIVATIVE decay { u' = -u/tau g' = -g/tau }
NET_RECEIVE(w) {
    if (flag == 1) {
        WATCH (v > -40) 2
    } else if (flag == 2) {
        v = floor_mv
        u = u + 1
        reached = t
    }
}
