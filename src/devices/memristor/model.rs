//! What a memristive compact model has to say; everything else is done once by [`super::MemristorBank`].

use crate::devices::Parameters;
use crate::devices::bank::DEFAULT_TEMPERATURE;

/// Current of a memristor and its partial derivatives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flow<const N: usize> {
    /// Current from the first to the second terminal, A.
    pub i: f64,
    /// `di/dv` at constant solved states, S (including the auxiliary states' dependence on the voltage).
    pub di_dv: f64,
    /// `di/ds` for each solved state, A per unit of the state.
    pub di_ds: [f64; N],
}

/// Rates of change of the solved states and their partial derivatives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate<const N: usize> {
    /// `ds/dt`, 1/s.
    pub f: [f64; N],
    /// `df/dv`, 1/(V s).
    pub df_dv: [f64; N],
    /// `df[j]/ds[k]`, 1/s.
    pub df_ds: [[f64; N]; N],
}

/// The last result of a function together with its exact argument: equal arguments give equal bits, so nothing depends
/// on whether the result was kept.
#[derive(Clone, Copy, Debug)]
pub struct Kept<K, V> {
    last: Option<(K, V)>,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self { last: None }
    }
}

impl<K: PartialEq, V: Copy> Kept<K, V> {
    /// The result at `key`, computed unless it is the one kept.
    #[inline]
    pub fn at(&mut self, key: K, compute: impl FnOnce() -> V) -> V {
        match &self.last {
            Some((last, value)) if *last == key => *value,
            _ => {
                let value = compute();
                self.last = Some((key, value));
                value
            }
        }
    }
}

/// A history that brings a state at rest this close to its previous value (relative) differs from it by rounding alone:
/// the weights of a formula add up to zero only so far.
const ROUNDING: f64 = 16.0 * f64::EPSILON;

/// The part of `ds/dt = coefficient * (s - previous) + offset` that comes from the history, freed of rounding so that a
/// state at rest keeps its bits.
#[inline]
pub fn offset(coefficient: f64, history: f64, previous: f64) -> f64 {
    let rest = coefficient * previous;
    let offset = history + rest;
    if offset.abs() <= ROUNDING * rest.abs() { 0.0 } else { offset }
}

/// Where and when a current is asked for, besides states and voltage.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// Auxiliary states.
    pub auxiliary: &'a [f64],
    /// What [`CompactModel::advance`] returned for this step; 0 when the states rest.
    pub path_slope: f64,
    /// Random stream of this device: differs between any two devices.
    pub stream: u64,
    /// Simulated time, s.
    pub time: f64,
}

/// A step of the auxiliary states.
#[derive(Clone, Copy, Debug)]
pub struct Advance<'a, const N: usize> {
    /// Solved states at the last accepted point.
    pub before: &'a [f64; N],
    /// Solved states at the end of the step.
    pub after: &'a [f64; N],
    /// Voltage at the end of the step, V.
    pub v: f64,
    /// Leading coefficient of the integration formula, 1/s.
    pub coefficient: f64,
    /// History of each auxiliary state: `d/dt = coefficient * value + history`.
    pub history: &'a [f64],
    /// Random stream of this device.
    pub stream: u64,
}

/// A two-terminal memristive system `i = g(s, v)`, `ds/dt = f(s, v)` (Chua and Kang, Proc. IEEE 64, 209, 1976) with `N`
/// solved states and any number of auxiliary states.
///
/// Solved states are found together with the circuit, step by step, and their errors control the step. Auxiliary states
/// (noise) follow from where the solved states go, in closed form: see [`CompactModel::advance`].
///
/// Both functions must be finite and continuously differentiable for every state, also outside [`CompactModel::DOMAIN`]:
/// an iterate or an integration formula may step out for a moment. Bounds are therefore restoring rates that pass
/// smoothly through zero ([`super::smooth`]), never clamps.
pub trait CompactModel<const N: usize>: Clone + PartialEq + Send + Sync + 'static {
    /// Parameters of the card; each can be overridden on an instance. Initial states belong to them.
    type Params: Parameters;
    /// Intermediate results of one device that are dear and often needed again ([`Kept`]); `()` for none. They save
    /// work and change nothing: with a fresh one every function returns the same bits.
    type Held: Clone + Default + Send + Sync + 'static;
    /// Type word, for messages.
    const KIND: &'static str;
    /// Ambient temperature that the model's published parameters belong to, K: used unless the netlist sets one.
    const AMBIENT: f64 = DEFAULT_TEMPERATURE;
    /// Names of the solved states, then of the auxiliary states.
    const STATES: &'static [&'static str];
    /// Parameters that the numbers of `ic=a,b` stand for; none: the model has no `ic`.
    const INITIAL: &'static [&'static str] = &[];
    /// Everything `@dev[..]` offers: the states, `g`, `i`, `v`, `p`, and what [`CompactModel::internal`] adds.
    const INTERNALS: &'static [&'static str];
    /// Range in which each solved state stays.
    const DOMAIN: [(f64, f64); N];
    /// Absolute tolerance of each solved state; infinite keeps it out of the error control.
    const TOLERANCES: [f64; N];

    /// Checks the parameters together and computes what does not change.
    ///
    /// # Errors
    /// A sentence about the parameters that do not fit each other.
    fn new(params: &Self::Params, temperature: f64) -> Result<Self, String>;

    /// States of an instance before anything has happened (`states` in the order of [`CompactModel::STATES`]).
    ///
    /// # Errors
    /// A sentence about initial values that do not fit the parameters.
    fn initial(&self, params: &Self::Params, states: &mut [f64]) -> Result<(), String>;

    /// Current at voltage `v`.
    fn current(&self, s: &[f64; N], site: &Site, v: f64, held: &mut Self::Held) -> Flow<N>;

    /// Rates at voltage `v`. The auxiliary states of the site are those at the start of the step.
    fn rate(&self, s: &[f64; N], site: &Site, v: f64, held: &mut Self::Held) -> Rate<N>;

    /// An upper bound of every `|ds/dt|`, relative to the state's range and for all states, 1/s. It need not be tight, but
    /// it should be cheap: cells that provably do not move skip the local solution. A state that relaxes without voltage
    /// has a bound above zero at 0 V.
    fn rate_bound(&self, v: f64, held: &mut Self::Held) -> f64;

    /// Moves the auxiliary states from their values at the last accepted point to the end of the step, in closed form: a
    /// quantity whose rate is a function of the voltage alone follows from the integration formula, and whatever depends
    /// on it (a noise path) from its new value. Nothing else may enter, so that neither step size nor rejected steps leave
    /// a trace. Returns the derivative by `v` of the quantity they follow, for [`CompactModel::current`].
    fn advance(&self, _step: &Advance<N>, _auxiliary: &mut [f64], _held: &mut Self::Held) -> f64 {
        0.0
    }

    /// Further internal quantities at voltage `v`.
    fn internal(&self, _name: &str, _s: &[f64; N], _site: &Site, _v: f64) -> Option<f64> {
        None
    }

    /// First jump of the current in time after `after`, s: a step ends there, still with the old value.
    fn breakpoint(&self, _stream: u64, _after: f64) -> f64 {
        f64::INFINITY
    }

    /// True when the model remembers where its voltage changed sign: a step then ends there.
    fn marks_turns(&self) -> bool {
        false
    }
}
