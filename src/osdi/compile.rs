//! Verilog-A source to library, through the OpenVAF compiler; results are kept in a cache folder.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Names of the compiler on the PATH, in order of preference.
const COMPILERS: [&str; 3] = ["openvaf-r", "openvaf", "openvaf-reloaded"];
/// Most source files that are followed through `` `include``.
const MOST_FILES: usize = 1000;
/// Most bytes of compiler messages that are passed on.
const LONGEST_MESSAGE: usize = 1500;

/// A compiled source file.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The library in the cache.
    pub library: PathBuf,
    /// What the compiler remarked, empty when it was silent or the library was in the cache.
    pub remarks: String,
}

/// Finds a library or Verilog-A file: as it is when absolute, else in `folder` (that of the netlist), in the working folder, or
/// in a folder of the environment variable `IONSPICE_OSDI_PATH`.
///
/// # Errors
/// A phrase that says where it was looked for.
pub fn locate(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let path = Path::new(name);
    let mut folders = vec![folder.to_path_buf(), PathBuf::new()];
    folders.extend(std::env::var_os("IONSPICE_OSDI_PATH").iter().flat_map(std::env::split_paths));
    if path.is_absolute() {
        folders.truncate(1);
    }
    match folders.iter().map(|folder| folder.join(path)).find(|candidate| candidate.is_file()) {
        Some(found) => Ok(found),
        None => Err(format!(
            "there is no file `{name}` beside the netlist, in the working folder or in $IONSPICE_OSDI_PATH"
        )),
    }
}

/// Compiles a Verilog-A file, or finds its library in the cache: the folder `ionspice/osdi` in `$XDG_CACHE_HOME`, in
/// `~/.cache`, or in the folder for temporary files. The key is the text of the source with all it includes, and the
/// compiler.
///
/// # Errors
/// A phrase for the user: there is no compiler, or what it complained of.
pub fn compile(source: &Path) -> Result<Compiled, String> {
    let compiler = compiler().ok_or_else(|| {
        format!("`{}` needs the compiler openvaf-r: it is neither on the PATH nor named by $OPENVAF", source.display())
    })?;
    let library = cache().join(format!("{}-{}.osdi", stem(source), fingerprint(source, &compiler)?));
    if library.is_file() {
        return Ok(Compiled { library, remarks: String::new() });
    }
    let folder = library.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("cannot make the folder `{}`: {error}", folder.display()))?;
    // Written under another name first: another run may compile the same file at the same time.
    let partial = library.with_extension(format!("{}.partial", std::process::id()));
    let output = Command::new(&compiler)
        .arg(source)
        .arg("-o")
        .arg(&partial)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run the compiler `{}`: {error}", compiler.display()))?;
    let text = [output.stderr, output.stdout].concat();
    let remarks = message(&String::from_utf8_lossy(&text));
    if !output.status.success() || !partial.is_file() {
        drop(std::fs::remove_file(&partial));
        return Err(format!("openvaf-r cannot compile `{}`: {remarks}", source.display()));
    }
    std::fs::rename(&partial, &library).map_err(|error| format!("cannot write `{}`: {error}", library.display()))?;
    let remarks = if remarks.contains("warning") { remarks } else { String::new() };
    Ok(Compiled { library, remarks })
}

/// `$OPENVAF`, or the first compiler on the PATH.
fn compiler() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("OPENVAF").filter(|named| !named.is_empty()) {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    COMPILERS.iter().find_map(|name| {
        folders
            .iter()
            .map(|folder| folder.join(name).with_extension(std::env::consts::EXE_EXTENSION))
            .find(|p| p.is_file())
    })
}

fn cache() -> PathBuf {
    let given = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = given("XDG_CACHE_HOME").or_else(|| given("HOME").map(|home| home.join(".cache")));
    base.unwrap_or_else(std::env::temp_dir).join("ionspice").join("osdi")
}

/// Letters and digits of a file's name.
fn stem(source: &Path) -> String {
    let name = source.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect()
}

/// 128 bits that stand for a source file, what it includes, and the compiler.
fn fingerprint(source: &Path, compiler: &Path) -> Result<String, String> {
    let mut halves = [DefaultHasher::new(), DefaultHasher::new()];
    halves[1].write_u8(1);
    let mut add = |bytes: &[u8]| {
        for half in &mut halves {
            half.write_usize(bytes.len());
            half.write(bytes);
        }
    };
    add(compiler.as_os_str().as_encoded_bytes());
    if let Ok(about) = compiler.metadata() {
        add(&about.len().to_le_bytes());
        let changed = about.modified().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
        add(&changed.map_or(0, |t| t.as_nanos()).to_le_bytes());
    }
    let mut seen = HashSet::new();
    let mut open = vec![source.to_path_buf()];
    while let Some(path) = open.pop() {
        if !seen.insert(path.clone()) || seen.len() > MOST_FILES {
            continue;
        }
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if path == source => return Err(format!("cannot read `{}`: {error}", path.display())),
            // Files that the compiler brings along (`disciplines.vams`) are part of the compiler.
            Err(_) => continue,
        };
        add(&text);
        let folder = path.parent().unwrap_or(Path::new(""));
        open.extend(included(&String::from_utf8_lossy(&text)).map(|name| folder.join(name)));
    }
    Ok(halves.iter().map(|half| format!("{:016x}", half.finish())).collect())
}

/// Names in the `` `include "name" `` lines of a source.
fn included(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter_map(|line| {
        let rest = line.trim_start().strip_prefix("`include")?;
        rest.split('"').nth(1).map(str::to_string)
    })
}

/// The compiler's text on one line: without colours, decoration and the closing summary.
fn message(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            for c in rest.by_ref() {
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            plain.push(c);
        }
    }
    let worth = |line: &&str| {
        let line = line.trim_start();
        ["error", "warning", "-->", "help"].iter().any(|word| line.starts_with(word)) || line.contains(": error")
    };
    let lines: Vec<&str> = plain.lines().filter(worth).map(str::trim).collect();
    let mut message =
        if lines.is_empty() { plain.split_whitespace().collect::<Vec<_>>().join(" ") } else { lines.join("; ") };
    if message.len() > LONGEST_MESSAGE {
        let end = (0..=LONGEST_MESSAGE).rev().find(|&at| message.is_char_boundary(at)).unwrap_or(0);
        message.truncate(end);
        message.push_str(" ..");
    }
    message.replace("; -->", " at")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_from_coloured_text() {
        let text = "\u{1b}[0m\u{1b}[1m\u{1b}[31merror\u{1b}[0m: unexpected token '['\n   --> a.va:10:19\n   |\n10 | parameter\n";
        assert_eq!(message(text), "error: unexpected token '[' at a.va:10:19");
    }

    #[test]
    fn the_key_follows_included_files() {
        let folder = tempfile::tempdir().unwrap();
        let (main, part) = (folder.path().join("main.va"), folder.path().join("part.inc"));
        std::fs::write(&main, "`include \"part.inc\"\n`include \"disciplines.vams\"\n").unwrap();
        let key = |text: &str| {
            std::fs::write(&part, text).unwrap();
            fingerprint(&main, Path::new("no/compiler")).unwrap()
        };
        let first = key("a");
        assert_ne!(first, key("b"));
        assert_eq!(first, key("a"));
    }

    #[test]
    fn a_missing_file_says_where_it_was_sought() {
        assert!(locate(Path::new("."), "no_such_model.osdi").unwrap_err().contains("IONSPICE_OSDI_PATH"));
    }
}
