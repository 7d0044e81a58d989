//! The data of models and instances, and the calls into a library.

use std::ffi::{CStr, CString, c_char};
use std::sync::Arc;

use rayon::prelude::*;

use super::ffi::{self, SimulatorInfo, SimulatorParameters};
use super::log::{Log, Speaker};
use super::{Kind, Library, Message, Module};

/// From this many instances on, they are evaluated in parallel.
const PARALLEL: usize = 128;
/// Fewest instances of a parallel piece.
const PIECE: usize = 32;

/// What the evaluation is for: the answer of `analysis()`, and whether time derivatives and integrals are alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Analysis {
    /// An operating point or a DC sweep.
    Dc,
    /// The operating point from which a transient starts.
    InitialPoint,
    /// A time point.
    Transient,
    /// Linearisation at an operating point.
    SmallSignal,
    /// Noise at an operating point.
    Noise,
}

impl Analysis {
    fn flags(self) -> u32 {
        match self {
            Analysis::Dc => ffi::ANALYSIS_DC | ffi::ANALYSIS_STATIC,
            Analysis::InitialPoint => ffi::ANALYSIS_TRANSIENT | ffi::ANALYSIS_INITIAL | ffi::ANALYSIS_STATIC,
            Analysis::Transient => ffi::ANALYSIS_TRANSIENT | ffi::CALC_REACT_JACOBIAN,
            Analysis::SmallSignal => ffi::ANALYSIS_AC | ffi::CALC_REACT_JACOBIAN,
            Analysis::Noise => ffi::ANALYSIS_NOISE | ffi::ANALYSIS_AC,
        }
    }
}

/// Where and how to evaluate.
#[derive(Clone, Copy, Debug)]
pub struct Evaluation<'a> {
    /// Solution by unknown; the first one is ground.
    pub x: &'a [f64],
    /// Simulated time, s.
    pub time: f64,
    /// Conductance in parallel with junctions, S.
    pub gmin: f64,
    /// Factor on independent sources.
    pub source_factor: f64,
    /// What for.
    pub analysis: Analysis,
    /// `$limit` may change voltages.
    pub limit: bool,
    /// First iteration without a start value.
    pub first: bool,
    /// Messages of the models are kept.
    pub keep_messages: bool,
}

/// What the instances reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// A voltage was limited.
    pub limited: bool,
    /// `$fatal`: the simulation cannot go on.
    pub fatal: bool,
    /// `$finish` or `$stop`.
    pub finish: bool,
}

impl From<u32> for Flags {
    fn from(flags: u32) -> Self {
        Self {
            limited: flags & ffi::RETURN_LIMITED != 0,
            fatal: flags & ffi::RETURN_FATAL != 0,
            finish: flags & (ffi::RETURN_FINISH | ffi::RETURN_STOP) != 0,
        }
    }
}

/// Besides voltages, what an evaluation depends on. Time is among it: a model may depend on it without saying so.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Circumstances {
    time: f64,
    gmin: f64,
    source_factor: f64,
    analysis: u32,
    limit: bool,
    first: bool,
}

impl Circumstances {
    fn new(evaluation: &Evaluation) -> Self {
        let &Evaluation { time, gmin, source_factor, analysis, limit, first, .. } = evaluation;
        Self { time, gmin, source_factor, analysis: analysis.flags(), limit, first }
    }
}

/// Why a model or an instance was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// The value of the parameter with this index is out of its range.
    OutOfRange(usize),
    /// `$fatal` or `$finish` was called; the messages tell why.
    Fatal,
    /// Another error, by its number.
    Code(u32),
}

/// Values for `$simparam` that do not change.
#[derive(Clone, Copy, Debug)]
struct Settings {
    nominal_celsius: f64,
    relative: f64,
    volts: f64,
    amperes: f64,
}

