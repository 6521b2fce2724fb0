COMMENT
A sodium channel of twelve states: four sensors and the pore move one after the other (C1 .. C5, O), and at every
station the channel may inactivate (I1 .. I5, I6), the easier the more sensors have moved.

    C1 <-> C2 <-> C3 <-> C4 <-> C5 <-> O      sensors: k alpha exp(v/x1) and j beta exp(v/x2), pore: gamma and delta
    I1 <-> I2 <-> I3 <-> I4 <-> I5 <-> I6     sensors: faster by alfac, back slower by btfac
    C(1+j) <-> I(1+j): Con alfac^j and Coff/btfac^j; O <-> I6: Oon and Ooff

ina = gbar O (v - ena).

Equations: Carter BC, Giessel AJ, Sabatini BL, Bean BP (2012) Transient sodium current at subthreshold voltages:
activation by EPSP waveforms. Neuron 75:1081-1093, from CA1 pyramidal cells of mice at 37 degC.
Names, defaults and numbers as in the Allen Institute's models (Gouwens NW et al. 2018, Nat Commun 9:710), whose
rates are those at 37 degC and grow 2.3-fold in 10 degC. Their state at the start is ours too: it is that of
rest, but for I4 -> I3, whose rate there is that of I3 -> C3, so that the occupancies move a little at first.
ENDCOMMENT

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S)  = (siemens)
}

NEURON {
    SUFFIX NaV
    USEION na READ ena WRITE ina
    RANGE gbar, g
}

PARAMETER {
    gbar = 0.015 (S/cm2)

    Con = 0.01 (/ms)            : C1 to I1
    Coff = 40 (/ms)             : I1 to C1
    Oon = 8 (/ms)               : O to I6
    Ooff = 0.05 (/ms)           : I6 to O
    alpha = 400 (/ms)           : a sensor at 0 mV
    beta = 12 (/ms)             : and back
    gamma = 250 (/ms)           : the pore opens
    delta = 60 (/ms)            : and closes
    alfac = 2.51
    btfac = 5.32
    x1 = 24 (mV)
    x2 = -24 (mV)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ena (mV)
    ina (mA/cm2)
    g (S/cm2)

    q10
    up (/ms)                    : one sensor of C
    down (/ms)
    iup (/ms)                   : one sensor of I
    idown (/ms)
    on1 (/ms)                   : C1 to I1 ...
    on2 (/ms)
    on3 (/ms)
    on4 (/ms)
    on5 (/ms)
    off1 (/ms)                  : I1 to C1 ...
    off2 (/ms)
    off3 (/ms)
    off4 (/ms)
    off5 (/ms)
}

STATE {
    C1
    C2
    C3
    C4
    C5
    O
    I1
    I2
    I3
    I4
    I5
    I6
}

BREAKPOINT {
    SOLVE gating METHOD sparse
    g = gbar*O
    ina = g*(v - ena)
}

INITIAL {
    rates(v)
    SOLVE start
}

KINETIC gating {
    rates(v)
    ~ C1 <-> C2 (4*up, down)
    ~ C2 <-> C3 (3*up, 2*down)
    ~ C3 <-> C4 (2*up, 3*down)
    ~ C4 <-> C5 (up, 4*down)
    ~ C5 <-> O (q10*gamma, q10*delta)

    ~ I1 <-> I2 (4*iup, idown)
    ~ I2 <-> I3 (3*iup, 2*idown)
    ~ I3 <-> I4 (2*iup, 3*idown)
    ~ I4 <-> I5 (iup, 4*idown)
    ~ I5 <-> I6 (q10*gamma, q10*delta)

    ~ C1 <-> I1 (on1, off1)
    ~ C2 <-> I2 (on2, off2)
    ~ C3 <-> I3 (on3, off3)
    ~ C4 <-> I4 (on4, off4)
    ~ C5 <-> I5 (on5, off5)
    ~ O <-> I6 (q10*Oon, q10*Ooff)

    CONSERVE C1 + C2 + C3 + C4 + C5 + O + I1 + I2 + I3 + I4 + I5 + I6 = 1
}

: What leaves each state = what enters it. off3*I4 is explained above.
LINEAR start {
    ~ (4*up + on1)*C1 = down*C2 + off1*I1
    ~ (down + 3*up + on2)*C2 = 4*up*C1 + 2*down*C3 + off2*I2
    ~ (2*down + 2*up + on3)*C3 = 3*up*C2 + 3*down*C4 + off3*I3
    ~ (3*down + up + on4)*C4 = 2*up*C3 + 4*down*C5 + off4*I4
    ~ (4*down + q10*gamma + on5)*C5 = up*C4 + q10*delta*O + off5*I5
    ~ q10*(delta + Oon)*O = q10*gamma*C5 + q10*Ooff*I6

    ~ (off1 + 4*iup)*I1 = on1*C1 + idown*I2
    ~ (idown + off2 + 3*iup)*I2 = 4*iup*I1 + on2*C2 + 2*idown*I3
    ~ (2*idown + off3 + 2*iup)*I3 = 3*iup*I2 + on3*C3 + off3*I4
    ~ (3*idown + off4 + iup)*I4 = 2*iup*I3 + on4*C4 + 4*idown*I5
    ~ (4*idown + off5 + q10*gamma)*I5 = iup*I4 + on5*C5 + q10*delta*I6

    ~ C1 + C2 + C3 + C4 + C5 + O + I1 + I2 + I3 + I4 + I5 + I6 = 1
}

PROCEDURE rates(v (mV)) {
    q10 = 2.3^((celsius - 37 (degC))/10 (degC))
    up = q10*alpha*exp(v/x1)
    down = q10*beta*exp(v/x2)
    iup = up*alfac
    idown = down/btfac

    on1 = q10*Con
    on2 = on1*alfac
    on3 = on2*alfac
    on4 = on3*alfac
    on5 = on4*alfac
    off1 = q10*Coff
    off2 = off1/btfac
    off3 = off2/btfac
    off4 = off3/btfac
    off5 = off4/btfac
}
