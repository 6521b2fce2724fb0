: Two states that pull at each other, not linear: Newton's iteration.
NEURON { SUFFIX newtons RANGE a, b, rate }
PARAMETER { a = 2 b = 3 }
ASSIGNED { v rate }
STATE { x w }
INITIAL { x = 0.5 w = 1 }
BREAKPOINT { SOLVE pull METHOD derivimplicit }
DERIVATIVE pull {
    rate = a*x*w
    x' = 1 - rate - 0.3*x
    w' = b*exp(-x) - w*w - rate
}
