: A chain of three states, linear: eliminated directly. The current reads what the block leaves behind.
NEURON { SUFFIX linear USEION k READ ek WRITE ik RANGE gbar, total }
PARAMETER { gbar = 0.01 (S/cm2) k1 = 0.5 (/ms) k2 = 0.2 (/ms) }
ASSIGNED { v (mV) ek (mV) ik (mA/cm2) total }
STATE { c o i0 START 0.25 }
INITIAL { c = 1 o = 0 }
BREAKPOINT { SOLVE chain METHOD derivimplicit ik = gbar*o*(v - ek) }
DERIVATIVE chain {
    LOCAL up
    up = k1*exp(v/40)
    c' = k2*o - up*c
    o' = up*c - k2*o - 0.1*o + 0.05*i0
    i0' = 0.1*o - 0.05*i0
    total = c + o + i0
}
