//! A circuit under the control of a program: alter, advance, probe, snapshot, restore.

use std::sync::Arc;

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::analysis::{Failure, Options, Place, Probe, SOURCES, SimulationError, System, Transient};
use crate::circuit::{Circuit, ElementId, Waveform};
use crate::devices::{AdcModel, AnalysisKind, nearest};

/// A running circuit.
///
/// Everything a controller does to the circuit goes through this type, so that whatever an agent can do, a user's
/// own program can do as well.
#[derive(Clone)]
pub struct Session {
    circuit: Arc<Circuit>,
    options: Options,
    system: System,
    transient: Transient,
    meter: Meter,
    noise: ChaCha8Rng,
}

/// Everything that changes while a session runs; see [`Session::snapshot`].
#[derive(Clone)]
pub struct Snapshot {
    session: Box<Session>,
}

/// Energy taken up by metered elements, integrated by the trapezoidal rule over the accepted points.
#[derive(Clone, Default)]
struct Meter {
    places: Vec<Place>,
    power: Vec<f64>,
    energy: Vec<f64>,
    time: f64,
}

impl Meter {
    fn update(&mut self, system: &System, transient: &Transient, gmin: f64) {
        let half = 0.5 * (transient.time - self.time);
        for ((place, power), energy) in self.places.iter().zip(&mut self.power).zip(&mut self.energy) {
            let now = system.current_and_power(*place, &transient.point, transient.time, gmin).map_or(0.0, |(_, p)| p);
            *energy += half * (*power + now);
            *power = now;
        }
        self.time = transient.time;
    }
}

impl Session {
    /// Builds the circuit and solves its operating point; simulated time starts at zero. Independent sources hold their
    /// DC values (or follow their waveforms) until they are altered or programmed.
    ///
    /// # Errors
    /// What is wrong with the netlist, or an operating point that does not converge.
    pub fn new(circuit: Arc<Circuit>, options: Options) -> Result<Self, Failure> {
        let mut system = System::new(&circuit, &options).map_err(Failure::Netlist)?;
        system.begin(AnalysisKind::InitialPoint);
        let found = system.operating_point(&circuit, true, &options)?;
        system.begin(AnalysisKind::Transient);
        let transient = Transient::new(&mut system, found.point, 0.0, f64::INFINITY, &options);
        let noise = ChaCha8Rng::seed_from_u64(options.seed);
        Ok(Self { circuit, options, system, transient, meter: Meter::default(), noise })
    }

    /// The circuit being simulated.
    pub fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// Numerical settings.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The assembled system, with its work counters.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Simulated time, s.
    pub fn time(&self) -> f64 {
        self.transient.time
    }

    /// The element with this (hierarchical) name.
    ///
    /// # Errors
    /// No such element; names the closest one.
    pub fn element(&self, name: &str) -> Result<ElementId, SimulationError> {
        let lower = name.to_ascii_lowercase();
        self.circuit.element_index.get(&lower).copied().ok_or_else(|| {
            let hint = nearest(&lower, self.circuit.element_index.keys().map(String::as_str))
                .map_or(String::new(), |close| format!("; did you mean `{close}`?"));
            SimulationError::Usage(format!("there is no element `{name}`{hint}"))
        })
    }

