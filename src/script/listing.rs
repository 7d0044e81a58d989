//! What a script shows: `print`, `display`, `listing`, `meas`, `fourier`, and the handling of plots.

use super::plots::is_scalar;
use super::{Done, Interpreter, Problem};
use crate::calc::{self, Expr, Vector};
use crate::circuit::Measured;
use crate::measure::{MeasureResult, evaluate_one, fourier_of, scientific};
use crate::netlist;
use crate::output::Quantity;

/// A number as nutmeg prints it: negative ones with a digit less, so that columns line up.
fn number(value: f64) -> String {
    scientific(value, if value < 0.0 { 5 } else { 6 })
}

/// Type word of a quantity.
fn type_word(quantity: &Quantity) -> &str {
    match quantity {
        Quantity::Time => "time",
        Quantity::Voltage => "voltage",
        Quantity::Current => "current",
        Quantity::Frequency => "frequency",
        Quantity::Temperature => "temperature",
        Quantity::Other(unit) => match unit.as_str() {
            "" => "notype",
            "Ohm" => "impedance",
            "S" => "admittance",
            "W" => "power",
            "dB" => "decibel",
            "rad" | "deg" => "phase",
            other => other,
        },
    }
}

impl Interpreter<'_> {
    /// The expressions of a list with their texts; `all` gives every vector of the current plot.
    pub(super) fn listed(&mut self, text: &str) -> Result<Vec<(String, Vector)>, Problem> {
        let mut all = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let rest = text[at..].trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            at = text.len() - rest.len();
            if rest.is_empty() {
                break;
            }
            let word = rest.split(|c: char| c.is_whitespace() || c == ',').next().unwrap_or("").to_ascii_lowercase();
            let plot = match word.split_once('.') {
                Some((plot, "all")) => self.plots.all().iter().find(|p| p.name == plot),
                _ => Some(self.plots.current()).filter(|_| matches!(word.as_str(), "all" | "allv" | "alli")),
            };
            if let Some(plot) = plot {
                let axis = plot.axis_name();
                let wanted = |quantity: &Quantity| match word.as_str() {
                    "allv" => *quantity == Quantity::Voltage,
                    "alli" => *quantity == Quantity::Current,
                    _ => true,
                };
                let vectors = plot.listed().into_iter();
                all.extend(vectors.filter(|(name, v)| Some(name) != axis.as_ref() && wanted(&v.quantity)));
                at += word.len();
                continue;
            }
            let (mut expr, used) = calc::parse_prefix(rest)
                .map_err(|e| Problem::At(at + e.at, 1, format!("wrong expression: expected {}", e.expected), None))?;
            self.expand(&mut expr);
            let value = self.evaluated(&expr).map_err(|problem| match problem {
                Problem::At(place, len, message, hint) => Problem::At(at + place, len, message, hint),
                other => other,
            })?;
            let label: String = rest[..used].trim().to_string();
            all.push((label, value));
            at += used;
        }
        Ok(all)
    }

    /// `print [col|line] expressions [> file]`
    pub(super) fn print(&mut self, rest: &str) -> Done {
        let (rest, target) = self.redirected(rest);
        let (lines, rest) = match rest.split_once(char::is_whitespace) {
            Some(("line", rest)) => (Some(true), rest),
            Some(("col", rest)) => (Some(false), rest),
            _ => (None, rest),
        };
        let columns = self.listed(rest)?;
        if columns.is_empty() {
            return Err("nothing to print".into());
        }
        let lines = lines.unwrap_or_else(|| columns.iter().all(|(_, v)| is_scalar(v)));
        let text = if lines { in_lines(&columns) } else { self.in_columns(&columns) };
        self.put(target, &text)
    }

    fn in_columns(&self, columns: &[(String, Vector)]) -> String {
        let plot = self.plots.current();
        let longest = columns.iter().map(|(_, v)| v.len()).max().unwrap_or(0);
        let axis = columns.iter().find_map(|(_, v)| v.axis.clone().filter(|a| a.len() >= longest));
        let named_axis = axis.as_ref().and_then(|_| plot.axis_name());
        let margin = " ".repeat(40usize.saturating_sub(plot.data.title.len() / 2));
        let mut text = format!("{margin}{}\n{margin}{}\n", plot.data.title, plot.data.plot_name);
        let rule = "-".repeat(80);
        text += &format!("{rule}\nIndex   ");
        let heading = |name: &str, width: usize| {
            let short: String = name.chars().take(15).collect();
            format!("{short:<width$}")
        };
        let shown_axis = axis.filter(|_| named_axis.is_some());
        text += &named_axis.as_deref().map_or(String::new(), |name| heading(name, 16));
        for (name, vector) in columns {
            text += &heading(name, if vector.is_complex() { 32 } else { 16 });
        }
        text += &format!("\n{rule}\n");
        for point in 0..longest {
            text += &format!("{point}\t");
            if let Some(axis) = &shown_axis {
                text += &format!("{}\t", number(axis[point]));
            }
            for (_, vector) in columns {
                if point >= vector.len() {
                    text += if vector.is_complex() { "\t\t\t\t" } else { "\t\t" };
                } else if vector.is_complex() {
                    let z = vector.at(point);
                    text += &format!("{},\t{}\t", number(z.re), number(z.im));
                } else {
                    text += &format!("{}\t", number(vector.at(point).re));
                }
            }
            text.push('\n');
        }
        text
    }

    /// `display [names]`
    pub(super) fn display(&mut self, rest: &str) -> Done {
        let plot = self.plots.current();
        let axis = plot.axis_name();
        let mut text = format!(
            "Here are the vectors currently active:\n\nTitle: {}\nName: {} ({})\n\n",
            plot.data.title, plot.name, plot.data.plot_name
        );
        for (name, vector) in plot.listed() {
            if !rest.is_empty() && !rest.split_whitespace().any(|wanted| wanted.eq_ignore_ascii_case(&name)) {
                continue;
            }
            let scale = if Some(&name) == axis.as_ref() { " [default scale]" } else { "" };
            let form = if vector.is_complex() { "complex" } else { "real" };
            let kind = type_word(&vector.quantity);
            text += &format!("    {name:<20}: {kind}, {form}, {} long{scale}\n", vector.len());
        }
        self.console.print(&text);
        Ok(())
    }

    /// `listing`
    pub(super) fn listing(&mut self) -> Done {
        let text = self.sources.file(0).text.to_string();
        let mut out = String::new();
        for (number, line) in text.lines().enumerate() {
            out += &format!("{:>6} : {line}\n", number + 1);
        }
        self.console.print(&out);
        Ok(())
    }

    /// Keeps and prints the result of a measure; it is a vector of the current plot from now on.
    pub(super) fn measured(&mut self, result: MeasureResult) {
        self.console.print(&format!("{result}\n"));
        if let Some(value) = result.value {
            self.plots.set(&result.name, Vector::scalar(value));
        }
        self.outcome.measures.push(result);
    }

    /// `meas tran name ..`
    pub(super) fn measure(&mut self, statement: &str) -> Done {
        let (statement, target) = match statement.rsplit_once(" > ") {
            Some((statement, file)) => (statement, Some((file.trim().to_string(), false))),
            None => (statement, None),
        };
        let measure = netlist::measure_statement(statement).map_err(|error| Problem::Found(vec![error], None))?;
        let plot = self.plots.current();
        if let Some(analysis) = measure.analysis
            && !analysis.made(&plot.data.plot_name)
        {
            return Err(format!("the current plot is `{}`, which this measure does not belong to", plot.name).into());
        }
        let known = std::collections::HashMap::new();
        let result = evaluate_one(&measure, &self.plots, &known);
        if target.is_some() {
            self.put(target, &format!("{result}\n"))?;
        }
        self.measured(result);
        Ok(())
    }

    /// `fourier f expressions`
    pub(super) fn fourier(&mut self, rest: &str) -> Done {
        let (frequency, used) = calc::parse_prefix(rest)
            .map_err(|e| Problem::At(e.at, 1, format!("the fundamental frequency expected: {}", e.expected), None))?;
        let frequency = self.evaluated(&frequency)?.first();
        if frequency.is_nan() || frequency <= 0.0 {
            return Err("the fundamental frequency is not above 0 Hz".into());
        }
        if !Measured::Tran.made(&self.plots.current().data.plot_name) {
            return Err("`fourier` needs the plot of a transient".into());
        }
        let count = self.set_number("nfreqs", 10);
        let grid = self.set_number("fourgridsize", 200);
        for (label, expr) in self.expressions(&rest[used..])? {
            let table = fourier_of(&self.plots, &label, &expr, frequency, count, grid);
            self.console.print(&format!("{table}\n"));
            if let Some(reason) = &table.failure {
                self.warn(format!("{label}: {reason}"));
            }
            self.outcome.fouriers.push(table);
        }
        Ok(())
    }

    /// Expressions of a list with their texts.
    pub(super) fn expressions(&mut self, text: &str) -> Result<Vec<(String, Expr)>, Problem> {
        let mut all = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (mut expr, used) = calc::parse_prefix(rest)
                .map_err(|e| Problem::Plain(format!("wrong expression `{rest}`: expected {}", e.expected)))?;
            self.expand(&mut expr);
            all.push((rest[..used].trim().to_string(), expr));
            rest = rest[used..].trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        }
        Ok(all)
    }

    /// A whole number given by `set`.
    pub(super) fn set_number(&self, name: &str, otherwise: usize) -> usize {
        let word = self.variable(name).and_then(|words| words.first().cloned());
        let number = word.and_then(|word| crate::expr::number(&word)).map(|(number, _)| number);
        number.filter(|n| (2.0..=1e7).contains(n)).map_or(otherwise, |n| n as usize)
    }

    /// `setplot [name]`
    pub(super) fn setplot(&mut self, rest: &str) -> Done {
        if !rest.is_empty() {
            return self.plots.choose(rest).map_err(Problem::Plain);
        }
        let current = self.plots.current().name.clone();
        let mut text = "List of plots available:\n\n".to_string();
        for plot in self.plots.all().iter().rev() {
            let mark = if plot.name == current { "Current " } else { "\t" };
            text += &format!("{mark}{}\t{} ({})\n", plot.name, plot.data.title, plot.data.plot_name);
        }
        self.console.print(&text);
        Ok(())
    }

    /// `destroy [plot ..|all]`
    pub(super) fn destroy(&mut self, rest: &str) -> Done {
        if rest.eq_ignore_ascii_case("all") {
            self.plots.clear();
            return Ok(());
        }
        if rest.is_empty() {
            let name = self.plots.current().name.clone();
            return self.plots.remove(&name).map_err(Problem::Plain);
        }
        rest.split_whitespace().try_for_each(|name| self.plots.remove(name)).map_err(Problem::Plain)
    }
}

/// `name = value` for every value.
fn in_lines(columns: &[(String, Vector)]) -> String {
    let mut text = String::new();
    for (name, vector) in columns {
        let value = |k: usize| {
            let z = vector.at(k);
            if vector.is_complex() { format!("{},{}", number(z.re), number(z.im)) } else { number(z.re) }
        };
        let values: Vec<String> = (0..vector.len()).map(value).collect();
        match values.len() {
            1 => text += &format!("{} = {}\n", short_if_bare(name), values[0]),
            _ => text += &format!("{name} = ( {} )\n", values.join(" ")),
        }
    }
    text
}

/// Expressions are shown as they are written; columns of a plot by their short names.
fn short_if_bare(name: &str) -> String {
    if name.contains(['+', '-', '*', '/', ' ']) { name.to_string() } else { name.to_lowercase() }
}
