//! What a run leaves behind: raw files, CSV, JSON, SVG plots, numbers for people, and a progress bar.
//!
//! Nothing here knows circuits or analyses: an analysis fills a [`Dataset`], and every writer takes datasets.

pub mod bias;
pub mod csv;
pub mod dataset;
pub mod json;
pub mod plot;
pub mod progress;
pub mod raw;
pub mod units;

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

pub use bias::write_bias;
pub use csv::{CsvStream, write_csv, write_matrix};
pub use dataset::{Dataset, Quantity, Values, Variable};
pub use json::{write_json, write_json_with};
pub use plot::{LearningCurve, learning_curve_svg, plot_histogram, plot_learning_curve, plot_waveforms};
pub use progress::Progress;
pub use raw::{RawFormat, RawStream, read_raw, write_raw};
pub use units::engineering;

/// Why a result could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file in question.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A raw file that does not follow the format.
    #[error("{}: not a valid raw file at byte {offset}: {reason}", path.display())]
    Raw {
        /// The file in question.
        path: PathBuf,
        /// Position of the first byte that makes no sense.
        offset: usize,
        /// What was expected there.
        reason: String,
    },
    /// The drawing library refused.
    #[error("{}: cannot draw the plot: {reason}", path.display())]
    Plot {
        /// The file in question.
        path: PathBuf,
        /// What the library said.
        reason: String,
    },
}

impl OutputError {
    /// Turns an I/O error into one that names the file.
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_path_buf(), source }
    }
}

/// Where result `number` (from 1) of a run goes: `name.csv`, `name.2.csv`, `name.3.csv`, ...
pub fn numbered(path: &Path, number: usize) -> PathBuf {
    if number <= 1 {
        return path.to_path_buf();
    }
    let extension = path.extension().map_or(String::new(), |e| format!(".{}", e.to_string_lossy()));
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}.{number}{extension}"))
}

/// Creates (or empties) a file for buffered writing.
fn create(path: &Path) -> Result<BufWriter<File>, OutputError> {
    File::create(path).map(BufWriter::new).map_err(OutputError::io(path))
}
