NEURON { SUFFIX wrong USEION ca READ eca, cab WRITE ina USEION ca READ cai }
ASSIGNED { v }
