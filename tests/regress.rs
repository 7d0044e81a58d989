//! `ionspice test`: the regression runner as scripts use it.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use assert_cmd::Command;
use tempfile::TempDir;

const RC: &str =
    "RC\n.param r=1k\nV1 in 0 PULSE(0 1 1u 10n 10n 5u 20u)\nR1 in out {r}\nC1 out 0 1n\n.tran 10n 10u\n.end\n";

struct Folder(TempDir);

/// Exit code, standard output, standard error.
type Ran = (i32, String, String);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    #[track_caller]
    fn test(&self, arguments: &[&str], code: i32) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ionspice"));
        let output = command.current_dir(self.0.path()).arg("test").args(arguments).output().expect("the program");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ran = (output.status.code().expect("an exit code"), text(&output.stdout), text(&output.stderr));
        assert_eq!(ran.0, code, "\n{}\n{}", ran.1, ran.2);
        ran
    }
}

/// A deck with these expectations.
fn rc(lines: &str) -> String {
    RC.replacen('\n', &format!("\n{lines}\n"), 1)
}

#[test]
fn good_decks_pass_quietly() {
    let folder = Folder::new(&[
        ("a.cir", &rc("*> value v(out) at 3u = {0.864664} tol 1m").replace(['{', '}'], "").replace("v1 in", "V1 in")),
        ("b.cir", &rc("*> value v(out) max < 1\n*> value v(out) last > 0")),
        ("c.cir", "no such thing\n*> error \"unknown statement\" exit 2\nR1 a 0 1k\n.frobnicate\n.op\n"),
    ]);
    let (_, out, err) = folder.test(&["a.cir", "b.cir"], 0);
    assert!(out.starts_with("2 decks: 2 passed") && err.is_empty(), "{out}{err}");
    let (_, out, _) = folder.test(&["-q", "a.cir"], 0);
    assert_eq!(out, "");
    let (_, out, _) = folder.test(&["-v", "a.cir"], 0);
    assert!(out.contains("ok a.cir") && out.contains("v(out) at 3e-6: expected"), "{out}");
}

#[test]
fn a_failing_deck_says_which_signal_where_and_by_how_much() {
    let folder = Folder::new(&[("deck.cir", RC)]);
    let (_, out, _) = folder.test(&[], 3);
    assert!(out.contains("FAILED deck.cir") && out.contains("expects nothing"), "{out}");
    let (_, out, _) = folder.test(&["--bless"], 0);
    assert!(out.contains("ref/deck.csv: new"), "{out}");
    folder.test(&[], 0);
    let golden = folder.read("ref/deck.csv");

    folder.write("deck.cir", &RC.replace("1k", "1.05k"));
    let (_, out, _) = folder.test(&["--out", "res", "--json", "r.json", "--junit", "r.xml"], 3);
    assert!(out.contains("v(out): rms difference over range"), "{out}");
    assert!(out.contains("largest at time = ") && out.contains("expected ") && out.contains(", got "), "{out}");
    let plot = folder.read("res/deck/deck.v_out.svg");
    assert!(plot.contains("v(out) expected") && plot.contains("v(out) got"), "{plot}");
    let json: serde_json::Value = serde_json::from_str(&folder.read("r.json")).expect("JSON");
    assert_eq!((&json["failed"], &json["decks"][0]["verdict"]), (&1.into(), &"failed".into()));
    let finding = json["decks"][0]["findings"].as_array().expect("a list").iter().find(|f| f["subject"] == "v(out)");
    assert!(finding.expect("a finding")["error"].as_f64().expect("a number") > 1e-3);
    let xml = folder.read("r.xml");
    assert!(
        xml.contains("tests=\"1\" failures=\"1\" errors=\"0\"") && xml.contains("<failure message=\"v(out): "),
        "{xml}"
    );
    assert_eq!(xml.matches("<testcase").count(), xml.matches("</testcase>").count());

    let (_, out, _) = folder.test(&["--bless"], 0);
    assert!(out.contains("v(out): changed: rms ") && out.contains("largest at time"), "{out}");
    assert_ne!(folder.read("ref/deck.csv"), golden);
    let (_, out, _) = folder.test(&["--bless"], 0);
    assert!(!out.contains("changed"), "a golden file that holds is left alone: {out}");
}

