//! Measured pulse-by-pulse reads: columns `cycle`, `phase` (P or D), `pulse`, `conductance_S`.

use std::path::Path;

/// Conductance, S, as `[set, reset][cycle][pulses so far]`; the reset branch begins with the last read of the set branch.
pub type Branches = [Vec<Vec<f64>>; 2];

/// Reads of one device.
#[derive(Clone, Debug)]
pub struct Device {
    /// Name of the file without its extension, lower case.
    pub name: String,
    /// What was read.
    pub reads: Branches,
}

/// Most cycles or pulses that a file may have.
const MOST: usize = 10_000;

impl Device {
    /// Reads a file.
    ///
    /// # Errors
    /// A sentence that names the file, the line and what was expected there.
    pub fn open(path: &Path) -> Result<Self, String> {
        let name = path.file_stem().map(|s| s.to_string_lossy().to_lowercase()).unwrap_or_default();
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Self { name, reads: parse(&text).map_err(|e| format!("{}: {e}", path.display()))? })
    }
}

fn parse(text: &str) -> Result<Branches, String> {
    let mut lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'));
    let (_, header) = lines.next().ok_or("the file is empty")?;
    let columns: Vec<&str> = header.split(',').map(str::trim).collect();
    let place = |name: &str| columns.iter().position(|c| *c == name).ok_or(format!("there is no column `{name}`"));
    let (cycle_at, phase_at, pulse_at) = (place("cycle")?, place("phase")?, place("pulse")?);
    let value_at = place("conductance_S")?;
    let mut reads: Branches = [Vec::new(), Vec::new()];
    for (number, line) in lines {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let field = |at: usize| fields.get(at).copied().ok_or(format!("line {}: a field is missing", number + 1));
        let count = |at: usize| -> Result<usize, String> {
            let text = field(at)?;
            let value = text.parse().ok().filter(|n| *n <= MOST);
            value.ok_or(format!("line {}: `{text}` is no number of a cycle or pulse up to {MOST}", number + 1))
        };
        let branch = match field(phase_at)? {
            "P" => &mut reads[0],
            "D" => &mut reads[1],
            other => return Err(format!("line {}: phase `{other}`, expected P or D", number + 1)),
        };
        let cycle = count(cycle_at)?.checked_sub(1).ok_or(format!("line {}: cycles count from 1", number + 1))?;
        let pulse = count(pulse_at)?;
        let text = field(value_at)?;
        let value = text.parse().ok().filter(|g: &f64| *g > 0.0 && g.is_finite());
        let value = value.ok_or(format!("line {}: `{text}` is no conductance in siemens", number + 1))?;
        if branch.len() <= cycle {
            branch.resize(cycle + 1, Vec::new());
        }
        let row = &mut branch[cycle];
        if row.len() <= pulse {
            row.resize(pulse + 1, f64::NAN);
        }
        row[pulse] = value;
    }
    let cycles = reads[0].len();
    let pulses = reads[0].first().map_or(0, Vec::len);
    if cycles == 0 || pulses < 10 {
        return Err("expected at least one cycle of ten pulses".into());
    }
    for (branch, phase) in reads.iter().zip(['P', 'D']) {
        if branch.len() != cycles || branch.iter().any(|row| row.len() != pulses) {
            return Err(format!("phase {phase} has not {cycles} cycles of {} pulses", pulses - 1));
        }
        if branch.iter().flatten().any(|g| g.is_nan()) {
            return Err(format!("phase {phase} lacks a read"));
        }
    }
    Ok(reads)
}

/// The mean over cycles at a number of pulses.
fn mean_at(cycles: &[Vec<f64>], pulse: usize) -> f64 {
    cycles.iter().map(|c| c[pulse]).sum::<f64>() / cycles.len() as f64
}

/// Mean over cycles of a branch.
pub fn mean_curve(cycles: &[Vec<f64>]) -> Vec<f64> {
    (0..cycles[0].len()).map(|p| mean_at(cycles, p)).collect()
}

/// G0 and G1: means before and after the set pulses.
pub fn ends(reads: &Branches) -> (f64, f64) {
    (mean_at(&reads[0], 0), mean_at(&reads[0], reads[0][0].len() - 1))
}

/// The cycles of a range.
pub fn cycles(reads: &Branches, range: std::ops::Range<usize>) -> Branches {
    [reads[0][range.clone()].to_vec(), reads[1][range].to_vec()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_files_are_explained() {
        let rows = |phase: char, skip: usize| -> String {
            (0..=12).filter(|p| *p != skip).map(|p| format!("1,{phase},{p},1e-5\n")).collect()
        };
        let header = "cycle,phase,pulse,conductance_S\n";
        for (text, part) in [
            (String::new(), "empty"),
            ("cycle,phase,pulse\n".into(), "conductance_S"),
            (format!("{header}1,X,0,1e-5"), "phase `X`"),
            (format!("{header}0,P,0,1e-5"), "count from 1"),
            (format!("{header}1,P,99999999,1e-5"), "no number"),
            (format!("{header}1,P,0,-1"), "siemens"),
            (format!("{header}1,P,0"), "a field is missing"),
            (format!("{header}1,P,1,1e-5"), "ten pulses"),
            (header.to_string() + &rows('P', 99), "phase D has not 1 cycles"),
            (header.to_string() + &rows('P', 5) + &rows('D', 99), "phase P lacks a read"),
        ] {
            let message = parse(&text).map_or_else(|e| e, |_| "read".into());
            assert!(message.contains(part), "{text}: {message}");
        }
        assert!(parse(&(header.to_string() + &rows('P', 99) + &rows('D', 99))).is_ok());
    }
}
