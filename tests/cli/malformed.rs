//! Malformed decks through the program: exit code 2, a place in the text, no panic, little time, little memory.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use assert_cmd::Command;

use crate::{Folder, Ran, project};

/// Address space the program may have; what it keeps in memory is less.
#[cfg(unix)]
const MEMORY_KIBIBYTES: u32 = 200_000;

/// `ionspice COMMAND DECK` with bounded memory.
#[cfg(unix)]
fn ionspice(command: &str, deck: &Path) -> Ran {
    let script = format!("ulimit -v {MEMORY_KIBIBYTES}; exec \"$@\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_ionspice"), command]).arg(deck);
    Ran::new(shell.output().expect("the program"))
}

#[cfg(not(unix))]
fn ionspice(command: &str, deck: &Path) -> Ran {
    Ran::new(crate::program().arg(command).arg(deck).output().expect("the program"))
}

fn decks(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(project(folder)).expect("a folder of decks");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut decks: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|e| e == "cir")).collect();
    decks.sort();
    decks
}

/// Both `run` and `check` refuse the deck and show a place as `file:line:column`.
fn refused(deck: &Path, most: Duration) {
    let name = deck.file_name().expect("a name").to_string_lossy().into_owned();
    for command in ["run", "check"] {
        let start = Instant::now();
        let ran = ionspice(command, deck);
        assert!(start.elapsed() < most, "{command} {name} took {:?}", start.elapsed());
        assert_eq!(ran.code, 2, "{command} {name}\n{}\n{}", ran.out, ran.err);
        assert!(!ran.err.contains("panicked"), "{name}: {}", ran.err);
        let place = ran.err.split('[').skip(1).filter_map(|rest| rest.split(']').next()).any(|place| {
            let mut parts = place.rsplitn(3, ':').take(2);
            parts.all(|number| number.parse::<u32>().is_ok())
        });
        assert!(place, "{command} {name}: no place in\n{}", ran.err);
        assert!(ran.err.len() < 200_000, "{name}: {} bytes of messages", ran.err.len());
    }
}

#[test]
fn malformed_decks_are_refused() {
    let all = decks("tests/malformed");
    assert!(all.len() >= 50, "only {} decks", all.len());
    all.iter().for_each(|deck| refused(deck, Duration::from_secs(2)));
}

#[test]
fn decks_with_wrong_devices_signals_options_and_controllers_are_refused() {
    let all: Vec<PathBuf> = decks("tests/malformed_devices");
    assert!(all.len() >= 30, "only {} decks", all.len());
    all.iter().for_each(|deck| refused(deck, Duration::from_secs(2)));
}

/// What some of them must say.
#[test]
fn messages_name_the_mistake() {
    let cases: [(&str, &[&str]); 13] = [
        ("model_parameter_out_of_range", &["parameter `is`", "-1e-14", "1e-300 to 1e300 A", "cir:4:14"]),
        ("unknown_model_type", &["unknown type `npm`", "cir:4:"]),
        ("bjt_level", &["level 4 is not available", "OSDI", "cir:4:15"]),
        ("bjt_initial", &["`ic` wants up to 2 numbers", "icvbe, icvce", "cir:3:12"]),
        ("vteam_three_terminals", &["`ym` has 3 terminals", "has 2", "cir:3:1"]),
        ("unknown_quantity_in_save", &["`@ym[humidity]`"]),
        ("unknown_instance_parameter", &["`ym` has no parameter `w00`", "did you mean `w0`?"]),
        ("controller_unknown_keyword", &["unknown controller statement `colour`", "cir:17:1"]),
        ("controller_unknown_element", &["no element `vr9`"]),
        ("controller_row_count", &["9 states", "8 lines"]),
        ("controller_without_reset", &["controller `maze` has no `reset` statement", "cir:3:1"]),
        ("controller_unknown_setting", &["`set` has no setting `heigth`", "expected: amplitude, width, edge, gap"]),
        ("controller_adc_is_a_source", &["`vd0` is not an ADC"]),
    ];
    for (name, words) in cases {
        ionspice("run", &project(&format!("tests/malformed_devices/{name}.cir"))).exits(2).says(words);
    }
}

/// Bytes that look random and are the same every time (xorshift).
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    std::iter::repeat_with(next).flat_map(u64::to_le_bytes).take(count).collect()
}

#[test]
fn huge_decks_are_refused_in_bounded_memory() {
    let folder = Folder::new();
    let cases: [(&str, Vec<u8>); 5] = [
        ("line_of_10_mb.cir", format!("t\nV1 a 0 {}\n.end\n", "9".repeat(10 << 20)).into_bytes()),
        ("noise_of_17_mb.cir", noise(17 << 20)),
        ("a_million_wrong_lines.cir", format!("t\n{}", "q1 a b c\n".repeat(1_000_000)).into_bytes()),
        ("zeros_of_17_mb.cir", vec![0; 17 << 20]),
        ("beyond_the_limit_of_64_mb.cir", vec![b'x'; 65 << 20]),
    ];
    for (name, bytes) in cases {
        let path = folder.path(name);
        std::fs::write(&path, bytes).expect("a file");
        refused(&path, Duration::from_secs(2));
    }
}

/// Small decks that would become huge circuits.
#[test]
fn huge_circuits_are_refused_in_bounded_memory() {
    let folder = Folder::new();
    let nested: String = (1..30).map(|k| format!(".subckt s{k} a\nX1 a s{0}\nX2 a s{0}\n.ends\n", k - 1)).collect();
    let doubling = format!("t\n.subckt s0 a\nR1 a 0 1\n.ends\n{nested}X1 a s29\nV1 a 0 1\n.op\n.end\n");
    refused(&folder.write("doubling.cir", &doubling), Duration::from_secs(20));
    let sweep = "t\nV1 a 0 1\nR1 a 0 1k\n.dc V1 0 1 1e-18\n.end\n";
    refused(&folder.write("sweep.cir", sweep), Duration::from_secs(2));
}
