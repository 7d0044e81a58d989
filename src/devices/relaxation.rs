//! Convolutions with sums of decaying exponentials, exact for inputs that are straight between time points.

/// `sum_i weight_i y_i` with `y_i' = u - rate_i y_i`; rates in 1/s.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kernel {
    pub rates: Vec<f64>,
    pub weights: Vec<f64>,
}

/// One step of a kernel: `y = keep y + from u_before + to u_now`.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    /// Length, s; 0 before the first step.
    length: f64,
    keep: Vec<f64>,
    from: Vec<f64>,
    to: Vec<f64>,
    /// Weighted sum of `to`: what the kernel gives per unit of the input now.
    pub gain: f64,
}

impl Kernel {
    /// The kernel with one more exponential.
    pub fn push(&mut self, rate: f64, weight: f64) {
        if weight != 0.0 {
            self.rates.push(rate);
            self.weights.push(weight);
        }
    }

    /// Number of exponentials.
    pub fn len(&self) -> usize {
        self.rates.len()
    }

    /// Value for a constant input of one: `sum weight/rate`.
    pub fn at_rest(&self) -> f64 {
        self.rates.iter().zip(&self.weights).map(|(a, w)| w / a).sum()
    }

    /// States for an input that has always been `u`.
    pub fn rest(&self, u: f64, states: &mut [f64]) {
        states.iter_mut().zip(&self.rates).for_each(|(y, a)| *y = u / a);
    }

    /// Prepares a step of this length, s.
    pub fn prepare(&self, length: f64, step: &mut Step) {
        if step.length == length && step.keep.len() == self.len() {
            return;
        }
        step.length = length;
        step.keep.clear();
        step.from.clear();
        step.to.clear();
        for rate in &self.rates {
            let z = rate * length;
            let first = if z < 1e-8 { 1.0 - 0.5 * z } else { -(-z).exp_m1() / z };
            let second = if z < 1e-3 { 0.5 - z / 6.0 + z * z / 24.0 } else { (1.0 - first) / z };
            step.keep.push((-z).exp());
            step.from.push(length * (first - second));
            step.to.push(length * second);
        }
        step.gain = self.weights.iter().zip(&step.to).map(|(w, t)| w * t).sum();
    }

    /// What the kernel gives after the step without the input's present value.
    pub fn memory(&self, step: &Step, before: f64, states: &[f64]) -> f64 {
        let terms = self.weights.iter().zip(&step.keep).zip(&step.from).zip(states);
        terms.map(|(((w, keep), from), y)| w * (keep * y + from * before)).sum()
    }

    /// States after the step; returns the kernel's value.
    pub fn advance(&self, step: &Step, before: f64, now: f64, states: &mut [f64]) -> f64 {
        let terms = self.weights.iter().zip(&step.keep).zip(&step.from).zip(&step.to).zip(states);
        let mut sum = 0.0;
        for ((((w, keep), from), to), y) in terms {
            *y = keep * *y + from * before + to * now;
            sum += w * *y;
        }
        sum
    }
}

/// Nodes and weights of Gauss and Legendre's rule with eight points on -1 to 1.
pub(super) const GAUSS: [(f64, f64); 8] = [
    (-0.960_289_856_497_536_2, 0.101_228_536_290_376_26),
    (-0.796_666_477_413_626_7, 0.222_381_034_453_374_47),
    (-0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (-0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_47),
    (0.960_289_856_497_536_2, 0.101_228_536_290_376_26),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramps_are_exact() {
        let kernel = Kernel { rates: vec![1e3, 2.0, 1e-9], weights: vec![1.0, 0.5, 2.0] };
        let mut states = vec![0.0; 3];
        let mut step = Step::default();
        let (mut t, mut value) = (0.0, 0.0);
        for k in 0..50 {
            let h = 0.01 * f64::from(k % 4 + 1);
            kernel.prepare(h, &mut step);
            let linear = kernel.memory(&step, t, &states) + step.gain * (t + h);
            value = kernel.advance(&step, t, t + h, &mut states);
            assert!((linear - value).abs() < 1e-12 * value.abs());
            t += h;
        }
        // y' = t - a y from 0: t/a - (1 - exp(-a t))/a^2
        let exact = |a: f64| if a < 1e-6 { 0.5 * t * t } else { t / a + (-a * t).exp_m1() / (a * a) };
        let expected = exact(1e3) + 0.5 * exact(2.0) + 2.0 * exact(1e-9);
        assert!((value / expected - 1.0).abs() < 1e-7, "{value} {expected}");
        kernel.rest(3.0, &mut states);
        assert!((states[1] - 1.5).abs() < 1e-15 && (kernel.at_rest() - 2e9 - 0.251).abs() < 1e-3);
    }
}
