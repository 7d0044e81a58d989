//! Forward and backward passes of the network, and RMSprop.

use serde::{Deserialize, Serialize};

use super::pairs::NetworkHardware;

/// Vectors that go through the network together: the states of a minibatch, their next states, and one more.
#[derive(Clone, Debug)]
pub struct Batch {
    sizes: Vec<usize>,
    /// Inputs of each layer, then the outputs of the last one; one vector after the other.
    values: Vec<Vec<f64>>,
    vectors: usize,
}

impl Batch {
    /// Room for `most` vectors through layers of these sizes.
    pub fn new(sizes: &[usize], most: usize) -> Self {
        Self { sizes: sizes.to_vec(), values: sizes.iter().map(|n| vec![0.0; n * most]).collect(), vectors: 0 }
    }

    /// Empties the batch.
    pub fn clear(&mut self) {
        self.vectors = 0;
    }

    /// Adds an input vector and gives its number.
    pub fn push(&mut self, input: &[f64]) -> usize {
        let n = self.sizes[0];
        let number = self.vectors;
        if self.values[0].len() < (number + 1) * n {
            self.values.iter_mut().zip(&self.sizes).for_each(|(v, n)| v.resize((number + 1) * n, 0.0));
        }
        self.values[0][number * n..(number + 1) * n].copy_from_slice(input);
        self.vectors += 1;
        number
    }

    /// Outputs of vector `k`.
    pub fn output(&self, k: usize) -> &[f64] {
        self.vector(self.sizes.len() - 1, k)
    }

    fn vector(&self, level: usize, k: usize) -> &[f64] {
        let n = self.sizes[level];
        &self.values[level][k * n..(k + 1) * n]
    }
}

/// Parameters of RMSprop: `v <- decay v + (1 - decay) g^2`, `dw = -rate g / (sqrt(v) + 1e-8)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RmsProp {
    /// Step.
    pub rate: f64,
    /// Share of the old mean square.
    pub decay: f64,
}

impl RmsProp {
    /// The change that follows from a gradient.
    pub fn change(&self, gradient: f64, mean_square: &mut f64) -> f64 {
        *mean_square = self.decay * *mean_square + (1.0 - self.decay) * gradient * gradient;
        -self.rate * gradient / (mean_square.sqrt() + 1e-8)
    }
}

/// Biases and mean squares of the gradients: what learns outside the hardware.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Network {
    sizes: Vec<usize>,
    /// Biases of each layer.
    pub biases: Vec<Vec<f64>>,
    weight_squares: Vec<Vec<f64>>,
    bias_squares: Vec<Vec<f64>>,
    /// Gradients of the last backward pass, then the changes asked for.
    #[serde(skip)]
    pub weight_changes: Vec<Vec<f64>>,
    #[serde(skip)]
    bias_changes: Vec<Vec<f64>>,
    #[serde(skip)]
    delta: Vec<f64>,
    #[serde(skip)]
    before: Vec<f64>,
}

/// Biases stay between minus and plus this.
const BIAS_LIMIT: f64 = 2.5;

impl Network {
    /// A network of these sizes with given biases.
    pub fn new(sizes: &[usize], biases: Vec<Vec<f64>>) -> Self {
        let weights: Vec<Vec<f64>> = sizes.windows(2).map(|pair| vec![0.0; pair[0] * pair[1]]).collect();
        let zero: Vec<Vec<f64>> = biases.iter().map(|b| vec![0.0; b.len()]).collect();
        let mut network = Self {
            sizes: sizes.to_vec(),
            biases,
            weight_squares: weights,
            bias_squares: zero,
            weight_changes: Vec::new(),
            bias_changes: Vec::new(),
            delta: Vec::new(),
            before: Vec::new(),
        };
        network.make_room();
        network
    }

    /// Buffers, which are not saved.
    pub(super) fn make_room(&mut self) {
        self.weight_changes.clone_from(&self.weight_squares);
        self.bias_changes.clone_from(&self.bias_squares);
        let widest = self.sizes.iter().copied().max().unwrap_or(0);
        self.delta = vec![0.0; widest];
        self.before = vec![0.0; widest];
    }