#[test]
fn golden_lines_set_tolerances_crossings_and_windows() {
    let folder = Folder::new(&[("deck.cir", RC)]);
    folder.test(&["--bless"], 0);
    let with = |lines: &str| folder.write("deck.cir", &rc(lines).replace("1k", "1.01k"));
    with("*> golden v(out) rms 1e-2 peak 1e-2 cross 0.5 time 20n");
    folder.test(&[], 0);
    with("*> golden v(out) rms 1e-2 peak 1e-3 cross 0.5 time 1n");
    let (_, out, _) = folder.test(&[], 3);
    assert!(
        out.contains("largest difference over range") && out.contains("v(out) crossing 5e-1: expected at"),
        "{out}"
    );
    with("*> golden ref/deck.csv v(out) rms 1e-9 to 1u");
    folder.test(&[], 0);
    with("*> golden v(nowhere)");
    let (_, out, _) = folder.test(&[], 3);
    assert!(out.contains("v(nowhere): the golden file has no such signal"), "{out}");
    with("*> golden other.csv");
    let (_, out, _) = folder.test(&[], 3);
    assert!(out.contains("other.csv` does not exist"), "{out}");
}

#[test]
fn independent_references_are_never_blessed() {
    let reference = "# oracle: closed form\nv(out)\n0.5\n";
    let deck = "Divider\nV1 in 0 1\nR1 in out 1k\nR2 out 0 2k\n.op\n";
    let folder = Folder::new(&[("deck.cir", deck), ("ref/deck.csv", reference)]);
    let (_, out, _) = folder.test(&[], 3);
    assert!(out.contains("v(out): relative difference 3.33e-1") && out.contains("expected 500.000 mV"), "{out}");
    let (_, out, _) = folder.test(&["--bless"], 0);
    assert!(out.contains("independent reference"), "{out}");
    assert_eq!(folder.read("ref/deck.csv"), reference);
}

#[test]
fn expected_errors_and_warnings() {
    let wrong = |lines: &str| format!("t\n{lines}\nR1 a 0\n.op\n");
    let folder = Folder::new(&[
        ("text.cir", &wrong("*> error \"text.cir:3:\" exit 2")),
        ("code.cir", &wrong("*> error \"code.cir:3:\" exit 1")),
        ("other.cir", &wrong("*> error \"frobnicate\"")),
        ("none.cir", &rc("*> error \"frobnicate\"")),
        ("bad.cir", &wrong("*> smoke")),
    ]);
    folder.test(&["text.cir"], 0);
    assert!(folder.test(&["code.cir"], 3).1.contains("expected exit code 1, got 2"));
    assert!(folder.test(&["other.cir"], 3).1.contains("expected \"frobnicate\", got: other.cir:3:"));
    assert!(folder.test(&["none.cir"], 3).1.contains("the run went well"));
    assert!(folder.test(&["bad.cir"], 3).1.contains("stopped with exit code 2: bad.cir:3:"));

    let warned = |lines: &str| rc(&format!("{lines}\n.options frobnicate=1"));
    folder.write("yes.cir", &warned("*> warning \"frobnicate\"\n*> no-warnings"));
    folder.write("more.cir", &warned("*> no-warnings"));
    folder.write("less.cir", &rc("*> warning \"frobnicate\""));
    folder.test(&["yes.cir"], 0);
    assert!(folder.test(&["more.cir"], 3).1.contains("warning: not expected: "));
    assert!(folder.test(&["less.cir"], 3).1.contains("none was given"));
}

#[test]
fn malformed_expectations_are_located() {
    let folder = Folder::new(&[("deck.cir", &rc("*> mesure x = 1")), ("good.cir", &rc("*> smoke"))]);
    let (_, out, _) = folder.test(&[], 2);
    assert!(out.contains("deck.cir:2:4") && out.contains("did you mean `measure`?"), "{out}");
    assert!(out.contains("1 passed, 1 malformed"), "{out}");
    folder.write("deck.cir", RC);
    folder.write("deck.expect", "# beside the deck\nsmoke\nset r = 2k\nop\n");
    let (_, out, _) = folder.test(&["deck.cir"], 2);
    assert!(out.contains("deck.expect:4:3") && out.contains("a signal is expected"), "{out}");
    folder.write("deck.expect", "value v(out) at 3u = 0.632121 tol 1m\nset r = 2k\n");
    folder.test(&["deck.cir"], 0);
    folder.write("ref/good.csv", "time,v(out)\n0\n");
    let (_, out, _) = folder.test(&["good.cir"], 2);
    assert!(out.contains("good.csv: line 2: wrong number of columns"), "{out}");
}

