use std::path::Path;
use std::process::{Command, Stdio};

use num_complex::Complex64;
use proptest::prelude::*;

use super::*;
use crate::output::{Dataset, OutputError, Values, Variable};

const DATE: Option<&str> = Some("Thu Jan  1 00:00:00  1970");

fn transient(points: usize) -> Dataset {
    let variables = vec![
        Variable::new("time", Quantity::Time),
        Variable::new("v(out)", Quantity::Voltage),
        Variable::new("i(v1)", Quantity::Current),
    ];
    let mut data = Dataset::new("rc low pass", "Transient Analysis", variables);
    for k in 0..points {
        let t = k as f64 * 1e-7;
        data.push_row(&[t, 1.0 - (-t / 1e-6).exp(), -1e-3 * (-t / 1e-6).exp()]);
    }
    data
}

fn ac() -> Dataset {
    let variables = vec![Variable::new("frequency", Quantity::Frequency), Variable::new("v(out)", Quantity::Voltage)];
    let mut data = Dataset::complex("rc low pass", "AC Analysis", variables);
    for k in 0..4 {
        let f = 10f64.powi(k);
        data.push_complex_row(&[f.into(), 1.0 / Complex64::new(1.0, f / 50.0)]);
    }
    data
}

fn operating_point() -> Dataset {
    let mut data =
        Dataset::new("rc low pass", Dataset::OPERATING_POINT, vec![Variable::new("v(out)", Quantity::Voltage)]);
    data.push_row(&[1.0 / 3.0]);
    data
}

#[test]
fn the_file_is_laid_out_as_ngspice_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.raw");
    let mut data = transient(1);
    write_raw(&path, std::slice::from_ref(&data), RawFormat::Ascii, DATE).unwrap();
    let expected = "Title: rc low pass\nDate: Thu Jan  1 00:00:00  1970\nPlotname: Transient Analysis\nFlags: real\n\
        No. Variables: 3\nNo. Points: 1           \nVariables:\n\t0\ttime\ttime\n\t1\tv(out)\tvoltage\n\
        \t2\ti(v1)\tcurrent\nValues:\n0\t\t0.0000000000000000e+00\n\t0.0000000000000000e+00\n\
        \t-1.0000000000000000e-03\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);

    data.values = Values::Real(vec![1.0, 2.0, 3.0]);
    write_raw(&path, &[data], RawFormat::Binary, DATE).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let table = [1.0f64, 2.0, 3.0].map(f64::to_le_bytes).concat();
    assert!(bytes.ends_with(&[b"Binary:\n".as_slice(), &table].concat()));
}

#[test]
fn all_plots_of_a_run_come_back_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let empty = Dataset::new("", "nothing", vec![]);
    let plots = [operating_point(), transient(100), ac(), transient(0), empty];
    for format in [RawFormat::Binary, RawFormat::Ascii] {
        let path = folder.path().join("a.raw");
        write_raw(&path, &plots, format, None).unwrap();
        assert_eq!(read_raw(&path).unwrap(), plots);
    }
}

#[test]
fn an_abandoned_stream_leaves_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.raw");
    let mut stream = RawStream::create(&path, &transient(0), RawFormat::Binary, DATE).unwrap();
    stream.push_row(&[0.0, 1.0, 2.0]).unwrap();
    stream.push_row(&[1.0, 3.0, 4.0]).unwrap();
    drop(stream);
    let mut stream = RawStream::append(&path, &ac(), RawFormat::Binary, DATE).unwrap();
    stream.push_row(&[1e3, 0.5]).unwrap();
    assert_eq!(stream.finish().unwrap(), 1);
    let plots = read_raw(&path).unwrap();
    assert_eq!(plots.iter().map(Dataset::points).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(plots[0].values, Values::Real(vec![0.0, 1.0, 2.0, 1.0, 3.0, 4.0]));
}

#[test]
fn a_killed_run_leaves_all_full_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.raw");
    let mut stream = RawStream::create(&path, &transient(0), RawFormat::Binary, DATE).unwrap();
    for k in 0..30_000 {
        stream.push_row(&[k as f64, 0.0, 0.0]).unwrap();
    }
    // As after a kill: no destructor runs.
    std::mem::forget(stream);
    let points = read_raw(&path).unwrap()[0].points();
    assert!((10_000..30_000).contains(&points), "{points}");
}

#[test]
fn names_and_titles_cannot_break_the_header() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.raw");
    let mut data = Dataset::new("two\nlines", "x", vec![Variable::new("v(a b)", Quantity::Other("Ohm".into()))]);
    data.variables.push(Variable::new("", Quantity::Temperature));
    data.push_row(&[1.0, 2.0]);
    write_raw(&path, &[data], RawFormat::Binary, None).unwrap();
    let read = read_raw(&path).unwrap().remove(0);
    assert_eq!(read.title, "two lines");
    let expected = [Variable::new("v(a_b)", Quantity::Other("Ohm".into())), Variable::new("_", Quantity::Temperature)];
    assert_eq!(read.variables, expected);
}

