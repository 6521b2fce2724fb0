: TABLE in a function and in a procedure that calls it (NEURON fills tables in the order of the text); computed exactly
: unless tables are asked for.
NEURON { SUFFIX tabled RANGE inf, tau, f, steep, part GLOBAL scale }
PARAMETER { shift = 3 }
ASSIGNED { v inf tau f celsius scale steep part[2] }
STATE { m }
INITIAL { rates(v) m = inf f = 0 }
BREAKPOINT { SOLVE states METHOD cnexp }
DERIVATIVE states { rates(v) m' = (inf - m)/tau f = bell(v) steep = scale*f }
FUNCTION bell(x) {
    TABLE FROM -100 TO 100 WITH 50
    bell = exp(-x*x/900)
}
PROCEDURE rates(x) {
    TABLE inf, tau, part DEPEND celsius FROM -100 TO 100 WITH 200
    inf = 1/(1 + exp(-(x + shift)/9))
    tau = 1 + 5*bell(x)
    FROM k = 0 TO 1 { part[k] = x*(k + 1) }
    scale = 2 + celsius/10 : beside the table: set when it is filled
}
