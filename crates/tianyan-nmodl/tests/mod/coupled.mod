: Two states that need each other, solved together by backward Euler, and the same by Runge and Kutta.
NEURON { SUFFIX coupled RANGE a, b, p, q }
STATE { a b p q }
INITIAL { a = 1 b = 0 p = 1 q = 0 }
BREAKPOINT { SOLVE implicit METHOD derivimplicit SOLVE explicit METHOD runge }
DERIVATIVE implicit { a' = -a + 0.5*b*b b' = a - b }
DERIVATIVE explicit { p' = -p + 0.5*q*q q' = p - q }
