: Two states that pull at each other, not linear: Newton's iteration.
NEURON { SUFFIX newton RANGE a, b, rate }
PARAMETER { a = 2 b = 3 }
ASSIGNED { v rate }
STATE { x y }
INITIAL { x = 0.5 y = 1 }
BREAKPOINT { SOLVE pull METHOD derivimplicit }
DERIVATIVE pull {
    rate = a*x*y
    x' = 1 - rate - 0.3*x
    y' = b*exp(-x) - y*y - rate
}
