//! Loading a library.

use std::path::{Path, PathBuf};

use super::{Module, ffi, limit, log, module};

/// A loaded library with its modules.
#[derive(Debug)]
pub struct Library {
    /// The file.
    pub path: PathBuf,
    /// Version of the interface, as in `0.4`.
    pub version: (u32, u32),
    /// Its modules.
    pub modules: Vec<Module>,
    /// Keeps the code of the modules' functions loaded.
    _code: libloading::Library,
}

/// Newest version of the interface whose layout is known.
const NEWEST: u32 = 5;
/// Oldest.
const OLDEST: u32 = 3;
/// Most modules of a library, and most limiting functions.
const MOST: u32 = 10_000;

impl Library {
    /// Loads a library and checks its interface. The code in it runs from now on.
    ///
    /// # Errors
    /// A phrase for the user: the file is no library for this machine, is no model library, has another version, or names a
    /// limiting function that is not known.
    pub fn open(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let file = path.canonicalize().map_err(|error| format!("cannot read `{shown}`: {error}"))?;
        // SAFETY: loading a library runs its initialisers. The user has named this file as one to run; what OpenVAF writes
        // has none.
        let code = unsafe { libloading::Library::new(&file) }
            .map_err(|error| format!("`{shown}` is not a library that this machine can load: {error}"))?;
        // SAFETY: OSDI defines the type of each symbol; the address of a symbol is valid as long as `code` is loaded.
        let number = |name: &str| unsafe { code.get::<*const u32>(name).ok().map(|symbol| **symbol) };
        let missing = |name: &str| format!("`{shown}` is not an OSDI library: it has no symbol {name}");
        let major = number("OSDI_VERSION_MAJOR").ok_or_else(|| missing("OSDI_VERSION_MAJOR"))?;
        let minor = number("OSDI_VERSION_MINOR").ok_or_else(|| missing("OSDI_VERSION_MINOR"))?;
        if major != 0 || !(OLDEST..=NEWEST).contains(&minor) {
            return Err(format!(
                "`{shown}` has version {major}.{minor} of the interface; 0.{OLDEST} to 0.{NEWEST} can be loaded"
            ));
        }
        let count = number("OSDI_NUM_DESCRIPTORS").ok_or_else(|| missing("OSDI_NUM_DESCRIPTORS"))?;
        let size = match (minor, number("OSDI_DESCRIPTOR_SIZE")) {
            (3, _) => size_of::<ffi::Descriptor>(),
            (_, Some(size)) => size as usize,
            _ => return Err(missing("OSDI_DESCRIPTOR_SIZE")),
        };
        if count > MOST || size < size_of::<ffi::Descriptor>() || size % align_of::<ffi::Descriptor>() != 0 {
            return Err(format!("`{shown}`: the table of modules is broken"));
        }
        // SAFETY: as for `number`.
        let first = unsafe { code.get::<*const u8>("OSDI_DESCRIPTORS") }
            .map(|symbol| *symbol)
            .map_err(|_| missing("OSDI_DESCRIPTORS"))?;
        let mut modules = Vec::with_capacity(count as usize);
        for k in 0..count as usize {
            // SAFETY: OSDI_DESCRIPTORS is an array of `count` descriptors of `size` bytes each, aligned as its type demands; each
            // begins with a `Descriptor`, and one of version 0.5 has the number of its delays at `DELAY_COUNT_OFFSET` when it is
            // long enough. `Module::read` may trust a library of OSDI.
            let module = unsafe {
                let at = first.add(k * size);
                let delays = match minor >= 5 && size >= ffi::DELAY_COUNT_OFFSET + 4 {
                    true => at.add(ffi::DELAY_COUNT_OFFSET).cast::<u32>().read(),
                    false => 0,
                };
                Module::read(&*at.cast::<ffi::Descriptor>(), delays)
            };
            modules.push(module.map_err(|problem| format!("`{shown}`: {problem}"))?);
        }
        connect(&code).map_err(|problem| format!("`{shown}`: {problem}"))?;
        Ok(Self { path: path.to_path_buf(), version: (major, minor), modules, _code: code })
    }

    /// The module with this name; capitals do not matter.
    pub fn module(&self, name: &str) -> Option<usize> {
        self.modules.iter().position(|m| m.name.eq_ignore_ascii_case(name))
    }
}

/// Gives the library its log function and its limiting functions.
fn connect(code: &libloading::Library) -> Result<(), String> {
    // SAFETY: OSDI defines `osdi_log` as a variable that holds a pointer to a function of this type. It is written before
    // the first function of the library is called, and only when it differs: a library that is loaded once more, while
    // others are using it, is not touched.
    unsafe {
        if let Ok(symbol) = code.get::<*mut Option<ffi::LogFunction>>("osdi_log") {
            let place: *mut Option<ffi::LogFunction> = *symbol;
            let function: ffi::LogFunction = log::receive;
            if place.read().is_none_or(|present| present as usize != function as usize) {
                place.write(Some(function));
            }
        }
    }
    // SAFETY: OSDI defines `OSDI_LIM_TABLE` as an array of `OSDI_LIM_TABLE_LEN` entries whose function pointers the simulator
    // fills in; written once, as above. `limit::find` gives functions of the signature that name and number of arguments
    // stand for.
    unsafe {
        let count = code.get::<*const u32>("OSDI_LIM_TABLE_LEN").map_or(0, |symbol| **symbol).min(MOST);
        let Ok(table) = code.get::<*mut ffi::LimitFunction>("OSDI_LIM_TABLE") else { return Ok(()) };
        for k in 0..count as usize {
            let entry: *mut ffi::LimitFunction = (*table).add(k);
            let name = module::text((*entry).name);
            let function = limit::find(&name, (*entry).extra_arguments)
                .ok_or_else(|| format!("the limiting function `{name}` of a model is not known"))?;
            if (*entry).function != function {
                (&raw mut (*entry).function).write(function);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_library_is_refused_in_words() {
        let missing = Library::open(Path::new("no/such/file.osdi")).unwrap_err();
        assert!(missing.contains("cannot read"), "{missing}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.osdi");
        std::fs::write(&path, "this is text").unwrap();
        let text = Library::open(&path).unwrap_err();
        assert!(text.contains("is not a library"), "{text}");
    }
}