#[test]
fn what_is_no_raw_file_is_an_error_that_says_where() {
    let header = "Title: t\nPlotname: p\nFlags: real\nNo. Variables: 1\n";
    for (text, reason) in [
        ("".to_owned(), "empty"),
        ("hello\n".into(), "header line"),
        ("Title: t".into(), "ends before"),
        (format!("{header}Binary:\n"), "No. Points"),
        (format!("{header}No. Points: many\n"), "number of points"),
        (format!("{header}No. Points: -1\n"), "number of points"),
        (format!("{header}No. Points: 1\nBinary:\n"), "Variables"),
        (format!("{header}No. Points: 1\nVariables:\n\t0\n"), "variable 0 of 1"),
        (format!("{header}No. Points: 1\nVariables:\n\t0 a time\nBinary:\n1234567"), "do not fit"),
        (format!("{header}No. Points: {}\nVariables:\n\t0 a time\nBinary:\n", usize::MAX), "do not fit"),
        (
            format!("{header}No. Points: {}\nVariables:\n\t0 a time\nValues:\n0 1 1 x", usize::MAX),
            "value of variable 0",
        ),
        (format!("{header}No. Points: 2\nVariables:\n\t0 a time\nValues:\n0 1"), "index of point 1"),
        ("No. Variables: 99999999999\nVariables:\n\t0 a time\n".into(), "ends before"),
        ("Variables:\n".into(), "No. Variables"),
    ] {
        let error = parse_raw(text.as_bytes()).unwrap_err();
        assert!(error.reason.contains(reason), "{text:?}: {error:?}");
    }
    let error = read_raw(Path::new("no/such/file.raw")).unwrap_err();
    assert!(matches!(error, OutputError::Io { .. }) && error.to_string().contains("file.raw"));
}

proptest! {
    #[test]
    fn any_numbers_come_back_bit_for_bit(bits in proptest::collection::vec(any::<u64>(), 6), ascii in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.raw");
        let values: Vec<f64> = bits.iter().map(|&b| f64::from_bits(b)).collect();
        let data = Dataset { values: Values::Real(values.clone()), ..transient(0) };
        let format = if ascii { RawFormat::Ascii } else { RawFormat::Binary };
        write_raw(&path, &[data], format, DATE).unwrap();
        let Values::Real(read) = read_raw(&path).unwrap().remove(0).values else { panic!("real stays real") };
        prop_assert_eq!(read.len(), values.len());
        for (a, b) in read.iter().zip(&values) {
            prop_assert!(a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan());
        }
    }

    #[test]
    fn damaged_files_never_panic(cut in 0usize..2000, at in 0usize..2000, byte in any::<u8>()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.raw");
        write_raw(&path, &[transient(9)], RawFormat::Ascii, DATE).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        write_raw(&path, &[transient(9), ac()], RawFormat::Binary, DATE).unwrap();
        bytes.extend(std::fs::read(&path).unwrap());
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = parse_raw(&bytes);
        bytes.truncate(cut);
        let _ = parse_raw(&bytes);
    }

    #[test]
    fn noise_is_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(parse_raw(&bytes).is_err());
    }
}

/// Runs ngspice on a script; none where it is not installed.
fn ngspice(folder: &Path, script: &str) -> Option<String> {
    std::fs::write(folder.join("script.cir"), script).unwrap();
    let output = Command::new("ngspice")
        .args(["-b", "script.cir", "-r", "theirs.raw"])
        .current_dir(folder)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn reads_what_ngspice_writes() {
    let folder = tempfile::tempdir().unwrap();
    let deck = "* divider\nv1 in 0 dc 1 ac 1\nr1 in out 1k\nr2 out 0 1k\n.op\n.dc v1 0 1 0.5\n.ac dec 1 1 100\n\
        .tran 1u 5u\n.end\n";
    if ngspice(folder.path(), deck).is_none() {
        return;
    }
    let plots = read_raw(&folder.path().join("theirs.raw")).unwrap();
    let find = |name: &str| plots.iter().find(|p| p.plot_name == name).unwrap();
    for name in ["Operating Point", "DC transfer characteristic", "AC Analysis", "Transient Analysis"] {
        let plot = find(name);
        let (input, output) = (plot.find("v(in)").unwrap(), plot.find("v(out)").unwrap());
        assert!(plot.points() > 0);
        assert_eq!(plot.variables[output].quantity, Quantity::Voltage);
        for (a, b) in plot.complex_column(input).zip(plot.complex_column(output)) {
            assert!((a - 2.0 * b).norm() < 1e-12);
        }
    }
    assert_eq!(find("DC transfer characteristic").column(0).collect::<Vec<_>>(), [0.0, 0.5, 1.0]);
    assert_eq!(find("AC Analysis").variables[0].quantity, Quantity::Frequency);
    assert!(find("AC Analysis").is_complex());
}

#[test]
fn ngspice_reads_what_we_write() {
    let folder = tempfile::tempdir().unwrap();
    for format in [RawFormat::Binary, RawFormat::Ascii] {
        write_raw(&folder.path().join("ours.raw"), &[transient(101), ac()], format, None).unwrap();
        let script = "* load\n.control\nload ours.raw\nsetplot\nsetplot tran1\nprint v(out)[50] i(v1)[0] length(time)\n\
            setplot ac1\nprint v(out)[2]\nquit\n.endc\n.end\n";
        let Some(printed) = ngspice(folder.path(), script) else { return };
        let value = |name: &str| {
            let line = printed.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once('=')).map(|(_, value)| value.trim().to_owned())
        };
        let number = |name: &str| value(name).and_then(|text| text.parse::<f64>().ok());
        assert!((number("v(out)[50]").unwrap() - (1.0 - (-5f64).exp())).abs() < 1e-6, "{printed}");
        assert_eq!(number("i(v1)[0]"), Some(-1e-3));
        assert_eq!(number("length(time)"), Some(101.0));
        assert_eq!(value("v(out)[2]").as_deref(), Some("2.000000e-01,-4.00000e-01"));
    }
}
