//! Our own exp, log, pow, sin ...: the Rust twins of the functions in `kernel.h`.
//!
//! Only `+ - * /`, square root, fused multiply-add, comparisons and integer operations, in the same order as
//! in the C and CUDA text, so that the same number in gives the same bits out everywhere. No branches and no
//! tables, so that loops over them vectorise. Errors are given in units in the last place (ulp) and checked
//! against libm in the tests. NaN in gives NaN out, of any payload.
//!
//! Reductions and coefficients of log, sin, cos and asin: FreeBSD's msun (fdlibm); of atan: Cephes.

// The twins keep the digits and the layout of kernel.h.
#![allow(clippy::excessive_precision, clippy::many_single_char_names, clippy::approx_constant)]

/// Adding it rounds a double of less than 2^51 to an integer, which then stands in the low bits.
const SHIFT: f64 = 6755399441055744.0;
const LN2_HIGH: f64 = 6.93147180369123816490e-01;
const LN2_LOW: f64 = 1.90821492927058770002e-10;
const INVERSE_LN2: f64 = 1.4426950408889634074;
const EXP_MAX: f64 = 709.782712893383973096;
const EXP_MIN: f64 = -708.3;
/// Where e^x no longer grows.
const EXP_END: f64 = 708.0;

/// `a * b + c`, rounded once.
#[inline(always)]
fn fma(a: f64, b: f64, c: f64) -> f64 {
    a.mul_add(b, c)
}

/// `condition ? a : b`
#[inline(always)]
fn select(condition: bool, a: f64, b: f64) -> f64 {
    if condition { a } else { b }
}

/// (exp(r) - 1 - r) / r^2 for |r| <= ln(2)/2.
#[inline(always)]
fn exp_tail(r: f64) -> f64 {
    let r2 = r * r;
    let r4 = r2 * r2;
    let p23 = fma(r, 0.16666666666666413, 0.5000000000000011);
    let p45 = fma(r, 0.008333333333494461, 0.041666666666530155);
    let p67 = fma(r, 0.00019841269506578688, 0.0013888888943630114);
    let p89 = fma(r, 2.7557586373840165e-06, 2.480149309890655e-05);
    let pab = fma(r, 2.5000061602835666e-08, 2.763024837921144e-07);
    let a = fma(p45, r2, p23);
    let b = fma(p89, r2, p67);
    fma(fma(pab, r4, b), r4, a)
}

/// exp(x + low) where `low` is far smaller than `x`.
#[inline(always)]
fn exp_pair(x: f64, low: f64) -> f64 {
    let t = fma(x, INVERSE_LN2, SHIFT);
    let ki = t.to_bits();
    let k = t - SHIFT;
    let mut r = fma(k, -LN2_HIGH, x);
    r = fma(k, -LN2_LOW, r) + low;
    let s = 1.0 + fma(exp_tail(r), r * r, r);
    let y = f64::from_bits(s.to_bits().wrapping_add(ki << 52));
    let y = select(x < EXP_MIN, 0.0, y);
    let y = select(x > EXP_MAX, f64::INFINITY, y);
    select(x.is_nan(), x, y)
}

/// e^x, 1.1 ulp. Beyond -708 and 708 it is what it is there: neither it nor its inverse is ever denormal.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let x = select(x < -EXP_END, -EXP_END, x);
    let x = select(x > EXP_END, EXP_END, x);
    let t = fma(x, INVERSE_LN2, SHIFT);
    let ki = t.to_bits();
    let k = t - SHIFT;
    let r = fma(k, -LN2_LOW, fma(k, -LN2_HIGH, x));
    let s = 1.0 + fma(exp_tail(r), r * r, r);
    f64::from_bits(s.to_bits().wrapping_add(ki << 52))
}

/// e^x - 1 for |x| <= 708, 2 ulp.
#[inline(always)]
fn expm1(x: f64) -> f64 {
    let t = fma(x, INVERSE_LN2, SHIFT);
    let ki = t.to_bits();
    let k = t - SHIFT;
    let high = fma(k, -LN2_HIGH, x);
    let r = fma(k, -LN2_LOW, high);
    let low = fma(k, -LN2_LOW, high - r);
    let p = r + fma(exp_tail(r), r * r, low);
    let scale = f64::from_bits((ki << 52).wrapping_add(0x3ff0000000000000));
    fma(scale, p, scale - 1.0)
}

