//! Writing raw files: whole tables, or row by row while a run goes on.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use num_complex::Complex64;

use super::{RawFormat, type_word};
use crate::output::{Dataset, OutputError, Values};

/// Width of the number of points in the header, which is patched in place.
const POINTS_WIDTH: usize = 12;
/// Bytes of rows held before they go to the file.
const BUFFER: usize = 1 << 18;

/// Writes all datasets in order to one file. `date` replaces the present date (UTC) in the headers, for files that
/// are the same on every run.
pub fn write_raw(path: &Path, datasets: &[Dataset], format: RawFormat, date: Option<&str>) -> Result<(), OutputError> {
    if datasets.is_empty() {
        return File::create(path).map(drop).map_err(OutputError::io(path));
    }
    for (index, data) in datasets.iter().enumerate() {
        let mut stream = match index {
            0 => RawStream::create(path, data, format, date)?,
            _ => RawStream::append(path, data, format, date)?,
        };
        let width = data.variables.len().max(1);
        match &data.values {
            Values::Real(values) => values.chunks_exact(width).try_for_each(|row| stream.push_row(row))?,
            Values::Complex(values) => values.chunks_exact(width).try_for_each(|row| stream.push_complex_row(row))?,
        }
        stream.finish()?;
    }
    Ok(())
}

/// One plot of a raw file, written while the analysis runs.
///
/// Rows go to the file in blocks; after each block the number of points in the header is brought up to date, so a
/// run that fails, or is killed, leaves a file that can be read. Dropping the stream writes the rows still held;
/// [`finish`](Self::finish) does the same and reports errors.
#[derive(Debug)]
pub struct RawStream {
    path: PathBuf,
    file: File,
    format: RawFormat,
    complex: bool,
    variables: usize,
    /// Rows not yet in the file.
    buffer: Vec<u8>,
    /// Rows pushed so far.
    points: u64,
    /// Where the number of points stands in the file.
    points_at: u64,
    /// End of the rows in the file.
    end: u64,
}

impl RawStream {
    /// Starts a new file. Title, plot name, variables and real or complex come from `header`; its values are not written.
    pub fn create(path: &Path, header: &Dataset, format: RawFormat, date: Option<&str>) -> Result<Self, OutputError> {
        let file = File::create(path).map_err(OutputError::io(path))?;
        Self::start(path, file, header, format, date)
    }

    /// Starts a further plot at the end of an existing file.
    pub fn append(path: &Path, header: &Dataset, format: RawFormat, date: Option<&str>) -> Result<Self, OutputError> {
        let file = OpenOptions::new().write(true).open(path).map_err(OutputError::io(path))?;
        Self::start(path, file, header, format, date)
    }

    fn start(
        path: &Path,
        mut file: File,
        header: &Dataset,
        format: RawFormat,
        date: Option<&str>,
    ) -> Result<Self, OutputError> {
        let (text, points_at) = header_text(header, format, date);
        let start = file.seek(SeekFrom::End(0)).map_err(OutputError::io(path))?;
        file.write_all(text.as_bytes()).map_err(OutputError::io(path))?;
        Ok(Self {
            path: path.to_path_buf(),
            file,
            format,
            complex: header.is_complex(),
            variables: header.variables.len(),
            buffer: Vec::with_capacity(BUFFER + 64),
            points: 0,
            points_at: start + points_at as u64,
            end: start + text.len() as u64,
        })
    }

    /// Appends a row; in a complex plot with zero imaginary parts.
    ///
    /// # Panics
    /// When the length of the row is not the number of variables, a mistake in the caller.
    pub fn push_row(&mut self, row: &[f64]) -> Result<(), OutputError> {
        assert_eq!(row.len(), self.variables, "one value per variable");
        self.push(row.iter().map(|&re| Complex64::new(re, 0.0)))
    }

    /// Appends a row of complex values; a real plot keeps their real parts.
    ///
    /// # Panics
    /// When the length of the row is not the number of variables, a mistake in the caller.
    pub fn push_complex_row(&mut self, row: &[Complex64]) -> Result<(), OutputError> {
        assert_eq!(row.len(), self.variables, "one value per variable");
        self.push(row.iter().copied())
    }