/// Names of `$simparam`, in the order of [`simulator_values`].
const NAMES: [&CStr; 15] = [
    c"gdev",
    c"gmin",
    c"tnom",
    c"sourceScaleFactor",
    c"iniLim",
    c"initializeLimiting",
    c"iteration",
    c"reltol",
    c"vntol",
    c"abstol",
    c"scale",
    c"shrink",
    c"epsmin",
    c"simulatorVersion",
    c"simulatorSubversion",
];

fn simulator_values(settings: &Settings, gmin: f64, source_factor: f64, first: bool) -> [f64; NAMES.len()] {
    let initial = f64::from(u8::from(first));
    let [relative, volts, amperes] = [settings.relative, settings.volts, settings.amperes];
    [
        gmin,
        gmin,
        settings.nominal_celsius,
        source_factor,
        initial,
        initial,
        2.0 - initial,
        relative,
        volts,
        amperes,
        1.0,
        0.0,
        1e-28,
        1.0,
        0.0,
    ]
}

/// Calls `body` with the parameters of the simulator as the library wants them.
fn with_parameters<R>(values: &[f64; NAMES.len()], body: impl FnOnce(SimulatorParameters) -> R) -> R {
    let mut names = [std::ptr::null(); NAMES.len() + 1];
    for (place, name) in names.iter_mut().zip(NAMES) {
        *place = name.as_ptr();
    }
    // No strings. Compilers are known to look for their names as far as there are names of numbers.
    let mut strings: [*const c_char; NAMES.len() + 1] = [c"".as_ptr(); NAMES.len() + 1];
    strings[NAMES.len()] = std::ptr::null();
    body(SimulatorParameters {
        names: names.as_ptr(),
        values: values.as_ptr(),
        string_names: strings.as_ptr(),
        string_values: strings.as_ptr(),
    })
}

/// Models and instances of one module. Instance data lie one behind the other, each with the results of its last evaluation.
///
/// What makes calling the library sound: the data have the size that the module asks for; an instance is evaluated only
/// after it and its model were set up without an error since their parameters were last changed (`model_ready`, `ready`);
/// the node mapping holds indices of `x` only (`largest`); strings that data point to live in `strings`; the
/// code is kept loaded by `library`.
#[derive(Clone, Debug)]
pub struct Instances {
    library: Arc<Library>,
    module: usize,
    settings: Settings,
    models: Vec<u64>,
    model_names: Vec<Arc<str>>,
    model_ready: Vec<bool>,
    data: Vec<u64>,
    names: Vec<Arc<str>>,
    model_of: Vec<u32>,
    ready: Vec<bool>,
    strings: Vec<Arc<CString>>,
    /// Per instance: resistive and reactive Jacobian, previous and next limited voltages, returned flags, the voltages of
    /// its last evaluation and the way from there.
    work: Vec<f64>,
    /// Circumstances of the last evaluation; `None` before the first one and after a change of parameters.
    last: Option<Circumstances>,
    /// Instances are evaluated however little moved.
    exact: bool,
    /// Unknown of each node, instance by instance.
    unknowns: Vec<u32>,
    /// Largest unknown in a node mapping.
    largest: u32,
    log: Arc<Log>,
}

impl Instances {
    /// No instances yet of the module with this index; `None` when the library has no such module.
    pub fn new(library: &Arc<Library>, module: usize, nominal_celsius: f64) -> Option<Self> {
        library.modules.get(module)?;
        Some(Self {
            library: Arc::clone(library),
            module,
            settings: Settings { nominal_celsius, relative: 1e-3, volts: 1e-6, amperes: 1e-12 },
            models: Vec::new(),
            model_names: Vec::new(),
            model_ready: Vec::new(),
            data: Vec::new(),
            names: Vec::new(),
            model_of: Vec::new(),
            ready: Vec::new(),
            strings: Vec::new(),
            work: Vec::new(),
            last: None,
            exact: false,
            unknowns: Vec::new(),
            largest: 0,
            log: Arc::default(),
        })
    }

