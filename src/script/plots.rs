//! Plots of a script: results of analyses with the vectors that `let` adds, the constants, and which one is current.

use std::sync::Arc;

use crate::calc::{self, Data, Name, Reference, Scope, Vector};
use crate::output::{Dataset, Quantity, Values, Variable};

/// One plot.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    /// `tran1`, ..
    pub name: String,
    /// What the analysis gave.
    pub data: Dataset,
    /// Vectors added by the script, by name.
    pub added: Vec<(String, Vector)>,
    /// Name of the vector that serves as axis, when it is not the dataset's.
    pub scale: Option<String>,
    /// Step of the transient statement, s.
    pub step: Option<f64>,
    /// Made by an analysis (and so part of the results of the run).
    pub analysed: bool,
}

/// All plots; the first one holds the constants.
#[derive(Debug)]
pub(super) struct Plots {
    all: Vec<Plot>,
    current: usize,
    number: u32,
}

impl Default for Plots {
    fn default() -> Self {
        let constants = Plot {
            name: "const".into(),
            data: Dataset::new("Constant values", "constants", Vec::new()),
            added: Vec::new(),
            scale: None,
            step: None,
            analysed: false,
        };
        Self { all: vec![constants], current: 0, number: 1 }
    }
}

/// Letters of a plot's name by its kind.
fn kind(plot_name: &str) -> &'static str {
    let known = [
        ("Operating", "op"),
        ("Transient", "tran"),
        ("AC", "ac"),
        ("DC", "dc"),
        ("Integrated", "noise"),
        ("Noise", "noise"),
        ("Transfer", "tf"),
        ("Sens", "sens"),
        ("DC Sens", "sens"),
        ("Pole", "pz"),
        ("Spectrum", "sp"),
        ("PSD", "sp"),
    ];
    known.iter().find(|(start, _)| plot_name.starts_with(start)).map_or("unknown", |(_, name)| name)
}

/// nutmeg's name of a column: `out` for `v(out)`, `v1#branch` for `i(v1)`.
pub(super) fn short_name(name: &str) -> String {
    let inner = |start: &str| name.strip_prefix(start).and_then(|rest| rest.strip_suffix(')'));
    match (inner("v("), inner("i(")) {
        (Some(node), _) if !node.contains(',') && node != "v-sweep" => node.to_string(),
        (Some("v-sweep"), _) => "v-sweep".into(),
        (_, Some("i-sweep")) => "i-sweep".into(),
        (_, Some(element)) => format!("{element}#branch"),
        _ => name.to_string(),
    }
}

impl Plots {
    /// The current plot.
    pub fn current(&self) -> &Plot {
        &self.all[self.current]
    }

    /// The current plot, to be changed.
    pub fn current_mut(&mut self) -> &mut Plot {
        &mut self.all[self.current]
    }

    /// All plots, the constants first.
    pub fn all(&self) -> &[Plot] {
        &self.all
    }

    /// Names, the newest first.
    pub fn names(&self) -> Vec<String> {
        self.all.iter().rev().map(|plot| plot.name.clone()).collect()
    }

    /// Adds a plot and makes it the current one.
    pub fn add(&mut self, data: Dataset, step: Option<f64>, analysed: bool) {
        let kind = kind(&data.plot_name);
        while self.all.iter().any(|plot| plot.name == format!("{kind}{}", self.number)) {
            self.number += 1;
        }
        let name = format!("{kind}{}", self.number);
        self.all.push(Plot { name, data, added: Vec::new(), scale: None, step, analysed });
        self.current = self.all.len() - 1;
    }

    /// Makes a plot the current one.
    pub fn choose(&mut self, name: &str) -> Result<(), String> {
        let found = match name {
            "new" => {
                self.add(Dataset::new("Anonymous", "unknown", Vec::new()), None, false);
                return Ok(());
            }
            "previous" => self.current.checked_sub(1),
            "next" => Some(self.current + 1).filter(|k| *k < self.all.len()),
            name => self.all.iter().position(|plot| plot.name.eq_ignore_ascii_case(name)),
        };
        self.current = found.ok_or_else(|| format!("there is no plot `{name}`"))?;
        Ok(())
    }

    /// Removes a plot; the constants stay.
    pub fn remove(&mut self, name: &str) -> Result<(), String> {
        let index = self.all.iter().position(|plot| plot.name.eq_ignore_ascii_case(name));
        match index {
            Some(0) => Err("the constants cannot be removed".into()),
            Some(index) => {
                self.all.remove(index);
                if self.current >= index {
                    self.current = self.current.saturating_sub(1).min(self.all.len() - 1);
                }
                Ok(())
            }
            None => Err(format!("there is no plot `{name}`")),
        }
    }

    /// Removes all plots but the constants.
    pub fn clear(&mut self) {
        self.all.truncate(1);
        self.current = 0;
    }

    /// Numbers held in all plots.
    pub fn numbers(&self) -> usize {
        let held = |plot: &Plot| {
            plot.data.points() * plot.data.variables.len() + plot.added.iter().map(|(_, v)| v.len()).sum::<usize>()
        };
        self.all.iter().map(held).sum()
    }

    /// Sets a vector of the current plot.
    pub fn set(&mut self, name: &str, vector: Vector) {
        let plot = self.current_mut();
        match plot.added.iter_mut().find(|(known, _)| known == name) {
            Some(entry) => entry.1 = vector,
            None => plot.added.push((name.to_string(), vector)),
        }
    }

