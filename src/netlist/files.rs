//! Reading netlist files within bounds of size and number.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, SourceMap, Span};
use crate::expr;

use super::ast::Table;

/// Largest file, and most text in all, bytes.
const MOST_BYTES: u64 = 64 << 20;
/// Most `.include` and `.lib` statements that are followed.
const MOST_INCLUSIONS: usize = 10_000;
/// What stands for a byte that is not UTF-8 (one byte, so that offsets stay those of the file).
const SUBSTITUTE: u8 = 0x1a;

/// The files read so far.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub map: SourceMap,
    known: HashMap<PathBuf, u32>,
    bytes: u64,
    inclusions: usize,
}

impl Files {
    /// Files that have been read before.
    pub fn of(map: SourceMap) -> Self {
        Self { map, ..Self::default() }
    }

    /// Adds text that is already in memory.
    pub fn add(&mut self, path: &Path, text: &str) -> u32 {
        self.map.add(path, text)
    }

    /// Reads a file, or finds it among those read before. The error is a phrase for the user.
    pub fn open(&mut self, path: &Path) -> Result<u32, String> {
        self.inclusions += 1;
        if self.inclusions > MOST_INCLUSIONS {
            return Err(format!("more than {MOST_INCLUSIONS} files are included"));
        }
        let key = path.canonicalize().map_err(|error| reason(path, &error))?;
        let known = self.known.get(&key).copied();
        let size = match known {
            Some(file) => self.map.file(file).text.len() as u64,
            None => key.metadata().map_err(|error| reason(path, &error))?.len(),
        };
        self.bytes += size;
        if self.bytes > MOST_BYTES {
            return Err(format!("`{}` brings the netlist to more than {} MB", path.display(), MOST_BYTES >> 20));
        }
        if let Some(file) = known {
            return Ok(file);
        }
        let file = self.map.add(path, read(&key, path)?);
        self.known.insert(key, file);
        Ok(file)
    }

    /// Path named in file `from`, relative to that file's folder.
    pub fn beside(&self, from: u32, name: &str) -> PathBuf {
        let folder = self.map.file(from).path.parent().unwrap_or(Path::new(""));
        folder.join(name)
    }

    /// The text of a file of numbers named at a span.
    fn numbers(&mut self, path: &Path, span: Span) -> Result<String, Diagnostic> {
        let fail = |message: String| Diagnostic::error(span, message).label("named here");
        let text =
            path.canonicalize().map_err(|error| reason(path, &error)).and_then(|key| read(&key, path)).map_err(fail)?;
        self.bytes += text.len() as u64;
        if self.bytes > MOST_BYTES {
            return Err(fail(format!("`{}` brings the netlist to more than {} MB", path.display(), MOST_BYTES >> 20)));
        }
        Ok(text)
    }

    /// Reads a CSV file of numbers: as many in every line, one line of headings at most.
    pub fn table(&mut self, name: &str, span: Span) -> Result<Arc<Table>, Diagnostic> {
        let path = self.beside(span.file, name);
        let text = self.numbers(&path, span)?;
        match table(&text) {
            Ok(table) if table.values.is_empty() => {
                Err(Diagnostic::error(span, format!("`{}` holds no numbers", path.display())).label("named here"))
            }
            Ok(table) => Ok(Arc::new(table)),
            Err((start, len, expected)) => {
                let file = self.map.add(&path, text);
                let place = Span { file, start: start as u32, len: len as u32 };
                Err(Diagnostic::error(place, "a line of this table does not fit the others").label(expected))
            }
        }
    }

    /// Reads the two columns of a PWL file.
    pub fn points(&mut self, name: &str, span: Span) -> Result<Vec<(f64, f64)>, Diagnostic> {
        let path = self.beside(span.file, name);
        let fail = |message: String| Diagnostic::error(span, message).label("named here");
        let text = self.numbers(&path, span)?;
        match points(&text) {
            Ok(points) if points.is_empty() => Err(fail(format!("`{}` holds no points", path.display()))),
            Ok(points) => Ok(points),
            Err((start, len)) => {
                let file = self.map.add(&path, text);
                let place = Span { file, start: start as u32, len: len as u32 };
                Err(Diagnostic::error(place, "a line of a PWL file is not a time and a value")
                    .label("two numbers expected"))
            }
        }
    }
}