    /// Tolerances that models may ask for: relative, V, A.
    pub fn set_tolerances(&mut self, relative: f64, volts: f64, amperes: f64) {
        self.settings = Settings { relative, volts, amperes, ..self.settings };
    }

    /// Evaluates all instances always: no tangents.
    pub fn set_exact(&mut self) {
        self.exact = true;
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.library.modules[self.module]
    }

    /// Number of instances.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// True when there are no instances.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Adds a model with default parameters.
    pub fn add_model(&mut self, name: &str) -> usize {
        let words = self.module().model_words;
        self.models.resize(self.models.len() + words, 0);
        self.model_names.push(name.into());
        self.model_ready.push(false);
        self.model_names.len() - 1
    }

    /// Adds an instance of a model with default parameters.
    pub fn add_instance(&mut self, name: &str, model: usize) -> usize {
        assert!(model < self.model_names.len(), "the model must have been added");
        let (words, work) = (self.module().instance_words, work_size(self.module()));
        self.data.resize(self.data.len() + words, 0);
        self.work.resize(self.work.len() + work, 0.0);
        self.names.push(name.into());
        self.model_of.push(model as u32);
        self.ready.push(false);
        self.names.len() - 1
    }

    /// Sets numbers of a model's parameter (one, or as many as it has elements); false when there is no such parameter, or its
    /// type or length is another. Integers are rounded.
    pub fn set_model(&mut self, model: usize, parameter: usize, values: &[f64]) -> bool {
        let fits = self.takes_numbers(parameter, values.len()) && parameter < self.module().settable;
        fits && {
            let place = self.model_place(model, parameter);
            self.write(place, parameter, values)
        }
    }

    /// Sets a string of a model; false when there is no such parameter or it is no string.
    pub fn set_model_text(&mut self, model: usize, parameter: usize, text: &str) -> bool {
        let fits = self.takes_text(parameter, text) && parameter < self.module().settable;
        fits && {
            let place = self.model_place(model, parameter);
            self.write_text(place, text)
        }
    }

    /// As [`Instances::set_model`], of an instance.
    pub fn set_instance(&mut self, instance: usize, parameter: usize, values: &[f64]) -> bool {
        let fits = self.takes_numbers(parameter, values.len()) && parameter < self.module().instance_parameters;
        fits && {
            let place = self.instance_place(instance, parameter);
            self.write(place, parameter, values)
        }
    }

    /// As [`Instances::set_model_text`], of an instance.
    pub fn set_instance_text(&mut self, instance: usize, parameter: usize, text: &str) -> bool {
        let fits = self.takes_text(parameter, text) && parameter < self.module().instance_parameters;
        fits && {
            let place = self.instance_place(instance, parameter);
            self.write_text(place, text)
        }
    }

    fn takes_numbers(&self, parameter: usize, count: usize) -> bool {
        self.module().parameters.get(parameter).is_some_and(|p| p.kind != Kind::Text && p.length == count)
    }

    fn takes_text(&self, parameter: usize, text: &str) -> bool {
        let parameter = self.module().parameters.get(parameter);
        parameter.is_some_and(|p| p.kind == Kind::Text && p.length == 1) && !text.contains('\0')
    }

    /// Address of a settable parameter of a model; the model takes the parameter for given from now on, so a value must be
    /// written there.
    fn model_place(&mut self, model: usize, parameter: usize) -> *mut u8 {
        let module = &self.library.modules[self.module];
        self.model_ready[model] = false;
        let data = &mut self.models[model * module.model_words..][..module.model_words];
        // SAFETY: `access` of a settable parameter without the instance flag uses the model data only, which have the size
        // that the module asks for (OSDI); the callers have checked the index.
        unsafe {
            let function = module.functions.access;
            function(std::ptr::null_mut(), data.as_mut_ptr().cast(), parameter as u32, ffi::ACCESS_SET).cast()
        }
    }

