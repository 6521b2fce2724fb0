/* What every kernel needs: the loop (C) or the threads of a block (CUDA), and our own elementary functions.
   The functions are the twins of math.rs: same names, same operations in the same order, same bits.
   Compile without contraction: -ffp-contract=off (C), --fmad=false (CUDA). */
#ifdef __CUDACC__
typedef long long i64;
typedef unsigned long long u64;
typedef int i32;
typedef unsigned int u32;
typedef unsigned short u16;
#define FN static __device__ __forceinline__
#define RESTRICT __restrict__
/* Never inlined: each has registers of its own, whatever stands around the call. */
#define KERNEL static __device__ __noinline__ void
#define FUNCTION static __device__ __noinline__ void
#define FMA(a, b, c) fma((a), (b), (c))
#define BITS(x) ((u64)__double_as_longlong(x))
#define DOUBLE(u) __longlong_as_double((i64)(u))
#define FOREACH(i, n) for (i32 i = threadIdx.x; i < (i32)(n); i += blockDim.x) {{
#define END_FOREACH }}
#define ABS(x) fabs(x)
#define FLOOR(x) floor(x)
#define CEIL(x) ceil(x)
#define SQRT(x) sqrt(x)
#define FMOD(a, b) fmod((a), (b))
#define INF DOUBLE(0x7ff0000000000000ULL)
#define NOT_A_NUMBER DOUBLE(0x7ff8000000000000ULL)
typedef bool flag;
/* The arrays that the voltage equation is solved in; what is compiled with this says where they lie. */
#define VOLTAGES(b) TREE_VOLTAGE
#define CURRENTS(b) TREE_RHS
#define DIAGONALS(b) TREE_DIAGONAL
#else
#include <stdint.h>
typedef int64_t i64;
typedef uint64_t u64;
typedef int32_t i32;
typedef uint32_t u32;
#define FN static inline __attribute__((always_inline))
#define RESTRICT restrict
#define KERNEL void
#define FUNCTION void
#define FMA(a, b, c) __builtin_fma((a), (b), (c))
FN u64 BITS(double x) { union { double d; u64 u; } y; y.d = x; return y.u; }
FN double DOUBLE(u64 x) { union { double d; u64 u; } y; y.u = x; return y.d; }
/* n is a multiple of 8; said so, loops need no remainders. */
#define WHOLE(n) ((n) & -8)
#ifdef __clang__
#define FOREACH(i, n) _Pragma("clang loop vectorize(assume_safety)") for (i64 i = 0; i < WHOLE(n); i++) {{
#else
#define FOREACH(i, n) _Pragma("GCC ivdep") for (i64 i = 0; i < WHOLE(n); i++) {{
#endif
#define END_FOREACH }}
#define ABS(x) __builtin_fabs(x)
#define FLOOR(x) __builtin_floor(x)
#define CEIL(x) __builtin_ceil(x)
#define SQRT(x) __builtin_sqrt(x)
#define FMOD(a, b) __builtin_fmod((a), (b))
#define INF __builtin_inf()
#define NOT_A_NUMBER __builtin_nan("")
typedef _Bool flag;
#define VOLTAGES(b) (state + field[b])
#define CURRENTS(b) (state + field[b])
#define DIAGONALS(b) (state + field[b])
#endif
/* Stores to nodes and ions. Where the machine can scatter they stand in the loop; where it cannot (AVX2), the
   loop keeps blocks of them and a second one delivers, so that the first vectorises. */
