//! Reading raw files of this program, ngspice and other members of the family.

use std::path::Path;
use std::str::FromStr;

use num_complex::Complex64;

use super::quantity;
use crate::output::{Dataset, OutputError, Values, Variable};

/// Reads all plots of a raw file, ascii or binary.
///
/// # Errors
/// When the file cannot be read, or is truncated or not a raw file; nothing is guessed. Memory stays in proportion
/// to the size of the file, whatever its header promises.
pub fn read_raw(path: &Path) -> Result<Vec<Dataset>, OutputError> {
    let bytes = std::fs::read(path).map_err(OutputError::io(path))?;
    parse_raw(&bytes).map_err(|Invalid { offset, reason }| OutputError::Raw {
        path: path.to_path_buf(),
        offset,
        reason,
    })
}

/// Where and why the bytes are not a raw file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Position of the first byte that makes no sense.
    pub offset: usize,
    /// What was expected there.
    pub reason: String,
}

/// Reads all plots from the bytes of a raw file.
pub fn parse_raw(bytes: &[u8]) -> Result<Vec<Dataset>, Invalid> {
    let mut cursor = Cursor { bytes, at: 0 };
    let mut plots = Vec::new();
    cursor.skip_space();
    while !cursor.at_end() {
        plots.push(plot(&mut cursor)?);
        cursor.skip_space();
    }
    if plots.is_empty() { Err(cursor.invalid("the file is empty")) } else { Ok(plots) }
}

fn plot(cursor: &mut Cursor) -> Result<Dataset, Invalid> {
    let mut data = Dataset::new("", "", Vec::new());
    let (mut complex, mut variables, mut points) = (false, None, None);
    loop {
        let start = cursor.at;
        let line = cursor.line()?;
        if line.trim().is_empty() {
            continue;
        }
        let Some((key, value)) = line.split_once(':').filter(|(key, _)| is_key(key)) else {
            return Err(Invalid { offset: start, reason: "expected a header line such as `Plotname: ...`".into() });
        };
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "title" => data.title = value.into(),
            "plotname" => data.plot_name = value.into(),
            "flags" => complex = value.to_ascii_lowercase().contains("complex"),
            "no. variables" => variables = Some(count(start, "variables", value)?),
            "no. points" => points = Some(count(start, "points", value)?),
            "variables" => {
                let count = variables.ok_or_else(|| missing(start, "No. Variables"))?;
                data.variables = variable_list(cursor, count, value)?;
            }
            form @ ("binary" | "values") => {
                let points = points.ok_or_else(|| missing(start, "No. Points"))?;
                if variables != Some(data.variables.len()) {
                    return Err(missing(start, "Variables"));
                }
                data.values = match (form, complex) {
                    ("binary", false) => {
                        Values::Real(cursor.binary(points, data.variables.len(), f64::from_le_bytes)?)
                    }
                    ("binary", true) => Values::Complex(cursor.binary(points, data.variables.len(), complex_le)?),
                    (_, false) => Values::Real(cursor.ascii(points, data.variables.len(), |text| text.parse().ok())?),
                    (_, true) => Values::Complex(cursor.ascii(points, data.variables.len(), complex_text)?),
                };
                return Ok(data);
            }
            // Date, Command, Option, Dimensions, ...
            _ => {}
        }
    }
}

/// The list after `Variables:`; old writers put the first variable on the same line.
fn variable_list(cursor: &mut Cursor, count: usize, same_line: &str) -> Result<Vec<Variable>, Invalid> {
    let mut list = Vec::new();
    let mut pending = Some(same_line.to_owned()).filter(|line| !line.is_empty());
    while list.len() < count {
        let start = cursor.at;
        let line = match pending.take() {
            Some(line) => line,
            None => cursor.line()?,
        };
        let mut words = line.split_whitespace();
        let index = words.next().and_then(|word| word.parse::<usize>().ok());
        let (Some(_), Some(name)) = (index, words.next()) else {
            let reason = format!("expected variable {} of {count}: its index, name and type", list.len());
            return Err(Invalid { offset: start, reason });
        };
        list.push(Variable::new(name, quantity(words.next().unwrap_or_default())));
    }
    Ok(list)
}

/// True for what may stand before the colon of a header line: a few words, no binary.
fn is_key(key: &str) -> bool {
    key.len() <= 40 && key.chars().all(|c| c.is_ascii_graphic() || c == ' ' || c == '\t')
}

fn count(offset: usize, what: &str, value: &str) -> Result<usize, Invalid> {
    let number = value.split_whitespace().next().and_then(|word| word.parse().ok());
    number.ok_or_else(|| Invalid { offset, reason: format!("expected the number of {what}") })
}

fn missing(offset: usize, key: &str) -> Invalid {
    Invalid { offset, reason: format!("expected `{key}:` before this line") }
}

fn complex_le(bytes: [u8; 16]) -> Complex64 {
    let half = |from: usize| f64::from_le_bytes(std::array::from_fn(|k| bytes[from + k]));
    Complex64::new(half(0), half(8))
}

fn complex_text(text: &str) -> Option<Complex64> {
    let (re, im) = text.split_once(',')?;
    Some(Complex64::new(f64::from_str(re).ok()?, f64::from_str(im).ok()?))
}

/// A place in the bytes of the file.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn invalid(&self, reason: impl Into<String>) -> Invalid {
        Invalid { offset: self.at, reason: reason.into() }
    }

    fn skip_space(&mut self) {
        self.at += self.bytes[self.at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    }

    /// The next line without its end.
    fn line(&mut self) -> Result<String, Invalid> {
        let rest = &self.bytes[self.at..];
        let Some(length) = rest.iter().position(|&b| b == b'\n') else {
            return Err(self.invalid("the header ends before the data"));
        };
        self.at += length + 1;
        Ok(String::from_utf8_lossy(&rest[..length]).trim_end_matches('\r').to_owned())
    }

    /// A table of `points` rows of numbers of `N` bytes.
    fn binary<const N: usize, T>(
        &mut self,
        points: usize,
        variables: usize,
        decode: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, Invalid> {
        let rest = &self.bytes[self.at..];
        let size = points.checked_mul(variables).and_then(|n| n.checked_mul(N)).filter(|&size| size <= rest.len());
        let Some(size) = size else {
            let reason =
                format!("{points} points of {variables} variables do not fit in the {} bytes left", rest.len());
            return Err(self.invalid(reason));
        };
        self.at += size;
        Ok(rest[..size].as_chunks::<N>().0.iter().map(|bytes| decode(*bytes)).collect())
    }

    /// A table of `points` rows: an index, then one word per variable.
    fn ascii<T>(
        &mut self,
        points: usize,
        variables: usize,
        decode: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, Invalid> {
        let mut values = Vec::new();
        if variables == 0 {
            return Ok(values);
        }
        for point in 0..points {
            if self.word().parse::<usize>().is_err() {
                return Err(self.invalid(format!("expected the index of point {point} of {points}")));
            }
            for variable in 0..variables {
                let value = decode(self.word());
                let reason = || format!("expected the value of variable {variable} at point {point} of {points}");
                values.push(value.ok_or_else(|| self.invalid(reason()))?);
            }
        }
        Ok(values)
    }

    /// The next word; empty at the end and when it is not text.
    fn word(&mut self) -> &'a str {
        self.skip_space();
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|b| b.is_ascii_whitespace()).unwrap_or(rest.len());
        self.at += length;
        std::str::from_utf8(&rest[..length]).unwrap_or_default()
    }
}
