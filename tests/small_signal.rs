//! Small-signal analyses through the library: agreement between analyses, and errors that say where.

use ionspice::analysis::{self, Failure, Options};
use ionspice::netlist;
use ionspice::output::Dataset;

fn run(text: &str) -> Vec<Dataset> {
    let loaded = netlist::parse_str("deck.cir", text, &[]).unwrap_or_else(|f| panic!("{f}"));
    let mut plots: Vec<Dataset> = Vec::new();
    analysis::run(&loaded.circuit, &Options::default(), &mut plots).unwrap_or_else(|f| panic!("{f:?}"));
    plots
}

/// The first message about a deck, from reading it or from running it.
fn refused(lines: &str) -> String {
    let text = format!("title\nv1 in 0 dc 1 ac 1\nr1 in out 1k\nc1 out 0 1n\n{lines}\n.end\n");
    let loaded = match netlist::parse_str("deck.cir", &text, &[]) {
        Ok(loaded) => loaded,
        Err(failure) => {
            let first = &failure.diagnostics[0];
            assert!(first.span.is_some_and(|s| s.len > 0), "{lines}: an error without a place");
            return first.message.clone();
        }
    };
    let mut plots: Vec<Dataset> = Vec::new();
    match analysis::run(&loaded.circuit, &Options::default(), &mut plots) {
        Err(Failure::Netlist(found)) => {
            assert!(found[0].span.is_some_and(|s| s.len > 0), "{lines}: an error without a place");
            found[0].message.clone()
        }
        Err(Failure::Simulation(error)) => error.to_string(),
        Ok(()) => panic!("{lines}: accepted"),
    }
}

fn value(plot: &Dataset, name: &str) -> f64 {
    plot.value(0, plot.find(name).unwrap_or_else(|| panic!("no {name}"))).re
}

#[test]
fn wrong_statements_are_explained() {
    for (line, part) in [
        (".ac", "`dec`, `oct`, `lin` or `list`"),
        (".ac log 10 1 1k", "`log` is no spacing"),
        (".ac dec 10 1", "the last frequency"),
        (".ac dec 0 1 1k", "number of points is 0"),
        (".ac dec 10 0 1k", "the frequency is 0"),
        (".ac dec 10 -1 1k", "the frequency is -1"),
        (".ac dec 10 1k 1", "below the first"),
        (".ac lin 1e9 1 1k", "number of points"),
        (".ac dec 1e6 1 1e9", "frequencies"),
        (".ac list", "a frequency"),
        (".ac dec 10 1 1k 5", "`5`"),
        (".noise v(nowhere) v1 dec 10 1 1k", "unknown node `nowhere`"),
        (".noise v(out) v9 dec 10 1 1k", "unknown element `v9`"),
        (".noise v(out) r1 dec 10 1 1k", "`r1` is not an independent source"),
        (".noise i(v1) v1 dec 10 1 1k", "cannot be the output"),
        (".tf v(out)", "the input source"),
        (".tf i(r1) v1", "`r1` has no branch current"),
        (".sens v(out) dec 10 1 1k", "`ac`, `dc` or the end of the line"),
        (".sens i(r1)", "`r1` has no branch current"),
        (".pz in 0 out 0 voltage pz", "no way to drive"),
        (".pz in 0 out 0 vol all", "asks for nothing"),
        (".pz in in out 0 vol pz", "both nodes"),
        (".pz in 0 in 0 vol pz", "the same port"),
        (".pz in 0 nowhere 0 vol pz", "unknown node"),
        ("v2 a 0 1\nr2 a 0 1k\n.pz a 0 out 0 vol pz", "cannot be driven"),
    ] {
        let message = refused(line);
        assert!(message.contains(part), "{line}: {message}");
    }
}

#[test]
fn analyses_agree_with_each_other() {
    let deck = |statement: &str| {
        format!(
            "title\nv1 in 0 dc 0.9 ac 1\nvdd d 0 3\nr1 in g 1k\nm1 out g 0 0 nm w=20u l=1u\nr2 d out 8k\nc1 out 0 1p\n\
             c2 g out 0.1p\nd1 0 out dm\n.model nm nmos level=1 vto=0.5 kp=80u lambda=0.05\n\
             .model dm d cjo=1p\n{statement}\n.end\n"
        )
    };
    let tf = &run(&deck(".tf v(out) v1"))[0];
    let ac = &run(&deck(".ac lin 1 1m 1m"))[0];
    let gain = value(tf, "transfer_function");
    assert!((ac.value(0, ac.find("v(out)").unwrap()).re / gain - 1.0).abs() < 1e-9);

    // The derivative by the source is the transfer function, and so is the slope of a sweep.
    let sens = &run(&deck(".sens v(out)"))[0];
    assert!((value(sens, "v1") / gain - 1.0).abs() < 1e-8);
    let sweep = &run(&deck(".dc v1 0.8999 0.9001 0.0001"))[0];
    let out: Vec<f64> = sweep.column(sweep.find("v(out)").unwrap()).collect();
    assert!(((out[2] - out[0]) / 2e-4 / gain - 1.0).abs() < 1e-5);

    // One pole and zero more than the low frequency gain describe the response.
    let pz = &run(&deck(".pz in 0 out 0 vol pz"))[0];
    let f = 3e8;
    let s = num_complex::Complex64::new(0.0, std::f64::consts::TAU * f);
    let mut response = num_complex::Complex64::from(gain);
    for (k, variable) in pz.variables.iter().enumerate() {
        let factor = num_complex::Complex64::ONE - s / pz.value(0, k);
        response = if variable.name.starts_with("pole") { response / factor } else { response * factor };
    }
    let ac = &run(&deck(&format!(".ac lin 1 {f} {f}")))[0];
    let direct = ac.value(0, ac.find("v(out)").unwrap());
    assert!((direct - response).norm() < 1e-8 * direct.norm(), "{direct} {response}");
}