    /// A probe from its text: `v(a)`, `v(a,b)`, `i(v1)`, `@dev[quantity]`.
    ///
    /// # Errors
    /// The text is none of these, or names something the circuit does not have.
    pub fn probe_named(&self, text: &str) -> Result<Probe, SimulationError> {
        let lower: String = text.to_ascii_lowercase().split_whitespace().collect();
        let node = |name: &str| {
            self.circuit
                .node_index
                .get(name)
                .map(|n| n.0)
                .ok_or_else(|| SimulationError::Usage(format!("there is no node `{name}`")))
        };
        let place = |name: &str| {
            let element = self.element(name)?;
            self.system
                .place(element)
                .map(|place| (element, place))
                .ok_or_else(|| SimulationError::Usage(format!("`{name}` has no quantities of its own")))
        };
        if let Some(inner) = lower.strip_prefix("v(").and_then(|s| s.strip_suffix(')')) {
            let (plus, minus) = inner.split_once(',').unwrap_or((inner, "0"));
            return Ok(Probe::Voltage(node(plus)?, node(minus)?));
        }
        if let Some(inner) = lower.strip_prefix("i(").and_then(|s| s.strip_suffix(')')) {
            let (element, place) = place(inner)?;
            return Ok(match self.system.branches[element.0 as usize] {
                Some(branch) => Probe::Branch(branch),
                None => Probe::Current(place),
            });
        }
        if let Some((name, quantity)) =
            lower.strip_prefix('@').and_then(|s| s.strip_suffix(']')).and_then(|s| s.split_once('['))
        {
            let place = place(name)?.1;
            let now = &self.transient.point;
            if self.system.internal(place, quantity, now, self.time(), self.options.gmin).is_none() {
                return Err(SimulationError::Usage(format!("`{name}` has no quantity `{quantity}`")));
            }
            return Ok(Probe::Internal(place, quantity.to_string()));
        }
        Err(SimulationError::Usage(format!(
            "`{text}` is not a signal: expected v(node), v(a,b), i(element) or @device[quantity]"
        )))
    }

    /// Reads a probe at the present time.
    pub fn probe(&self, probe: &Probe) -> f64 {
        probe.read(&self.system, &self.transient.point, self.transient.time, &self.options)
    }

    fn source_index(&self, source: ElementId) -> Result<usize, SimulationError> {
        self.system.source_index(source).ok_or_else(|| {
            let name = &self.circuit.elements[source.0 as usize].name;
            SimulationError::Usage(format!("`{name}` is not an independent source or a DAC"))
        })
    }

    /// Sets a source to a constant value from now on (a step without an edge; see [`Session::program`] for edges).
    ///
    /// # Errors
    /// The element is not a source.
    pub fn alter(&mut self, source: ElementId, value: f64) -> Result<(), SimulationError> {
        let index = self.source_index(source)?;
        self.system.sources.set_waveform(index, None);
        self.system.sources.set_dc(index, value);
        self.transient.interrupt();
        Ok(())
    }

    /// The source's present value, V or A.
    ///
    /// # Errors
    /// The element is not a source.
    pub fn source_value(&self, source: ElementId) -> Result<f64, SimulationError> {
        Ok(self.system.sources.value(self.source_index(source)?, self.time()))
    }

    /// Drives a source through `points` of (seconds from now, value), joined by straight lines, starting at its present
    /// value; the last value holds.
    ///
    /// # Errors
    /// The element is not a source, or times do not ascend from zero.
    pub fn program(&mut self, source: ElementId, points: &[(f64, f64)]) -> Result<(), SimulationError> {
        let index = self.source_index(source)?;
        let now = self.time();
        let mut all = Vec::with_capacity(points.len() + 1);
        all.push((now, self.system.sources.value(index, now)));
        for &(after, value) in points {
            let t = now + after;
            if !t.is_finite() || t <= all[all.len() - 1].0 || !value.is_finite() {
                return Err(SimulationError::Usage("the times of a program must ascend from zero".to_string()));
            }
            all.push((t, value));
        }
        let waveform = Waveform::PiecewiseLinear { points: all, repeat_from: None, delay: 0.0 };
        self.system.sources.set_waveform(index, Some(waveform));
        self.transient.interrupt();
        Ok(())
    }

    /// Integrates over `duration` seconds.
    ///
    /// # Errors
    /// The transient failed; the session stays at the last accepted point.
    pub fn advance(&mut self, duration: f64) -> Result<(), SimulationError> {
        self.advance_with(duration, &mut |_, _| Ok(()))
    }