/// Splits x > 0 into 2^k * m with m in [sqrt(1/2), sqrt(2)).
#[inline(always)]
fn split(x: f64) -> (f64, f64) {
    let small = x < 2.2250738585072014e-308;
    let x = select(small, x * 18014398509481984.0, x);
    let bits = x.to_bits();
    let e = bits.wrapping_add(0x3ff0000000000000 - 0x3fe6a09e667f3bcd) >> 52;
    let m = f64::from_bits(bits.wrapping_sub(e << 52).wrapping_add(0x3ff0000000000000));
    let k = f64::from_bits(e | 0x4330000000000000) - 4503599627371519.0;
    (select(small, k - 54.0, k), m)
}

/// log(m) = f - (hfsq - s (hfsq + R)) with f = m - 1; returns (f, hfsq, s (hfsq + R)).
#[inline(always)]
fn log_parts(m: f64) -> (f64, f64, f64) {
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * fma(w, fma(w, 1.531383769920937332e-01, 2.222219843214978396e-01), 3.999999999940941908e-01);
    let odd = fma(w, fma(w, 1.479819860511658591e-01, 1.818357216161805012e-01), 2.857142874366239149e-01);
    let odd = z * fma(w, odd, 6.666666666666735130e-01);
    let hfsq = 0.5 * f * f;
    (f, hfsq, s * (hfsq + (even + odd)))
}

/// The values of a logarithm where it has no number.
#[inline(always)]
fn log_limits(x: f64, y: f64) -> f64 {
    let y = select(x == f64::INFINITY, x, y);
    let y = select(x == 0.0, f64::NEG_INFINITY, y);
    select(x < 0.0 || x.is_nan(), f64::NAN, y)
}

/// Natural logarithm, 1 ulp.
#[inline(always)]
pub fn log(x: f64) -> f64 {
    let (k, m) = split(x);
    let (f, hfsq, r) = log_parts(m);
    let y = k * LN2_HIGH - ((hfsq - (r + k * LN2_LOW)) - f);
    log_limits(x, y)
}

/// Logarithm to base 10, 2 ulp; exact for powers of 10.
#[inline(always)]
pub fn log10(x: f64) -> f64 {
    let (k, m) = split(x);
    let (f, hfsq, r) = log_parts(m);
    let natural = f - (hfsq - r);
    let y = k * 3.01029995663611771306e-01 + (k * 3.69423907715893078616e-13 + 4.34294481903251816668e-01 * natural);
    log_limits(x, y)
}

/// log(x) for x > 0 as a sum of two doubles, good to about 2^-64.
#[inline(always)]
fn log_pair(x: f64) -> (f64, f64) {
    let (k, m) = split(x);
    let f = m - 1.0;
    let d = 2.0 + f;
    let d_low = f - (d - 2.0);
    let inverse = 1.0 / d;
    let s = f * inverse;
    let s_low = (fma(-s, d, f) - s * d_low) * inverse;
    // log(m) = 2 s + s^3 (2/3 + z (2/5 + z (2/7 + ...))), z = s^2
    let z = s * s;
    let z_low = fma(s, s, -z) + 2.0 * s * s_low;
    let (z2, z4) = (z * z, (z * z) * (z * z));
    let p01 = fma(z, 0.2857142857142857, 0.4);
    let p23 = fma(z, 0.18181818181818182, 0.2222222222222222);
    let p45 = fma(z, 0.13333333333333333, 0.15384615384615385);
    let p67 = fma(z, 0.10526315789473684, 0.11764705882352941);
    let p89 = fma(z, 0.08695652173913043, 0.09523809523809523);
    let q = fma(fma(fma(z2, 0.08, p89), z4, fma(p67, z2, p45)), z4, fma(p23, z2, p01));
    let c_tail = z * q;
    let c = 0.6666666666666666 + c_tail;
    let c_low = (0.6666666666666666 - c) + c_tail + 3.700743415417188e-17;
    // u = z c, w = s u
    let u = z * c;
    let u_low = fma(z, c, -u) + (z * c_low + z_low * c);
    let w = s * u;
    let w_low = fma(s, u, -w) + (s * u_low + s_low * u);
    let a = 2.0 * s;
    let b = a + w;
    let b_low = (a - b) + w + (2.0 * s_low + w_low);
    let base = k * LN2_HIGH;
    let high = base + b;
    let low = select(k == 0.0, 0.0, (base - high) + b) + fma(k, LN2_LOW, b_low);
    let total = high + low;
    (total, (high - total) + low)
}