#[test]
fn measures_are_compared() {
    let with = |lines: &str| {
        rc(&format!("{lines}\n.measure tran half when v(out)=0.5 rise=1\n.measure tran never when v(out)=2"))
    };
    let folder = Folder::new(&[
        ("good.cir", &with("*> measure half = 1.698u tol 1%\n*> measure never = failed")),
        ("bad.cir", &with("*> measure half = 1.5u tol 1%\n*> measure never = 1u\n*> measure other = 1")),
        ("step.cir", &with("*> measure half[2] = 2.391u tol 1%\n.step param r list 1k 2k")),
    ]);
    folder.test(&["good.cir", "step.cir"], 0);
    let (_, out, _) = folder.test(&["bad.cir"], 3);
    for words in ["measure half: expected 1.5", "measure never: expected 1e-6, the measure failed", "no such measure"] {
        assert!(out.contains(words), "{out}");
    }
}

#[test]
fn a_deck_that_takes_too_long_is_ended() {
    let endless = "Endless\n*> smoke\n*> timeout 0.3\nV1 a 0 sin(0 1 1meg)\nR1 a 0 1k\nC1 a 0 1p\n.tran 1n 100\n.end\n";
    let folder = Folder::new(&[("endless.cir", endless), ("good.cir", &rc("*> smoke"))]);
    let begun = Instant::now();
    let (_, out, _) = folder.test(&[], 3);
    assert!(begun.elapsed().as_secs_f64() < 10.0);
    assert!(out.contains("not finished within the time allowed") && out.contains("1 passed, 1 failed"), "{out}");
    folder.write("endless.cir", &endless.replace("*> timeout 0.3\n", ""));
    folder.test(&["--timeout", "0.3", "endless.cir"], 3);
    folder.test(&["--timeout", "0"], 2);
}

#[test]
fn filters_lists_and_wrong_usage() {
    let folder = Folder::new(&[
        ("osc/ring.cir", &rc("*> smoke")),
        ("osc/relax.cir", &rc("*> smoke")),
        ("rc.cir", &rc("*> smoke")),
        ("inc/part.cir", "* part\n"),
    ]);
    assert_eq!(folder.test(&["--list"], 0).1, "osc/relax.cir\nosc/ring.cir\nrc.cir\n");
    assert_eq!(folder.test(&["--list", "--filter", "osc*ring"], 0).1, "osc/ring.cir\n");
    assert_eq!(folder.test(&["--list", "--filter", "relax", "--filter", "rc.cir"], 0).1, "osc/relax.cir\nrc.cir\n");
    assert!(folder.test(&["--filter", "nothing"], 2).2.contains("no deck in `.` that the filter lets through"));
    assert!(folder.test(&["absent"], 2).2.contains("cannot read `absent`"));
    folder.test(&["--jobs", "0"], 2);
    folder.test(&["--frobnicate"], 2);
}

#[test]
fn results_do_not_depend_on_the_number_of_jobs() {
    let mut files = Vec::new();
    for k in 0..12 {
        let lines = if k % 3 == 0 { "*> value v(out) max < 0.5" } else { "*> smoke" };
        files.push((format!("d{k:02}.cir"), rc(lines)));
    }
    let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let folder = Folder::new(&named);
    let counted = |out: &str| out.rsplit_once(" (").map(|(text, _)| text.to_string());
    let one = folder.test(&["-v", "--jobs", "1"], 3).1;
    let many = folder.test(&["-v", "--jobs", "5"], 3).1;
    assert_eq!(counted(&one), counted(&many));
    assert!(one.contains("12 decks: 8 passed, 4 failed"), "{one}");
}

#[test]
fn decks_that_need_something_else_are_skipped_visibly() {
    let folder =
        Folder::new(&[("a.cir", &rc("*> smoke\n*> needs no-such-program")), ("b.cir", &rc("*> skip \"later\""))]);
    let (_, out, _) = folder.test(&["--junit", "r.xml"], 0);
    assert!(out.contains("skipped a.cir") && out.contains("`no-such-program` is not on the PATH"), "{out}");
    assert!(out.contains("note: later") && out.contains("0 passed, 2 skipped"), "{out}");
    assert_eq!(folder.read("r.xml").matches("<skipped").count(), 2);
}