    /// Integrates over `duration` seconds and calls `observe` at every accepted point.
    ///
    /// # Errors
    /// As [`Session::advance`], or what `observe` returns.
    pub fn advance_with(
        &mut self,
        duration: f64,
        observe: &mut dyn FnMut(&System, &Transient) -> Result<(), SimulationError>,
    ) -> Result<(), SimulationError> {
        let stop = self.time() + duration;
        let (meter, gmin) = (&mut self.meter, self.options.gmin);
        self.transient.forget_scales();
        self.transient.advance(&mut self.system, stop, &self.options, &mut |system, now, _| {
            meter.update(system, now, gmin);
            observe(system, now)
        })
    }

    /// Starts metering the energy of an element; returns the meter's number.
    ///
    /// # Errors
    /// The element offers no power.
    pub fn meter(&mut self, element: ElementId) -> Result<usize, SimulationError> {
        let place = self
            .system
            .place(element)
            .filter(|p| self.system.current_and_power(*p, &self.transient.point, self.time(), 0.0).is_some())
            .ok_or_else(|| {
                let name = &self.circuit.elements[element.0 as usize].name;
                SimulationError::Usage(format!("`{name}` offers no power to meter"))
            })?;
        let power = self
            .system
            .current_and_power(place, &self.transient.point, self.time(), self.options.gmin)
            .map_or(0.0, |(_, p)| p);
        self.meter.places.push(place);
        self.meter.power.push(power);
        self.meter.energy.push(0.0);
        self.meter.time = self.time();
        Ok(self.meter.places.len() - 1)
    }

    /// Energy taken up since [`Session::meter`], J (negative: delivered).
    pub fn energy(&self, meter: usize) -> f64 {
        self.meter.energy[meter]
    }

    /// Samples an analogue-to-digital converter: the code of its present input, noise included.
    ///
    /// # Errors
    /// The element is not an ADC.
    pub fn sample(&mut self, adc: ElementId) -> Result<i64, SimulationError> {
        let model = self.adc(adc)?;
        let nodes = &self.circuit.elements[adc.0 as usize].nodes;
        let x = &self.transient.point.x;
        let mut voltage = x[nodes[0].0 as usize] - x[nodes[1].0 as usize];
        if model.noise > 0.0 {
            let deviate: f64 = self.noise.sample(StandardNormal);
            voltage += model.noise * deviate;
        }
        Ok(model.code(voltage))
    }

    /// The model of an ADC element.
    ///
    /// # Errors
    /// The element is not an ADC.
    pub fn adc(&self, adc: ElementId) -> Result<AdcModel, SimulationError> {
        AdcModel::of(&self.circuit, adc).ok_or_else(|| {
            let name = &self.circuit.elements[adc.0 as usize].name;
            SimulationError::Usage(format!("`{name}` is not an ADC"))
        })
    }

    /// The voltage a DAC gives when asked for `value`: its nearest code, with its noise. Ordinary sources give `value`.
    ///
    /// # Errors
    /// The element is not a source.
    pub fn convert(&mut self, source: ElementId, value: f64) -> Result<f64, SimulationError> {
        let index = self.source_index(source)?;
        let Some(model) = self.system.sources.dac(index) else { return Ok(value) };
        let noise = model.noise;
        let mut out = model.quantize(value);
        if noise > 0.0 {
            let deviate: f64 = self.noise.sample(StandardNormal);
            out += noise * deviate;
        }
        Ok(out)
    }

    /// A copy of everything that changes, in memory.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { session: Box::new(self.clone()) }
    }

    /// Returns to a snapshot of this session.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.clone_from(&snapshot.session);
    }
}

impl System {
    /// Index of a source or DAC element in [`System::sources`].
    pub fn source_index(&self, element: ElementId) -> Option<usize> {
        self.place(element).filter(|p| p.bank == SOURCES).map(|p| p.index)
    }
}