    pub(super) fn same_shape(&self, other: &Self) -> bool {
        let shape = |all: &[Vec<f64>]| all.iter().map(Vec::len).collect::<Vec<_>>();
        self.sizes == other.sizes
            && shape(&self.biases) == shape(&other.biases)
            && shape(&self.weight_squares) == shape(&other.weight_squares)
            && shape(&self.bias_squares) == shape(&other.bias_squares)
    }

    /// Sends a batch through all layers.
    ///
    /// # Errors
    /// A read that failed.
    pub fn forward<H: NetworkHardware>(&self, hardware: &mut H, batch: &mut Batch) -> Result<(), H::Error> {
        let last = self.biases.len() - 1;
        for (layer, biases) in self.biases.iter().enumerate() {
            let (before, after) = batch.values.split_at_mut(layer + 1);
            let (n, m) = (self.sizes[layer], self.sizes[layer + 1]);
            let outputs = &mut after[0][..batch.vectors * m];
            hardware.multiply(layer, &before[layer][..batch.vectors * n], outputs)?;
            for vector in outputs.chunks_exact_mut(m) {
                vector.iter_mut().zip(biases).for_each(|(y, b)| *y += b);
                if layer < last {
                    vector.iter_mut().for_each(|y| *y = y.max(0.0));
                }
            }
        }
        Ok(())
    }

    /// Clears the gradients.
    pub fn begin(&mut self) {
        self.weight_changes.iter_mut().chain(&mut self.bias_changes).for_each(|g| g.fill(0.0));
    }

    /// Adds the gradient of vector `k` whose output `action` is too high by `error`.
    pub fn backward<H: NetworkHardware>(&mut self, hardware: &H, batch: &Batch, k: usize, action: usize, error: f64) {
        let last = self.biases.len() - 1;
        self.delta[..self.sizes[last + 1]].fill(0.0);
        self.delta[action] = error;
        for layer in (0..=last).rev() {
            let m = self.sizes[layer + 1];
            let delta = &self.delta[..m];
            let input = batch.vector(layer, k);
            self.bias_changes[layer].iter_mut().zip(delta).for_each(|(g, d)| *g += d);
            let gradient = self.weight_changes[layer].chunks_exact_mut(m);
            let weights = hardware.weights(layer).chunks_exact(m);
            for (((x, gradient), weights), before) in input.iter().zip(gradient).zip(weights).zip(&mut self.before) {
                // An inactive unit has neither gradient nor delta.
                *before = 0.0;
                if *x != 0.0 {
                    gradient.iter_mut().zip(delta).for_each(|(g, d)| *g += x * d);
                    if layer > 0 {
                        *before = dot(weights, delta);
                    }
                }
            }
            std::mem::swap(&mut self.delta, &mut self.before);
        }
    }

    /// Sums of the absolute gradients of weights and biases.
    pub fn gradient_size(&self) -> (f64, f64) {
        let size = |all: &[Vec<f64>]| all.iter().flatten().map(|g| g.abs()).sum();
        (size(&self.weight_changes), size(&self.bias_changes))
    }

    /// Turns the gradients, multiplied by `factor`, into changes: biases change at once, the changes of the weights are left in
    /// [`weight_changes`](Self::weight_changes). With `centre` the mean change of each layer is removed.
    pub fn finish(&mut self, rule: &RmsProp, factor: f64, centre: bool) {
        let weights = self.weight_changes.iter_mut().zip(&mut self.weight_squares);
        let biases = self.bias_changes.iter_mut().zip(&mut self.bias_squares);
        for (changes, squares) in weights.chain(biases) {
            for (change, square) in changes.iter_mut().zip(squares) {
                *change = rule.change(factor * *change, square);
            }
            if centre {
                let mean = changes.iter().sum::<f64>() / changes.len() as f64;
                changes.iter_mut().for_each(|c| *c -= mean);
            }
        }
        for (biases, changes) in self.biases.iter_mut().zip(&self.bias_changes) {
            biases.iter_mut().zip(changes).for_each(|(b, d)| *b = (*b + d).clamp(-BIAS_LIMIT, BIAS_LIMIT));
        }
    }
}

/// Scalar product in four running sums.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a4.zip(b4) {
        for k in 0..4 {
            sums[k] += a[k] * b[k];
        }
    }
    sums.iter().sum::<f64>() + rest
}
