COMMENT
A source of spikes at random: a Poisson process of `rate` from `start` on for `duration`.

The times between spikes are exponentially distributed; the draws are the cell's own, the same on any number of threads
and ranks. Names as PyNN's SpikeSourcePoisson. Every cell to which it connects hears the same spikes.
ENDCOMMENT

UNITS {
    (Hz) = (/s)
}

NEURON {
    ARTIFICIAL_CELL Poisson
    RANGE rate, start, duration
    RANDOM stream
}

PARAMETER {
    rate = 1 (Hz) <0, 1e9>
    start = 0 (ms)
    duration = 1e10 (ms)
}

INITIAL {
    if (rate > 0) {
        net_send(start + gap(), 1)
    }
}

NET_RECEIVE(w) {
    if (flag == 1 && t < start + duration) {
        net_event(t)
        net_send(gap(), 1)
    }
}

FUNCTION gap() (ms) {
    gap = random_negexp(stream, 1000/rate)
}
