//! A program in the place of the controller: write a memristor with pulses, read it, try a stronger pulse and take it back.
//!
//! `cargo run --release --example session`

use std::error::Error;
use std::sync::Arc;

use ionspice::analysis::{Failure, Options, Probe, SimulationError};
use ionspice::circuit::ElementId;
use ionspice::cosim::Session;
use ionspice::diagnostic::{Diagnostic, SourceMap, render};
use ionspice::netlist;

/// A memristor behind a driver with 1 kOhm, and 100 fF of wiring.
const DECK: &str = "Memristor behind a resistor
Vdrive drive 0 0
Rdrive drive top 1k
Cwire top 0 100f
Ycell top 0 cell x0=0
.model cell vteam (ron=5k roff=50k won=0 woff=3n kon=-10m koff=10m alphaon=3 alphaoff=3 von=-0.5 voff=0.5)
.end
";

/// A driver, what hangs on it, and how to look at it.
struct Cell {
    session: Session,
    drive: ElementId,
    resistance: Probe,
}

impl Cell {
    fn new() -> Result<Self, Box<dyn Error>> {
        let loaded = netlist::parse_str("cell.cir", DECK, &[]).map_err(|e| describe(&e.diagnostics, &e.sources))?;
        let circuit = Arc::new(loaded.circuit);
        let session = Session::new(circuit.clone(), Options::default()).map_err(|failure| match failure {
            Failure::Netlist(found) => describe(&found, &circuit.sources),
            Failure::Simulation(error) => error.to_string(),
        })?;
        let drive = session.element("vdrive")?;
        let resistance = session.probe_named("@ycell[r]")?;
        Ok(Self { session, drive, resistance })
    }

    /// One pulse of `volts` for `seconds` with edges of 10 ns, and 100 ns of rest.
    fn pulse(&mut self, volts: f64, seconds: f64) -> Result<(), SimulationError> {
        let (edge, rest) = (10e-9, 100e-9);
        let corners = [(edge, volts), (edge + seconds, volts), (2.0 * edge + seconds, 0.0)];
        self.session.program(self.drive, &corners)?;
        self.session.advance(2.0 * edge + seconds + rest)
    }

    /// Resistance seen by the driver at 50 mV, which leaves the state alone.
    fn read(&mut self) -> Result<f64, SimulationError> {
        self.session.alter(self.drive, 50e-3)?;
        self.session.advance(50e-9)?;
        let current = -self.session.probe(&self.session.probe_named("i(vdrive)")?);
        self.session.alter(self.drive, 0.0)?;
        self.session.advance(50e-9)?;
        Ok(50e-3 / current)
    }

    fn print(&mut self, what: &str) -> Result<(), SimulationError> {
        let seen = self.read()?;
        let (true_value, time) = (self.session.probe(&self.resistance), self.session.time());
        println!("{what:<22} {:>8.1} ohm seen, {true_value:>8.1} ohm inside, t = {:.2} us", seen, time * 1e6);
        Ok(())
    }
}

fn describe(found: &[Diagnostic], sources: &SourceMap) -> String {
    found.iter().map(|d| render(d, sources, false)).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut cell = Cell::new()?;
    let meter = cell.session.meter(cell.session.element("ycell")?)?;
    cell.print("new")?;
    for number in 1..=3 {
        cell.pulse(-0.9, 100e-9)?;
        cell.print(&format!("after set pulse {number}"))?;
    }

    let before = cell.session.snapshot();
    cell.pulse(-2.0, 100e-9)?;
    cell.print("after a 2 V pulse")?;
    cell.session.restore(&before);
    cell.print("taken back")?;

    cell.pulse(0.9, 100e-9)?;
    cell.print("after a reset pulse")?;
    println!("energy of the cell: {:.3} pJ", cell.session.energy(meter) * 1e12);
    Ok(())
}
