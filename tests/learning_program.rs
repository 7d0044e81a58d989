//! Learning runs of the program: kills and resumption, shards and their join, processes outside, wrong blocks.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

fn deck(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists/learning").join(name)
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_ionspice"))
}

fn succeeds(command: &mut Command) -> Output {
    let output = command.output().expect("the program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("a report")).expect("JSON")
}

/// Killed at twenty moments and started again, a run gives the report of an undisturbed one, byte for byte.
#[test]
fn kills_change_nothing() {
    for (name, sets) in [("watermaze.cir", ["--set", "episodes=120"]), ("cartpole.cir", ["--set", "steps=120"])] {
        let place = tempfile::tempdir().expect("a folder");
        let file = |name: &str| place.path().join(name);
        let run = |report: &Path, checkpoints: Option<&Path>| {
            let mut command = program();
            command.arg("run").arg(deck(name)).args(sets).args(["-q", "--seeds", "3", "--json"]).arg(report);
            if let Some(folder) = checkpoints {
                command.arg("--checkpoint").arg(folder).args(["--checkpoint-every", "0"]);
            }
            command
        };
        succeeds(&mut run(&file("whole.json"), None));
        // Moments from a linear congruential generator.
        let (mut moment, mut killed) = (12345_u64, 0);
        for _ in 0..20 {
            moment = moment.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let mut child =
                run(&file("report.json"), Some(&file("kept"))).stdout(Stdio::null()).spawn().expect("a start");
            std::thread::sleep(Duration::from_millis(5 + (moment >> 33) % 60));
            killed += u32::from(child.try_wait().expect("a state").is_none());
            drop(child.kill());
            child.wait().expect("an end");
        }
        println!("{name}: {killed} kills while running");
        succeeds(&mut run(&file("report.json"), Some(&file("kept"))));
        let text = |name: &str| std::fs::read(file(name)).expect("a report");
        assert!(text("whole.json") == text("report.json"), "{name}");
        assert!(killed > 3, "{name}: {killed}");
    }
}

#[test]
fn shards_are_joined_to_the_whole_run() {
    let place = tempfile::tempdir().expect("a folder");
    let file = |name: &str| place.path().join(name);
    let run = |report: &str, shard: &[&str]| {
        let mut command = program();
        command.arg("run").arg(deck("tmaze_functional.cir")).args(["-q", "--seeds", "7", "--json"]).arg(file(report));
        succeeds(command.args(shard));
    };
    run("whole.json", &[]);
    for shard in ["1/3", "2/3", "3/3"] {
        run(&format!("part{}.json", &shard[..1]), &["--shard", shard]);
    }
    let merge = |parts: &[&str]| {
        let mut command = program();
        command.arg("merge").args(parts.iter().map(|p| file(p))).arg("-q").arg("--json").arg(file("joined.json"));
        command
    };
    succeeds(&mut merge(&["part3.json", "part1.json", "part2.json"]));
    assert_eq!(json(&file("joined.json")), json(&file("whole.json")));

    let refused = |parts: &[&str]| {
        let output = merge(parts).output().expect("the program");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refused(&["part1.json", "part1.json"]).contains("seed 1 is in more than one report"));
    assert!(refused(&["part1.json", "nothing.json"]).contains("nothing.json"));
    let output = program().arg("run").arg(deck("tmaze_functional.cir")).args(["--shard", "4/3"]).output().expect("it");
    assert!(String::from_utf8_lossy(&output.stderr).contains("I from 1 to N"));
}

#[test]
fn a_page_holds_everything() {
    let place = tempfile::tempdir().expect("a folder");
    let page = place.path().join("page.html");
    let mut command = program();
    command
        .arg("run")
        .arg(deck("watermaze.cir"))
        .args(["-q", "--seeds", "2", "--set", "episodes=30", "--html"])
        .arg(&page);
    succeeds(&mut command);
    let text = std::fs::read_to_string(page).expect("a page");
    for part in ["<h1>Morris water maze", "<svg", "Values and policy", "cutoff: 0.0025", "<td>behavioural</td>"] {
        assert!(text.contains(part), "{part}");
    }
    assert_eq!(text.matches("http").count(), text.matches("http://www.w3.org/2000/svg").count(), "nothing is fetched");
    let data = text.split("type=\"application/json\">").nth(1).and_then(|t| t.split("</script>").next()).expect("data");
    let report: Value = serde_json::from_str(data).expect("JSON");
    assert_eq!(report["seeds"][1]["steps"].as_array().map(Vec::len), Some(30));
}

#[test]
fn processes_take_part() {
    if Command::new("python3").arg("--version").output().is_err() {
        return;
    }
    let place = tempfile::tempdir().expect("a folder");
    let report = |name: &str| {
        let path = place.path().join("report.json");
        let mut command = program();
        command.arg("run").arg(deck(name)).args(["-q", "--seeds", "2", "--set", "episodes=60", "--json"]).arg(&path);
        succeeds(&mut command);
        json(&path)
    };
    for name in ["external.cir", "external_agent.cir"] {
        let (first, second) = (report(name), report(name));
        assert_eq!(first, second, "{name}: seeds fix everything");
        let steps = first["seeds"][0]["steps"].as_array().expect("steps");
        let late: f64 = steps[40..].iter().filter_map(Value::as_f64).sum::<f64>() / 20.0;
        println!("{name}: {late} moves in the last 20 episodes");
        assert!((4.0..11.0).contains(&late), "{name}: {late}");
    }
}

#[test]
fn wrong_blocks_are_explained() {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("deck.cir");
    for (block, expected) in [
        ("environment watermase\nagent actor_critic\nweights ideal", "did you mean `watermaze`?"),
        ("environment tmaze\nagent actor_critik\nweights ideal", "did you mean `actor_critic`?"),
        ("environment tmaze\nagent actor_critic alfa=1\nweights ideal", "has no setting `alfa`"),
        ("environment tmaze\nagent actor_critic gamma=2\nweights ideal", "`gamma` of `agent` is out of range"),
        ("environment tmaze\nagent actor_critic\nweights pairs", "do not suit"),
        ("environment tmaze\nagent deep_q\nweights mean_curve", "do not suit"),
        ("environment tmaze\nagent actor_critic\nweights mean_curve feedback=maybe", "expected on or off"),
        ("environment tmaze\nagent actor_critic\nweights mean_curve fits=\"no.csv\"", "cannot read `no.csv`"),
        ("environment tmaze\nagent actor_critic\nweights ideal\nrows a b", "unknown controller statement `rows`"),
        ("environment tmaze\nweights ideal", "has no `agent` statement"),
        ("environment external\nagent actor_critic\nweights ideal", "needs command="),
        ("environment external command=\"no-such-program\"\nagent actor_critic\nweights ideal", "cannot be started"),
        ("environment coverage task=\"round\"", "unknown task `round`"),
        ("environment coverage task=static\nprotocol a0=0.5", "needs a1=VALUE"),
    ] {
        std::fs::write(&path, format!("a deck\n.controller c\n{block}\n.endcontroller\n.end\n")).expect("a deck");
        let output = program().arg("run").arg(&path).output().expect("the program");
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && message.contains(expected), "{block}\n{message}");
    }
}
