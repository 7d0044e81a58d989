//! Calibrates `cmo_hfo2` on measured devices and judges the result by the criteria of docs/cmo-hfo2.md, section 6.
//!
//! `cargo run --release --example calibrate_cmo -- FILE.csv .. [--cycles 5] [--cards OUT.lib] [--json OUT.json] [--folds N]`
//!
//! Each file holds the pulse-by-pulse reads of one device (columns cycle, phase, pulse, conductance_S). Everything is fitted to the
//! first `--cycles` cycles; the later ones are predicted.

mod card;
mod data;
mod estimate;
mod fit;
mod protocol;
mod report;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use ionspice::devices::memristor::cmo_hfo2::CmoHfo2Params;
use rayon::prelude::*;

use data::Device;
use estimate::{CycleFit, Fluctuation, rms};
use fit::Prior;
use protocol::Protocol;

/// Fit the CMO/HfO2 model to measured devices and judge the fit
#[derive(Parser)]
struct Arguments {
    /// Measured devices: CSV with the columns cycle, phase, pulse, conductance_S
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Fit to this many first cycles and predict the rest
    #[arg(long, default_value_t = 5)]
    cycles: usize,
    /// Write the cards, and a subcircuit that draws devices from their distribution
    #[arg(long)]
    cards: Option<PathBuf>,
    /// Write everything found
    #[arg(long)]
    json: Option<PathBuf>,
    /// Take prior and wear of each device from the devices of the other folds instead of the built-in ones
    #[arg(long, value_parser = clap::value_parser!(u64).range(2..))]
    folds: Option<u64>,
    /// Runs of the whole protocol over which the simulated fluctuation is averaged
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// Series resistance of the measurement, ohm
    #[arg(long, default_value_t = 1e3)]
    series: f64,
}

/// What was found for one device.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Judged {
    name: String,
    #[serde(skip)]
    card: CmoHfo2Params,
    theta: [f64; fit::FITTED],
    /// rms in w of the mean curve over the fitted cycles, and of the later ones; set, reset.
    in_sample: [f64; 2],
    predicted: Option<[f64; 2]>,
    measured: Fluctuation,
    simulated: Fluctuation,
    /// Smallest and largest sigma ratio of single runs, set and reset.
    ratio_range: [[f64; 2]; 2],
    /// Smallest and largest lag-1 autocorrelation of single runs, mean of both branches.
    lag1_range: [f64; 2],
    /// Share of single runs whose two sigmas lie within 25 %.
    within: f64,
    seconds: f64,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            drop(error.print());
            return ExitCode::from(code);
        }
    };
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

/// True when every criterion is met.
fn run(arguments: &Arguments) -> Result<bool, String> {
    let devices: Vec<Device> = arguments.files.iter().map(|f| Device::open(f)).collect::<Result<_, _>>()?;
    let priors: Vec<Prior> = match arguments.folds {
        None => vec![Prior::default(); devices.len()],
        Some(folds) => priors_of_others(&devices, arguments, folds as usize)?,
    };
    let judged: Vec<Judged> = devices
        .par_iter()
        .zip(&priors)
        .map(|(device, prior)| judge(device, prior, arguments).map_err(|e| format!("{}: {e}", device.name)))
        .collect::<Result<_, _>>()?;
    let good = report::print(&judged, arguments.cycles);
    let write =
        |path: &PathBuf, text: String| std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()));
    if let Some(path) = &arguments.cards {
        write(path, card::library(&judged, arguments.cycles))?;
    }
    if let Some(path) = &arguments.json {
        write(path, serde_json::to_string_pretty(&judged).map_err(|e| e.to_string())?)?;
    }
    Ok(good)
}

fn protocol(device: &Device, arguments: &Arguments) -> Protocol {
    Protocol {
        pulses: [(2.5, 1.5e-6), (-2.7, 10e-6)],
        series: arguments.series,
        period: 500e-6,
        count: device.reads[0][0].len() - 1,
    }
}

/// Cycles that are fitted.
fn fitted(device: &Device, arguments: &Arguments) -> Result<usize, String> {
    let all = device.reads[0].len();
    if (1..=all).contains(&arguments.cycles) { Ok(arguments.cycles) } else { Err(format!("the file has {all} cycles")) }
}

