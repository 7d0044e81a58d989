//! A short training run of `netlists/tmaze.cir` through the program: what the report holds, and that seeds fix every bit of it.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

const EPISODES: usize = 2;
/// Iterations of an episode.
const CAP: usize = 12;

/// Trains for a few episodes with few calibration pulses and gives the report.
fn train(folder: &TempDir, arguments: &[&str], threads: &str) -> Value {
    let path = folder.path().join("report.json");
    let deck = Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists/tmaze.cir");
    let output = Command::new(env!("CARGO_BIN_EXE_ionspice"))
        .arg("run")
        .arg(deck)
        .args([
            "-q",
            "--set",
            &format!("episodes={EPISODES}"),
            "--set",
            &format!("cap={CAP}"),
            "--set",
            "calpulses=60",
            "--json",
        ])
        .arg(&path)
        .args(arguments)
        .env("RAYON_NUM_THREADS", threads)
        .output()
        .expect("the program");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
    assert_eq!((&*out, &*err), ("", ""), "quiet prints nothing");
    serde_json::from_str(&std::fs::read_to_string(path).expect("a report")).expect("JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

#[test]
fn the_report_is_complete_and_the_same_for_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    let both = train(&folder, &["--seed", "1", "--seeds", "2"], "2");
    assert_eq!(both["controller"], json!("maze"));
    assert_eq!(both["episodes"], json!(EPISODES));
    let seeds = both["seeds"].as_array().expect("seeds");
    assert_eq!(seeds.iter().map(|s| s["seed"].as_u64()).collect::<Vec<_>>(), [Some(1), Some(2)]);
    assert_ne!(seeds[0]["dw_error"], seeds[1]["dw_error"], "seeds differ");

    for seed in seeds {
        let steps = numbers(&seed["steps"]);
        let capped: Vec<bool> = seed["capped"].as_array().expect("a list").iter().filter_map(Value::as_bool).collect();
        assert_eq!((steps.len(), capped.len()), (EPISODES, EPISODES));
        for (moves, capped) in steps.iter().zip(capped) {
            assert!((6.0..=CAP as f64).contains(moves) && capped == (*moves == CAP as f64), "{moves} {capped}");
        }
        let critic = numbers(&seed["weights"]["critic"]);
        let actor: Vec<Vec<f64>> = seed["weights"]["actor"].as_array().expect("rows").iter().map(numbers).collect();
        assert!(critic.len() == 9 && actor.len() == 9 && actor.iter().all(|row| row.len() == 2));
        assert!(critic.iter().chain(actor.iter().flatten()).all(|w| (-0.5..1.5).contains(w)), "{critic:?} {actor:?}");
        let requests = steps.iter().sum::<f64>() as usize;
        let errors = numbers(&seed["dw_error"]);
        assert!((requests..=requests + EPISODES).contains(&errors.len()), "one request per iteration");
        assert!(errors.iter().all(|e| e.abs() < 0.5), "{errors:?}");
        assert!(seed["pulses"]["set"].as_u64() > Some(0) && seed["pulses"]["reset"].is_u64(), "{}", seed["pulses"]);
        assert!(seed["energy_joules"].as_f64().is_some_and(|e| e > 0.0 && e < 1e-3), "{}", seed["energy_joules"]);
        assert!(seed["simulated_seconds"].as_f64().is_some_and(|t| t > 0.0));
        assert_eq!(seed["fidelity"], json!("transient"));
    }

    // Text of numbers holds every bit of them, so equal reports are bit-identical runs.
    assert_eq!(train(&folder, &["--seed", "1", "--seeds", "2"], "1"), both, "one thread and two");
    for (number, seed) in ["1", "2"].into_iter().enumerate() {
        let single = train(&folder, &["--seed", seed], "2");
        assert_eq!(single["seeds"].as_array().map(Vec::len), Some(1));
        assert_eq!(single["seeds"][0], seeds[number], "seed {seed} alone");
    }
}

#[test]
fn learning_curves_go_to_csv_and_svg() {
    let folder = tempfile::tempdir().expect("a folder");
    let (csv, svg) = (folder.path().join("curve.csv"), folder.path().join("curve.svg"));
    let (csv_text, svg_text) = (csv.to_string_lossy(), svg.to_string_lossy());
    let report = train(&folder, &["--csv", &csv_text, "--plot", &svg_text], "1");
    let table = std::fs::read_to_string(csv).expect("a table");
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("episode,mean,std,median,p10,p90,optimal_share,capped_share,seed_1"));
    let moves: Vec<f64> = lines.map(|l| l.rsplit(',').next().and_then(|v| v.parse().ok()).expect("moves")).collect();
    assert_eq!(moves, numbers(&report["seeds"][0]["steps"]));
    assert!(std::fs::read_to_string(svg).expect("a drawing").contains("moves per episode"));
}

/// What needs no long run: parameters of the deck reach the controller, and wrong ones are refused.
#[test]
fn parameters_of_the_controller_are_checked() {
    let deck = Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists/tmaze.cir");
    let run = |set: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ionspice"));
        let output = command.arg("run").arg(&deck).args(["--set", set]).output().expect("the program");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, message) = run("episodes=0");
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains("`episodes` of `agent` is out of range") && message.contains("tmaze.cir:"), "{message}");
    assert_eq!(run("episode=2").0, Some(2));
}
