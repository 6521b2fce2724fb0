: Arrays, FROM, an index that only the run knows, DEFINE.
NEURON { SUFFIX arrays RANGE sum, chosen, at }
DEFINE N 4
PARAMETER { at = 2 }
ASSIGNED { sum chosen weight[N] }
STATE { s[N] }
INITIAL {
    FROM k = 0 TO N-1 { weight[k] = (k + 1)^2 s[k] = 0.1*k }
    sum = 0
}
BREAKPOINT { SOLVE decay METHOD cnexp SOLVE add }
DERIVATIVE decay { FROM k = 0 TO N-1 { s'[k] = -s[k]/weight[k] } }
PROCEDURE add() {
    LOCAL partial[2]
    partial[0] = 0
    FROM k = 0 TO N-1 BY 2 { partial[0] = partial[0] + s[k] }
    sum = partial[0]
    chosen = weight[at]
    weight[at] = weight[at] + 1
}