#if defined(__CUDACC__) || defined(__AVX512F__)
#define FOREACH_BLOCK(i, n, count) FOREACH(i, n)
#define LATE_ADD(k, place, value) place += (value)
#define LATE_SET(k, place, value) place = (value)
#define THEN(i)
#define NOW_ADD(k, place)
#define NOW_SET(k, place)
#define END_BLOCK END_FOREACH
#else
#define FOREACH_BLOCK(i, n, count) { double late[count][64]; for (i64 begin = 0; begin < (n); begin += 64) { \
  const i64 end = begin + WHOLE((n) - begin < 64 ? (n) - begin : 64); _Pragma("GCC ivdep") for (i64 i = begin; i < end; i++) {{
#define LATE_ADD(k, place, value) late[k][i - begin] = (value)
#define LATE_SET(k, place, value) late[k][i - begin] = (value)
#define THEN(i) }} for (i64 i = begin; i < end; i++) {{
#define NOW_ADD(k, place) place += late[k][i - begin]
#define NOW_SET(k, place) place = late[k][i - begin]
#define END_BLOCK }}}}
#endif
#define ARGUMENTS double *RESTRICT state, const i64 *RESTRICT field, const i32 *RESTRICT index, i64 n, double t, double dt, \
  const double *RESTRICT rates
#define FUSED_ARGUMENTS double *RESTRICT state, const i32 *RESTRICT at, i32 n, double t, double dt, \
  const double *const *RESTRICT rates
/* Rates: the place of v among the rows of a table, and the cubic in it. Twins of rates.rs. */
FN double rate_place(const double *rates, double v, i32 *row) {
  double at = (v - rates[0]) * rates[1];
  at = at > 0.0 ? at : 0.0;
  at = at < rates[2] ? at : rates[2];
  i32 whole = (i32)at;
  const i32 last = (i32)rates[3];
  whole = whole < last ? whole : last;
  *row = whole;
  return at - (double)whole;
}
FN double rate_value(const double *c, double part, int columns) {
  return FMA(part, FMA(part, FMA(part, c[3 * columns], c[2 * columns]), c[columns]), c[0]);
}
#ifdef __CUDACC__
#define RATES_AT(table, columns, v) i32 row; const double part = rate_place((table), (v), &row); \
  const double *cubics = (table) + 8 + (i64)row * 4 * (columns);
#define FOREACH_RATED(i, n, count, columns, v) FOREACH(i, n) RATES_AT(rates, columns, v)
#define RATE(k, columns) rate_value(cubics + (k), part, (columns))
#define END_RATED END_FOREACH
#else
#define FOREACH_RATED(i, n, count, columns, v) { double late[count][64]; double rate[64 * (columns)]; double part[64]; \
  i32 row[64]; for (i64 begin = 0; begin < (n); begin += 64) { \
  const i64 end = begin + WHOLE((n) - begin < 64 ? (n) - begin : 64); \
  _Pragma("GCC unroll 1") for (i64 i = begin; i < end; i++) part[i - begin] = rate_place(rates, (v), &row[i - begin]); \
  for (i64 k = 0; k < end - begin; k++) { const double *cubics = rates + 8 + (i64)row[k] * 4 * (columns); \
    const double x = part[k]; for (int c = 0; c < (columns); c++) rate[k * (columns) + c] = rate_value(cubics + c, x, (columns)); } \
  _Pragma("GCC ivdep") for (i64 i = begin; i < end; i++) {{
#define RATE(k, columns) rate[(i - begin) * (columns) + (k)]
#define END_RATED }}}}
#endif
#define SHIFT 6755399441055744.0
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define INVERSE_LN2 1.4426950408889634074
#define EXP_MAX 709.782712893383973096
#define EXP_MIN -708.3
#define EXP_END 708.0
/* What a compiler does not know to be constants it compares and chooses in one instruction. */
#ifdef __CUDACC__
#define EXP_ENDS const double exp_low = -EXP_END, exp_high = EXP_END;
#else
static const double exp_ends[2] = {-EXP_END, EXP_END};
#define EXP_ENDS const volatile double *exp_end = exp_ends; const double exp_low = exp_end[0], exp_high = exp_end[1];
#endif
#define ty_exp(x) exp_within((x), exp_low, exp_high)
#define SIGN_BIT 0x8000000000000000ULL
#define ONE_BITS 0x3ff0000000000000ULL

FN double exp_tail(double r) {
  double r2 = r * r;
  double r4 = r2 * r2;
  double p23 = FMA(r, 0.16666666666666413, 0.5000000000000011);
  double p45 = FMA(r, 0.008333333333494461, 0.041666666666530155);
  double p67 = FMA(r, 0.00019841269506578688, 0.0013888888943630114);
  double p89 = FMA(r, 2.7557586373840165e-06, 2.480149309890655e-05);
  double pab = FMA(r, 2.5000061602835666e-08, 2.763024837921144e-07);
  double a = FMA(p45, r2, p23);
  double b = FMA(p89, r2, p67);
  return FMA(FMA(pab, r4, b), r4, a);
}
FN double exp_pair(double x, double low) {
  double t = FMA(x, INVERSE_LN2, SHIFT);
  u64 ki = BITS(t);
  double k = t - SHIFT;
  double r = FMA(k, -LN2_HIGH, x);
  r = FMA(k, -LN2_LOW, r) + low;
  double s = 1.0 + FMA(exp_tail(r), r * r, r);
  double y = DOUBLE(BITS(s) + (ki << 52));
  y = x < EXP_MIN ? 0.0 : y;
  y = x > EXP_MAX ? INF : y;
  return x != x ? x : y;
}
FN double exp_within(double x, double low, double high) {
  x = x < low ? low : x;
  x = x > high ? high : x;
  double t = FMA(x, INVERSE_LN2, SHIFT);
  u64 ki = BITS(t);
  double k = t - SHIFT;
  double r = FMA(k, -LN2_LOW, FMA(k, -LN2_HIGH, x));
  double s = 1.0 + FMA(exp_tail(r), r * r, r);
  return DOUBLE(BITS(s) + (ki << 52));
}
FN double ty_expm1(double x) {
  double t = FMA(x, INVERSE_LN2, SHIFT);
  u64 ki = BITS(t);
  double k = t - SHIFT;
  double high = FMA(k, -LN2_HIGH, x);
  double r = FMA(k, -LN2_LOW, high);
  double low = FMA(k, -LN2_LOW, high - r);
  double p = r + FMA(exp_tail(r), r * r, low);
  double scale = DOUBLE((ki << 52) + ONE_BITS);
  return FMA(scale, p, scale - 1.0);
}
FN double split(double x, double *m) {
  flag small = x < 2.2250738585072014e-308;
  x = small ? x * 18014398509481984.0 : x;
  u64 bits = BITS(x);
  u64 e = (bits + (ONE_BITS - 0x3fe6a09e667f3bcdULL)) >> 52;
  *m = DOUBLE(bits - (e << 52) + ONE_BITS);
  double k = DOUBLE(e | 0x4330000000000000ULL) - 4503599627371519.0;
  return small ? k - 54.0 : k;
}
FN double log_parts(double m, double *f_out, double *hfsq_out) {
  double f = m - 1.0;
  double s = f / (2.0 + f);
  double z = s * s;
  double w = z * z;
  double even = w * FMA(w, FMA(w, 1.531383769920937332e-01, 2.222219843214978396e-01), 3.999999999940941908e-01);
  double odd = FMA(w, FMA(w, 1.479819860511658591e-01, 1.818357216161805012e-01), 2.857142874366239149e-01);
  odd = z * FMA(w, odd, 6.666666666666735130e-01);
  double hfsq = 0.5 * f * f;
  *f_out = f;
  *hfsq_out = hfsq;
  return s * (hfsq + (even + odd));
}
FN double log_limits(double x, double y) {
  y = x == INF ? x : y;
  y = x == 0.0 ? -INF : y;
  return (x < 0.0) | (x != x) ? NOT_A_NUMBER : y;
}
FN double ty_log(double x) {
  double m, f, hfsq;
  double k = split(x, &m);
  double r = log_parts(m, &f, &hfsq);
  double y = k * LN2_HIGH - ((hfsq - (r + k * LN2_LOW)) - f);
  return log_limits(x, y);
}
FN double ty_log10(double x) {
  double m, f, hfsq;
  double k = split(x, &m);
  double r = log_parts(m, &f, &hfsq);
  double natural = f - (hfsq - r);
  double y = k * 3.01029995663611771306e-01 + (k * 3.69423907715893078616e-13 + 4.34294481903251816668e-01 * natural);
  return log_limits(x, y);
}
FN double log_pair(double x, double *low_out) {
  double m;
  double k = split(x, &m);
  double f = m - 1.0;
  double d = 2.0 + f;
  double d_low = f - (d - 2.0);
  double inverse = 1.0 / d;
  double s = f * inverse;
  double s_low = (FMA(-s, d, f) - s * d_low) * inverse;
  double z = s * s;
  double z_low = FMA(s, s, -z) + 2.0 * s * s_low;
  double z2 = z * z, z4 = z2 * z2;
  double p01 = FMA(z, 0.2857142857142857, 0.4);
  double p23 = FMA(z, 0.18181818181818182, 0.2222222222222222);
  double p45 = FMA(z, 0.13333333333333333, 0.15384615384615385);
  double p67 = FMA(z, 0.10526315789473684, 0.11764705882352941);
  double p89 = FMA(z, 0.08695652173913043, 0.09523809523809523);
  double q = FMA(FMA(FMA(z2, 0.08, p89), z4, FMA(p67, z2, p45)), z4, FMA(p23, z2, p01));
  double c_tail = z * q;
  double c = 0.6666666666666666 + c_tail;
  double c_low = (0.6666666666666666 - c) + c_tail + 3.700743415417188e-17;
  double u = z * c;
  double u_low = FMA(z, c, -u) + (z * c_low + z_low * c);
  double w = s * u;
  double w_low = FMA(s, u, -w) + (s * u_low + s_low * u);
  double a = 2.0 * s;
  double b = a + w;
  double b_low = (a - b) + w + (2.0 * s_low + w_low);
  double base = k * LN2_HIGH;
  double high = base + b;
  double low = (k == 0.0 ? 0.0 : (base - high) + b) + FMA(k, LN2_LOW, b_low);
  double total = high + low;
  *low_out = (high - total) + low;
  return total;
}
FN double ty_pow(double x, double y) {
  double magnitude = ABS(x);
  double low;
  double high = log_pair(magnitude, &low);
  high = log_limits(magnitude, high);
  double p = y * high;
  double p_low = FMA(y, high, -p) + y * low;
  double r = exp_pair(p, p_low);
  r = magnitude == 1.0 ? 1.0 : r;
  flag whole = FLOOR(y) == y;
  double half = y * 0.5;
  flag odd = whole & (FLOOR(half) != half);
  r = odd & ((BITS(x) & SIGN_BIT) != 0) ? -r : r;
  r = (x < 0.0) & !whole & (magnitude != INF) ? NOT_A_NUMBER : r;
  r = (x != x) | (y != y) ? NOT_A_NUMBER : r;
  return (y == 0.0) | (x == 1.0) ? 1.0 : r;
}
FN u64 sin_cos(double x, double *s, double *c) {
  double t = FMA(x, 6.36619772367581382433e-01, SHIFT);
  u64 q = BITS(t);
  double k = t - SHIFT;
  double r = FMA(k, -1.57079632679489655800e+00, x);
  r = FMA(k, -6.12323399573676603587e-17, r);
  r = FMA(k, 1.49738490485916983e-33, r);
  double z = r * r;
  double p = FMA(z, 1.58969099521155010221e-10, -2.50507602534068634195e-08);
  p = FMA(z, p, 2.75573137070700676789e-06);
  p = FMA(z, p, -1.98412698298579493134e-04);
  p = FMA(z, p, 8.33333333332248946124e-03);
  p = FMA(z, p, -1.66666666666666324348e-01);
  *s = FMA(z * r, p, r);
  p = FMA(z, -1.13596475577881948265e-11, 2.08757232129817482790e-09);
  p = FMA(z, p, -2.75573143513906633035e-07);
  p = FMA(z, p, 2.48015872894767294178e-05);
  p = FMA(z, p, -1.38888888888741095749e-03);
  p = FMA(z, p, 4.16666666666666019037e-02);
  double h = 0.5 * z;
  double w = 1.0 - h;
  *c = w + (((1.0 - w) - h) + z * z * p);
  return q;
}
FN double ty_sin(double x) {
  double s, c;
  u64 q = sin_cos(x, &s, &c);
  double y = (q & 1) != 0 ? c : s;
  return DOUBLE(BITS(y) ^ ((q & 2) << 62));
}
FN double ty_cos(double x) {
  double s, c;
  u64 q = sin_cos(x, &s, &c);
  double y = (q & 1) != 0 ? s : c;
  return DOUBLE(BITS(y) ^ (((q + 1) & 2) << 62));
}
FN double ty_tan(double x) {
  double s, c;
  u64 q = sin_cos(x, &s, &c);
  flag odd = (q & 1) != 0;
  return (odd ? -c : s) / (odd ? s : c);
}
FN double asin_tail(double z) {
  double p = FMA(z, 3.47933107596021167570e-05, 7.91534994289814532176e-04);
  p = FMA(z, p, -4.00555345006794114027e-02);
  p = FMA(z, p, 2.01212532134862925881e-01);
  p = FMA(z, p, -3.25565818622400915405e-01);
  p = FMA(z, p, 1.66666666666666657415e-01);
  double q = FMA(z, 7.70381505559019352791e-02, -6.88283971605453293030e-01);
  q = FMA(z, q, 2.02094576023350569471e+00);
  q = FMA(z, q, -2.40339491173441421878e+00);
  q = FMA(z, q, 1.0);
  return z * p / q;
}
FN double ty_asin(double x) {
  double a = ABS(x);
  flag small = a < 0.5;
  double z = small ? a * a : (1.0 - a) * 0.5;
  double root = SQRT(z);
  double s = small ? a : root;
  double y = FMA(s, asin_tail(z), s);
  y = small ? y : 1.57079632679489655800e+00 - (2.0 * y - 6.12323399573676603587e-17);
  return DOUBLE(BITS(y) ^ (BITS(x) & SIGN_BIT));
}
FN double ty_acos(double x) {
  double a = ABS(x);
  flag small = a < 0.5;
  double z = small ? a * a : (1.0 - a) * 0.5;
  double root = SQRT(z);
  double s = small ? a : root;
  double t = asin_tail(z);
  double y = FMA(s, t, s);
  double turned = DOUBLE(BITS(y) ^ (BITS(x) & SIGN_BIT));
  double middle = 1.57079632679489655800e+00 - (turned - 6.12323399573676603587e-17);
  double left = 3.14159265358979311600e+00 - (2.0 * y - 1.22464679914735320717e-16);
  double right = 2.0 * y;
  double outer = x < 0.0 ? left : right;
  return small ? middle : outer;
}
FN double ty_atan(double x) {
  double a = ABS(x);
  flag big = a > 2.41421356237309504880;
  flag middle = a > 0.66;
  double over = middle ? a - 1.0 : a;
  over = big ? -1.0 : over;
  double under = middle ? a + 1.0 : 1.0;
  under = big ? a : under;
  double u = over / under;
  double z = u * u;
  double p = FMA(z, -8.750608600031904122785e-1, -1.615753718733365076637e1);
  p = FMA(z, p, -7.500855792314704667340e1);
  p = FMA(z, p, -1.228866684490136173410e2);
  p = FMA(z, p, -6.485021904942025371773e1);
  double q = z + 2.485846490142306297962e1;
  q = FMA(z, q, 1.650270098316988542046e2);
  q = FMA(z, q, 4.328810604912902668951e2);
  q = FMA(z, q, 4.853903996359136964868e2);
  q = FMA(z, q, 1.945506571482613964425e2);
  double low = middle ? 3.06161699786838301793e-17 : 0.0;
  low = big ? 6.12323399573676603587e-17 : low;
  double high = middle ? 7.85398163397448279e-01 : 0.0;
  high = big ? 1.57079632679489655800e+00 : high;
  double y = high + (FMA(u, z * p / q, u) + low);
  return DOUBLE(BITS(y) ^ (BITS(x) & SIGN_BIT));
}
FN double ty_sinh(double x) {
  double a = ABS(x);
  double e = ty_expm1(a > 708.0 ? 708.0 : a);
  double y = 0.5 * (e + e / (e + 1.0));
  double h = exp_pair(0.5 * a, 0.0);
  y = a > 708.0 ? 0.5 * h * h : y;
  y = DOUBLE(BITS(y) ^ (BITS(x) & SIGN_BIT));
  return x != x ? x : y;
}
FN double ty_cosh(double x) {
  double a = ABS(x);
  double e = exp_pair(a, 0.0);
  double y = 0.5 * e + 0.5 / e;
  double h = exp_pair(0.5 * a, 0.0);
  return a > 708.0 ? 0.5 * h * h : y;
}
FN double ty_tanh(double x) {
  double a = ABS(x);
  double e = ty_expm1(2.0 * (a > 22.0 ? 22.0 : a));
  double y = e / (e + 2.0);
  y = DOUBLE(BITS(y) ^ (BITS(x) & SIGN_BIT));
  return x != x ? x : y;
}
FN double ty_min(double a, double b) { return (a < b) | (b != b) ? a : b; }
FN double ty_max(double a, double b) { return (a > b) | (b != b) ? a : b; }
FN u32 word_of(double x) { return (x > 0.0) & (x < 4294967296.0) ? (u32)(u64)x : 0; }
/* Philox 4x32-10 of a counter under a key (Salmon et al. 2011). */
FN void philox(u32 *a, u32 *b, u32 *c, u32 *d, u32 k, u32 l) {
  for (int round = 0; round < 10; round++) {
    u64 p = (u64)*a * 0xD2511F53U, q = (u64)*c * 0xCD9E8D57U;
    *a = (u32)(q >> 32) ^ *b ^ k;
    *b = (u32)q;
    *c = (u32)(p >> 32) ^ *d ^ l;
    *d = (u32)p;
    k += 0x9E3779B9U;
    l += 0xBB67AE85U;
  }
}
FN double ty_integer(double id1, double id2, double id3, double place) {
  double sequence = FLOOR(place * 0.25);
  u32 a = word_of(sequence), b = word_of(id3), c = word_of(id1), d = word_of(id2);
  philox(&a, &b, &c, &d, 0, 0);
  double which = place - 4.0 * sequence;
  return (double)(which < 1.0 ? a : which < 2.0 ? b : which < 3.0 ? c : d);
}
FN double ty_uniform(double id1, double id2, double id3, double place) {
  return (ty_integer(id1, id2, id3, place) + 1.0) * (1.0 / 4294967297.0);
}
FN double normal_pair(double id1, double id2, double id3, double place, double *length) {
  for (*length = 0.0;;) {
    double a = 2.0 * ty_uniform(id1, id2, id3, place + *length) - 1.0;
    double b = 2.0 * ty_uniform(id1, id2, id3, place + *length + 1.0) - 1.0;
    *length += 2.0;
    double square = a * a + b * b;
    if (square <= 1.0 || *length > 1000.0) return SQRT((-2.0 * ty_log(square)) / square) * a;
  }
}
FN double ty_normal(double id1, double id2, double id3, double place) {
  double length;
  return normal_pair(id1, id2, id3, place, &length);
}
FN double ty_normal_length(double id1, double id2, double id3, double place) {
  double length;
  normal_pair(id1, id2, id3, place, &length);
  return length;
}
FN double ty_interpolate(const double *table, double x) {
  const double *values = table + 3;
  double at = table[1] * (x - table[0]);
  flag low = at <= 0.0, high = at >= table[2], known = at == at;
  double inside = known & !low & !high ? at : 0.0;
  double whole = FLOOR(inside);
  i64 k = (i64)whole;
  i64 end = high ? (i64)table[2] : 0;
  double between = values[k] + (inside - whole) * (values[k + 1] - values[k]);
  double y = low | high ? values[end] : between;
  return known ? y : at;
}
FN double ty_lookup(const double *table, double x) {
  i64 count = (i64)table[0], below = 0, above = count - 1;
  const double *arguments = table + 1, *values = arguments + count;
  if (!(x > arguments[0])) return values[0];
  if (x >= arguments[above]) return values[above];
  while (above - below > 1) {
    i64 middle = (above + below) / 2;
    if (arguments[middle] <= x) below = middle; else above = middle;
  }
  double part = (x - arguments[below]) / (arguments[above] - arguments[below]);
  return values[below] + part * (values[above] - values[below]);
}
#ifdef __CUDACC__
/* For loops that compute with 32 bits: our own exp (1 ulp), and the others by way of 64. */
FN float exp_within(float x, double low, double high) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float t = fmaf(x, 1.44269504f, 12582912.0f);
  const float k = t - 12582912.0f;
  const float r = fmaf(k, 2.12194440e-4f, fmaf(k, -0.693359375f, x));
  float p = 1.9875691500e-4f;
  p = fmaf(p, r, 1.3981999507e-3f);
  p = fmaf(p, r, 8.3334519073e-3f);
  p = fmaf(p, r, 4.1665795894e-2f);
  p = fmaf(p, r, 1.6666665459e-1f);
  p = fmaf(p, r, 5.0000001201e-1f);
  const float s = 1.0f + fmaf(p, r * r, r);
  return __int_as_float(__float_as_int(s) + (__float_as_int(t) << 23));
}
#define BY_WAY_OF_64(name) FN float name(float x) { return (float)name((double)x); }
BY_WAY_OF_64(ty_log) BY_WAY_OF_64(ty_log10) BY_WAY_OF_64(ty_sin) BY_WAY_OF_64(ty_cos) BY_WAY_OF_64(ty_tan)
BY_WAY_OF_64(ty_asin) BY_WAY_OF_64(ty_acos) BY_WAY_OF_64(ty_atan) BY_WAY_OF_64(ty_sinh) BY_WAY_OF_64(ty_cosh)
BY_WAY_OF_64(ty_tanh)
FN float ty_pow(float x, float y) { return (float)ty_pow((double)x, (double)y); }
FN float ty_min(float a, float b) { return (a < b) | (b != b) ? a : b; }
FN float ty_max(float a, float b) { return (a > b) | (b != b) ? a : b; }
#endif
