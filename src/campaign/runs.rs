//! Which runs a deck asks for.

use crate::circuit::{Circuit, Draw, Overrides};
use crate::output::engineering;

/// One swept quantity of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The quantity as a user would write it; `sample` for the number of a Monte Carlo sample.
    pub name: String,
    /// Its value.
    pub number: f64,
}

/// One run of a deck.
#[derive(Clone, Debug)]
pub struct Run {
    /// Swept values, innermost first, then the sample.
    pub values: Vec<Value>,
    /// What differs from the deck.
    pub overrides: Overrides,
}

impl Run {
    /// `r=1k sample=3`
    pub fn label(&self) -> String {
        let text = |value: &Value| format!("{}={}", value.name, engineering(value.number, "", 6).trim());
        self.values.iter().map(text).collect::<Vec<_>>().join(" ")
    }
}

/// All runs in order: the first `.step` varies fastest, the samples slowest.
pub fn runs(circuit: &Circuit) -> Vec<Run> {
    let counts: Vec<usize> = circuit.steps.iter().map(|sweep| sweep.values.len()).collect();
    let steps: usize = counts.iter().product();
    let samples = circuit.samples.unwrap_or(1);
    let mut all = Vec::new();
    for sample in 0..samples {
        for number in 0..steps {
            let mut rest = number;
            let mut run = Run { values: Vec::new(), overrides: Overrides::default() };
            for (sweep, count) in circuit.steps.iter().zip(&counts) {
                let value = sweep.values[rest % count];
                rest /= count;
                run.values.push(Value { name: sweep.target.label(circuit), number: value });
                run.overrides = run.overrides.with(&sweep.target.set(circuit, value));
            }
            if circuit.samples.is_some() {
                // Number 0 is what a single run draws.
                run.overrides.draw = Some(Draw::Number(sample));
                run.values.push(Value { name: "sample".into(), number: (sample + 1) as f64 });
            } else if circuit.overrides.draw.is_none() {
                run.overrides.draw = Some(Draw::Number(number as u64));
            }
            all.push(run);
        }
    }
    all
}
