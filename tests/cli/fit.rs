//! `ionspice fit` and `ionspice extract`.

use std::fmt::Write as _;

use ionspice::devices::memristor::noise::{normal, stream};

use crate::{Folder, project};

const HEAD: &str = "diode\nV1 a 0 0\nD1 a 0 dm\n.model dm d is=1e-12 n=1.5\n";
const FREE: &str = ".fit dm(is) from=1e-16 to=1e-9 scale=log\n.fit dm(n) from=0.8 to=3\n";
const DATA: &str = ".fitdata drive=v1 column=v signal=-i(v1) column=i relative=0.02 sigma=1p\n";

/// Shockley's equation at 300.15 K with 2 % of noise.
fn diode(is: f64, n: f64, celsius: f64, seed: u64) -> String {
    let mut text = String::from("v,i\n");
    let thermal = 8.617_333_262e-5 * (celsius + 273.15);
    for k in 0..40 {
        let v = 0.2 + 0.01 * f64::from(k);
        let i = is * (v / (n * thermal)).exp_m1() * (1.0 + 0.02 * normal(stream(seed, "diode"), k.into()));
        let _ = writeln!(text, "{v},{i:e}");
    }
    text
}

#[test]
fn a_fitted_card_runs() {
    let folder = Folder::new();
    folder.write("d.csv", &diode(1e-14, 1.1, 27.0, 1));
    folder.write("fit.cir", &format!("{HEAD}{FREE}{DATA}.end\n"));
    let ran = folder.ionspice(&["fit", "fit.cir", "--data", "d.csv", "--out", "dm.lib", "--plot", "d.svg"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("chi2/dof") && ran.out.contains("strong correlations"), "{}", ran.out);
    let card = folder.read("dm.lib");
    let value = |name: &str| -> f64 {
        let at = card.find(".model").map(|at| &card[at..]).unwrap_or_default();
        let rest = &at[at.find(&format!("{name}=")).expect("the parameter") + name.len() + 1..];
        rest[..rest.find([' ', ')']).expect("its end")].parse().expect("a number")
    };
    assert!((value("is").ln() - 1e-14f64.ln()).abs() < 0.1, "{card}");
    assert!((value("n") / 1.1 - 1.0).abs() < 0.01, "{card}");
    assert!(folder.read("d.svg").contains("</svg>"));
    folder.write("use.cir", "use\nV1 a 0 0.6\nD1 a 0 dm\n.include dm.lib\n.op\n.print op i(v1)\n.end\n");
    let ran = folder.ionspice(&["run", "use.cir"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn json_has_estimates_and_card() {
    let folder = Folder::new();
    folder.write("d.csv", &diode(1e-14, 1.1, 27.0, 2));
    folder.write("fit.cir", &format!("{HEAD}{FREE}{DATA}.end\n"));
    let ran = folder.ionspice(&["fit", "fit.cir", "--data", "d.csv", "--json", "--starts", "4"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(json["fit"]["estimates"][1]["name"], "dm(n)");
    assert_eq!(json["fit"]["starts"].as_array().map(Vec::len), Some(4));
    assert!(json["card"].as_str().is_some_and(|card| card.contains(".model dm d (is=")));
}

/// Two temperatures in one file: the saturation current's temperature exponent and band gap act in one of them only.
#[test]
fn temperatures_separate_data_sets() {
    let folder = Folder::new();
    let mut text = String::from("temp,v,i\n");
    for celsius in [27.0, 77.0] {
        for line in diode(1e-14, 1.1, celsius, 3).lines().skip(1) {
            let _ = writeln!(text, "{celsius},{line}");
        }
    }
    folder.write("d.csv", &text);
    let data = DATA.replace("drive=", "temp=temp drive=");
    // is does not change with temperature in these data: eg = 0 and xti = 0
    let free =
        ".fit dm(is) from=1e-16 to=1e-9 scale=log\n.fit dm(n) from=0.8 to=3\n.fit dm(xti) from=-5 to=5 start=2\n";
    let head = HEAD.replace("n=1.5", "n=1.5 eg=0.11");
    folder.write("fit.cir", &format!("{head}{free}{data}.end\n"));
    let ran = folder.ionspice(&["fit", "fit.cir", "--data", "d.csv", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(json["fit"]["sets"].as_array().map(Vec::len), Some(2));
    let n = json["fit"]["estimates"][1]["value"].as_f64().expect("n");
    assert!((n / 1.1 - 1.0).abs() < 0.02, "{n}");
    let chi = json["fit"]["chi2"].as_f64().expect("chi2") / json["fit"]["dof"].as_f64().expect("dof");
    assert!(chi < 1.6, "{chi}");
}

#[test]
fn a_population_becomes_a_subcircuit_that_draws() {
    let folder = Folder::new();
    let mut text = String::from("device,v,i\n");
    for device in 0..12i32 {
        let draw = normal(stream(9, "population"), device.into());
        for line in diode(1e-14 * (0.5 * draw).exp(), 1.1, 27.0, 100 + device as u64).lines().skip(1) {
            let _ = writeln!(text, "d{device},{line}");
        }
    }
    folder.write("d.csv", &text);
    folder.write("fit.cir", &format!("{HEAD}{FREE}{}.end\n", DATA.replace("drive=", "device=device drive=")));
    let ran = folder.ionspice(&["fit", "fit.cir", "--data", "d.csv", "--population", "--json", "--out", "p.lib"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let spread = &json["population"]["spreads"][0];
    let d2d = spread["d2d"].as_f64().expect("d2d");
    // chi with 11 degrees of freedom: 0.5 within a factor 0.5 to 1.6 at 99 %
    assert!((0.25..0.8).contains(&d2d), "{d2d}");
    assert!(json["population"]["spreads"][1]["d2d"].as_f64().is_some_and(|n| n < 0.01));
    folder.write(
        "use.cir",
        "use\nV1 a 0 0.6\nX1 a 0 dm_device\nX2 a 0 dm_device\n.include p.lib\n.op\n.print op i(v1)\n.mc 3\n.end\n",
    );
    let ran = folder.ionspice(&["run", "use.cir", "--csv", "mc.csv"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn what_does_not_fit_together_is_told() {
    let folder = Folder::new();
    folder.write("d.csv", "v,i\n0.1,1e-9\n0.2,x\n");
    folder.write("good.csv", &diode(1e-14, 1.1, 27.0, 5));
    let cases = [
        ("", "", "--data good.csv", "frees no parameter"),
        (FREE, DATA, "", "no data file"),
        (FREE, DATA, "--data none.csv", "cannot read `none.csv`"),
        (FREE, DATA, "--data d.csv", "holds `x` where a number is expected"),
        (FREE, ".fitdata drive=v1 column=volt signal=i(v1) column=i\n", "--data good.csv", "no column `volt`"),
        (FREE, ".fitdata drive=v1 column=v\n", "--data good.csv", "compares nothing"),
        (FREE, ".fitdata signal=i(v1) column=i\n", "--data good.csv", "neither `time=`"),
        (FREE, "", "--data good.csv", "headings name no signal"),
        (".fit dm(nn) from=1 to=2\n", DATA, "--data good.csv", "has no parameter `nn`"),
        (FREE, DATA, "--data other=good.csv", "no `.fitdata other`"),
        (".fit dm(is) form=1\n", DATA, "--data good.csv", "did you mean `from`?"),
    ];
    for (free, data, arguments, message) in cases {
        folder.write("fit.cir", &format!("{HEAD}{free}{data}.end\n"));
        let mut all = vec!["fit", "fit.cir"];
        all.extend(arguments.split_whitespace());
        let ran = folder.ionspice(&all);
        assert_eq!(ran.code, 2, "{message}: {}", ran.err);
        assert!(ran.err.contains(message), "{message}: {}", ran.err);
    }
}

/// A search that is cut short says so, exits with 1 and leaves its card.
#[test]
fn an_unfinished_search_leaves_what_it_has() {
    let folder = Folder::new();
    folder.write("d.csv", &diode(1e-14, 1.1, 27.0, 6));
    folder.write("fit.cir", &format!("{HEAD}{FREE}{DATA}.end\n"));
    let ran = folder.ionspice(&["fit", "fit.cir", "--data", "d.csv", "--iterations", "1", "--out", "dm.lib"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("did not converge"), "{}", ran.err);
    assert!(folder.read("dm.lib").contains("NOT CONVERGED"));
}

#[test]
fn figures_of_measured_devices() {
    let file = project("examples/fit/cmo_hfo2.csv");
    let folder = Folder::new();
    let ran = folder.ionspice(&["extract", &file.to_string_lossy(), "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let figures = json[0]["figures"].as_array().expect("figures");
    let mean =
        |name: &str| figures.iter().find(|f| f["name"] == name).and_then(|f| f["mean"].as_f64()).expect("a mean");
    // the authors' figures of all devices: on/off 1.3 to 2.2, noise 0.029 to 0.100 of the span
    assert!((1.2..2.6).contains(&mean("on/off ratio")), "{}", mean("on/off ratio"));
    let ran = folder.ionspice(&["extract", "none.csv"]);
    assert_eq!(ran.code, 2);
}
