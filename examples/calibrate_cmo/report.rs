//! The table of a calibration and whether the criteria are met.

use super::Judged;
use super::estimate::median;

/// Largest rms of the fitted mean curve, every device and branch.
const IN_SAMPLE: f64 = 0.05;
/// Largest median of the rms of the predicted mean curve, set and reset.
const PREDICTED: [f64; 2] = [0.07, 0.09];
/// Largest deviation of the simulated sigma.
const SIGMA: f64 = 0.25;
/// Lag-1 autocorrelation.
const LAG1: (f64, f64) = (0.25, 0.5);

/// Prints a row per device and the criteria; true when all are met.
pub fn print(judged: &[Judged], cycles: usize) -> bool {
    println!(
        "| device | rms fit, set / reset | rms later | sigma set meas / sim | sigma reset meas / sim | lag 1 meas / sim | ends, set meas / sim | \
         ends, reset meas / sim | fit |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for j in judged {
        let pair = |m: [f64; 2], s: [f64; 2], k: usize| format!("{:.3} / {:.3}", m[k], s[k]);
        let later = j.predicted.map_or("-".into(), |p| format!("{:.3} / {:.3}", p[0], p[1]));
        let (m, s) = (&j.measured, &j.simulated);
        println!(
            "| {} | {:.3} / {:.3} | {later} | {} | {} | {:.2} / {:.2} | {} | {} | {:.1} s |",
            j.name,
            j.in_sample[0],
            j.in_sample[1],
            pair(m.sigma, s.sigma, 0),
            pair(m.sigma, s.sigma, 1),
            mean(m.lag1),
            mean(s.lag1),
            pair(m.ends, s.ends, 0),
            pair(m.ends, s.ends, 1),
            j.seconds
        );
    }
    println!();
    let mut good = true;
    let mut line = |met: bool, text: String| {
        good &= met;
        println!("{} {text}", if met { "met   " } else { "missed" });
    };
    for (k, branch) in ["set", "reset"].into_iter().enumerate() {
        let column = || judged.iter().map(|j| j.in_sample[k]);
        let worst = column().fold(0.0, f64::max);
        line(
            worst <= IN_SAMPLE,
            format!(
                "rms of the mean of cycles 1-{cycles}, {branch}: median {:.3}, worst {worst:.4} (at most {IN_SAMPLE} each)",
                median(column())
            ),
        );
    }
    for (k, branch) in ["set", "reset"].into_iter().enumerate() {
        let later: Vec<f64> = judged.iter().filter_map(|j| j.predicted.map(|p| p[k])).collect();
        if !later.is_empty() {
            let middle = median(later.iter().copied());
            let worst = later.iter().fold(0.0, |a: f64, b| a.max(*b));
            line(
                middle <= PREDICTED[k],
                format!(
                    "rms of the later mean, {branch}: median {middle:.3} (at most {}), worst {worst:.3}",
                    PREDICTED[k]
                ),
            );
        }
    }
    let ratios: Vec<f64> =
        judged.iter().flat_map(|j| [0, 1].map(|k| j.simulated.sigma[k] / j.measured.sigma[k])).collect();
    let (low, high) = extremes(ratios.iter().copied());
    line(
        low >= 1.0 - SIGMA && high <= 1.0 + SIGMA,
        format!("sigma simulated over measured, mean of the runs: {low:.3} to {high:.3} (within {SIGMA})"),
    );
    let (low, high) = extremes(judged.iter().map(|j| mean(j.simulated.lag1)));
    line(
        low >= LAG1.0 && high <= LAG1.1,
        format!("lag-1 autocorrelation, mean of the runs: {low:.3} to {high:.3} ({} to {})", LAG1.0, LAG1.1),
    );
    let (low, high) = extremes(judged.iter().flat_map(|j| j.ratio_range.into_iter().flatten()));
    let within = judged.iter().map(|j| j.within).sum::<f64>() / judged.len() as f64;
    println!("       single runs: sigma ratio {low:.3} to {high:.3}, both within {SIGMA} in {:.1} %", 100.0 * within);
    let (low, high) = extremes(judged.iter().flat_map(|j| j.lag1_range));
    println!("       single runs: lag-1 autocorrelation {low:.3} to {high:.3}");
    for (k, branch) in ["set", "reset"].into_iter().enumerate() {
        let of = |f: &dyn Fn(&Judged) -> f64| judged.iter().map(f).sum::<f64>() / judged.len() as f64;
        println!(
            "       scatter over cycles of the last ten {branch} reads: measured {:.3}, simulated {:.3}",
            of(&|j| j.measured.ends[k]),
            of(&|j| j.simulated.ends[k])
        );
    }
    good
}

fn mean(pair: [f64; 2]) -> f64 {
    0.5 * (pair[0] + pair[1])
}

fn extremes(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}
