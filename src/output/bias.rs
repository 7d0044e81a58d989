//! Operating points as `.nodeset` lines, which every SPICE can include.

use std::io::Write as _;
use std::path::Path;

use super::{OutputError, create};

/// Writes the voltages of nodes, ground left out; 17 digits, so that they come back as they were.
///
/// # Errors
/// The file cannot be written.
pub fn write_bias(path: &Path, nodes: &[String], voltages: &[f64]) -> Result<(), OutputError> {
    let mut file = create(path)?;
    let mut write = || {
        writeln!(file, "* node voltages of an operating point, V")?;
        for (node, voltage) in nodes.iter().zip(voltages).skip(1) {
            writeln!(file, ".nodeset v({node})={voltage:.16e}")?;
        }
        file.flush()
    };
    write().map_err(OutputError::io(path))
}