    /// As [`Instances::model_place`], of an instance.
    fn instance_place(&mut self, instance: usize, parameter: usize) -> *mut u8 {
        let module = &self.library.modules[self.module];
        self.ready[instance] = false;
        self.last = None;
        let data = &mut self.data[instance * module.instance_words..][..module.instance_words];
        let model = self.model_of[instance] as usize;
        let model = &mut self.models[model * module.model_words..][..module.model_words];
        // SAFETY: as in `model_place`, with the data of the instance.
        unsafe {
            let flags = ffi::ACCESS_SET | ffi::ACCESS_INSTANCE;
            let function = module.functions.access;
            function(data.as_mut_ptr().cast(), model.as_mut_ptr().cast(), parameter as u32, flags).cast()
        }
    }

    /// Writes numbers to the place of a parameter that takes so many.
    fn write(&mut self, place: *mut u8, parameter: usize, values: &[f64]) -> bool {
        if place.is_null() {
            return false;
        }
        let real = self.module().parameters[parameter].kind == Kind::Real;
        // SAFETY: `place` is the address that `access` gave for this parameter in data that belong to `self` and have not
        // moved since: there are as many elements of its kind as there are values (OSDI; checked by the callers).
        unsafe {
            for (k, &value) in values.iter().enumerate() {
                match real {
                    true => place.cast::<f64>().add(k).write_unaligned(value),
                    false => place.cast::<i32>().add(k).write_unaligned(value.round() as i32),
                }
            }
        }
        true
    }

    /// Writes a pointer to a string to the place of a parameter that is one.
    fn write_text(&mut self, place: *mut u8, text: &str) -> bool {
        let Ok(text) = CString::new(text) else { return false };
        if place.is_null() {
            return false;
        }
        let text = Arc::new(text);
        // SAFETY: as in `write`, with a pointer to a string; the string lives in `strings`, and so in every clone.
        unsafe { place.cast::<usize>().write_unaligned(text.as_ptr().expose_provenance()) };
        self.strings.push(text);
        true
    }

    /// Sets a model up after its parameters were set.
    ///
    /// # Errors
    /// What the module complains of.
    pub fn setup_model(&mut self, model: usize) -> Result<(), Vec<Rejected>> {
        let module = &self.library.modules[self.module];
        let speaker = Speaker { log: &self.log, name: &self.model_names[model], keep: true };
        let data = &mut self.models[model * module.model_words..][..module.model_words];
        let mut info = ffi::SetupInfo { flags: 0, error_count: 0, errors: std::ptr::null_mut() };
        with_parameters(&simulator_values(&self.settings, 1e-12, 1.0, false), |parameters| {
            // SAFETY: the data have the size that the module asks for and nobody else has them; handle, parameters and info
            // outlive the call.
            unsafe {
                let function = module.functions.setup_model;
                function(speaker.handle(), data.as_mut_ptr().cast(), &parameters, &mut info);
            }
        });
        let result = complaints(&info, module);
        self.model_ready[model] = result.is_ok();
        result
    }

    /// Sets an instance up, after its model, at a temperature in K with the first `connected` terminals connected.
    ///
    /// # Errors
    /// What the module complains of.
    pub fn setup_instance(&mut self, instance: usize, temperature: f64, connected: usize) -> Result<(), Vec<Rejected>> {
        let module = &self.library.modules[self.module];
        let model = self.model_of[instance] as usize;
        if !self.model_ready[model] {
            return Err(vec![Rejected::Fatal]);
        }
        let speaker = Speaker { log: &self.log, name: &self.names[instance], keep: true };
        let data = &mut self.data[instance * module.instance_words..][..module.instance_words];
        let model = &mut self.models[model * module.model_words..][..module.model_words];
        let connected = connected.min(module.terminals) as u32;
        let mut info = ffi::SetupInfo { flags: 0, error_count: 0, errors: std::ptr::null_mut() };
        with_parameters(&simulator_values(&self.settings, 1e-12, 1.0, false), |parameters| {
            // SAFETY: as in `setup_model`; instance and model data are different vectors.
            unsafe {
                let function = module.functions.setup_instance;
                function(
                    speaker.handle(),
                    data.as_mut_ptr().cast(),
                    model.as_mut_ptr().cast(),
                    temperature,
                    connected,
                    &parameters,
                    &mut info,
                );
            }
        });
        let numbers = (0..module.states as u32).collect::<Vec<u32>>();
        write_numbers(data, module.state_index, &numbers);
        let result = complaints(&info, module);
        self.ready[instance] = result.is_ok();
        self.last = None;
        result
    }