fn reason(path: &Path, error: &std::io::Error) -> String {
    let why = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_string(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        _ => error.to_string(),
    };
    format!("cannot read `{}`: {why}", path.display())
}

/// The text of an ordinary file of bounded size.
fn read(key: &Path, shown: &Path) -> Result<String, String> {
    let metadata = key.metadata().map_err(|error| reason(shown, &error))?;
    if !metadata.is_file() {
        return Err(format!("`{}` is not a file", shown.display()));
    }
    if metadata.len() > MOST_BYTES {
        return Err(format!("`{}` is larger than {} MB", shown.display(), MOST_BYTES >> 20));
    }
    let mut bytes = std::fs::read(key).map_err(|error| reason(shown, &error))?;
    let mut valid = 0;
    loop {
        match std::str::from_utf8(&bytes[valid..]) {
            Ok(_) => break,
            Err(error) => {
                valid += error.valid_up_to();
                bytes[valid] = SUBSTITUTE;
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| format!("`{}` is not text", shown.display()))
}

/// Two numbers a line, separated by blanks, comma or semicolon; `*`, `#` and one line of headings are passed over.
fn points(text: &str) -> Result<Vec<(f64, f64)>, (usize, usize)> {
    let mut all = Vec::new();
    let mut at = 0;
    let mut headed = false;
    for raw in text.split_inclusive('\n') {
        let line = raw.trim();
        let start = at + (raw.len() - raw.trim_start().len());
        at += raw.len();
        if line.is_empty() || line.starts_with(['*', '#']) {
            continue;
        }
        let mut columns = line.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|c| !c.is_empty());
        let mut column =
            || columns.next().and_then(|c| expr::number(c).filter(|&(_, used)| used == c.len())).map(|(x, _)| x);
        match (column(), column()) {
            (Some(time), Some(value)) => all.push((time, value)),
            _ if all.is_empty() && !headed => headed = true,
            _ => return Err((start, line.len().min(200))),
        }
    }
    Ok(all)
}

/// Lines of numbers, separated as in [`points`]. The error is a place and what was expected there.
fn table(text: &str) -> Result<Table, (usize, usize, String)> {
    let mut table = Table { rows: 0, columns: 0, values: Vec::new() };
    let mut at = 0;
    let mut headed = false;
    for raw in text.split_inclusive('\n') {
        let line = raw.trim();
        let start = at + (raw.len() - raw.trim_start().len());
        at += raw.len();
        if line.is_empty() || line.starts_with(['*', '#']) {
            continue;
        }
        let before = table.values.len();
        let words = line.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|c| !c.is_empty());
        let numbers = words.map(|c| expr::number(c).filter(|&(_, used)| used == c.len()).map(|(x, _)| x));
        let mut good = true;
        for number in numbers {
            match number.filter(|x| x.is_finite()) {
                Some(number) => table.values.push(number),
                None => good = false,
            }
        }
        let found = table.values.len() - before;
        if !good && table.rows == 0 && !headed {
            table.values.truncate(before);
            headed = true;
            continue;
        }
        if !good || (table.rows > 0 && found != table.columns) {
            let expected = match good {
                true => format!("{} numbers expected, {found} found", table.columns),
                false => "numbers expected".to_string(),
            };
            return Err((start, line.len().min(200), expected));
        }
        table.columns = found;
        table.rows += 1;
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::{points, table};

    #[test]
    fn tables_are_rectangular() {
        let good = table("a,b,c\n# c\n1,2k, 3\r\n4 5;6\n").unwrap();
        assert_eq!((good.rows, good.columns, good.values), (2, 3, vec![1.0, 2e3, 3.0, 4.0, 5.0, 6.0]));
        assert_eq!(table("1,2\n3\n"), Err((4, 1, "2 numbers expected, 1 found".into())));
        assert_eq!(table("1,2\n3,x\n"), Err((4, 3, "numbers expected".into())));
        assert_eq!(table("a\nb\n1\n"), Err((2, 1, "numbers expected".into())));
        assert_eq!(table("").unwrap().rows, 0);
    }

    #[test]
    fn two_columns() {
        assert_eq!(points("time,v\n# c\n0,1\r\n 1n ; 2m\n"), Ok(vec![(0.0, 1.0), (1e-9, 2e-3)]));
        assert_eq!(points("0 1\nx 2\n"), Err((4, 3)));
    }
}
