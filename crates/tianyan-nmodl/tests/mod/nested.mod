: Loops inside of loops, whose ends only the run knows: pairs, and a binomial number drawn for each of several groups.
NEURON { SUFFIX nested RANGE groups, pairs, rounds, drawn, first, lucky RANDOM r }
PARAMETER { groups = 4 chance = 0.3 }
ASSIGNED { v pairs rounds drawn first lucky }
INITIAL { random_setseq(r, 0) count() }
BREAKPOINT { count() }
PROCEDURE count() { LOCAL i, j, k
    pairs = 0
    rounds = 0
    i = 0
    WHILE (i < groups) {
        j = 0
        WHILE (j <= i) {
            k = j
            WHILE (k > 0) { k = k - 2 rounds = rounds + 1 }
            pairs = pairs + i*10 + j
            j = j + 1
        }
        i = i + 1
    }
    drawn = 0
    i = 0
    WHILE (i < groups) {
        drawn = drawn + binomial(5 + i)
        i = i + 1
    }
    first = 0
    WHILE (first*first < pairs) { first = first + 1 }
    lucky = 0
    WHILE (random_uniform(r) < 0.6) { lucky = lucky + 1 }
}
FUNCTION binomial(n) { LOCAL k
    k = 0
    binomial = 0
    WHILE (k < n) {
        if (random_uniform(r) < chance) { binomial = binomial + 1 }
        k = k + 1
    }
}
