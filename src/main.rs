//! Command line of `ionspice`: parse, call, print.
//!
//! Exit codes: 0 success, 1 the simulation failed, 2 the netlist or the arguments are wrong.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