/// x^y, 2 ulp, with the limits of C's `pow`.
#[inline(always)]
pub fn pow(x: f64, y: f64) -> f64 {
    let magnitude = x.abs();
    let (high, low) = log_pair(magnitude);
    let high = log_limits(magnitude, high);
    let p = y * high;
    let p_low = fma(y, high, -p) + y * low;
    let r = exp_pair(p, p_low);
    let r = select(magnitude == 1.0, 1.0, r);
    let whole = y.floor() == y;
    let half = y * 0.5;
    let odd = whole && half.floor() != half;
    let r = select(odd && x.is_sign_negative(), -r, r);
    let r = select(x < 0.0 && !whole && magnitude != f64::INFINITY, f64::NAN, r);
    let r = select(x.is_nan() || y.is_nan(), f64::NAN, r);
    select(y == 0.0 || x == 1.0, 1.0, r)
}

/// sin and cos of the remainder of x by pi/2, and the quadrant.
#[inline(always)]
fn sin_cos(x: f64) -> (f64, f64, u64) {
    let t = fma(x, 6.36619772367581382433e-01, SHIFT);
    let q = t.to_bits();
    let k = t - SHIFT;
    let mut r = fma(k, -1.57079632679489655800e+00, x);
    r = fma(k, -6.12323399573676603587e-17, r);
    r = fma(k, 1.49738490485916983e-33, r);
    let z = r * r;
    let mut p = fma(z, 1.58969099521155010221e-10, -2.50507602534068634195e-08);
    p = fma(z, p, 2.75573137070700676789e-06);
    p = fma(z, p, -1.98412698298579493134e-04);
    p = fma(z, p, 8.33333333332248946124e-03);
    p = fma(z, p, -1.66666666666666324348e-01);
    let s = fma(z * r, p, r);
    let mut p = fma(z, -1.13596475577881948265e-11, 2.08757232129817482790e-09);
    p = fma(z, p, -2.75573143513906633035e-07);
    p = fma(z, p, 2.48015872894767294178e-05);
    p = fma(z, p, -1.38888888888741095749e-03);
    p = fma(z, p, 4.16666666666666019037e-02);
    let h = 0.5 * z;
    let w = 1.0 - h;
    let c = w + (((1.0 - w) - h) + z * z * p);
    (s, c, q)
}

/// Sine, 1 ulp for |x| < 1e5; x in radians.
#[inline(always)]
pub fn sin(x: f64) -> f64 {
    let (s, c, q) = sin_cos(x);
    let y = select(q & 1 != 0, c, s);
    f64::from_bits(y.to_bits() ^ ((q & 2) << 62))
}

/// Cosine, 1 ulp for |x| < 1e5.
#[inline(always)]
pub fn cos(x: f64) -> f64 {
    let (s, c, q) = sin_cos(x);
    let y = select(q & 1 != 0, s, c);
    f64::from_bits(y.to_bits() ^ ((q.wrapping_add(1) & 2) << 62))
}

/// Tangent, 2 ulp for |x| < 1e5.
#[inline(always)]
pub fn tan(x: f64) -> f64 {
    let (s, c, q) = sin_cos(x);
    let odd = q & 1 != 0;
    select(odd, -c, s) / select(odd, s, c)
}

/// (asin(s) - s) / s as a function of z = s^2.
#[inline(always)]
fn asin_tail(z: f64) -> f64 {
    let mut p = fma(z, 3.47933107596021167570e-05, 7.91534994289814532176e-04);
    p = fma(z, p, -4.00555345006794114027e-02);
    p = fma(z, p, 2.01212532134862925881e-01);
    p = fma(z, p, -3.25565818622400915405e-01);
    p = fma(z, p, 1.66666666666666657415e-01);
    let mut q = fma(z, 7.70381505559019352791e-02, -6.88283971605453293030e-01);
    q = fma(z, q, 2.02094576023350569471e+00);
    q = fma(z, q, -2.40339491173441421878e+00);
    q = fma(z, q, 1.0);
    z * p / q
}

