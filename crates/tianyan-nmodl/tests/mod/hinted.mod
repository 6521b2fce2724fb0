NEURON { SUFFIX hinted USEION na READ ena WRITE ina NONSPECIFIC_CURRENT il RANGE g, el }
PARAMETER { g = 0.002 el = -60 }
ASSIGNED { v ena ina il gna gl }
STATE { m }
INITIAL { m = 1 }
BREAKPOINT {
    CONDUCTANCE gna USEION na
    CONDUCTANCE gl
    gna = g*m/(1 + exp(-v))
    gl = 1e-4
    ina = gna*(v - ena)
    il = gl*(v - el)
}
