//! From a deck and its data to residuals: data sets, experiments, and the variables of the search.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use super::dense::Matrix;
use super::experiment::{DataSet, data_sets};
use super::least_squares::Objective;
use super::table::Table;
use super::variable::{Variable, variables};
use super::{FitError, quoted};
use crate::analysis::forward::Moved;
use crate::analysis::{Failure, Options};
use crate::circuit::{Circuit, Draw, FitData, Overrides};
use crate::netlist::Parsed;

/// Relative tolerance of the simulations unless the deck sets one.
const RELTOL: f64 = 1e-4;
/// Truncation error of the simulations, in units of the tolerances, unless the deck sets one.
const TRTOL: f64 = 0.2;
/// How far a twin's parameter is moved, relative.
const WIDTH: f64 = 1e-6;

/// A deck with its data, ready to be fitted.
#[derive(Debug)]
pub struct Problem {
    parsed: Arc<Parsed>,
    /// The circuit as the deck gives it.
    pub circuit: Circuit,
    /// What is searched.
    pub variables: Vec<Variable>,
    /// What was measured.
    pub sets: Vec<DataSet>,
    /// Standard deviations of signals whose noise is estimated.
    pub noise: Vec<f64>,
    overrides: Overrides,
    last_failure: Mutex<Option<String>>,
}

/// A file of data with the name of its `.fitdata`, if one was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// Name of the statement.
    pub name: Option<String>,
    /// The file.
    pub path: PathBuf,
}

impl DataFile {
    /// `FILE` or `NAME=FILE`.
    pub fn parse(text: &str) -> Self {
        match text.split_once('=') {
            Some((name, path)) if !name.is_empty() && !name.contains(['/', '.']) && !Path::new(text).exists() => {
                Self { name: Some(name.to_ascii_lowercase()), path: path.into() }
            }
            _ => Self { name: None, path: text.into() },
        }
    }
}

impl Problem {
    /// Binds data to a deck.
    ///
    /// # Errors
    /// Mistakes in the deck, files that do not fit, nothing to search or to compare with.
    pub fn new(parsed: &Arc<Parsed>, files: &[DataFile]) -> Result<Self, FitError> {
        let overrides = Overrides { draw: Some(Draw::Nominal), ..Overrides::default() };
        let mut parsed = Arc::clone(parsed);
        let mut loaded = parsed.elaborate(&overrides)?;
        if loaded.circuit.free.is_empty() {
            let hint = "the deck frees no parameter; add lines such as `.fit mymodel(ron) from=10 to=10k scale=log`";
            return Err(FitError::Request(hint.into()));
        }
        let mut tables = Vec::new();
        for file in files {
            tables.push((file.name.clone(), Table::read(&file.path)?));
        }
        if loaded.circuit.fit_data.is_empty() {
            let Some((_, first)) = tables.first() else {
                return Err(FitError::Request("there is no data: neither `--data` nor `.fitdata file=`".into()));
            };
            let statement = statement_from_headings(&loaded.circuit, first)?;
            parsed = parsed.extended(&[statement], false);
            loaded = parsed.elaborate(&overrides)?;
        }
        let circuit = loaded.circuit;
        let mut sets = Vec::new();
        let mut noise = Vec::new();
        for (data, table) in bound(&circuit.fit_data, tables)? {
            data_sets(&circuit, data, &table, &mut sets, &mut noise)?;
        }
        let variables = variables(&circuit, &sets)?;
        let observations: usize = sets.iter().map(|set| set.observations.len()).sum();
        if observations == 0 {
            return Err(FitError::Request("the data hold no measured value".into()));
        }
        Ok(Self { parsed, circuit, variables, sets, noise, overrides, last_failure: Mutex::new(None) })
    }

    /// The same deck with some of the data sets only.
    ///
    /// # Errors
    /// As [`Problem::new`].
    pub fn part(&self, chosen: impl Fn(&DataSet) -> bool) -> Result<Self, FitError> {
        let sets: Vec<DataSet> = self.sets.iter().filter(|set| chosen(set)).cloned().collect();
        Ok(Self {
            parsed: Arc::clone(&self.parsed),
            circuit: self.circuit.clone(),
            variables: variables(&self.circuit, &sets)?,
            sets,
            noise: self.noise.clone(),
            overrides: self.overrides.clone(),
            last_failure: Mutex::new(None),
        })
    }