    /// Which of the module's collapsible pairs are one node in an instance that has been set up.
    pub fn collapsed(&self, instance: usize) -> Vec<bool> {
        let module = self.module();
        let data = &self.data[instance * module.instance_words..][..module.instance_words];
        // A C `bool` is a byte.
        let byte = |at: usize| data[at / 8].to_ne_bytes()[at % 8];
        (0..module.collapsible.len()).map(|k| byte(module.collapsed + k) != 0).collect()
    }

    /// Says which unknown each node of an instance is.
    pub fn map_nodes(&mut self, instance: usize, unknowns: &[u32]) {
        let module = &self.library.modules[self.module];
        assert_eq!(unknowns.len(), module.nodes.len(), "one unknown per node");
        let data = &mut self.data[instance * module.instance_words..][..module.instance_words];
        write_numbers(data, module.node_mapping, unknowns);
        self.unknowns.resize(self.names.len() * unknowns.len(), 0);
        self.unknowns[instance * unknowns.len()..][..unknowns.len()].copy_from_slice(unknowns);
        self.last = None;
        self.largest = unknowns.iter().fold(self.largest, |m, &u| m.max(u));
    }

    /// True when every instance can be evaluated at `x` with limited voltages in `states`.
    fn can_evaluate(&self, x: &[f64], states: usize) -> bool {
        let set_up = self.ready.iter().zip(&self.model_of).all(|(r, &m)| *r && self.model_ready[m as usize]);
        set_up && x.len() > self.largest as usize && states == self.len() * self.module().states
    }

