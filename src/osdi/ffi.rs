//! The binary layout of the Open Source Device Interface, versions 0.3, 0.4 and 0.5: the only C declarations of the crate.
//!
//! Source: the OSDI specification and the interface headers of OpenVAF (0.3) and OpenVAF-Reloaded (0.4, 0.5). Later versions
//! append fields to the descriptor; all that is read here has the same place in each of them.

use std::ffi::{c_char, c_void};

/// A parameter's type, in its flags.
pub(super) const TYPE_MASK: u32 = 3;
pub(super) const TYPE_REAL: u32 = 0;
pub(super) const TYPE_INTEGER: u32 = 1;

/// Flags of `access`: the address is going to be written; the value of the instance is meant.
pub(super) const ACCESS_SET: u32 = 1;
pub(super) const ACCESS_INSTANCE: u32 = 4;

/// Flags of `eval`: what to compute, ...
pub(super) const CALC_RESIST_RESIDUAL: u32 = 1;
pub(super) const CALC_REACT_RESIDUAL: u32 = 2;
pub(super) const CALC_RESIST_JACOBIAN: u32 = 4;
pub(super) const CALC_REACT_JACOBIAN: u32 = 8;
pub(super) const CALC_NOISE: u32 = 16;
pub(super) const CALC_OPERATING_POINT: u32 = 32;
pub(super) const CALC_RESIST_LIMIT: u32 = 64;
pub(super) const CALC_REACT_LIMIT: u32 = 128;
/// ... how `$limit` behaves, ...
pub(super) const ENABLE_LIMIT: u32 = 256;
pub(super) const INITIALISE_LIMIT: u32 = 512;
/// ... and what `analysis()` answers.
pub(super) const ANALYSIS_NOISE: u32 = 1024;
pub(super) const ANALYSIS_DC: u32 = 2048;
pub(super) const ANALYSIS_AC: u32 = 4096;
pub(super) const ANALYSIS_TRANSIENT: u32 = 8192;
pub(super) const ANALYSIS_INITIAL: u32 = 16384;
pub(super) const ANALYSIS_STATIC: u32 = 32768;

/// What `eval` and the set-up functions report.
pub(super) const RETURN_LIMITED: u32 = 1;
pub(super) const RETURN_FATAL: u32 = 2;
pub(super) const RETURN_FINISH: u32 = 4;
pub(super) const RETURN_STOP: u32 = 8;

/// Level of a log message, and the flag of a message that could not be formatted.
pub(super) const LEVEL_MASK: u32 = 7;
pub(super) const LEVEL_ERROR: u32 = 4;
pub(super) const LEVEL_FATAL: u32 = 5;

/// The one error code of the set-up functions.
pub(super) const ERROR_OUT_OF_BOUNDS: u32 = 1;

/// Stands for "no such field" in an offset and for ground in a pair of nodes.
pub(super) const NONE: u32 = u32::MAX;

#[repr(C)]
pub(super) struct LimitFunction {
    pub name: *const c_char,
    pub extra_arguments: u32,
    pub function: *const c_void,
}

/// Values of `$simparam`: names end with a null pointer, and so do the names of strings.
#[repr(C)]
pub(super) struct SimulatorParameters {
    pub names: *const *const c_char,
    pub values: *const f64,
    pub string_names: *const *const c_char,
    pub string_values: *const *const c_char,
}

