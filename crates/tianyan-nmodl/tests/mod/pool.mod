: A concentration that is ASSIGNED, a shell that is a STATE, a GLOBAL, and a TABLE.
NEURON {
    SUFFIX pool
    USEION ca READ cai, ica WRITE cai
    USEION x READ xi WRITE ix VALENCE 2
    RANGE depth, gain
    GLOBAL q, level
}
UNITS { FARADAY = (faraday) (coulomb) (mM) = (milli/liter) R = (k-mole) (joule/degC) }
CONSTANT { two = 2 }
PARAMETER { depth = 0.1 (um) q = 3 celsius (degC) diam (um) }
ASSIGNED { ica (mA/cm2) cai (mM) xi (mM) ix gain level v (mV) }
STATE { shell (mM) }
INITIAL { shell = cai gain = q*diam }
BREAKPOINT {
    SOLVE integrate METHOD cnexp
    ix = 1e-6*(v + R*(celsius + 273.15)/(two*FARADAY)*1000*log(xi/shell))*gain
}
DERIVATIVE integrate {
    rates(v)
    shell' = -(10000)*ica/(2*FARADAY*depth) - (shell - 1e-4)/level
    cai = shell
}
PROCEDURE rates(v) {
    TABLE level DEPEND q FROM -100 TO 100 WITH 200
    level = 80*q^2/(1 + exp(-v/20))
}