    /// Evaluates all instances: residuals, both Jacobians, and the limited voltages in `states`.
    pub fn evaluate(&mut self, evaluation: &Evaluation, states: &mut [f64]) -> Flags {
        if !self.can_evaluate(evaluation.x, states.len()) {
            return Flags { fatal: true, ..Flags::default() };
        }
        let module = &self.library.modules[self.module];
        let flags = evaluation.analysis.flags()
            | ffi::CALC_RESIST_RESIDUAL
            | ffi::CALC_REACT_RESIDUAL
            | ffi::CALC_RESIST_JACOBIAN
            | ffi::CALC_RESIST_LIMIT
            | ffi::CALC_REACT_LIMIT
            | if evaluation.limit { ffi::ENABLE_LIMIT } else { 0 }
            | if evaluation.first { ffi::INITIALISE_LIMIT } else { 0 };
        let values = simulator_values(&self.settings, evaluation.gmin, evaluation.source_factor, evaluation.first);
        let size = work_size(module);
        let limited = limited_place(module);
        if module.states > 0 {
            for (work, old) in self.work.chunks_exact_mut(size).zip(states.chunks_exact(module.states)) {
                work[limited..limited + module.states].copy_from_slice(old);
            }
        }
        let now = Circumstances::new(evaluation);
        let tangents = self.last == Some(now) && !self.exact && module.states == 0;
        self.last = Some(now);
        let (models, model_of, names, log) = (&self.models, &self.model_of, &self.names, &self.log);
        let unknowns = &self.unknowns;
        let one = |(k, (data, work)): (usize, (&mut [u64], &mut [f64]))| {
            let (work, voltages) = work.split_at_mut(size - 2 * module.nodes.len());
            let (evaluated, way) = voltages.split_at_mut(module.nodes.len());
            for ((way, evaluated), &unknown) in way.iter_mut().zip(&*evaluated).zip(&unknowns[k * module.nodes.len()..])
            {
                *way = evaluation.x[unknown as usize] - evaluated;
            }
            if tangents && way.iter().zip(&module.nodes).all(|(way, node)| way.abs() <= node.quiet()) {
                return;
            }
            for (evaluated, &unknown) in evaluated.iter_mut().zip(&unknowns[k * module.nodes.len()..]) {
                *evaluated = evaluation.x[unknown as usize];
            }
            way.fill(0.0);
            let model = &models[model_of[k] as usize * module.model_words..][..module.model_words];
            let speaker = Speaker { log, name: &names[k], keep: evaluation.keep_messages };
            let (old, new) = work[limited..].split_at_mut(module.states);
            let returned = call(module, data, model, evaluation, flags, &values, &speaker, old, new);
            jacobian(module, data, model, work);
            let last = work.len() - 1;
            work[last] = f64::from(returned);
        };
        let words = module.instance_words;
        if self.names.len() >= PARALLEL {
            self.data
                .par_chunks_exact_mut(words)
                .zip(self.work.par_chunks_exact_mut(size))
                .enumerate()
                .with_min_len(PIECE)
                .for_each(one);
        } else {
            self.data.chunks_exact_mut(words).zip(self.work.chunks_exact_mut(size)).enumerate().for_each(one);
        }
        if module.states > 0 {
            for (work, new) in self.work.chunks_exact(size).zip(states.chunks_exact_mut(module.states)) {
                new.copy_from_slice(&work[limited + module.states..][..module.states]);
            }
        }
        let flags = size - 2 * module.nodes.len() - 1;
        let returned = self.work.chunks_exact(size).fold(0, |all, work| all | work[flags] as u32);
        returned.into()
    }

    /// The way of each node from the last evaluation to the voltages asked for: what a tangent has to make up. All zero for
    /// an instance that was evaluated there.
    pub fn way(&self, instance: usize) -> &[f64] {
        let size = work_size(self.module());
        &self.work[instance * size..][..size][size - self.module().nodes.len()..]
    }

    /// Resistive and reactive residual of a node at the last evaluation, with the correction for limited voltages: what the
    /// linearisation gives at the voltages that were asked for.
    pub fn residual(&self, instance: usize, node: usize) -> (f64, f64) {
        let module = self.module();
        residual(module, &self.data[instance * module.instance_words..], node)
    }

    /// Jacobian of the last evaluation: the resistive values of all entries, and the reactive ones of the reactive entries.
    pub fn jacobian(&self, instance: usize) -> (&[f64], &[f64]) {
        let module = self.module();
        self.work[instance * work_size(module)..][..module.pointers.len()].split_at(module.entries.len())
    }

    /// The shortest `$bound_step` of the last evaluation, s; infinite without one.
    pub fn bound_step(&self) -> f64 {
        let module = self.module();
        let Some(place) = module.bound_step else { return f64::INFINITY };
        let steps = self.data.chunks_exact(module.instance_words).map(|data| f64::from_bits(data[place as usize]));
        steps.filter(|step| *step > 0.0).fold(f64::INFINITY, f64::min)
    }

