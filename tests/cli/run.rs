//! `ionspice run`: what it writes and how it ends.

use ionspice::output::{Dataset, read_raw};

use crate::{Folder, project};

/// Three analyses of one divider with a capacitor.
const THREE: &str = "Divider\n.param r=1k top=1\nV1 in 0 PULSE(0 {top} 1u 10n 10n 5u 20u)\nR1 in out {r}\nR2 out 0 1k\n\
                     C1 out 0 1n\n.op\n.dc V1 0 2 0.5\n.tran 10n 10u\n.end\n";

/// An operating point, then a transient that runs away in finite time: `dv/dt = g v^2 / C` once the gate opens at 1 us.
const RUNAWAY: &str = "Runs away\nVg g 0 PWL(0 0 1u 0 1.1u 1m)\nI1 0 b 1u\nR1 b 0 1meg\nC1 b 0 1p\n\
                       B1 0 b I = v(g)*v(b)*v(b)\n.op\n.tran 10n 10u\n.end\n";

fn column(data: &Dataset, name: &str) -> Vec<f64> {
    let index = data.find(name).unwrap_or_else(|| panic!("no {name} in {:?}", data.variables));
    data.column(index).collect()
}

fn names(plots: &[Dataset]) -> Vec<&str> {
    plots.iter().map(|p| p.plot_name.as_str()).collect()
}

#[test]
fn arguments_that_do_not_exist() {
    let folder = Folder::new();
    folder.write("deck.cir", THREE);
    folder.ionspice(&[]).exits(2);
    folder.ionspice(&["frobnicate"]).exits(2);
    folder.ionspice(&["run"]).exits(2);
    folder.ionspice(&["run", "deck.cir", "--frobnicate"]).exits(2).says(&["--frobnicate"]);
    folder.ionspice(&["run", "deck.cir", "--seed", "many"]).exits(2).says(&["--seed"]);
    folder.ionspice(&["run", "deck.cir", "--seeds", "0"]).exits(2).says(&["--seeds"]);
    folder.ionspice(&["run", "deck.cir", "--ascii"]).exits(2).says(&["--raw"]);
}