    /// Why the model had no solution the last time it had none.
    pub fn last_failure(&self) -> Option<String> {
        self.last_failure.lock().ok().and_then(|failure| failure.clone())
    }

    /// Number of measured values.
    pub fn observations(&self) -> usize {
        self.sets.iter().map(|set| set.observations.len()).sum()
    }

    /// The circuit of a data set at `u`, with one variable moved.
    fn circuit_at(&self, set: usize, u: &[f64], moved: Option<(usize, f64)>) -> Result<Circuit, String> {
        let mut overrides = self.overrides.clone();
        for (k, (variable, &u)) in self.variables.iter().zip(u).enumerate() {
            if variable.set.is_some_and(|own| own != set) {
                continue;
            }
            let extra = moved.filter(|&(which, _)| which == k).map_or(0.0, |(_, width)| width);
            overrides = overrides.with(&variable.target.set(&self.circuit, variable.value(u) + extra));
        }
        overrides.celsius = self.sets[set].celsius.or(overrides.celsius);
        let mut circuit = match self.parsed.elaborate(&overrides) {
            Ok(loaded) => loaded.circuit,
            Err(failure) => return Err(failure.to_string()),
        };
        self.sets[set].experiment.drive(&mut circuit);
        Ok(circuit)
    }

    /// Measured quantities of a data set as the model gives them, and their derivatives by the variables (one row for each
    /// observation) where wanted.
    ///
    /// # Errors
    /// A sentence about why the model has no solution.
    pub fn model(&self, set: usize, u: &[f64], derivatives: bool) -> Result<(Vec<f64>, Option<Matrix>), String> {
        let circuit = self.circuit_at(set, u, None)?;
        let own: Vec<usize> = (0..self.variables.len())
            .filter(|&k| derivatives && self.variables[k].set.is_none_or(|of| of == set))
            .collect();
        let mut moved = Vec::with_capacity(own.len());
        for &k in &own {
            let width = self.variables[k].width(u[k], WIDTH);
            moved.push(Moved { circuit: self.circuit_at(set, u, Some((k, width)))?, width });
        }
        let options = simulation_options(&circuit);
        let data = &self.sets[set];
        let all = data.experiment.run(&circuit, &moved, &data.signals, &options).map_err(sentence)?;
        let mut values = Vec::with_capacity(data.observations.len());
        let mut slopes = derivatives.then(|| Matrix::zeros(data.observations.len(), self.variables.len()));
        for (row, observation) in data.observations.iter().enumerate() {
            let weights = all.weights(observation.at);
            let value: f64 = weights.iter().map(|&(point, w)| w * all.value(point, observation.signal)).sum();
            if !value.is_finite() {
                return Err(format!("a value that is not finite at {:e} s", observation.at));
            }
            values.push(value);
            let Some(slopes) = &mut slopes else { continue };
            for (parameter, &k) in own.iter().enumerate() {
                let slope: f64 =
                    weights.iter().map(|&(point, w)| w * all.slope(point, parameter, observation.signal)).sum();
                slopes.row_mut(row)[k] = slope * self.variables[k].slope(u[k]);
            }
        }
        Ok((values, slopes))
    }

    /// Standard deviation of an observation.
    pub fn sigma(&self, set: usize, observation: usize) -> f64 {
        let observation = &self.sets[set].observations[observation];
        observation.noise.map_or(observation.sigma, |class| self.noise[class])
    }

    fn evaluate(&self, u: &[f64], derivatives: bool) -> Option<(Vec<f64>, Matrix)> {
        let parts: Result<Vec<_>, String> =
            (0..self.sets.len()).into_par_iter().map(|set| self.model(set, u, derivatives)).collect();
        let parts = match parts {
            Ok(parts) => parts,
            Err(message) => {
                if let Ok(mut failure) = self.last_failure.lock() {
                    *failure = Some(message);
                }
                return None;
            }
        };
        let n = self.variables.len();
        let mut residuals = Vec::new();
        let mut rows = Vec::new();
        for (set, (values, slopes)) in parts.into_iter().enumerate() {
            for (k, value) in values.iter().enumerate() {
                let sigma = self.sigma(set, k);
                residuals.push((value - self.sets[set].observations[k].value) / sigma);
                if let Some(slopes) = &slopes {
                    rows.extend(slopes.row(k).iter().map(|slope| slope / sigma));
                }
            }
        }
        for (k, variable) in self.variables.iter().enumerate() {
            let Some((residual, slope)) = variable.prior_residual(u[k]) else { continue };
            residuals.push(residual);
            if derivatives {
                rows.extend((0..n).map(|column| if column == k { slope } else { 0.0 }));
            }
        }
        Some((residuals, Matrix::from_rows(n, rows)))
    }

