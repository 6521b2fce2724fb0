: VERBATIM that ends a block early, calculates, prints, and asks an ion.
NEURON { SUFFIX c_return USEION ca READ cai RANGE y, z }
ASSIGNED { v cai y z }
INITIAL { y = sign(v) set() }
FUNCTION sign(x) {
    if (x > 0) {
        VERBATIM
        return 1.;
        ENDVERBATIM
    }
    sign = -1
}
PROCEDURE set() {
    VERBATIM
    double twice = 2*_ion_cai; /* a number of its own */
    if (twice > 1e-4) { z = twice; } else { z += 3; }
    printf("%g\n", z);
    ENDVERBATIM
}