    /// Evaluates a copy of one instance, with its output variables and noise. `None` when it cannot be evaluated at `x`.
    pub fn probe(&self, instance: usize, evaluation: &Evaluation, states: &[f64]) -> Option<Probe<'_>> {
        if !self.can_evaluate(evaluation.x, states.len()) || instance >= self.len() {
            return None;
        }
        let module = self.module();
        let mut data = self.data[instance * module.instance_words..][..module.instance_words].to_vec();
        let model = self.model_of[instance] as usize;
        let model = &self.models[model * module.model_words..][..module.model_words];
        let flags = evaluation.analysis.flags()
            | ffi::CALC_RESIST_RESIDUAL
            | ffi::CALC_REACT_RESIDUAL
            | ffi::CALC_OPERATING_POINT
            | ffi::CALC_NOISE;
        let values = simulator_values(&self.settings, evaluation.gmin, evaluation.source_factor, evaluation.first);
        let speaker = Speaker { log: &self.log, name: &self.names[instance], keep: evaluation.keep_messages };
        let old = &states[instance * module.states..][..module.states];
        let mut new = vec![0.0; module.states];
        let returned = call(module, &mut data, model, evaluation, flags, &values, &speaker, old, &mut new);
        Some(Probe { module, data, model, flags: returned.into() })
    }

    /// True once after a model said something that was not kept.
    pub fn take_spoke(&self) -> bool {
        self.log.take_spoke()
    }

    /// The last `$fatal` of an evaluation whose messages were not kept.
    pub fn take_fatal(&self) -> Option<Message> {
        self.log.take_fatal()
    }

    /// The messages kept so far.
    pub fn take_messages(&self) -> Vec<Message> {
        self.log.take()
    }
}

/// A copy of an instance after an evaluation.
pub struct Probe<'a> {
    module: &'a Module,
    data: Vec<u64>,
    model: &'a [u64],
    /// What the instance reported.
    pub flags: Flags,
}

impl Probe<'_> {
    /// A parameter or an output variable by its index; `None` for strings and what does not exist.
    pub fn value(&mut self, index: usize) -> Option<f64> {
        let p = self.module.parameters.get(index)?;
        let of_instance = index < self.module.instance_parameters || index >= self.module.settable;
        let flags = if of_instance { ffi::ACCESS_INSTANCE } else { 0 };
        // SAFETY: as in `Instances::model_place`. Without the flag `ACCESS_SET`, `access` changes nothing, so the model may be
        // handed over as a pointer that could be written through; the address is only read.
        unsafe {
            let function = self.module.functions.access;
            let model = self.model.as_ptr().cast_mut().cast();
            let place: *const u8 = function(self.data.as_mut_ptr().cast(), model, index as u32, flags).cast();
            match p.kind {
                _ if place.is_null() => None,
                Kind::Real => Some(place.cast::<f64>().read_unaligned()),
                Kind::Integer => Some(f64::from(place.cast::<i32>().read_unaligned())),
                Kind::Text => None,
            }
        }
    }

    /// Resistive and reactive residual of a node.
    pub fn residual(&self, node: usize) -> (f64, f64) {
        residual(self.module, &self.data, node)
    }

    /// Power density of each noise source at a frequency in Hz.
    pub fn noise(&mut self, frequency: f64, densities: &mut Vec<f64>) {
        densities.clear();
        densities.resize(self.module.noise.len(), 0.0);
        let mut logarithms = vec![0.0; self.module.noise.len()];
        // SAFETY: `load_noise` reads instance and model data and writes one number per noise source to each array (OSDI).
        unsafe {
            let function = self.module.functions.load_noise;
            let model = self.model.as_ptr().cast();
            let data = self.data.as_mut_ptr().cast();
            function(data, model, frequency, densities.as_mut_ptr(), logarithms.as_mut_ptr());
        }
    }
}

/// Place of the previous limited voltages in the work of an instance; the next ones follow.
fn limited_place(module: &Module) -> usize {
    module.pointers.len()
}

fn work_size(module: &Module) -> usize {
    limited_place(module) + 2 * module.states + 1 + 2 * module.nodes.len()
}

