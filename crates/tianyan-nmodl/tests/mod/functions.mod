: Every built-in function, operator and comparison.
NEURON { SUFFIX functions RANGE p, r, a1, a2, a3, a4, a5, a6, a7, a8, a9 NONSPECIFIC_CURRENT i }
PARAMETER { p = 0.3 r = 1.7 }
ASSIGNED { v i a1 a2 a3 a4 a5 a6 a7 a8 a9 }
STATE { s }
BREAKPOINT {
    SOLVE all
    i = 1e-9*sinh(v/50)*fabs(p) + 1e-6*v
}
PROCEDURE all() {
    a1 = exp(p) + log(fabs(r) + 1e-3) + log10(p*p + 0.1)
    a2 = sqrt(p*p + r) + floor(10*r) - ceil(10*p) + fmod(10*r, 3)
    a3 = sin(r) + cos(p) + tan(0.1*r)
    a4 = asin(p/(1 + fabs(p))) + acos(p/(1 + fabs(p))) + atan(r)
    a5 = sinh(p) + cosh(r) + tanh(p - r)
    a6 = pow(fabs(r), p) + r^3 + r^-2 + (p - r)^2 + 10^p + fabs(p)^0.5
    a7 = fmin(p, r) + 2*fmax(p, r)
    a8 = (p < r) + 2*(p <= r) + 4*(p > r) + 8*(p >= r) + 16*(p == r) + 32*(p != r)
    if (!(p < 0) && r || p > 5) { a9 = 1 } else if (p) { a9 = 2 } else { a9 = 3 }
    s = s + -p^2
}
