use num_complex::Complex64;
use proptest::prelude::*;

use super::*;
use crate::output::{Dataset, Quantity, Variable};

/// `time` 0 to 4, `v(a) = t^2`, `v(b) = 2 t`, `i(v.x1.v1) = -t`, `@m1[gm] = 5`.
fn tran() -> Dataset {
    let variables = vec![
        Variable::new("time", Quantity::Time),
        Variable::new("v(a)", Quantity::Voltage),
        Variable::new("v(b)", Quantity::Voltage),
        Variable::new("i(v.x1.v1)", Quantity::Current),
        Variable::new("@m1[gm]", Quantity::Other("S".into())),
        Variable::new("v(x1.n)", Quantity::Voltage),
    ];
    let mut data = Dataset::new("t", "Transient Analysis", variables);
    for k in 0..5 {
        let t = k as f64;
        data.push_row(&[t, t * t, 2.0 * t, -t, 5.0, 1.0]);
    }
    data
}

fn ac() -> Dataset {
    let variables = vec![Variable::new("frequency", Quantity::Frequency), Variable::new("v(out)", Quantity::Voltage)];
    let mut data = Dataset::complex("t", "AC Analysis", variables);
    for k in 0..6 {
        let f = 10f64.powi(k);
        data.push_complex_row(&[f.into(), 1.0 / Complex64::new(1.0, f / 100.0)]);
    }
    data
}

fn on(data: &Dataset, text: &str) -> Result<Vector, String> {
    let expr = parse(text).map_err(|e| format!("{}: expected {}", e.at, e.expected))?;
    let plot = Plot::new(data);
    Evaluator::new(&plot).value(&expr).map_err(|e| format!("{}+{}: {}", e.at, e.len, e.message))
}

fn reals(text: &str) -> Vec<f64> {
    on(&tran(), text).unwrap_or_else(|e| panic!("{text}: {e}")).reals()
}

#[test]
fn operators_bind_as_in_nutmeg() {
    for (text, value) in [
        ("2^3^2", 512.0),
        ("-2^2", -4.0),
        ("2^-1", 0.5),
        ("2**3*2", 16.0),
        ("7%3", 1.0),
        ("1+2*3", 7.0),
        ("5 > 3 and 1", 1.0),
        ("1 = 1", 1.0),
        ("1 <> 1", 0.0),
        ("3 ge 4 or 2 lt 1", 0.0),
        ("not 1", 0.0),
        ("~0", 1.0),
        ("5 ? 1 : 0", 1.0),
        ("0 ? 1 : 0 ? 2 : 3", 3.0),
        ("10k", 1e4),
        ("3meg/1u", 3e12),
        ("par('1+1')", 2.0),
        ("{2*'3'}", 6.0),
        ("log(e)", 1.0),
        ("log10(100)", 2.0),
        ("abs(-3)", 3.0),
        ("atan2(1,1)*4/pi", 1.0),
        ("kelvin", -273.15),
        ("table(1.5,1,10,2,20)", 15.0),
        ("limit(5,1,3)", 3.0),
    ] {
        let got = reals(text);
        assert!(got.len() == 1 && (got[0] - value).abs() <= 1e-12 * value.abs(), "{text}: {got:?}");
    }
}

