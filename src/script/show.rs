//! `show`: operating points of devices.

use super::{Done, Interpreter};
use crate::analysis::{Options, operating_points};

impl Interpreter<'_> {
    /// `show [device ..]`: the table of operating points of the circuit as it is now.
    pub(super) fn show(&mut self, rest: &str) -> Done {
        let circuit = self.circuit(None)?;
        let (options, _) = Options::from_settings(&circuit.options);
        let wanted: Vec<String> = rest.split([' ', ',', ':']).map(str::to_ascii_lowercase).collect();
        let tables = operating_points(&circuit, &options)
            .map_err(|e| super::Problem::Plain(format!("no operating point: {e:?}")))?;
        for mut table in tables {
            if !rest.is_empty() && !wanted.iter().any(|w| w == "all") {
                table.rows.retain(|(name, _)| wanted.contains(name));
            }
            if !table.rows.is_empty() {
                self.console.print(&format!("{table}\n"));
            }
        }
        Ok(())
    }
}