    /// The results of the analyses, with what the script added to them.
    pub fn into_datasets(self) -> Vec<Dataset> {
        self.all.into_iter().filter(|plot| plot.analysed).map(|plot| plot.data).collect()
    }

    fn find(&self, plot: &str) -> Option<&Plot> {
        self.all.iter().find(|candidate| candidate.name.eq_ignore_ascii_case(plot))
    }
}

impl Plot {
    /// The axis.
    pub fn axis(&self) -> Option<Arc<[f64]>> {
        if let Some(name) = &self.scale {
            return self.added.iter().find(|(known, _)| known == name).map(|(_, v)| v.reals().into());
        }
        self.data.axis().map(|axis| self.data.column(axis).collect())
    }

    /// A vector by its name.
    pub fn vector(&self, reference: &Reference) -> Option<Vector> {
        let text = reference.name.to_string();
        let short = short_name(&text);
        if let Some((_, vector)) = self.added.iter().find(|(name, _)| *name == text || *name == short) {
            let axis = vector.axis.clone().or_else(|| self.axis()).filter(|axis| axis.len() == vector.len());
            return Some(Vector { axis, ..vector.clone() });
        }
        let bare = Reference { plot: None, name: reference.name.clone() };
        let mut vector = Scope::vector(&calc::Plot::new(&self.data), &bare)?;
        if self.scale.is_some() {
            vector.axis = self.axis();
        }
        Some(vector)
    }

    /// Names as nutmeg shows them, with what they stand for, in the order of the alphabet, the axis first when wanted.
    pub fn listed(&self) -> Vec<(String, Vector)> {
        let plot = calc::Plot::new(&self.data);
        let columns =
            (0..self.data.variables.len()).map(|k| (short_name(&self.data.variables[k].name), plot.vector(k)));
        let mut all: Vec<(String, Vector)> = columns.chain(self.added.iter().cloned()).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// Name of the axis.
    pub fn axis_name(&self) -> Option<String> {
        self.scale.clone().or_else(|| self.data.axis().map(|axis| short_name(&self.data.variables[axis].name)))
    }
}

impl Scope for Plots {
    fn vector(&self, reference: &Reference) -> Option<Vector> {
        if let Some(plot) = &reference.plot {
            return self.find(plot)?.vector(reference);
        }
        if let Some(found) = self.current().vector(reference) {
            return Some(found);
        }
        if let Name::Plain(name) = &reference.name
            && let Some((plot, rest)) = name.split_once('.')
            && let Some(plot) = self.find(plot)
        {
            return plot.vector(&Reference { plot: None, name: Name::Plain(rest.to_string()) });
        }
        self.all[0].vector(reference)
    }

    fn axis(&self) -> Option<Arc<[f64]>> {
        self.current().axis()
    }

    fn names(&self) -> Vec<String> {
        self.current().listed().into_iter().map(|(name, _)| name).collect()
    }
}

/// A dataset of vectors, the axis first; vectors that are shorter go on with their last value.
pub(super) fn dataset(
    title: &str,
    plot_name: &str,
    axis: Option<(Variable, Arc<[f64]>)>,
    vectors: &[(String, Vector)],
) -> Dataset {
    let points = match &axis {
        Some((_, axis)) => axis.len(),
        None => vectors.iter().map(|(_, v)| v.len()).max().unwrap_or(0),
    };
    let complex = vectors.iter().any(|(_, v)| v.is_complex());
    let mut variables: Vec<Variable> = axis.iter().map(|(variable, _)| variable.clone()).collect();
    let used: Vec<&(String, Vector)> = vectors.iter().filter(|(_, v)| !v.is_empty()).collect();
    variables.extend(used.iter().map(|(name, v)| Variable::new(name.clone(), v.quantity.clone())));
    let mut values = Vec::with_capacity(points * variables.len());
    for point in 0..points {
        values.extend(axis.iter().map(|(_, axis)| num_complex::Complex64::from(axis[point])));
        values.extend(used.iter().map(|(_, v)| v.at(point)));
    }
    let values = match complex {
        true => Values::Complex(values),
        false => Values::Real(values.into_iter().map(|z| z.re).collect()),
    };
    Dataset { title: title.into(), plot_name: plot_name.into(), variables, values }
}

/// A vector of one number.
pub(super) fn is_scalar(vector: &Vector) -> bool {
    vector.len() == 1
}

/// The vector as complex data when `complex`.
pub(super) fn widened(vector: Vector, complex: bool) -> Vector {
    if complex && !vector.is_complex() {
        return Vector { data: Data::Complex(vector.complexes()), ..vector };
    }
    vector
}

/// Quantity of a type word (`voltage`, `current`, ..).
pub(super) fn quantity(word: &str) -> Option<Quantity> {
    Some(match word.to_ascii_lowercase().as_str() {
        "notype" => Quantity::Other(String::new()),
        "time" => Quantity::Time,
        "frequency" => Quantity::Frequency,
        "voltage" => Quantity::Voltage,
        "current" => Quantity::Current,
        "temperature" | "temp-sweep" => Quantity::Temperature,
        "res-sweep" | "impedance" => Quantity::Other("Ohm".into()),
        "admittance" => Quantity::Other("S".into()),
        "power" => Quantity::Other("W".into()),
        "phase" => Quantity::Other("deg".into()),
        "decibel" => Quantity::Other("dB".into()),
        "capacitance" => Quantity::Other("F".into()),
        "charge" => Quantity::Other("C".into()),
        _ => return None,
    })
}

/// True for plots that have the step of a transient.
pub(super) fn kind_of_step(plot_name: &str) -> bool {
    plot_name.starts_with("Transient")
}