#[test]
fn names_are_found_by_every_spelling() {
    for text in ["v(a)-v(b)", "V(A,B)", "a-b", "v( a , b )", "v(a,0)-v(b)"] {
        assert_eq!(reals(text), [0.0, -1.0, 0.0, 3.0, 8.0], "{text}");
    }
    for text in ["i(x1.v1)", "i(v.x1.v1)", "x1.v1#branch", "v.x1.v1#branch", "I(X1:V1)"] {
        assert_eq!(reals(text), [0.0, -1.0, -2.0, -3.0, -4.0], "{text}");
    }
    assert_eq!(reals("@m1[gm]"), [5.0; 5]);
    assert_eq!(reals("v(x1.n)"), reals("x1.n"));
    assert_eq!(reals("v(0)"), [0.0; 5]);
    assert_eq!(reals("time"), [0.0, 1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn vectors_go_point_by_point() {
    assert_eq!(reals("v(a)[2]"), [4.0]);
    assert_eq!(reals("v(a)[1,3]"), [1.0, 4.0, 9.0]);
    assert_eq!(reals("v(a)[[1.5,3]]"), [4.0, 9.0]);
    assert_eq!(reals("deriv(v(a))"), [0.0, 2.0, 4.0, 6.0, 8.0]);
    assert_eq!(reals("integ(v(b))"), [0.0, 1.0, 4.0, 9.0, 16.0]);
    assert_eq!(reals("avg(v(b))"), [0.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(reals("mean(v(b)) + length(v(b)) + vecmax(v(a)) + vecmin(v(a))"), [4.0 + 5.0 + 16.0]);
    assert_eq!(reals("norm(v(b))"), [0.0, 0.25, 0.5, 0.75, 1.0]);
    assert_eq!(reals("sortorder(-v(b))"), [4.0, 3.0, 2.0, 1.0, 0.0]);
    assert_eq!(reals("vector(3)+vector(5)"), [0.0, 2.0, 4.0, 5.0, 6.0]);
    assert_eq!(reals("v(a) > 3 ? 1 : v(b)"), [0.0, 2.0, 1.0, 1.0, 1.0]);
    assert!((reals("stddev(vector(5))")[0] - 1.5811388300841898).abs() < 1e-15);
    assert_eq!(reals("v(b)*i(x1.v1)")[2], -8.0);
    assert_eq!(on(&tran(), "v(b)*i(x1.v1)").unwrap().quantity, Quantity::Other("W".into()));
}

#[test]
fn complex_parts() {
    let data = ac();
    let value = |text: &str, k: usize| on(&data, text).unwrap().at(k).re;
    assert!((value("vdb(out)", 2) + 3.0102999566).abs() < 1e-9);
    assert!((value("vp(out)", 2) + std::f64::consts::FRAC_PI_4).abs() < 1e-12);
    assert!((value("vm(out)^2 - vr(out)^2 - vi(out)^2", 3)).abs() < 1e-15);
    assert!((value("ph(j(1))", 0) - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
    assert_eq!(on(&data, "sqrt(-4)").unwrap().at(0), Complex64::new(0.0, 2.0));
    assert_eq!(on(&data, "1 + (2,3)").unwrap().at(0), Complex64::new(3.0, 3.0));
    assert_eq!(on(&data, "im(v(out)) + i*0").unwrap().len(), 6);
}

#[test]
fn group_delay_of_a_pole() {
    let variables = vec![Variable::new("frequency", Quantity::Frequency), Variable::new("v(out)", Quantity::Voltage)];
    let mut data = Dataset::complex("t", "AC Analysis", variables);
    for k in 0..200 {
        let f = k as f64;
        data.push_complex_row(&[f.into(), 1.0 / Complex64::new(1.0, f / 100.0)]);
    }
    let tau = 1.0 / (2.0 * std::f64::consts::PI * 100.0);
    let got = on(&data, "group_delay(v(out))").unwrap();
    assert!((got.at(100).re - tau / 2.0).abs() < 1e-4 * tau);
}

#[test]
fn transforms_undo_each_other() {
    let got = reals("ifft(fft(vector(8)))");
    assert!(got.iter().enumerate().all(|(k, x)| (x - k as f64).abs() < 1e-12), "{got:?}");
    let (f, z) = spectrum(&(0..64).map(|k| (k as f64 * std::f64::consts::PI / 8.0).sin()).collect::<Vec<_>>(), 1e-3);
    assert!((f[4] - 62.5).abs() < 1e-9 && (z[4].norm() - 1.0).abs() < 1e-12 && z[5].norm() < 1e-12);
}

#[test]
fn harmonics_of_a_square_wave() {
    // Means of the corners keep the grid free of an offset.
    let x: Vec<f64> = (0..=20_000).map(|k| k as f64 * 1e-7).collect();
    let y: Vec<f64> = x.iter().map(|t| (2.0 * std::f64::consts::PI * 1e3 * t).sin() + 0.1).collect();
    let found = harmonics(&x, &y, 1e3, 10, 200).unwrap();
    assert!((found.harmonics[0].magnitude - 0.1).abs() < 1e-6);
    assert!((found.harmonics[1].magnitude - 1.0).abs() < 1e-6 && found.harmonics[1].phase.abs() < 1e-4);
    assert!(found.distortion < 1e-3);
    assert!(harmonics(&x, &y, 100.0, 10, 200).is_none());
}

#[test]
fn mistakes_are_located() {
    for (text, message) in [
        ("v(a)+", "5: expected a number, a name or `(`"),
        ("v(a", "3: expected `)`"),
        ("1 2", "2: expected an operator or the end"),
        ("v(nosuch)*2", "0+9: there is no vector `v(nosuch)`"),
        ("2*maxx(1,2)", "2+9: there is no function `maxx`"),
        ("v(a)[9]", "5+1: there is no element 9; the vector has 5"),
        ("v(a)[[7,8]]", "0+11: no point of the axis lies between 7e0 and 8e0"),
        ("atan2(1)", "0+8: `atan2` takes 2 argument(s), found 1"),
        ("vector(1e30)", "0+12: a vector of 1e30 values; 1e7 are the most"),
        ("deriv(3)", "0+8: `deriv` needs a vector of a plot with an axis (time, frequency, ..)"),
        ("(((((", "5: expected a number, a name or `(`"),
    ] {
        assert_eq!(on(&tran(), text).unwrap_err(), message, "{text}");
    }
    assert!(parse(&"(".repeat(100_000)).is_err());
    assert!(parse(&"1+".repeat(100_000)).is_err());
    assert!(parse(&"-".repeat(100_000)).is_err());
}

#[test]
fn a_prefix_ends_before_the_next_word() {
    for (text, used) in
        [("v(out)=0.5 RISE=1", 10), ("v(a)-v(b) at=1", 9), ("1m to=2m", 2), ("v(a) (v(b))", 4), ("x or y z", 6)]
    {
        assert_eq!(parse_prefix(text).unwrap().1, used, "{text}");
    }
}

#[test]
fn pointwise_agrees_with_vectors() {
    let data = tran();
    let plot = Plot::new(&data);
    for text in
        ["v(a)*v(b)+sqrt(v(a))", "v(a)>3 ? v(b) : -1", "max(v(a),v(b))^2 % 7", "limit(v(a),1,5)+pi", "mag((3,4))"]
    {
        let expr = parse(text).unwrap();
        let program = Pointwise::new(&expr, &mut |r| plot.column(&r.name)).unwrap();
        let whole = Evaluator::new(&plot).value(&expr).unwrap();
        let mut scratch = Scratch::default();
        for k in 0..data.points() {
            let row: Vec<Complex64> = (0..data.variables.len()).map(|c| data.value(k, c)).collect();
            let got = program.value(&row, &mut scratch);
            assert!((got - whole.at(k)).norm() <= 1e-12 * got.norm(), "{text} at {k}");
        }
    }
    let error = Pointwise::new(&parse("1+deriv(v(a))").unwrap(), &mut |r| plot.column(&r.name)).unwrap_err();
    assert_eq!((error.at, error.message.as_str()), (2, "`deriv` needs all points of a run"));
}

proptest! {
    #[test]
    fn any_text_is_safe(text in ".{0,60}") {
        let _ = on(&tran(), &text);
    }

    #[test]
    fn any_formula_is_safe(text in "[-+*/^%()\\[\\]<>=&|!?:, 0-9va.@\"'{}]{0,40}") {
        let _ = on(&tran(), &text);
    }
}
