//! What a library says about one of its modules, read once and checked.

use std::ffi::{CStr, c_char};

use super::ffi;

/// Most nodes, entries, parameters, .. of a module: a larger number is taken for a broken descriptor.
const MOST: u32 = 1 << 20;

/// Type of a parameter or an output variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A real number.
    Real,
    /// A 32-bit integer.
    Integer,
    /// A string.
    Text,
}

/// A parameter, or an output variable (operating-point variable).
#[derive(Clone, Debug)]
pub struct Parameter {
    /// As in the Verilog-A source.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// What it means; may be empty.
    pub description: String,
    /// Unit; may be empty.
    pub units: String,
    /// Its type.
    pub kind: Kind,
    /// Number of elements; 1 for a scalar.
    pub length: usize,
}

impl Parameter {
    /// True when `name` (lower case) is its name or an alias.
    pub fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    }
}

/// A terminal, an internal node, or another unknown of the module.
#[derive(Clone, Debug)]
pub struct Node {
    /// Name.
    pub name: String,
    /// Unit of the unknown: `V`, `A`, `K`, ..
    pub units: String,
    /// A branch current instead of a potential.
    pub is_flow: bool,
    /// Places of the resistive and reactive residual and of their limiting corrections in the instance data, words of
    /// 8 bytes.
    pub(super) residual: [Option<u32>; 4],
}

/// Potentials within this distance of an evaluation take its tangent along, V and K. The tangent of an exponential misses
/// `(QUIET / vt)^2 / 2` = 7e-6 of the current.
const QUIET: f64 = 1e-4;

impl Node {
    /// How far the unknown may be from an evaluation whose tangent stands for another; zero for a flow.
    pub(super) fn quiet(&self) -> f64 {
        if matches!(self.units.as_str(), "V" | "K") && !self.is_flow { QUIET } else { 0.0 }
    }
}

/// A place of the module's Jacobian.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Node of the equation.
    pub row: u32,
    /// Node of the unknown.
    pub column: u32,
    /// Has a reactive part. Every entry may have a resistive one.
    pub reactive: bool,
}

/// A noise source between two nodes.
#[derive(Clone, Debug)]
pub struct Noise {
    /// Name given in the source; may be empty.
    pub name: String,
    /// From this node
    pub plus: u32,
    /// to this one; `None` is ground.
    pub minus: Option<u32>,
}

/// Functions of a module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Functions {
    pub access: ffi::Access,
    pub setup_model: ffi::SetupModel,
    pub setup_instance: ffi::SetupInstance,
    pub eval: ffi::Eval,
    pub load_noise: ffi::LoadNoise,
    pub load_resist: ffi::LoadJacobianResist,
    pub load_react: ffi::LoadJacobianReact,
}

/// A Verilog-A module.
#[derive(Debug)]
pub struct Module {
    /// Name as in the source.
    pub name: String,
    /// Terminals first.
    pub nodes: Vec<Node>,
    /// Number of terminals.
    pub terminals: usize,
    /// Places of the Jacobian.
    pub entries: Vec<Entry>,
    /// Pairs of nodes that may be one node; `None` is ground.
    pub collapsible: Vec<(u32, Option<u32>)>,
    /// Noise sources.
    pub noise: Vec<Noise>,
    /// Parameters, those of instances first, then output variables.
    pub parameters: Vec<Parameter>,
    /// Number of parameters that an instance may set; a model card may set them too, as defaults of its instances.
    pub instance_parameters: usize,
    /// Number of parameters, without output variables.
    pub settable: usize,
    /// Number of voltages limited by `$limit`.
    pub states: usize,
    /// Number of delays (`absdelay`).
    pub delays: usize,
    pub(super) collapsed: usize,
    pub(super) node_mapping: usize,
    /// Word in the instance data of each pointer to a Jacobian value, and which value: the resistive ones of all entries, then
    /// the reactive ones.
    pub(super) pointers: Vec<(u32, u32)>,
    pub(super) state_index: usize,
    pub(super) bound_step: Option<u32>,
    /// Sizes of instance and model data, words of 8 bytes.
    pub(super) instance_words: usize,
    pub(super) model_words: usize,
    pub(super) functions: Functions,
}

impl Module {
    /// Index of the settable parameter with this name (lower case) or alias.
    pub fn parameter(&self, name: &str) -> Option<usize> {
        self.parameters[..self.settable].iter().position(|p| p.is_called(name))
    }

    /// Index of the output variable with this name (lower case).
    pub fn output(&self, name: &str) -> Option<usize> {
        self.parameters[self.settable..].iter().position(|p| p.is_called(name)).map(|k| k + self.settable)
    }

    /// Output variables: what `@instance[name]` gives.
    pub fn outputs(&self) -> &[Parameter] {
        &self.parameters[self.settable..]
    }

