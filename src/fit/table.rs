//! Measured data: CSV files with a line of headings.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// Largest file that is read, bytes.
const MOST_BYTES: u64 = 256 << 20;

/// What is wrong with a data file.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DataError {
    /// It cannot be read.
    #[error("cannot read `{path}`: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A line does not fit.
    #[error("`{path}`, line {line}: {message}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The file as a whole does not fit.
    #[error("`{path}`: {message}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
}

/// One column as text and, where it is one, as a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Heading, lower case.
    pub name: String,
    /// As written.
    pub text: Vec<String>,
}

impl Column {
    /// The value of a row; NaN where the field is empty or no number.
    pub fn number(&self, row: usize) -> f64 {
        self.text.get(row).map_or(f64::NAN, |text| text.parse().unwrap_or(f64::NAN))
    }

    /// True when every field that is not empty is a number.
    pub fn is_numeric(&self) -> bool {
        let mut filled = self.text.iter().filter(|text| !text.is_empty()).peekable();
        filled.peek().is_some() && filled.all(|text| text.parse::<f64>().is_ok())
    }
}

/// A table of measured data.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Where it comes from.
    pub path: PathBuf,
    /// Columns in order.
    pub columns: Vec<Column>,
    /// Number of rows.
    pub rows: usize,
}

impl Table {
    /// Reads a file.
    ///
    /// # Errors
    /// Files that cannot be read or are no tables.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let fail = |reason: String| DataError::Unreadable { path: path.to_path_buf(), reason };
        let metadata = path.metadata().map_err(|error| fail(error.to_string()))?;
        if !metadata.is_file() {
            return Err(fail("not a file".into()));
        }
        if metadata.len() > MOST_BYTES {
            return Err(fail(format!("larger than {} MB", MOST_BYTES >> 20)));
        }
        let bytes = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| fail("not text".into()))?;
        Self::parse(path, &text)
    }

    /// Reads text: a line of headings, then rows; fields are separated by commas, semicolons, tabs or blanks (the first of
    /// these that the headings contain). Lines that begin with `#` or `*` and empty lines are passed over.
    ///
    /// # Errors
    /// A file without headings, and rows with another number of fields.
    pub fn parse(path: &Path, text: &str) -> Result<Self, DataError> {
        let content = |message: &str| DataError::Content { path: path.to_path_buf(), message: message.to_string() };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(number, line)| (number + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with(['#', '*']));
        let (_, headings) = lines.next().ok_or_else(|| content("the file holds no data"))?;
        let separator = [',', ';', '\t'].into_iter().find(|s| fields(headings, Some(*s)).len() > 1);
        let mut columns: Vec<Column> = fields(headings, separator)
            .into_iter()
            .map(|name| Column { name: name.to_ascii_lowercase(), text: Vec::new() })
            .collect();
        if columns.iter().all(|column| column.name.parse::<f64>().is_ok()) {
            return Err(content("the first line holds numbers; a line of headings such as `time,v,i` expected"));
        }
        if let Some(k) = (1..columns.len()).find(|&k| columns[..k].iter().any(|other| other.name == columns[k].name)) {
            return Err(content(&format!("two columns are headed `{}`", columns[k].name)));
        }
        for (line, row) in lines {
            let values = fields(row, separator);
            if values.len() != columns.len() {
                let message = format!("{} fields, but {} headings", values.len(), columns.len());
                return Err(DataError::Line { path: path.to_path_buf(), line, message });
            }
            for (column, value) in columns.iter_mut().zip(values) {
                column.text.push(value);
            }
        }
        let rows = columns.first().map_or(0, |column| column.text.len());
        if rows == 0 {
            return Err(content("there are headings but no rows"));
        }
        Ok(Self { path: path.to_path_buf(), columns, rows })
    }

    /// The column of this heading; a heading may carry a unit (`time_s`, `i [A]`, `conductance (S)`).
    pub fn find(&self, name: &str) -> Option<&Column> {
        let exact = self.columns.iter().find(|column| column.name == name);
        exact.or_else(|| self.columns.iter().find(|column| without_unit(&column.name) == name))
    }

    /// The column of this heading, which must hold numbers.
    ///
    /// # Errors
    /// There is none, or it holds words.
    pub fn numbers(&self, name: &str) -> Result<&Column, DataError> {
        let content = |message: String| DataError::Content { path: self.path.clone(), message };
        let column = self.find(name).ok_or_else(|| {
            let known: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
            content(format!("there is no column `{name}`; there are `{}`", known.join("`, `")))
        })?;
        if column.is_numeric() {
            return Ok(column);
        }
        let row = column.text.iter().position(|text| !text.is_empty() && text.parse::<f64>().is_err());
        let text = row.map_or("nothing", |row| &column.text[row]);
        Err(content(format!("column `{name}` holds `{text}` where a number is expected")))
    }

    /// Some of the rows.
    pub fn part(&self, rows: &[usize]) -> Self {
        let text = |column: &Column| rows.iter().map(|&row| column.text[row].clone()).collect();
        let columns = self.columns.iter().map(|c| Column { name: c.name.clone(), text: text(c) }).collect();
        Self { path: self.path.clone(), columns, rows: rows.len() }
    }

    /// Name of the file without folder and extension.
    pub fn stem(&self) -> String {
        self.path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
    }
}

fn without_unit(heading: &str) -> &str {
    match heading.find([' ', '[']) {
        Some(at) if at > 0 => heading[..at].trim_end(),
        _ => match heading.rsplit_once('_') {
            Some((name, unit)) if !name.is_empty() && UNITS.contains(&unit) => name,
            _ => heading,
        },
    }
}

/// Units that a heading may end with.
const UNITS: [&str; 12] = ["s", "v", "a", "ohm", "us", "ns", "ms", "c", "k", "w", "siemens", "sec"];

fn fields(line: &str, separator: Option<char>) -> Vec<String> {
    let Some(separator) = separator else { return line.split_whitespace().map(str::to_string).collect() };
    let mut all = vec![String::new()];
    let mut quoted = false;
    let mut depth = 0usize;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c == separator && !quoted && depth == 0 => all.push(String::new()),
            c => {
                // `v(a,b)` is one heading
                match c {
                    '(' => depth += 1,
                    ')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if let Some(last) = all.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    all.into_iter().map(|field| field.trim().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Table, DataError> {
        Table::parse(Path::new("t.csv"), text)
    }

    #[test]
    fn headings_with_units_and_words() {
        let t = parse("# note\nTime_s, \"V(a,b)\", phase\n0, 1e-3, P\n1,,D\n").unwrap();
        assert_eq!((t.rows, t.columns.len()), (2, 3));
        assert_eq!(t.find("time").unwrap().number(1), 1.0);
        assert!(t.numbers("v(a,b)").unwrap().number(1).is_nan());
        assert!(t.numbers("phase").unwrap_err().to_string().contains("`P`"));
        assert!(t.numbers("x").unwrap_err().to_string().contains("there is no column `x`"));
        assert_eq!(parse("t v\n0 1\n").unwrap().find("v").unwrap().number(0), 1.0);
    }

    #[test]
    fn what_is_no_table_says_why() {
        for (text, message) in [
            ("", "no data"),
            ("# only\n", "no data"),
            ("0,1\n", "headings"),
            ("a,b\n", "no rows"),
            ("a,a\n1,2\n", "two columns"),
            ("a,b\n1\n", "line 2: 1 fields"),
        ] {
            let found = parse(text).unwrap_err().to_string();
            assert!(found.contains(message), "{text:?}: {found}");
        }
        assert!(Table::read(Path::new(".")).unwrap_err().to_string().contains("not a file"));
    }
}
