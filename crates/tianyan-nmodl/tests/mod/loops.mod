: WHILE, a FROM whose ends only the run knows, and a condition that is known when the file is compiled.
NEURON { SUFFIX loops RANGE n, root, sum }
PARAMETER { n = 5 }
ASSIGNED { root sum v }
INITIAL {
    LOCAL last
    last = 0
    root = 1 + fabs(v)
    while (fabs(root - last) > 1e-12) { last = root root = 0.5*(root + (1 + fabs(v))/root) }
    sum = 0
    FROM k = 1 TO n { sum = sum + k*k }
    FROM k = 0 TO 2 { if (k > 0) { sum = sum + 100 } }
}