/// Inverse sine, 2 ulp.
#[inline(always)]
pub fn asin(x: f64) -> f64 {
    let a = x.abs();
    let small = a < 0.5;
    let z = select(small, a * a, (1.0 - a) * 0.5);
    let s = select(small, a, z.sqrt());
    let y = fma(s, asin_tail(z), s);
    let y = select(small, y, 1.57079632679489655800e+00 - (2.0 * y - 6.12323399573676603587e-17));
    f64::from_bits(y.to_bits() ^ (x.to_bits() & 0x8000000000000000))
}

/// Inverse cosine, 2 ulp.
#[inline(always)]
pub fn acos(x: f64) -> f64 {
    let a = x.abs();
    let small = a < 0.5;
    let z = select(small, a * a, (1.0 - a) * 0.5);
    let s = select(small, a, z.sqrt());
    let t = asin_tail(z);
    let y = fma(s, t, s);
    let signed = f64::from_bits(y.to_bits() ^ (x.to_bits() & 0x8000000000000000));
    let middle = 1.57079632679489655800e+00 - (signed - 6.12323399573676603587e-17);
    let left = 3.14159265358979311600e+00 - (2.0 * y - 1.22464679914735320717e-16);
    select(small, middle, select(x < 0.0, left, 2.0 * y))
}

/// Inverse tangent, 2 ulp.
#[inline(always)]
pub fn atan(x: f64) -> f64 {
    let a = x.abs();
    let big = a > 2.41421356237309504880;
    let middle = a > 0.66;
    let over = select(big, -1.0, select(middle, a - 1.0, a));
    let under = select(big, a, select(middle, a + 1.0, 1.0));
    let u = over / under;
    let z = u * u;
    let mut p = fma(z, -8.750608600031904122785e-1, -1.615753718733365076637e1);
    p = fma(z, p, -7.500855792314704667340e1);
    p = fma(z, p, -1.228866684490136173410e2);
    p = fma(z, p, -6.485021904942025371773e1);
    let mut q = z + 2.485846490142306297962e1;
    q = fma(z, q, 1.650270098316988542046e2);
    q = fma(z, q, 4.328810604912902668951e2);
    q = fma(z, q, 4.853903996359136964868e2);
    q = fma(z, q, 1.945506571482613964425e2);
    let low = select(big, 6.12323399573676603587e-17, select(middle, 3.06161699786838301793e-17, 0.0));
    let high = select(big, 1.57079632679489655800e+00, select(middle, 7.85398163397448279e-01, 0.0));
    let y = high + (fma(u, z * p / q, u) + low);
    f64::from_bits(y.to_bits() ^ (x.to_bits() & 0x8000000000000000))
}

/// Hyperbolic sine, 3 ulp.
#[inline(always)]
pub fn sinh(x: f64) -> f64 {
    let a = x.abs();
    let e = expm1(select(a > 708.0, 708.0, a));
    let y = 0.5 * (e + e / (e + 1.0));
    let h = exp_pair(0.5 * a, 0.0);
    let y = select(a > 708.0, 0.5 * h * h, y);
    let y = f64::from_bits(y.to_bits() ^ (x.to_bits() & 0x8000000000000000));
    select(x.is_nan(), x, y)
}

/// Hyperbolic cosine, 3 ulp.
#[inline(always)]
pub fn cosh(x: f64) -> f64 {
    let a = x.abs();
    let e = exp_pair(a, 0.0);
    let y = 0.5 * e + 0.5 / e;
    let h = exp_pair(0.5 * a, 0.0);
    select(a > 708.0, 0.5 * h * h, y)
}

/// Hyperbolic tangent, 3 ulp.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    let a = x.abs();
    let e = expm1(2.0 * select(a > 22.0, 22.0, a));
    let y = e / (e + 2.0);
    let y = f64::from_bits(y.to_bits() ^ (x.to_bits() & 0x8000000000000000));
    select(x.is_nan(), x, y)
}

/// C's `fmin`: a number wins against NaN.
#[inline(always)]
pub fn minimum(a: f64, b: f64) -> f64 {
    select(a < b || b.is_nan(), a, b)
}

/// C's `fmax`.
#[inline(always)]
pub fn maximum(a: f64, b: f64) -> f64 {
    select(a > b || b.is_nan(), a, b)
}

/// C's `fmod`: exact.
#[inline(always)]
pub fn remainder(a: f64, b: f64) -> f64 {
    a % b
}
