//! Reproducible random numbers: one seed, one independent stream per purpose.
//!
//! The generator is ChaCha with 8 rounds. A seed expands to the key by `seed_from_u64`, the purpose selects the ChaCha stream (its
//! nonce). Each seed of a training run owns all its streams, so what one seed draws depends neither on the other seeds of the run
//! nor on the number of threads, and drawing more device noise never changes the draws of the policy.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Generator of every random draw.
pub type Random = ChaCha8Rng;

/// Purpose of a random stream. The numbers are part of the reproducibility contract and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum Stream {
    /// Policy and environment, drawn in the order of the iterations.
    Agent = 0,
    /// State noise of the devices, drawn when pulses are applied.
    DeviceState = 1,
    /// Noise of reads and converters.
    Readout = 2,
    /// Device-to-device variability, drawn when the circuit is built.
    Fabrication = 3,
}

/// The stream of `seed` for one purpose, at its beginning.
pub fn stream(seed: u64, purpose: Stream) -> Random {
    let mut random = Random::seed_from_u64(seed);
    random.set_stream(purpose as u64);
    random
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;
    use std::collections::HashSet;

    #[test]
    fn streams_repeat_and_differ() {
        let purposes = [Stream::Agent, Stream::DeviceState, Stream::Readout, Stream::Fabrication];
        let mut seen = HashSet::new();
        for seed in 0..100 {
            for purpose in purposes {
                let first = stream(seed, purpose).next_u64();
                assert_eq!(first, stream(seed, purpose).next_u64());
                assert!(seen.insert(first), "seed {seed} {purpose:?} repeats another stream");
            }
        }
    }
}
