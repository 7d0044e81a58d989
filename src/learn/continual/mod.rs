//! Continual reinforcement learning: path planning under communication coverage with a learning rate given by a device.
//!
//! A tabular learner finds the way across a map with base stations; the question is how many training episodes each schedule of the
//! learning rate needs, on static maps and on maps that grow. The benchmark is this project's own: the article it is modelled after
//! (J. Ming et al., Nature Communications 17, 3367 (2026), doi:10.1038/s41467-026-70014-0) gives none of its settings. Every
//! schedule, the device's included, is tuned on tuning maps with the same number of grid points, frozen, and judged on other maps
//! with other seeds.

mod maps;
mod protocol;
mod rate;
mod schedule;
mod sox;
mod world;

pub use maps::{DYNAMIC_EVALUATION, DYNAMIC_TUNING, STATIC_EVALUATION, STATIC_TUNING, Sequence};
pub use protocol::{Benchmark, BenchmarkReport, Comparison, Effort, MethodResult, Task};
pub use rate::{DeviceRate, RateDevice, RateError, RateFactory};
pub use schedule::{Criterion, Run, Schedule, Setting};
pub use sox::{SoxDevice, SoxParameters};
pub use world::{Condition, Map, World};
