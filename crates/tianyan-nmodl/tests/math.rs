//! Our elementary functions: how far from libm, the same bits in C, the right limits.
#![allow(missing_docs)]

mod common;

use common::{build, load, same, targets};
use libloading::Symbol;
use tianyan_nmodl::{emit, math};

type One = fn(f64) -> f64;

/// Name, ours, libm's, range of arguments, largest allowed error in ulp.
type Case = (&'static str, One, One, (f64, f64), f64);

/// See [`Case`].
const FUNCTIONS: [Case; 19] = [
    ("exp", math::exp, f64::exp, (-708.0, 708.0), 1.2),
    ("exp", math::exp, f64::exp, (-2.0, 2.0), 1.2),
    ("log", math::log, f64::ln, (1e-300, 1e300), 1.2),
    ("log", math::log, f64::ln, (0.5, 2.0), 1.2),
    ("log10", math::log10, f64::log10, (1e-5, 1e5), 2.5),
    ("sin", math::sin, f64::sin, (-10.0, 10.0), 1.5),
    ("sin", math::sin, f64::sin, (-1e5, 1e5), 1.5),
    ("cos", math::cos, f64::cos, (-10.0, 10.0), 1.5),
    ("cos", math::cos, f64::cos, (-1e5, 1e5), 1.5),
    ("tan", math::tan, f64::tan, (-10.0, 10.0), 3.0),
    ("asin", math::asin, f64::asin, (-1.0, 1.0), 2.0),
    ("acos", math::acos, f64::acos, (-1.0, 1.0), 2.0),
    ("atan", math::atan, f64::atan, (-10.0, 10.0), 2.0),
    ("atan", math::atan, f64::atan, (-1e6, 1e6), 2.0),
    ("sinh", math::sinh, f64::sinh, (-5.0, 5.0), 3.5),
    ("sinh", math::sinh, f64::sinh, (-710.0, 710.0), 3.5),
    ("cosh", math::cosh, f64::cosh, (-710.0, 710.0), 3.5),
    ("tanh", math::tanh, f64::tanh, (-3.0, 3.0), 3.5),
    ("tanh", math::tanh, f64::tanh, (-30.0, 30.0), 3.5),
];

fn ulps(found: f64, wanted: f64) -> f64 {
    if found == wanted { 0.0 } else { (found - wanted).abs() / (wanted.abs().next_up() - wanted.abs()) }
}

/// Evenly spread numbers in a range; over many decades where the range begins near 0.
fn numbers((low, high): (f64, f64), count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |k| {
        let part = (k as f64 * 0.618_033_988_749_895).fract();
        if low > 0.0 && high / low > 1e9 { low * (high / low).powf(part) } else { low + (high - low) * part }
    })
}

#[test]
fn close_to_libm() {
    for (name, ours, theirs, range, most) in FUNCTIONS {
        let worst = numbers(range, 200_000).map(|x| (ulps(ours(x), theirs(x)), x));
        let (error, x) = worst.fold((0.0, 0.0), |worst, new| if new.0 > worst.0 { new } else { worst });
        println!("{name} {range:?}: {error:.2} ulp at {x:e}");
        assert!(error <= most, "{name}: {error} ulp at {x:e}: {} for {}", ours(x), theirs(x));
    }
}

#[test]
fn pow_is_close_to_libm() {
    let mut worst = (0.0, 0.0, 0.0);
    for (x, y) in numbers((1e-300, 1e300), 400_000).zip(numbers((-1.0, 1.0), 400_001).skip(1)) {
        // y so large that the result stays a normal number
        let y = y * 700.0 / x.ln().abs().max(1e-3);
        let error = ulps(math::pow(x, y), x.powf(y));
        worst = if error > worst.0 { (error, x, y) } else { worst };
    }
    for (x, y) in numbers((0.5, 2.0), 200_000).zip(numbers((-300.0, 300.0), 200_001).skip(1)) {
        let error = ulps(math::pow(x, y), x.powf(y));
        worst = if error > worst.0 { (error, x, y) } else { worst };
    }
    println!("pow: {worst:?}");
    assert!(worst.0 <= 1.6, "{worst:?}");
}