fn residual(module: &Module, data: &[u64], node: usize) -> (f64, f64) {
    let [resistive, reactive, resistive_limit, reactive_limit] =
        module.nodes[node].residual.map(|place| place.map_or(0.0, |word| f64::from_bits(data[word as usize])));
    (resistive - resistive_limit, reactive - reactive_limit)
}

/// Evaluates one instance. Private: the callers have checked `Instances::can_evaluate`.
#[allow(clippy::too_many_arguments)]
fn call(
    module: &Module,
    data: &mut [u64],
    model: &[u64],
    evaluation: &Evaluation,
    flags: u32,
    values: &[f64; NAMES.len()],
    speaker: &Speaker,
    old: &[f64],
    new: &mut [f64],
) -> u32 {
    with_parameters(values, |parameters| {
        let info = SimulatorInfo {
            parameters,
            time: evaluation.time,
            solution: evaluation.x.as_ptr(),
            previous_state: old.as_ptr(),
            next_state: new.as_mut_ptr(),
            flags,
        };
        // SAFETY: instance and model were set up; the node mapping holds indices below the length of `x` and the state indices
        // are those of `old` and `new` (`can_evaluate`). `eval` writes to the data of this instance and to `new` only and
        // reads the rest (OSDI), so distinct instances can be evaluated at the same time, models shared.
        unsafe {
            let function = module.functions.eval;
            function(speaker.handle(), data.as_mut_ptr().cast(), model.as_ptr().cast(), &info)
        }
    })
}

/// Brings the Jacobian of the last evaluation into the work of the instance. Later versions of OSDI have functions that write
/// arrays, but which entries they write is not always what the flags of the entries say; pointers leave no doubt.
fn jacobian(module: &Module, data: &mut [u64], model: &[u64], work: &mut [f64]) {
    work[..module.pointers.len()].fill(0.0);
    let base = work.as_mut_ptr();
    for &(word, place) in &module.pointers {
        // SAFETY: the places are those of the first `pointers.len()` numbers of `work`.
        data[word as usize] = unsafe { base.add(place as usize) }.expose_provenance() as u64;
    }
    // SAFETY: the functions read instance and model data and add to where the pointers in the instance data point (OSDI): all of
    // them were just set to places in `work`, which nothing else uses until they return.
    unsafe {
        let (resist, react) = (module.functions.load_resist, module.functions.load_react);
        resist(data.as_mut_ptr().cast(), model.as_ptr().cast());
        react(data.as_mut_ptr().cast(), model.as_ptr().cast(), 1.0);
    }
}

/// Writes 32-bit numbers at a byte offset that is a multiple of 4; the caller's module has checked that they fit.
fn write_numbers(data: &mut [u64], offset: usize, numbers: &[u32]) {
    for (k, &number) in numbers.iter().enumerate() {
        let at = offset + 4 * k;
        let mut bytes = data[at / 8].to_ne_bytes();
        bytes[at % 8..][..4].copy_from_slice(&number.to_ne_bytes());
        data[at / 8] = u64::from_ne_bytes(bytes);
    }
}

/// The errors of a set-up function.
fn complaints(info: &ffi::SetupInfo, module: &Module) -> Result<(), Vec<Rejected>> {
    let mut all = Vec::new();
    if !info.errors.is_null() {
        // SAFETY: the library reports `error_count` errors in an array that it allocated with `malloc` and hands over (OSDI).
        unsafe {
            for error in std::slice::from_raw_parts(info.errors, info.error_count as usize) {
                all.push(match error.code {
                    ffi::ERROR_OUT_OF_BOUNDS if (error.parameter as usize) < module.settable => {
                        Rejected::OutOfRange(error.parameter as usize)
                    }
                    code => Rejected::Code(code),
                });
            }
            ffi::free(info.errors.cast());
        }
    }
    if info.flags & (ffi::RETURN_FATAL | ffi::RETURN_FINISH) != 0 {
        all.push(Rejected::Fatal);
    }
    if all.is_empty() { Ok(()) } else { Err(all) }
}
