: BEFORE and AFTER, and two INITIALs that run one after the other.
NEURON { SUFFIX moments RANGE a, b, c, d, e }
ASSIGNED { a b c d e }
BEFORE INITIAL { a = 1 }
INITIAL { b = a + 1 }
INITIAL { b = b + 1 }
AFTER INITIAL { c = b + 1 }
BEFORE BREAKPOINT { d = d + 1 }
AFTER SOLVE { e = e + 1 }
BEFORE STEP { c = c + 10 }
