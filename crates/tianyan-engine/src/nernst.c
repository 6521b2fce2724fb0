/* Nernst's equation, as step.rs has it, for instances one behind the other. */
void NAME(nernst)(double *reversal, const double *inside, const double *outside, i64 n, double factor) {
  _Pragma("GCC ivdep") for (i64 i = 0; i < n; i++) {
    double y = factor * ty_log(outside[i] / inside[i]);
    y = outside[i] <= 0.0 ? -1e6 : y;
    reversal[i] = inside[i] <= 0.0 ? 1e6 : y;
  }
}
