: FUNCTION_TABLE: the model gives the values.
NEURON { SUFFIX looked_up RANGE y }
ASSIGNED { v y }
INITIAL { y = curve(v) }
BREAKPOINT { SOLVE look }
PROCEDURE look() { y = curve(v) }
FUNCTION_TABLE curve(x)