/// Priors in which the device itself, and its fold, have no part: fits of the others under a prior three times as wide.
fn priors_of_others(devices: &[Device], arguments: &Arguments, folds: usize) -> Result<Vec<Prior>, String> {
    let wide = Prior::default().widened(3.0);
    let thetas: Vec<[f64; fit::FITTED]> = devices
        .par_iter()
        .map(|device| {
            let n = fitted(device, arguments)?;
            fit::fit_mean(&data::cycles(&device.reads, 0..n), &protocol(device, arguments), &wide)
        })
        .collect::<Result<_, String>>()?;
    (0..devices.len())
        .map(|k| {
            let others: Vec<usize> = (0..devices.len()).filter(|j| j % folds != k % folds).collect();
            if others.len() < 3 {
                return Err(format!("{folds} folds of {} devices leave fewer than three", devices.len()));
            }
            let wear = estimate::median(others.iter().map(|&j| {
                let pulses = 2 * (devices[j].reads[0][0].len() - 1);
                fit::drift_per_cycle(&devices[j].reads) / pulses as f64
            }));
            // the wear is that of the beginning, the drift that of the middle of ten cycles
            Ok(Prior::from(&others.iter().map(|&j| thetas[j]).collect::<Vec<_>>(), wear.max(0.0) * f64::exp(0.2)))
        })
        .collect()
}

fn judge(device: &Device, prior: &Prior, arguments: &Arguments) -> Result<Judged, String> {
    let start = Instant::now();
    let protocol = protocol(device, arguments);
    let all = device.reads[0].len();
    let n = fitted(device, arguments)?;
    let known = data::cycles(&device.reads, 0..n);
    let window = data::ends(&known);
    let theta = fit::fit_mean(&known, &protocol, prior)?;
    let estimator = CycleFit::new(protocol.count);
    let mut card = fit::card(&theta, window, prior.wear);
    fit::fit_noise(&mut card, &estimator.fluctuation(&known), &protocol, &estimator, n)?;
    let seconds = start.elapsed().as_secs_f64();

    let quiet = CmoHfo2Params { noise: 0.0, ..card.clone() };
    let model = protocol.run(&quiet, all, 0)?;
    let in_sample = rms(&data::cycles(&model, 0..n), &known, window);
    let later = |reads| data::cycles(reads, n..all);
    let predicted = (n < all).then(|| rms(&later(&model), &later(&device.reads), window));

    let measured = estimator.fluctuation(&device.reads);
    let runs: Vec<Fluctuation> = (0..arguments.runs)
        .map(|run| protocol.run(&card, all, 0xc4ec + run).map(|reads| estimator.fluctuation(&reads)))
        .collect::<Result<_, _>>()?;
    let mean = |of: &dyn Fn(&Fluctuation) -> [f64; 2]| -> [f64; 2] {
        std::array::from_fn(|k| runs.iter().map(|f| of(f)[k]).sum::<f64>() / runs.len() as f64)
    };
    let simulated = Fluctuation { sigma: mean(&|f| f.sigma), lag1: mean(&|f| f.lag1), ends: mean(&|f| f.ends) };
    let ratio = |f: &Fluctuation| -> [f64; 2] { std::array::from_fn(|k| f.sigma[k] / measured.sigma[k]) };
    let range = |values: &mut dyn Iterator<Item = f64>| {
        values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], v| [low.min(v), high.max(v)])
    };
    let good = |f: &&Fluctuation| ratio(f).iter().all(|r| (r - 1.0).abs() <= 0.25);
    Ok(Judged {
        name: device.name.clone(),
        card,
        theta,
        in_sample,
        predicted,
        measured,
        simulated,
        ratio_range: std::array::from_fn(|k| range(&mut runs.iter().map(|f| ratio(f)[k]))),
        lag1_range: range(&mut runs.iter().map(|f| 0.5 * (f.lag1[0] + f.lag1[1]))),
        within: runs.iter().filter(good).count() as f64 / runs.len() as f64,
        seconds,
    })
}
