: RANDOM: three distributions and whole numbers, from a stream with settable ids.
NEURON { SUFFIX noise RANDOM r RANGE flat, bell, wait, word NONSPECIFIC_CURRENT i }
ASSIGNED { flat bell wait word i v }
INITIAL { random_setseq(r, 8) flat = 0 bell = 0 wait = 0 word = 0 }
BREAKPOINT { SOLVE draw i = 1e-6*v }
PROCEDURE draw() {
    flat = random_uniform(r, 2, 4)
    bell = random_normal(r, 1, 0.5)
    if (bell > 1) { wait = random_negexp(r, 3) }
    word = random_ipick(r)
}