    /// Values at which the search begins.
    pub fn start(&self) -> Vec<f64> {
        self.variables.iter().map(|variable| variable.u(variable.start)).collect()
    }

    /// Bounds of the search.
    pub fn bounds(&self) -> Vec<(f64, f64)> {
        self.variables.iter().map(Variable::bounds).collect()
    }
}

impl Objective for Problem {
    fn residuals(&self, u: &[f64]) -> Option<Vec<f64>> {
        self.evaluate(u, false).map(|(residuals, _)| residuals)
    }

    fn linearise(&self, u: &[f64]) -> Option<(Vec<f64>, Matrix)> {
        self.evaluate(u, true)
    }

    fn priors(&self) -> usize {
        self.variables.iter().filter(|variable| variable.prior.is_some()).count()
    }
}

/// Options of the deck; tolerances are tighter than those of a run unless the deck gives them.
fn simulation_options(circuit: &Circuit) -> Options {
    let (mut options, _) = Options::from_settings(&circuit.options);
    let given = |name: &str| circuit.options.iter().any(|setting| setting.name == name);
    if !given("reltol") {
        options.reltol = RELTOL;
    }
    if !given("trtol") {
        options.trtol = TRTOL;
    }
    options
}

fn sentence(failure: Failure) -> String {
    match failure {
        Failure::Simulation(error) => error.to_string(),
        Failure::Netlist(found) => found.first().map_or_else(String::new, |first| first.message.clone()),
    }
}

/// Which statement each table belongs to.
fn bound(statements: &[FitData], tables: Vec<(Option<String>, Table)>) -> Result<Vec<(&FitData, Table)>, FitError> {
    let mut all = Vec::new();
    for statement in statements {
        if let Some(file) = &statement.file {
            all.push((statement, Table::read(file)?));
        }
    }
    for (name, table) in tables {
        let open = |statement: &&FitData| match &name {
            Some(name) => statement.name.as_ref() == Some(name),
            None => statement.file.is_none(),
        };
        let mut fitting = statements.iter().filter(open);
        let Some(statement) = fitting.next() else {
            let message = match &name {
                Some(name) => format!("no `.fitdata {name}` for `--data {name}={}`", table.path.display()),
                None => format!(
                    "every `.fitdata` has its file; none is left for `{}` (leave out `file=`)",
                    table.path.display()
                ),
            };
            return Err(FitError::Request(message));
        };
        if name.is_none() && fitting.next().is_some() {
            let names = statements.iter().filter(open).filter_map(|s| s.name.as_deref());
            let message = format!(
                "several `.fitdata` fit `{}`; choose one by `--data NAME=FILE` ({})",
                table.path.display(),
                quoted(names)
            );
            return Err(FitError::Request(message));
        }
        all.push((statement, table));
    }
    if all.is_empty() {
        return Err(FitError::Request("no data file: give one by `--data FILE` or `.fitdata file=`".into()));
    }
    Ok(all)
}

/// The `.fitdata` that the headings of a table suggest: `time`, names of sources, `v(..)`, `i(..)`, `@..`.
fn statement_from_headings(circuit: &Circuit, table: &Table) -> Result<String, FitError> {
    let mut statement = String::from(".fitdata");
    let mut signals = 0;
    for column in &table.columns {
        let name = &column.name;
        let is_time = matches!(name.as_str(), "t" | "time" | "time_s" | "t_s" | "time [s]");
        if is_time {
            statement.push_str(&format!(" time=\"{name}\""));
        } else if matches!(name.as_str(), "temp" | "temp_c" | "temperature") {
            statement.push_str(&format!(" temp=\"{name}\""));
        } else if circuit.element_index.contains_key(name) && name.starts_with(['v', 'i']) {
            statement.push_str(&format!(" drive={name} column=\"{name}\""));
        } else if name.contains('(') || name.starts_with('@') {
            statement.push_str(&format!(" signal={name} column=\"{name}\""));
            signals += 1;
        }
    }
    if signals > 0 {
        return Ok(statement);
    }
    Err(FitError::Request(format!(
        "nothing says how `{}` belongs to the deck: its headings name no signal such as `i(v1)`; add `.fitdata time=t \
         drive=v1 column=v signal=i(v1) column=i`",
        table.path.display()
    )))
}