    /// Reads a descriptor.
    ///
    /// # Safety
    /// The descriptor must be one of a loaded library that keeps to OSDI: every pointer in it points to as many elements as the
    /// count beside it says, and every string ends with a zero byte; all of that outlives this call.
    pub(super) unsafe fn read(d: &ffi::Descriptor, delays: u32) -> Result<Self, String> {
        // SAFETY: `text` and `list` are called with pointers of the descriptor and the counts beside them, for which the
        // caller vouches.
        unsafe {
            let name = text(d.name);
            let broken = |what: &str| format!("the descriptor of module `{name}` is broken: {what}");
            let counts = [
                d.node_count,
                d.entry_count,
                d.collapsible_count,
                d.noise_count,
                d.parameter_count,
                d.output_count,
                d.state_count,
            ];
            if counts.iter().any(|&n| n > MOST) || d.terminal_count > d.node_count {
                return Err(broken("numbers out of proportion"));
            }
            if d.instance_parameter_count > d.parameter_count {
                return Err(broken("more parameters of instances than parameters"));
            }
            // A number at a multiple of 8 bytes that lies inside the instance data.
            let field = |offset: u32| match offset {
                ffi::NONE => Ok(None),
                offset if offset % 8 == 0 && offset + 8 <= d.instance_size => Ok(Some(offset / 8)),
                _ => Err(broken("an offset outside the instance data")),
            };
            // An array inside the instance data.
            let array = |offset: u32, count: u32, size: u32| {
                let inside = u64::from(offset) + u64::from(count) * u64::from(size) <= u64::from(d.instance_size);
                let aligned = offset.is_multiple_of(size);
                match count == 0 || (inside && aligned) {
                    true => Ok(offset as usize),
                    false => Err(broken("an array outside the instance data")),
                }
            };
            let mut nodes = Vec::with_capacity(d.node_count as usize);
            for node in list(d.nodes, d.node_count) {
                let offsets = [node.resist_residual, node.react_residual, node.resist_limit, node.react_limit];
                let mut residual = [None; 4];
                for (place, offset) in residual.iter_mut().zip(offsets) {
                    *place = field(offset)?;
                }
                nodes.push(Node {
                    name: text(node.name),
                    units: text(node.units),
                    is_flow: node.is_flow != 0,
                    residual,
                });
            }
            let known = |node: u32| {
                if node < d.node_count { Ok(node) } else { Err(broken("an unknown node")) }
            };
            let known_or_ground = |node: u32| match node {
                ffi::NONE => Ok(None),
                node => known(node).map(Some),
            };
            let mut entries = Vec::with_capacity(d.entry_count as usize);
            let first = array(d.resist_pointers_offset, d.entry_count, 8)? as u32 / 8;
            let mut pointers: Vec<(u32, u32)> = (0..d.entry_count).map(|k| (first + k, k)).collect();
            for entry in list(d.entries, d.entry_count) {
                let pointer = field(entry.react_pointer_offset)?;
                entries.push(Entry {
                    row: known(entry.nodes.first)?,
                    column: known(entry.nodes.second)?,
                    reactive: pointer.is_some(),
                });
                if let Some(word) = pointer {
                    pointers.push((word, pointers.len() as u32));
                }
            }
            let collapsible = list(d.collapsible, d.collapsible_count)
                .iter()
                .map(|pair| Ok((known(pair.first)?, known_or_ground(pair.second)?)))
                .collect::<Result<_, String>>()?;
            let noise = list(d.noise_sources, d.noise_count)
                .iter()
                .map(|source| {
                    let (plus, minus) = (known(source.nodes.first)?, known_or_ground(source.nodes.second)?);
                    Ok(Noise { name: text(source.name), plus, minus })
                })
                .collect::<Result<_, String>>()?;
            let parameters = list(d.parameters, d.parameter_count + d.output_count)
                .iter()
                .map(|p| {
                    let mut names = list(p.names, p.alias_count.min(MOST) + 1).iter().map(|&name| text(name));
                    Parameter {
                        name: names.next().unwrap_or_default(),
                        aliases: names.collect(),
                        description: text(p.description),
                        units: text(p.units),
                        kind: match p.flags & ffi::TYPE_MASK {
                            ffi::TYPE_REAL => Kind::Real,
                            ffi::TYPE_INTEGER => Kind::Integer,
                            _ => Kind::Text,
                        },
                        length: p.length.max(1) as usize,
                    }
                })
                .collect();
            let functions = match (
                (d.access, d.setup_model, d.setup_instance, d.eval),
                (d.load_noise, d.load_jacobian_resist, d.load_jacobian_react),
            ) {
                (
                    (Some(access), Some(setup_model), Some(setup_instance), Some(eval)),
                    (Some(load_noise), Some(load_resist), Some(load_react)),
                ) => Functions { access, setup_model, setup_instance, eval, load_noise, load_resist, load_react },
                _ => return Err(broken("a function is missing")),
            };
            Ok(Self {
                nodes,
                terminals: d.terminal_count as usize,
                collapsible,
                noise,
                parameters,
                instance_parameters: d.instance_parameter_count as usize,
                settable: d.parameter_count as usize,
                states: d.state_count as usize,
                delays: delays as usize,
                collapsed: array(d.collapsed_offset, d.collapsible_count, 1)?,
                node_mapping: array(d.node_mapping_offset, d.node_count, 4)?,
                pointers,
                state_index: array(d.state_index_offset, d.state_count, 4)?,
                bound_step: field(d.bound_step_offset)?,
                instance_words: (d.instance_size as usize).div_ceil(8).max(1),
                model_words: (d.model_size as usize).div_ceil(8).max(1),
                functions,
                entries,
                name,
            })
        }
    }
}

/// A C string, empty for a null pointer.
///
/// # Safety
/// `pointer` is null or points to a string that ends with a zero byte.
pub(super) unsafe fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

/// An array of the library.
///
/// # Safety
/// `pointer` is null or points to `count` elements that live as long as the result is used.
unsafe fn list<'a, T>(pointer: *const T, count: u32) -> &'a [T] {
    if pointer.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(pointer, count as usize) }
}
