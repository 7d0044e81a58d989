//! A learning rate that is read from a device.

use std::sync::Arc;

/// Why a device could not be spiked or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the device of the learning rate failed: {0}")]
pub struct RateError(pub String);

/// A device that a spike displaces and that relaxes by itself.
pub trait RateDevice: Send {
    /// Applies one spike.
    ///
    /// # Errors
    /// A simulation that failed.
    fn spike(&mut self) -> Result<(), RateError>;

    /// Lets time pass at 0 V, s.
    ///
    /// # Errors
    /// A simulation that failed.
    fn wait(&mut self, seconds: f64) -> Result<(), RateError>;

    /// Reads the conductance, S. Whatever time that takes is part of the next wait.
    ///
    /// # Errors
    /// A simulation that failed.
    fn read(&mut self) -> Result<f64, RateError>;
}

/// Makes devices at rest.
pub type RateFactory = Arc<dyn Fn() -> Result<Box<dyn RateDevice>, RateError> + Send + Sync>;

/// The displacement of a device between 1 (just spiked) and 0 (at rest), `s = ln(G/G0) / ln(Gs/G0)`.
pub struct DeviceRate {
    device: Box<dyn RateDevice>,
    rest: f64,
    spiked: f64,
    /// Time between two reads, s.
    interval: f64,
    now: f64,
}

impl DeviceRate {
    /// Reads the device at rest, spikes it, and reads it again.
    ///
    /// # Errors
    /// A simulation that failed.
    pub fn new(mut device: Box<dyn RateDevice>, interval: f64) -> Result<Self, RateError> {
        let rest = device.read()?;
        let mut rate = Self { device, rest, spiked: rest, interval, now: 1.0 };
        rate.spike()?;
        Ok(rate)
    }

    /// Spikes the device from whatever state it is in; the displacement is normalised anew.
    ///
    /// # Errors
    /// A simulation that failed.
    pub fn spike(&mut self) -> Result<(), RateError> {
        self.device.spike()?;
        self.spiked = self.device.read()?;
        self.now = 1.0;
        Ok(())
    }

    /// The displacement.
    pub fn displacement(&self) -> f64 {
        self.now
    }

    /// Lets one interval pass and reads.
    ///
    /// # Errors
    /// A simulation that failed.
    pub fn advance(&mut self) -> Result<(), RateError> {
        self.device.wait(self.interval)?;
        let (all, left) = ((self.spiked / self.rest).ln(), (self.device.read()? / self.rest).ln());
        self.now = if all == 0.0 { 0.0 } else { (left / all).clamp(0.0, 1.0) };
        Ok(())
    }
}

/// Displacements of a fresh device before episodes 0, 1, ..
///
/// # Errors
/// A simulation that failed.
pub(super) fn table(factory: &RateFactory, interval: f64, episodes: usize) -> Result<Arc<[f64]>, RateError> {
    let mut rate = DeviceRate::new(factory()?, interval)?;
    let mut values = Vec::with_capacity(episodes);
    for _ in 0..episodes {
        values.push(rate.displacement());
        rate.advance()?;
    }
    Ok(values.into())
}

#[cfg(test)]
mod tests {
    use super::super::sox::{SoxDevice, SoxParameters};
    use super::*;

    /// The published schedule of the default device.
    #[test]
    fn the_schedule_of_the_default_device() {
        let factory: RateFactory = Arc::new(|| Ok(Box::new(SoxDevice::new(SoxParameters::default(), 5.0, 0.1))));
        let table = table(&factory, 1.0, 301).unwrap();
        let published = [
            (0, 1.0),
            (1, 0.87),
            (5, 0.70),
            (10, 0.61),
            (20, 0.50),
            (50, 0.34),
            (100, 0.21),
            (200, 0.096),
            (300, 0.044),
        ];
        for (e, s) in published {
            assert!((table[e] - s).abs() < 0.0055, "s_{e} = {}, published {s}", table[e]);
        }
    }
}
