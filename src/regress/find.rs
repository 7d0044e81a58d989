//! Finds decks in folders.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What a deck may be called.
const EXTENSIONS: [&str; 5] = ["cir", "sp", "net", "spice", "ckt"];
/// Folders that hold what decks include, and results.
const PASSED_OVER: [&str; 8] = ["inc", "include", "lib", "libs", "models", "ref", "target", "node_modules"];
/// Lists what is left out of its folder, one pattern a line.
const IGNORE_FILE: &str = ".ionspice-ignore";
/// Deepest folder.
const DEPTH: usize = 64;
/// Largest file that is looked into for `.include` and analyses, bytes.
const LOOKED_INTO: u64 = 4 << 20;

/// Why no list of decks could be made.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// A path does not exist or cannot be read.
    #[error("cannot read `{path}`: {reason}")]
    Unreadable {
        /// As the user named it.
        path: String,
        /// What the system said.
        reason: String,
    },
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> FindError + '_ {
    |error| FindError::Unreadable { path: path.display().to_string(), reason: error.to_string() }
}

/// The decks among `paths`, sorted within each folder. A file that is named is always a deck. In folders these are left
/// out: hidden files, folders for included files (`inc`, `include`, `lib`, `libs`, `models`, `ref`), what a
/// `.ionspice-ignore` file lists, decks with a line `*> ignore`, and files without an analysis that another deck includes.
///
/// # Errors
/// A path that cannot be read.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, FindError> {
    let (mut named, mut found) = (HashSet::new(), Vec::new());
    for path in paths {
        if fs::metadata(path).map_err(unreadable(path))?.is_dir() {
            walk(path, DEPTH, &mut found)?;
        } else {
            named.insert(path.clone());
            found.push(path.clone());
        }
    }
    let contents: Vec<Contents> = found.iter().map(|path| Contents::of(path)).collect();
    let included: HashSet<&PathBuf> = contents.iter().flat_map(|c| &c.includes).collect();
    let part = |path: &PathBuf, c: &Contents| {
        c.ignored || (!c.analysis && path.canonicalize().is_ok_and(|path| included.contains(&path)))
    };
    let mut seen = HashSet::new();
    let kept = found.iter().zip(&contents).filter(|(path, c)| named.contains(*path) || !part(path, c));
    Ok(kept.map(|(path, _)| path.clone()).filter(|path| seen.insert(path.clone())).collect())
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), FindError> {
    if depth == 0 {
        return Ok(());
    }
    let patterns = fs::read_to_string(folder.join(IGNORE_FILE)).unwrap_or_default();
    let patterns: Vec<&str> =
        patterns.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).map_err(unreadable(folder))?.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
    entries.sort();
    for path in entries {
        let Some(name) = path.file_name().map(|n| n.to_string_lossy().into_owned()) else { continue };
        let directory = path.is_dir();
        let out = |p: &&str| matches(p.trim_end_matches('/'), &name) && (directory || !p.ends_with('/'));
        if name.starts_with('.') || patterns.iter().any(out) {
            continue;
        }
        let path = path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path);
        if directory {
            if !path.is_symlink() && !PASSED_OVER.contains(&name.to_ascii_lowercase().as_str()) {
                walk(&path, depth - 1, found)?;
            }
        } else if path.extension().is_some_and(|e| EXTENSIONS.iter().any(|x| e.eq_ignore_ascii_case(x))) {
            found.push(path);
        }
    }
    Ok(())
}

/// `*` stands for any characters, `?` for one.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (p, n): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut i, mut j) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while j < n.len() {
        if i < p.len() && p[i] == '*' {
            star = Some((i, j));
            i += 1;
        } else if i < p.len() && (p[i] == '?' || p[i] == n[j]) {
            i += 1;
            j += 1;
        } else if let Some((at, from)) = star {
            i = at + 1;
            j = from + 1;
            star = Some((at, from + 1));
        } else {
            return false;
        }
    }
    p[i..].iter().all(|c| *c == '*')
}

/// Does a deck's path contain the filter (with `*` and `?` as wildcards)?
pub fn filtered(filter: &str, path: &str) -> bool {
    matches(&format!("*{filter}*"), path)
}

/// What a file says about its part among others.
#[derive(Default)]
struct Contents {
    analysis: bool,
    ignored: bool,
    includes: Vec<PathBuf>,
}

impl Contents {
    fn of(path: &Path) -> Self {
        let mut all = Self::default();
        if fs::metadata(path).map_or(u64::MAX, |m| m.len()) > LOOKED_INTO {
            return all;
        }
        let bytes = fs::read(path).unwrap_or_default();
        for line in String::from_utf8_lossy(&bytes).lines() {
            let line = line.trim_start();
            if let Some(rest) = line.strip_prefix("*>") {
                all.ignored |= rest.split_whitespace().next() == Some("ignore");
            }
            if !line.starts_with('.') {
                continue;
            }
            let mut words = line.split_whitespace();
            let keyword = words.next().unwrap_or_default().to_ascii_lowercase();
            match keyword.as_str() {
                ".include" | ".inc" | ".incl" | ".lib" => {
                    let rest = line[keyword.len()..].trim();
                    let name = match rest.chars().next() {
                        Some(quote @ ('"' | '\'')) => rest[1..].split(quote).next(),
                        _ => rest.split_whitespace().next(),
                    };
                    let folder = path.parent().unwrap_or(Path::new(""));
                    all.includes.extend(name.and_then(|name| folder.join(name).canonicalize().ok()));
                }
                ".op" | ".dc" | ".tran" | ".ac" | ".noise" | ".tf" | ".sens" | ".pz" | ".disto" | ".sp" | ".hb"
                | ".control" | ".controller" => all.analysis = true,
                _ => {}
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, name, fits) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("", "a", false),
            ("*a*b*", "xaxxb", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
        assert!(filtered("osc", "netlists/oscillator.cir") && filtered("net*osc", "netlists/oscillator.cir"));
    }

    #[test]
    fn what_is_a_deck() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(&path, text).expect("a file");
        };
        write("b.cir", "b\n.op\n.include \"part.cir\"\n");
        write("a.SP", "a\n.tran 1n 1u\n");
        write("part.cir", "* a part\nr1 a 0 1\n");
        write("lonely.cir", "* nobody includes it\nr1 a 0 1\n");
        write("no.cir", "no\n.op\n*> ignore\n");
        write("inc/x.cir", "x\n.op\n");
        write("sub/c.net", "c\n.op\n");
        write("old/d.net", "d\n.op\n");
        write("sub/e_tmp.cir", "e\n.op\n");
        write("readme.txt", "no deck");
        write(".ionspice-ignore", "# left out\nold/\n");
        write("sub/.ionspice-ignore", "*_tmp.cir\n");
        let names = |paths: &[PathBuf]| -> Vec<String> {
            let found = find(paths).expect("decks");
            found.iter().map(|p| p.strip_prefix(folder.path()).expect("inside").display().to_string()).collect()
        };
        assert_eq!(names(&[folder.path().to_path_buf()]), ["a.SP", "b.cir", "lonely.cir", "sub/c.net"]);
        assert_eq!(names(&[folder.path().join("no.cir"), folder.path().join("sub")]), ["no.cir", "sub/c.net"]);
        assert!(find(&[folder.path().join("absent")]).is_err());
    }
}
