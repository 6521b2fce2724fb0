: WATCH: counts how often v goes up through one value and down through another.
NEURON { POINT_PROCESS watcher RANGE up, down, high, low }
PARAMETER { high = -20 low = -50 }
ASSIGNED { v up down }
INITIAL { up = 0 down = 0 net_send(0, 1) }
NET_RECEIVE(w) {
    if (flag == 1) { WATCH (v > high) 2 }
    if (flag == 2) { up = up + 1 WATCH (v < low) 3 }
    if (flag == 3) { down = down + 1 WATCH (v > high) 2 }
}
