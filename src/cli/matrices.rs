//! Matrices that `.matrix` statements ask for.

use std::path::{Path, PathBuf};

use ionspice::analysis::MatrixValues;
use ionspice::circuit::Circuit;
use ionspice::output::{OutputError, numbered, write_matrix};

/// Writes every matrix to the file its statement names, the others to `otherwise` one after the other.
pub fn write(
    circuit: &Circuit,
    all: &[MatrixValues],
    otherwise: Option<&Path>,
    check: &mut dyn FnMut(Result<(), OutputError>),
) {
    let mut used: Vec<(PathBuf, usize)> = Vec::new();
    for matrix in all {
        let statement = &circuit.matrices[matrix.matrix];
        let Some(path) = statement.file.as_deref().or(otherwise) else { continue };
        let number = match used.iter_mut().find(|(before, _)| before == path) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                used.push((path.to_path_buf(), 1));
                1
            }
        };
        let cols = circuit.arrays[statement.array].cols;
        check(write_matrix(&numbered(path, number), &matrix.values, cols));
    }
}
