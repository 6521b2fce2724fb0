NEURON { SUFFIX wrong RANDOM r RANGE y }
ASSIGNED { y }
INITIAL { y = r + 1 y = random_uniform(y) y = random_normal(r, 1) }
