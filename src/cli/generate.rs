//! `ionspice gen`.

use std::path::PathBuf;

use clap::Args;
use ionspice::netlist::{Dialect, Parsed};

use super::{FAILED, SUCCESS, WRONG, report};

/// Arguments of `gen`.
#[derive(Args)]
pub struct GenerateArguments {
    /// Netlist
    deck: PathBuf,
    /// Where the plain netlist goes [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Whose netlist language: ngspice, ltspice, hspice or xyce [default: what the deck names, or ngspice]
    #[arg(long, value_name = "NAME")]
    dialect: Option<Dialect>,
}

/// Writes a deck with its arrays written out; returns the exit code.
pub fn generate(arguments: &GenerateArguments) -> u8 {
    let parsed = Parsed::read_in(&arguments.deck, &[], arguments.dialect);
    let text = match parsed.plain() {
        Ok(text) => text,
        Err(failure) => {
            report(&failure.diagnostics, &failure.sources);
            return WRONG;
        }
    };
    let Some(path) = &arguments.output else {
        print!("{text}");
        return SUCCESS;
    };
    match std::fs::write(path, text) {
        Ok(()) => SUCCESS,
        Err(error) => {
            eprintln!("error: cannot write {}: {error}", path.display());
            FAILED
        }
    }
}
