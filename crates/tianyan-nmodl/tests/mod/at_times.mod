: at_time, state_discontinuity, and a current that an electrode brings.
NEURON { POINT_PROCESS at_times RANGE start, s ELECTRODE_CURRENT i }
PARAMETER { start = 2 }
ASSIGNED { i v on }
STATE { s }
INITIAL { s = 0 on = 0 }
BREAKPOINT {
    if (at_time(start)) { on = 1 }
    SOLVE decay METHOD cnexp
    i = 0.01*on + s
}
DERIVATIVE decay { s' = -s/4 }
NET_RECEIVE(w) { state_discontinuity(s, s + w) }