#[test]
fn sensitivities_over_frequency_are_total_derivatives() {
    let deck = |r: f64, vto: f64| {
        format!(
            "title\nv1 g 0 dc 0.9 ac 1\nvdd d 0 3\nm1 out g s 0 nm w=20u l=1u\nrs s 0 {r}\nr2 d out 8k\nc1 out 0 1p\n\
             cs s 0 3p\n.model nm nmos level=1 vto={vto} kp=80u lambda=0.05 gamma=0.3\n"
        )
    };
    let response = |r: f64, vto: f64| {
        let ac = &run(&(deck(r, vto) + ".ac list 10meg\n.end\n"))[0];
        ac.value(0, ac.find("v(out)").unwrap())
    };
    let sens = &run(&(deck(500.0, 0.5) + ".sens v(out) ac list 10meg\n.end\n"))[0];
    let at = |name: &str| sens.value(0, sens.find(name).unwrap());
    let by_r = (response(500.1, 0.5) - response(499.9, 0.5)) / 0.2;
    let by_vto = (response(500.0, 0.5001) - response(500.0, 0.4999)) / 2e-4;
    assert!((at("rs") - by_r).norm() < 1e-4 * by_r.norm(), "{} {by_r}", at("rs"));
    assert!((at("m1:vto") - by_vto).norm() < 1e-4 * by_vto.norm(), "{} {by_vto}", at("m1:vto"));
}

#[test]
fn currents_of_all_terminals_sum_to_zero() {
    let plots = run(
        "title\nv1 a 0 dc 0.6 ac 1\nd1 a b dm\nc1 a b 2p\nr1 a b 10k\nl1 b c 1u\ni1 0 c dc 1m ac 2m 45\nr2 c 0 50\n\
         .model dm d cjo=3p tt=1n rs=3\n.save i(v1) i(d1) i(c1) i(r1) i(l1) i(i1) i(r2)\n.ac dec 2 1k 10g\n.end\n",
    );
    let plot = &plots[0];
    for point in 0..plot.points() {
        let i = |name: &str| plot.value(point, plot.find(name).unwrap());
        let through = i("i(d1)") + i("i(c1)") + i("i(r1)");
        assert!((i("i(v1)") + through).norm() < 1e-12 + 1e-9 * through.norm());
        assert!((through - i("i(l1)")).norm() < 1e-12 + 1e-9 * through.norm());
        assert!((i("i(l1)") + i("i(i1)") - i("i(r2)")).norm() < 1e-12 + 1e-9 * through.norm());
    }
}

#[test]
fn many_frequencies_of_a_large_circuit_in_parallel() {
    let mut text = String::from("title\nv1 n0 0 ac 1\n");
    for k in 0..300 {
        text += &format!("r{k} n{k} n{} 10\nc{k} n{} 0 1p\n", k + 1, k + 1);
    }
    let serial = run(&format!("{text}.save v(n300)\n.ac list 1meg\n.end\n"));
    let parallel = run(&format!("{text}.save v(n300)\n.ac dec 400 1 1g\n.end\n"));
    let point = (0..parallel[0].points()).find(|&p| (parallel[0].value(p, 0).re / 1e6 - 1.0).abs() < 1e-9).unwrap();
    assert_eq!(parallel[0].points(), 3601);
    assert!((parallel[0].value(point, 1) - serial[0].value(0, 1)).norm() < 1e-9);
}

#[test]
fn memristors_make_thermal_noise() {
    let plots = run(
        "title\nv1 in 0 dc 0.1 ac 1\ny1 in out mr\nr1 out 0 1meg\n.model mr vteam\n.noise v(out) v1 lin 1 1k 1k 1\n.end\n",
    );
    let plot = &plots[0];
    assert!(value(plot, "onoise_y1_thermal") > 0.0 && plot.find("onoise_r1").is_some());
}