#[repr(C)]
pub(super) struct SimulatorInfo {
    pub parameters: SimulatorParameters,
    pub time: f64,
    pub solution: *const f64,
    pub previous_state: *const f64,
    pub next_state: *mut f64,
    pub flags: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct SetupError {
    pub code: u32,
    pub parameter: u32,
}

#[repr(C)]
pub(super) struct SetupInfo {
    pub flags: u32,
    pub error_count: u32,
    pub errors: *mut SetupError,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct NodePair {
    pub first: u32,
    pub second: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct JacobianEntry {
    pub nodes: NodePair,
    pub react_pointer_offset: u32,
    /// Parts and constants; not used: compilers are known to leave parts out.
    pub flags: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Node {
    pub name: *const c_char,
    pub units: *const c_char,
    pub residual_units: *const c_char,
    pub resist_residual: u32,
    pub react_residual: u32,
    pub resist_limit: u32,
    pub react_limit: u32,
    /// A C `bool`.
    pub is_flow: u8,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Parameter {
    /// The name, then the aliases.
    pub names: *const *const c_char,
    pub alias_count: u32,
    pub description: *const c_char,
    pub units: *const c_char,
    pub flags: u32,
    /// Length of an array; 0 for a scalar.
    pub length: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct NoiseSource {
    pub name: *const c_char,
    pub nodes: NodePair,
}

pub(super) type Access = unsafe extern "C" fn(*mut c_void, *mut c_void, u32, u32) -> *mut c_void;
pub(super) type SetupModel = unsafe extern "C" fn(*mut c_void, *mut c_void, *const SimulatorParameters, *mut SetupInfo);
pub(super) type SetupInstance =
    unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void, f64, u32, *const SimulatorParameters, *mut SetupInfo);
pub(super) type Eval = unsafe extern "C" fn(*mut c_void, *mut c_void, *const c_void, *const SimulatorInfo) -> u32;
/// The last argument exists in early libraries of version 0.3 only; callers of C functions may pass more than is read.
pub(super) type LoadNoise = unsafe extern "C" fn(*mut c_void, *const c_void, f64, *mut f64, *mut f64);
pub(super) type LoadJacobianResist = unsafe extern "C" fn(*mut c_void, *const c_void);
pub(super) type LoadJacobianReact = unsafe extern "C" fn(*mut c_void, *const c_void, f64);
/// A function of the interface that is not called here.
pub(super) type Unused = *const c_void;

/// The module descriptor of version 0.3, with which those of 0.4 and 0.5 begin.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Descriptor {
    pub name: *const c_char,
    pub node_count: u32,
    pub terminal_count: u32,
    pub nodes: *const Node,
    pub entry_count: u32,
    pub entries: *const JacobianEntry,
    pub collapsible_count: u32,
    pub collapsible: *const NodePair,
    pub collapsed_offset: u32,
    pub noise_sources: *const NoiseSource,
    pub noise_count: u32,
    pub parameter_count: u32,
    pub instance_parameter_count: u32,
    pub output_count: u32,
    pub parameters: *const Parameter,
    pub node_mapping_offset: u32,
    pub resist_pointers_offset: u32,
    pub state_count: u32,
    pub state_index_offset: u32,
    pub bound_step_offset: u32,
    pub instance_size: u32,
    pub model_size: u32,
    pub access: Option<Access>,
    pub setup_model: Option<SetupModel>,
    pub setup_instance: Option<SetupInstance>,
    pub eval: Option<Eval>,
    pub load_noise: Option<LoadNoise>,
    pub load_residual_resist: Unused,
    pub load_residual_react: Unused,
    pub load_limit_resist: Unused,
    pub load_limit_react: Unused,
    pub load_spice_dc: Unused,
    pub load_spice_transient: Unused,
    pub load_jacobian_resist: Option<LoadJacobianResist>,
    pub load_jacobian_react: Option<LoadJacobianReact>,
    pub load_jacobian_transient: Unused,
}

/// Place of the number of delays (`absdelay`) in a descriptor of version 0.5, bytes.
pub(super) const DELAY_COUNT_OFFSET: usize = 348;

// The size that the headers give on the 64-bit platforms the compiler writes for.
const _: () = assert!(cfg!(not(target_pointer_width = "64")) || size_of::<Descriptor>() == 240);

/// The log function that a library calls: handle, message, level.
pub(super) type LogFunction = extern "C" fn(*mut c_void, *const c_char, u32);

unsafe extern "C" {
    /// The C library's; set-up errors are allocated by its `malloc`.
    pub(super) fn free(pointer: *mut c_void);
}
