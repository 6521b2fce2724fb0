: Arguments of connections: INITIAL sets them, NET_RECEIVE changes them, FOR_NETCONS walks them.
NEURON { POINT_PROCESS plastic RANGE g, last NONSPECIFIC_CURRENT i }
PARAMETER { tau = 3 gain = 0.1 }
ASSIGNED { v i last }
STATE { g }
INITIAL { g = 0 last = -1000 net_send(0, 1) }
BREAKPOINT { SOLVE decay METHOD cnexp i = g*v }
DERIVATIVE decay { g' = -g/tau }
NET_RECEIVE(w, trace, seen) {
    INITIAL { trace = 1 seen = -1000 }
    if (flag == 0) {
        g = g + w*trace
        trace = trace*exp(-(t - seen)/20) + gain
        seen = t
    } else if (flag == 1) {
        WATCH (v > 0) 2
    } else {
        last = t
        FOR_NETCONS(w1, trace1, seen1) { trace1 = trace1 + gain*exp(-(t - seen1)/20) }
    }
}
