: Simultaneous equations: linear ones whose matrix has a zero on its diagonal, and ones for Newton.
NEURON { SUFFIX equations RANGE x, y, z }
ASSIGNED { v }
STATE { x y z }
INITIAL { x = 0 y = 0 z = 1 }
BREAKPOINT { SOLVE lines SOLVE curve METHOD newton }
LINEAR lines SOLVEFOR x, y {
    ~ 2*y = v + 1
    ~ x + y = 3
}
NONLINEAR curve SOLVEFOR z { ~ z*z*z = 2 + x*x }
