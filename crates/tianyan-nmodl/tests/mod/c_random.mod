: The random streams of files that know no RANDOM.
NEURON { POINT_PROCESS c_random POINTER rng RANGE wait, level }
ASSIGNED { rng wait level }
INITIAL { wait = waiting() level = uniform() }
FUNCTION waiting() {
    VERBATIM
    if (_p_rng) {
        _lwaiting = nrn_random_pick(_p_rng);
    } else {
    ENDVERBATIM
        waiting = exprand(5)
    VERBATIM
    }
    ENDVERBATIM
}
FUNCTION uniform() {
    VERBATIM
    _luniform = nrnran123_dblpick((nrnran123_State*)_p_rng);
    ENDVERBATIM
}
PROCEDURE set_stream() {
    VERBATIM
    void** pv = (void**)(&_p_rng);
    *pv = nrn_random_arg(1);
    ENDVERBATIM
}