#[test]
fn help_and_version_are_no_errors() {
    let folder = Folder::new();
    assert!(folder.ionspice(&["--help"]).exits(0).out.contains("Usage"));
    assert_eq!(folder.ionspice(&["--version"]).exits(0).out, format!("ionspice {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn decks_that_cannot_be_read() {
    let folder = Folder::new();
    folder.ionspice(&["run", "absent.cir"]).exits(2).says(&["absent.cir", "no such file"]);
    folder.ionspice(&["run", "."]).exits(2);
    folder.write("wrong.cir", "t\nR1 a 0\n.op\n");
    folder.ionspice(&["run", "wrong.cir"]).exits(2).says(&["wrong.cir:2:"]);
}

#[test]
fn a_deck_without_anything_to_do() {
    let folder = Folder::new();
    folder.write("idle.cir", "Idle\nV1 a 0 1\nR1 a 0 1k\n.end\n");
    folder.ionspice(&["run", "idle.cir"]).exits(2).says(&["no analysis and no controller", "idle.cir:1:1", ".tran"]);
}

#[test]
fn an_impossible_operating_point() {
    let folder = Folder::new();
    folder.write("deck.cir", "t\nV1 a 0 1\nR1 a b 1k\nB1 b 0 I = exp(200*v(b)) - 1e30\n.op\n");
    let ran = folder.ionspice(&["run", "deck.cir"]).exits(1);
    ran.says(&["operating point", "node `b`", "gmin stepping, source stepping, pseudo-transient", "hint:"]);
}

#[test]
fn singular_equations_are_explained_by_their_cause() {
    let folder = Folder::new();
    folder.write("deck.cir", "t\nV1 a 0 1\nV2 a 0 2\nR1 a 0 1k\n.op\n");
    folder.ionspice(&["run", "deck.cir"]).exits(1).says(&["singular", "`v2` closes a loop", "deck.cir:3:1"]);
}

#[test]
fn the_program_prints_values_with_units() {
    let folder = Folder::new();
    folder.write("deck.cir", "t\nV1 in 0 2\nR1 in out 1k\nR2 out 0 3k\n.op\n");
    let ran = folder.ionspice(&["run", "deck.cir"]).exits(0);
    assert!(ran.out.contains("Operating Point"), "{}", ran.out);
    assert!(ran.out.contains("v(out)                   1.50000 V"), "{}", ran.out);
    assert!(ran.out.contains("i(v1)                    -500.000 uA"), "{}", ran.out);
}

#[test]
fn print_statements_give_tables() {
    let folder = Folder::new();
    folder.write("deck.cir", "t\nV1 in 0 0\nR1 in out 1k\nR2 out 0 1k\n.dc V1 0 1 0.5\n.print dc v(out)\n");
    let ran = folder.ionspice(&["run", "deck.cir"]).exits(0);
    let rows: Vec<Vec<&str>> = ran.out.lines().skip(1).map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["v(v-sweep)", "v(out)"]);
    let values: Vec<f64> = rows[1..].iter().map(|r| r[1].parse().expect("a number")).collect();
    assert_eq!(values, [0.0, 0.25, 0.5]);
}

#[test]
fn quiet_prints_nothing() {
    let folder = Folder::new();
    folder.write("deck.cir", &THREE.replace(".op", ".param unused=1\n.options list\n.op"));
    let loud = folder.ionspice(&["run", "deck.cir"]).exits(0).says(&["`unused`", "`list`"]);
    assert!(!loud.out.is_empty());
    let quiet = folder.ionspice(&["run", "deck.cir", "-q", "--raw", "out.raw", "--plot", "out.svg"]).exits(0);
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
    folder.write("wrong.cir", "t\nR1 a 0\n.op\n");
    folder.ionspice(&["run", "wrong.cir", "-q"]).exits(2).says(&["wrong.cir:2:"]);
}

#[test]
fn raw_files_hold_all_analyses_in_order_in_both_forms() {
    let folder = Folder::new();
    folder.write("deck.cir", THREE);
    folder.ionspice(&["run", "deck.cir", "-q", "--raw", "binary.raw"]).exits(0);
    folder.ionspice(&["run", "deck.cir", "-q", "--raw", "text.raw", "--ascii"]).exits(0);
    let binary = read_raw(&folder.path("binary.raw")).expect("a raw file");
    let text = read_raw(&folder.path("text.raw")).expect("a raw file");
    assert_eq!(names(&binary), ["Operating Point", "DC transfer characteristic", "Transient Analysis"]);
    assert_eq!(binary, text);
    assert!(folder.read("text.raw").is_ascii());
    assert_eq!(column(&binary[0], "v(out)"), [0.0]);
    assert_eq!(column(&binary[1], "v(v-sweep)"), [0.0, 0.5, 1.0, 1.5, 2.0]);
    for (v, expected) in column(&binary[1], "v(out)").iter().zip([0.0, 0.25, 0.5, 0.75, 1.0]) {
        assert!((v - expected).abs() < 1e-9, "{v}");
    }
    let (time, out) = (column(&binary[2], "time"), column(&binary[2], "v(out)"));
    assert!(time.windows(2).all(|w| w[0] < w[1]) && (time.last().expect("points") - 10e-6).abs() < 1e-15);
    // 0.5 V with a time constant of 0.5 us, 4 us after the step.
    let at = time.partition_point(|t| *t < 5e-6);
    assert!((out[at] - 0.5 * (1.0 - (-8.0f64).exp())).abs() < 1e-3, "{}", out[at]);
}

#[test]
fn a_second_run_replaces_the_raw_file() {
    let folder = Folder::new();
    folder.write("deck.cir", THREE);
    for _ in 0..2 {
        folder.ionspice(&["run", "deck.cir", "-q", "--raw", "out.raw"]).exits(0);
    }
    assert_eq!(read_raw(&folder.path("out.raw")).expect("a raw file").len(), 3);
}

#[test]
fn csv_goes_to_one_file_per_analysis() {
    let folder = Folder::new();
    folder.write("deck.cir", THREE);
    folder.ionspice(&["run", "deck.cir", "-q", "--csv", "out.csv"]).exits(0);
    assert_eq!(folder.read("out.csv"), "v(in),v(out),i(v1)\n0,0,0\n");
    assert!(folder.read("out.2.csv").starts_with("v(v-sweep),v(in),v(out),i(v1)\n0,0,0,"));
    let transient = folder.read("out.3.csv");
    let mut lines = transient.lines();
    assert_eq!(lines.next(), Some("time,v(in),v(out),i(v1)"));
    assert!(lines.all(|l| l.split(',').filter_map(|v| v.parse::<f64>().ok()).count() == 4));
}

#[test]
fn json_holds_every_plot() {
    let folder = Folder::new();
    folder.write("deck.cir", THREE);
    folder.ionspice(&["run", "deck.cir", "-q", "--json", "out.json"]).exits(0);
    let json: serde_json::Value = serde_json::from_str(&folder.read("out.json")).expect("JSON");
    assert_eq!(json["plots"].as_array().expect("plots").len(), 3);
    let sweep = &json["plots"][1];
    assert_eq!((&sweep["name"], &sweep["title"]), (&"DC transfer characteristic".into(), &"Divider".into()));
    assert_eq!(sweep["variables"][2], serde_json::json!({ "name": "v(out)", "unit": "V" }));
    assert_eq!(sweep["data"]["v(v-sweep)"], serde_json::json!([0.0, 0.5, 1.0, 1.5, 2.0]));
}

#[test]
fn plots_are_drawn_per_analysis_with_an_axis() {
    let folder = Folder::new();
    folder.write("deck.cir", THREE);
    folder.ionspice(&["run", "deck.cir", "-q", "--plot", "out.svg"]).exits(0);
    for name in ["out.svg", "out.2.svg"] {
        let svg = folder.read(name);
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{name}");
        assert!(svg.contains("v(out)"), "{name}");
    }
    assert!(!folder.path("out.3.svg").exists());
}

#[test]
fn unwritable_outputs_fail_the_run() {
    let folder = Folder::new();
    folder.write("deck.cir", THREE);
    for flag in ["--raw", "--csv", "--json", "--plot"] {
        let ran = folder.ionspice(&["run", "deck.cir", "-q", flag, "absent/out"]).exits(1).says(&["absent/out"]);
        assert!(ran.err.lines().all(|line| line.matches("absent/out").count() <= 1), "{}", ran.err);
    }
}

#[test]
fn set_changes_parameters() {
    let folder = Folder::new();
    folder.write("deck.cir", THREE);
    let run = |set: &str| folder.ionspice(&["run", "deck.cir", "-q", "--raw", "out.raw", "--set", set]);
    let at_two_volts = |folder: &Folder| {
        let plots = read_raw(&folder.path("out.raw")).expect("a raw file");
        *column(&plots[1], "v(out)").last().expect("points")
    };
    run("r=3k").exits(0);
    assert!((at_two_volts(&folder) - 0.5).abs() < 1e-9);
    run("R = {2*top*1k}").exits(0);
    assert!((at_two_volts(&folder) - 2.0 / 3.0).abs() < 1e-9);
    run("rr=3k").exits(2).says(&["no parameter `rr`", "--set:1:1"]);
    run("r").exits(2).says(&["--set wants NAME=VALUE, found `r`"]);
    run("r=").exits(2).says(&["a value"]);
    run("r=1+").exits(2).says(&["wrong expression"]);
    run("=1").exits(2).says(&["--set wants NAME=VALUE"]);
    run("r=nowhere").exits(2).says(&["nowhere"]);
}

#[test]
fn a_failing_run_leaves_what_it_computed() {
    let folder = Folder::new();
    folder.write("deck.cir", RUNAWAY);
    let outputs = ["--raw", "out.raw", "--csv", "out.csv", "--json", "out.json", "--plot", "out.svg"];
    let ran = folder.ionspice(&[["run", "deck.cir", "-q"].as_slice(), &outputs].concat()).exits(1);
    ran.says(&["transient", "time step", "node `b`", "hint:"]);
    let plots = read_raw(&folder.path("out.raw")).expect("a raw file");
    assert_eq!(names(&plots), ["Operating Point", "Transient Analysis"]);
    assert!((column(&plots[0], "v(b)")[0] - 1.0).abs() < 1e-6);
    let (time, v) = (column(&plots[1], "time"), column(&plots[1], "v(b)"));
    assert!(time.len() > 20 && (1e-6..2e-6).contains(time.last().expect("points")), "{:?}", time.last());
    assert!(v.last().expect("points") > &10.0 && v.iter().all(|v| v.is_finite()));
    assert_eq!(folder.read("out.2.csv").lines().count(), time.len() + 1);
    let json: serde_json::Value = serde_json::from_str(&folder.read("out.json")).expect("JSON");
    assert_eq!(json["plots"][1]["data"]["time"].as_array().expect("times").len(), time.len());
    assert!(folder.read("out.svg").starts_with("<svg"));
}

#[test]
fn the_seed_is_taken_from_the_deck_or_the_command_line() {
    let folder = Folder::new();
    folder.write(
        "deck.cir",
        "Noise\nYd a 0 conv\nYm a b cell\nR1 b 0 1k\n.model conv dac (bits=8 vmin=-1 vmax=1)\n.model cell cmo_hfo2\n\
         .options seed=7\n.tran 10n 1u\n.save v(b)\n",
    );
    let bytes = |arguments: &[&str]| {
        let all = [["run", "deck.cir", "-q", "--csv", "out.csv"].as_slice(), arguments].concat();
        folder.ionspice(&all).exits(0);
        folder.read("out.csv")
    };
    assert_eq!(bytes(&[]), bytes(&["--seed", "7"]));
    assert_eq!(bytes(&["--seed", "8"]), bytes(&["--seed", "8"]));
}

#[test]
fn internal_quantities_can_be_saved() {
    let folder = Folder::new();
    folder.write(
        "deck.cir",
        "t\nV1 a 0 1\nYmemristor one a 0 m\n.model m vteam (ron=1k roff=10k x0=1)\n.save @one[r] i(one)\n.op\n",
    );
    folder.ionspice(&["run", "deck.cir", "-q", "--raw", "out.raw"]).exits(0);
    let plots = read_raw(&folder.path("out.raw")).expect("a raw file");
    assert!((column(&plots[0], "@one[r]")[0] - 1e3).abs() < 1.0, "{:?}", plots[0]);
    assert!((column(&plots[0], "i(one)")[0] - 1e-3).abs() < 1e-6);
}

/// The deck in the README is `netlists/pulse.cir`, and the values it shows are those the program prints (three digits).
#[test]
fn the_readme_shows_a_deck_that_runs() {
    let readme = std::fs::read_to_string(project("README.md")).expect("the README");
    let deck = project("netlists/pulse.cir");
    assert!(readme.contains(&std::fs::read_to_string(&deck).expect("the deck")));
    let ran = Folder::new().ionspice(&["run", &deck.to_string_lossy()]).exits(0);
    let shown = |text: &str| -> Vec<f64> {
        let line = text.lines().find(|l| l.contains("@ycell[r]") && l.contains("min")).expect("the line");
        line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
    };
    let (readme, program) = (shown(&readme), shown(&ran.out));
    assert_eq!((readme.len(), program.len()), (3, 3));
    for (a, b) in readme.iter().zip(&program) {
        assert!((a - b).abs() < 1e-3 * b, "{readme:?} {program:?}");
    }
}

/// Waveforms go to disk as they come: memory does not grow with the length of a run.
#[test]
fn memory_does_not_grow_with_the_length_of_a_run() {
    let folder = Folder::new();
    let deck = |stop: f64| {
        format!(
            "rc\nV1 in 0 SIN(0 1 1k)\nR1 in out 1k\nC1 out 0 1n\n.tran 1u {stop} 0 1u\n.save v(in) v(out) i(v1) p(r1)\n.end\n"
        )
    };
    let mut peaks = Vec::new();
    for (name, stop) in [("short", 0.02), ("long", 0.4)] {
        folder.write("deck.cir", &deck(stop));
        let (raw, csv) = (format!("{name}.raw"), format!("{name}.csv"));
        let ran = folder.ionspice(&["run", "deck.cir", "--raw", &raw, "--csv", &csv, "--stats"]).exits(0);
        let plots = read_raw(&folder.path(&raw)).unwrap();
        let rows = folder.read(&csv).lines().count() - 1;
        assert_eq!(rows, plots[0].points());
        assert!(rows as f64 >= stop * 1e6, "{rows}");
        let peak = ran.out.lines().find_map(|line| line.trim().strip_prefix("peak memory")).unwrap().trim().to_owned();
        peaks.push(peak.strip_suffix(" MB").and_then(|text| text.parse::<f64>().ok()));
    }
    // 400,000 rows of five numbers are 16 MB.
    if let [Some(short), Some(long)] = peaks[..] {
        assert!(long < short + 4.0, "{short} MB and {long} MB");
    }
}

#[test]
fn statistics_tell_what_was_done() {
    let folder = Folder::new();
    folder.write("deck.cir", THREE);
    let ran = folder.ionspice(&["run", "deck.cir", "--stats", "--json", "out.json"]).exits(0);
    for word in ["parse", "elaborate", "Newton iterations", "factorisations", "rejected steps", "peak memory"] {
        assert!(ran.out.contains(word), "{word} is missing in\n{}", ran.out);
    }
    let json: serde_json::Value = serde_json::from_str(&folder.read("out.json")).unwrap();
    let tran = json["stats"]["analyses"].as_array().unwrap().iter().find(|work| work["analysis"] == "tran").unwrap();
    assert!(tran["points"].as_u64().unwrap() > 10);
    assert!(tran["iterations"].as_u64() >= tran["points"].as_u64());
    assert!(
        tran["evaluate"].as_f64().unwrap() > 0.0 && json["stats"]["total"].as_f64() > json["stats"]["parse"].as_f64()
    );
}
