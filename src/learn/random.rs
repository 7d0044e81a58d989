//! Reproducible random numbers: one seed, one independent stream per purpose.
//!
//! The generator is ChaCha with 8 rounds. A seed expands to the key by `seed_from_u64`, the purpose selects the ChaCha stream (its
//! nonce). Each seed of a training run owns all its streams, so what one seed draws depends neither on the other seeds of the run
//! nor on the number of threads, and drawing more device noise never changes the draws of the policy.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

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

/// A generator in a saved state: its key, its stream and how many words it has given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRandom {
    key: [u8; 32],
    stream: u64,
    words: u64,
}

/// The state of a generator, for [`resumed`].
pub fn saved(random: &Random) -> SavedRandom {
    // Far fewer than 2^64 words are ever drawn.
    SavedRandom { key: random.get_seed(), stream: random.get_stream(), words: random.get_word_pos() as u64 }
}

/// The generator that goes on where a saved one stood.
pub fn resumed(state: &SavedRandom) -> Random {
    let mut random = Random::from_seed(state.key);
    random.set_stream(state.stream);
    random.set_word_pos(u128::from(state.words));
    random
}

/// For `#[serde(with = "saving")]` on a generator.
pub(crate) mod saving {
    use super::{Random, SavedRandom, resumed, saved};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(random: &Random, serializer: S) -> Result<S::Ok, S::Error> {
        saved(random).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Random, D::Error> {
        Ok(resumed(&SavedRandom::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;
    use std::collections::HashSet;

    #[test]
    fn a_saved_generator_goes_on() {
        for drawn in [0, 1, 15, 16, 17, 1000] {
            let mut random = stream(3, Stream::Readout);
            for _ in 0..drawn {
                random.next_u32();
            }
            let text = serde_json::to_string(&saved(&random)).unwrap();
            let mut second = resumed(&serde_json::from_str(&text).unwrap());
            assert_eq!((random.next_u64(), random.next_u32()), (second.next_u64(), second.next_u32()), "{drawn}");
        }
    }

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
