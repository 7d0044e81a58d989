//! Simulator options (`.options`, `.temp`) with their defaults.

use crate::circuit::{ParamData, Setting};
use crate::devices::nearest;
use crate::diagnostic::Diagnostic;

/// Zero degrees Celsius, K.
pub const ZERO_CELSIUS: f64 = 273.15;

/// Integration method of a transient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Trapezoidal rule, order 2.
    Trapezoidal,
    /// Gear's backward differentiation formulas up to `maxord`.
    Gear,
    /// TR-BDF2, one-step, L-stable, order 2.
    TrBdf2,
}

/// What the controller's circuit is integrated with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fidelity {
    /// Everything: parasitic charges and device states.
    Transient,
    /// Charges ignored, device states integrated.
    QuasiStatic,
}

/// Numerical settings of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Relative tolerance of every unknown.
    pub reltol: f64,
    /// Absolute tolerance of currents, A.
    pub abstol: f64,
    /// Absolute tolerance of voltages, V.
    pub vntol: f64,
    /// Truncation error allowed, in units of the tolerances above.
    pub trtol: f64,
    /// Conductance in parallel with junctions, S.
    pub gmin: f64,
    /// Newton iterations of an operating point.
    pub itl1: usize,
    /// Newton iterations of a time step.
    pub itl4: usize,
    /// Integration method.
    pub method: Method,
    /// Highest order of Gear's method, 1 to 6.
    pub maxord: usize,
    /// Circuit temperature, K.
    pub temperature: f64,
    /// Charges kept or ignored.
    pub fidelity: Fidelity,
    /// Seed of every random draw of the run.
    pub seed: u64,
    /// Every Newton iteration factors its own Jacobian, and tolerances refer to each signal alone.
    pub exact: bool,
    /// Homotopies tried at an operating point when plain Newton fails.
    pub homotopies: bool,
    /// The parts of the work are timed.
    pub timed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            reltol: 1e-3,
            abstol: 1e-12,
            vntol: 1e-6,
            trtol: 0.5,
            gmin: 1e-12,
            itl1: 100,
            itl4: 12,
            method: Method::Trapezoidal,
            maxord: 2,
            temperature: 27.0 + ZERO_CELSIUS,
            fidelity: Fidelity::Transient,
            seed: 1,
            exact: false,
            homotopies: true,
            timed: false,
        }
    }
}

/// Options of other simulators that change nothing here.
const IGNORED: &[&str] = &[
    "acct",
    "list",
    "nomod",
    "nopage",
    "node",
    "opts",
    "post",
    "probe",
    "ingold",
    "numdgt",
    "limpts",
    "itl2",
    "itl3",
    "itl5",
    "itl6",
    "pivtol",
    "pivrel",
    "cptime",
    "scale",
    "filetype",
    "noacct",
    "noinit",
    "savecurrents",
    "klu",
    "sparse",
    "interp",
    "chgtol",
    "keepopinfo",
    "autostop",
    "trytocompact",
    "badmos3",
    "xmu",
    "ramptime",
    "minbreak",
    "noopiter",
    "gminsteps",
    "srcsteps",
    "rshunt",
    "cshunt",
    "warn",
    "maxwarns",
];

const KNOWN: &[&str] = &[
    "reltol", "abstol", "vntol", "trtol", "gmin", "itl1", "itl4", "method", "maxord", "temp", "tnom", "fidelity",
    "seed", "exact", "defl", "defw", "defad", "defas",
];

impl Options {
    /// Reads the circuit's settings; returns what was wrong with them or ignored.
    pub fn from_settings(settings: &[Setting]) -> (Self, Vec<Diagnostic>) {
        let mut options = Self::default();
        let mut found = Vec::new();
        for setting in settings {
            if let Err(problem) = options.set(setting) {
                found.push(*problem);
            }
        }
        (options, found)
    }

    fn set(&mut self, setting: &Setting) -> Result<(), Box<Diagnostic>> {
        let number = |low: f64, high: f64| match setting.value {
            ParamData::Number(v) if v >= low && v <= high => Ok(v),
            _ => Err(Box::new(
                Diagnostic::error(setting.span, format!("option `{}` is out of range", setting.name))
                    .label(format!("wants a number from {low:e} to {high:e}")),
            )),
        };
        let word = || match &setting.value {
            ParamData::Text(text) => text.to_ascii_lowercase(),
            _ => String::new(),
        };
        match setting.name.as_str() {
            "reltol" => self.reltol = number(1e-12, 0.5)?,
            "abstol" => self.abstol = number(1e-20, 1.0)?,
            "vntol" => self.vntol = number(1e-15, 1.0)?,
            "trtol" => self.trtol = number(1e-3, 1e3)?,
            "gmin" => self.gmin = number(0.0, 1.0)?,
            "itl1" => self.itl1 = number(2.0, 1e6)? as usize,
            "itl4" => self.itl4 = number(2.0, 1e6)? as usize,
            "maxord" => self.maxord = number(1.0, 6.0)? as usize,
            "temp" => self.temperature = number(-273.0, 2000.0)? + ZERO_CELSIUS,
            // The netlist has applied it to the resistors.
            "tnom" => drop(number(-273.0, 2000.0)?),
            // Read by the transistors.
            "defl" | "defw" => drop(number(1e-12, 1.0)?),
            "defad" | "defas" => drop(number(0.0, 1.0)?),
            "seed" => self.seed = number(0.0, 9.007e15)? as u64,
            // a bare flag, or 0 or 1
            "exact" => self.exact = !matches!(setting.value, ParamData::Number(0.0)),
            "method" => {
                self.method = match word().as_str() {
                    "trap" | "trapezoidal" => Method::Trapezoidal,
                    "gear" => Method::Gear,
                    "trbdf2" | "tr-bdf2" => Method::TrBdf2,
                    _ => {
                        return Err(Box::new(
                            Diagnostic::error(setting.span, "unknown integration method")
                                .label("expected trap, gear or trbdf2"),
                        ));
                    }
                }
            }
            "fidelity" => {
                self.fidelity = match word().as_str() {
                    "transient" => Fidelity::Transient,
                    "quasistatic" => Fidelity::QuasiStatic,
                    _ => {
                        return Err(Box::new(
                            Diagnostic::error(setting.span, "unknown fidelity")
                                .label("expected transient or quasistatic"),
                        ));
                    }
                }
            }
            name if IGNORED.contains(&name) => {
                return Err(Box::new(
                    Diagnostic::warning(setting.span, format!("option `{name}` has no effect here")).label("ignored"),
                ));
            }
            name => {
                let mut problem =
                    Diagnostic::warning(setting.span, format!("unknown option `{name}`")).label("ignored");
                if let Some(close) = nearest(name, KNOWN.iter().copied()) {
                    problem = problem.hint(format!("did you mean `{close}`?"));
                }
                return Err(Box::new(problem));
            }
        }
        Ok(())
    }
}
