: Simultaneous equations: linear ones whose matrix has a zero on its diagonal, and ones for Newton.
NEURON { SUFFIX equations RANGE x, w, z }
ASSIGNED { v }
STATE { x w z }
INITIAL { x = 0 w = 0 z = 1 }
BREAKPOINT { SOLVE lines SOLVE curve METHOD newton }
LINEAR lines SOLVEFOR x, w {
    ~ 2*w = v + 1
    ~ x + w = 3
}
NONLINEAR curve SOLVEFOR z { ~ z*z*z = 2 + x*x }