    fn push(&mut self, row: impl Iterator<Item = Complex64>) -> Result<(), OutputError> {
        match self.format {
            RawFormat::Binary => {
                for value in row {
                    self.buffer.extend_from_slice(&value.re.to_le_bytes());
                    if self.complex {
                        self.buffer.extend_from_slice(&value.im.to_le_bytes());
                    }
                }
            }
            RawFormat::Ascii => {
                // Writing to a vector cannot fail.
                let _ = write!(self.buffer, "{}\t", self.points);
                for value in row {
                    self.buffer.push(b'\t');
                    ascii(&mut self.buffer, value.re);
                    if self.complex {
                        self.buffer.push(b',');
                        ascii(&mut self.buffer, value.im);
                    }
                    self.buffer.push(b'\n');
                }
            }
        }
        self.points += 1;
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// Writes the rows held and brings the header up to date.
    pub fn flush(&mut self) -> Result<(), OutputError> {
        let result = self.file.write_all(&self.buffer).and_then(|()| {
            self.end += self.buffer.len() as u64;
            self.file.seek(SeekFrom::Start(self.points_at))?;
            write!(self.file, "{:<POINTS_WIDTH$}", self.points)?;
            self.file.seek(SeekFrom::Start(self.end)).map(drop)
        });
        // After an error too: the rows are lost, and writing a part of them twice would spoil the file.
        self.buffer.clear();
        if result.is_err() {
            let _ = self.file.set_len(self.end);
        }
        result.map_err(OutputError::io(&self.path))
    }

    /// Writes what is held and returns the number of points.
    pub fn finish(mut self) -> Result<u64, OutputError> {
        self.flush()?;
        Ok(self.points)
    }
}

impl Drop for RawStream {
    fn drop(&mut self) {
        if !self.buffer.is_empty() {
            // `finish` is the way to learn of errors.
            let _ = self.flush();
        }
    }
}

/// The header with zero points, and where in it the number of points stands.
fn header_text(header: &Dataset, format: RawFormat, date: Option<&str>) -> (String, usize) {
    let date = date.map_or_else(|| calendar(SystemTime::now()), one_line);
    let mut text = format!(
        "Title: {}\nDate: {date}\nPlotname: {}\nFlags: {}\nNo. Variables: {}\nNo. Points: ",
        one_line(&header.title),
        one_line(&header.plot_name),
        if header.is_complex() { "complex" } else { "real" },
        header.variables.len(),
    );
    let points_at = text.len();
    text += &format!("{:<POINTS_WIDTH$}\nVariables:\n", 0);
    for (index, variable) in header.variables.iter().enumerate() {
        text += &format!("\t{index}\t{}\t{}\n", one_word(&variable.name), type_word(&variable.quantity));
    }
    text += match format {
        RawFormat::Binary => "Binary:\n",
        RawFormat::Ascii => "Values:\n",
    };
    (text, points_at)
}

/// A number with 17 significant digits and an exponent as C prints it.
fn ascii(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        let word: &[u8] = if value.is_nan() {
            b"nan"
        } else if value > 0.0 {
            b"inf"
        } else {
            b"-inf"
        };
        out.extend_from_slice(word);
        return;
    }
    let start = out.len();
    // Writing to a vector cannot fail.
    let _ = write!(out, "{value:.16e}");
    let Some(mark) = out[start..].iter().rposition(|&b| b == b'e').map(|p| start + p + 1) else { return };
    let negative = out.get(mark) == Some(&b'-');
    if !negative {
        out.insert(mark, b'+');
    }
    if out.len() - mark < 3 {
        out.insert(mark + 1, b'0');
    }
}

fn one_line(text: &str) -> String {
    text.replace(|c: char| c.is_control() && c != '\t', " ").trim().to_owned()
}

/// A variable's name without the white space that would end it; never empty.
fn one_word(name: &str) -> String {
    let word = name.trim().replace(|c: char| c.is_whitespace() || c.is_control(), "_");
    if word.is_empty() { "_".into() } else { word }
}

/// The date as ngspice writes it, `Thu Jan  1 00:00:00  1970`, in UTC.
/// The civil date follows from the day number in the 400-year cycle of the Gregorian calendar.
fn calendar(now: SystemTime) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"];
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March here, so that the leap day is the last.
    let since_0000_03_01 = day + 719_468;
    let (era, of_era) = (since_0000_03_01 / 146_097, since_0000_03_01 % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let year = 400 * era + year_of_era + u64::from(month >= 10);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let (weekday, month) = (DAYS[(day % 7) as usize], MONTHS[month as usize]);
    format!("{weekday} {month} {of_month:2} {hour:02}:{minute:02}:{second:02}  {year}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates_of_the_calendar() {
        for (seconds, text) in [
            (0, "Thu Jan  1 00:00:00  1970"),
            (951_782_400, "Tue Feb 29 00:00:00  2000"),
            (1_709_251_199, "Thu Feb 29 23:59:59  2024"),
            (4_107_542_400, "Mon Mar  1 00:00:00  2100"),
        ] {
            assert_eq!(calendar(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn numbers_look_like_those_of_c() {
        for (value, text) in [
            (0.0, "0.0000000000000000e+00"),
            (-1.5e-3, "-1.5000000000000000e-03"),
            (2f64.powi(400), "2.5822498780869086e+120"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            let mut out = Vec::new();
            ascii(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
