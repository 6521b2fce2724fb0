: euler, a rate that vanishes, a time constant that vanishes, and an equation that is not linear in its state.
NEURON { SUFFIX methods RANGE alpha, beta, tau, inf }
PARAMETER { alpha = 0 beta = 0 tau = 0 inf = 0.3 }
STATE { x y fast slow free square }
INITIAL { x = 1 y = 0 fast = 0.9 slow = 0.5 free = 2 square = 1 }
BREAKPOINT { SOLVE turn METHOD euler SOLVE relax METHOD cnexp SOLVE count }
DERIVATIVE turn { x' = -y y' = x }
DERIVATIVE relax {
    fast' = (inf - fast)/tau
    slow' = alpha*(1 - slow) - beta*slow
    if (free > 1) { free' = -0.5*free } else { free' = 3 }
    square' = 1 - square*square
}
PROCEDURE count() { alpha = alpha + 0.001*dt }
