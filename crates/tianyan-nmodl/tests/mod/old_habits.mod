TITLE Habits of old files: comments of all kinds, INDEPENDENT, PLOT, units with factors, blocks nobody uses
COMMENT
A naïve channel of 1994; `}` and { mean nothing here
ENDCOMMENT
INDEPENDENT { t FROM 0 TO 1 WITH 100 (ms) }
NEURON { SUFFIX old_habits USEION k READ ek WRITE ik RANGE gbar, ik GLOBAL q10 }
UNITS { (mV) = (millivolt) (mA) = (milliamp) (S) = (siemens) F = (faraday) (kilocoulombs) R = (k-mole) (joule/degC) }
PARAMETER { gbar = .01 (S/cm2) <0,1> q10 = 3 dt (ms) celsius = 16 (degC) v (mV) }
STATE { n FROM 0 TO 1 START .3 }
ASSIGNED { ek (mV) ik (mA/cm2) rate (/ms) }
PLOT n, ik VS t
BREAKPOINT { SOLVE states METHOD cnexp ik = gbar*n^4*(v - ek) } : the current ? of potassium
UNITSOFF
INITIAL { n = n0 }
DERIVATIVE states { rate = q10^((celsius - 6.3)/10)*R/F n' = rate*(1 - n) }
UNITSON
FUNCTION unused(x (mV)) (/ms) { unused = x/dt }
