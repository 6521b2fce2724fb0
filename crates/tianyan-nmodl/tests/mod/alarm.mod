: net_send and net_move: a pulse that each event prolongs.
NEURON { POINT_PROCESS alarm RANGE on, count NONSPECIFIC_CURRENT i }
PARAMETER { width = 2 }
ASSIGNED { on count i v }
INITIAL { on = 0 count = 0 net_send(1, 3) }
BREAKPOINT { i = -0.01*on }
NET_RECEIVE(w) {
    if (flag == 0) {
        if (on == 0) { net_send(width, 1) on = w } else { net_move(t + width) }
    } else if (flag == 1) {
        on = 0
        count = count + 1
    } else {
        count = count + 10
    }
}
