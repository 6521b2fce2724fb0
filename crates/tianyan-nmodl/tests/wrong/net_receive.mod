NEURON { POINT_PROCESS wrong RANGE y }
ASSIGNED { y }
NET_RECEIVE(w, a) { FOR_NETCONS(x) { x = x + y } WATCH (y) 2 net_send(1) }
