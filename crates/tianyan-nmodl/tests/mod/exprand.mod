: Random numbers of files that know no RANDOM: each instance has a stream, whose ids come from the run's seed.
NEURON { SUFFIX old_noise RANGE wait, flat }
ASSIGNED { wait flat }
INITIAL { set_seed(3) wait = 0 flat = 0 }
BREAKPOINT { SOLVE draw }
PROCEDURE draw() { wait = exprand(2) flat = scop_random() }