#[test]
fn limits() {
    let inf = f64::INFINITY;
    assert_eq!([math::exp(inf), math::exp(800.0)], [math::exp(708.0); 2]);
    assert_eq!([math::exp(-inf), math::exp(-800.0)], [math::exp(-708.0); 2]);
    assert!((1.0 / math::exp(inf)).is_normal() && math::exp(-inf).is_normal() && math::exp(0.0) == 1.0);
    assert_eq!([math::log(0.0), math::log(inf), math::log(1.0), math::log10(1000.0)], [-inf, inf, 0.0, 3.0]);
    assert!([math::log(-1.0), math::exp(f64::NAN), math::pow(-2.0, 0.5), math::asin(1.1)].iter().all(|x| x.is_nan()));
    let special = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, inf, -inf, f64::NAN, 1e300, -1e300, 5e-324];
    for x in special {
        for y in special {
            let (ours, theirs) = (math::pow(x, y), x.powf(y));
            let near = same(ours, theirs) || (ours - theirs).abs() <= 1e-15 * theirs.abs();
            // Results below 1e-308 are 0 here.
            assert!(near || theirs.abs() < 1e-307, "pow({x}, {y}) = {ours}, not {theirs}");
        }
        for (name, ours, theirs, ..) in FUNCTIONS {
            let range =
                !((["sin", "cos", "tan"].contains(&name) && x.abs() > 1e9) || (name == "exp" && x.abs() > 708.0));
            assert!(!range || ulps(ours(x), theirs(x)) < 4.0 || same(ours(x), theirs(x)), "{name}({x}) = {}", ours(x));
        }
    }
}

#[test]
fn the_same_bits_in_c() {
    let names = ["exp", "log", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"];
    let mut text = emit::PRELUDE.to_string();
    for name in names {
        text += &format!(
            "void f_{name}(const double *x, double *y, i64 n) {{ EXP_ENDS FOREACH(i, n) y[i] = ty_{name}(x[i]); END_FOREACH }}\n"
        );
    }
    text +=
        "void f_pow(const double *x, double *y, i64 n) { FOREACH(i, n) y[i] = ty_pow(x[i], x[i + 1]); END_FOREACH }\n";
    let mut x: Vec<f64> = numbers((-20.0, 20.0), 4000).chain(numbers((1e-310, 1e308), 4000)).collect();
    x.extend(numbers((-1.5, 1.5), 4000).chain(numbers((-800.0, 800.0), 4000)));
    x.extend([0.0, -0.0, f64::INFINITY, -f64::INFINITY, f64::NAN, 5e-324, -5e-324, 1e-308, 2.0, 1.0, -1.0, 0.5, 0.66]);
    // Loops are for multiples of 8; pow also reads one number further.
    x.resize(x.len().next_multiple_of(8) + 1, 0.25);
    let n = x.len() - 1;
    for (which, (compiler, flags)) in targets().into_iter().enumerate() {
        let library = load(&build(&format!("math-{which}"), &text, compiler, &flags));
        let run = |name: &str| {
            let mut y = vec![0.0; n];
            // SAFETY: the functions have this signature and the arrays hold n + 1 and n numbers.
            unsafe {
                let function: Symbol<unsafe extern "C" fn(*const f64, *mut f64, i64)> =
                    library.get(name.as_bytes()).unwrap();
                function(x.as_ptr(), y.as_mut_ptr(), n as i64);
            }
            y
        };
        for (name, ours, ..) in FUNCTIONS {
            let y = run(&format!("f_{name}"));
            let different = x.iter().zip(&y).find(|(x, y)| !same(ours(**x), **y));
            assert!(different.is_none(), "{name} {compiler} {flags:?}: {different:?}");
        }
        let y = run("f_pow");
        let different = x.windows(2).zip(&y).find(|(x, y)| !same(math::pow(x[0], x[1]), **y));
        assert!(different.is_none(), "pow {compiler} {flags:?}: {different:?}");
    }
}
