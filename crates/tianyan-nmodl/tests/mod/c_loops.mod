: VERBATIM with loops, a switch, a choice, and a function of its own; a Vector that only hoc could give.
NEURON { SUFFIX c_loops RANGE evens, found, kind, ways, odd, cubes, sum, half, seen POINTER vector }
DEFINE N 5
ASSIGNED { v evens found kind ways odd cubes sum half seen vector a[N] }
VERBATIM
#define COUNT 5
static double cube(double x) { /* of a number */
    double y = x;
    for (int k = 0; k < 2; k++) y *= x;
    return y;
}
ENDVERBATIM
INITIAL {
    VERBATIM
    int j;
    evens = 0;
    for (j = 0; j < 2*COUNT; j++) {
        if (j % 2) continue;
        if (j > 6) break;
        evens += j;
    }
    static double weight[3] = {1., 2., 4.};
    j = 2;
    do { evens += weight[j]; } while (--j >= 0 && evens < 1000);
    half = 7/2 + (int)(v/100.) + 7./2;
    ENDVERBATIM
    fill()
    FROM i = 0 TO N-1 {
        sum = sum + a[i]
        if (a[i] > 20) {
            VERBATIM
            break;
            ENDVERBATIM
        }
    }
    found = first(9)
    kind = named(2) + 100*named(7)
    odd = oddities(3)
    ways = way(4) + 100*way(2) + 10000*way(0) + 1000000*way(-1)
}
PROCEDURE fill() {
    VERBATIM
    IvocVect* vv = *((IvocVect**)(&vector));
    double* px;
    int n = COUNT;
    while (n > 0) { n--; a[n] = n*n + (n > 3 ? 0.5 : 0.25); }
    if (vv) { px = vector_vec(vv); seen = px[0]; } else { seen = -1; }
    cubes = cube(3) + cube(a[1]);
    ENDVERBATIM
}
FUNCTION first(x) {
    VERBATIM
    for (int k = 0; k < COUNT; ++k) {
        if (a[k] >= _lx) return k;
    }
    return -1;
    ENDVERBATIM
}
FUNCTION named(x) {
    VERBATIM
    double y;
    switch ((int)_lx) {
    case 1:
        return 10;
    case 2:
        y = 20;
    case 3:
        if ((y = y + 1) > 20) break;
        y = 50;
        break;
    default:
        y = 70;
    }
    _lnamed = y;
    ENDVERBATIM
}
FUNCTION way(x) {
    VERBATIM
    double y;
    if (_lx > 1) {
        if (_lx > 3) return 1;
        y = 2;
    } else {
        for (y = 3; y < 9; y++) {
            if (_lx < 0) return y;
            if (y > 5) break;
        }
    }
    y += 10;
    return y;
    ENDVERBATIM
}
FUNCTION oddities(x) {
    VERBATIM
    int k = 5; // data/*.dat is no comment
    double y = 0, n = 0;
#if 0
    y = 1000;
#elif 1
    y = 100;
#else
    y = 10000;
#endif
    ENDVERBATIM
    VERBATIM
    printf("http://{ %g", k/2.);
    y += k/2;                              /* 2 */
    y += _lx > 2 ? (n = 0.25) : (n = 0.5);
    y += n;
    { double k = 0.5; y += k; }
    return y;
    ENDVERBATIM
}
