//! Names to quantities: parameters and functions are put in place, constants folded.

use std::collections::HashMap;
use std::sync::Arc;

use super::MAX_HEIGHT;
use super::ast::{Binary, Builtin, Expr, Name};
use super::builtin::unknown_call;

/// Greatest number of nodes of an expression with all functions put in place.
const MAX_NODES: usize = 100_000;

/// Greatest depth of functions calling functions.
const MAX_CALLS: usize = 100;

/// Why an expression cannot be resolved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ResolveError {
    /// Byte offset in the outermost expression's text; inside a user function, that of the call.
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// What to try.
    pub hint: Option<String>,
}

/// Meaning of `pow` and `pwr` for constants with a negative base, where ngspice has two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Convention {
    /// B, E and G sources: `pow(x,y)` is |x|^y and `pwr(x,y)` is sgn(x) |x|^y.
    #[default]
    Behavioural,
    /// `.param` and braces: `pow(x,y)` is the power function of C and `pwr(x,y)` is |x|^y.
    Parameter,
}

/// A user's function: formal arguments (lower case) and body.
pub type Function = (Arc<[String]>, Arc<Expr<Name>>);

/// What the names of an expression mean at its place in the netlist. Names arrive in lower case.
pub trait Scope<L> {
    /// A parameter's value or a leaf such as the time; `None` when there is no such name (then the physical constants
    /// `pi e c kelvin echarge boltz planck` apply).
    fn ident(&mut self, name: &str) -> Option<Result<Expr<L>, String>>;

    /// The voltage `v(plus)` or `v(plus,minus)`.
    ///
    /// # Errors
    /// Message for the user, such as the name of an unknown node.
    fn voltage(&mut self, plus: &str, minus: Option<&str>) -> Result<Expr<L>, String>;

    /// The current `i(element)`.
    ///
    /// # Errors
    /// Message for the user, such as the name of an unknown element.
    fn current(&mut self, element: &str) -> Result<Expr<L>, String>;

    /// Formal arguments and body of a user's function, which goes before a built-in one of the same name.
    fn function(&mut self, name: &str) -> Option<Function>;

    /// The value of a random function such as `gauss`; `None` when there is none of this name and number of arguments.
    fn random(&mut self, _name: &str, _arguments: &[f64]) -> Option<f64> {
        None
    }

    /// Which meaning `pow` and `pwr` have here.
    fn convention(&self) -> Convention {
        Convention::Behavioural
    }

    /// A known name close to an unknown one, for the hint.
    fn similar(&self, _name: &str) -> Option<String> {
        None
    }
}

impl Expr<Name> {
    /// Replaces names by what `scope` says they are, puts user functions in place and folds constants.
    ///
    /// A conditional or logical operator with a constant condition is reduced to the branch taken. An expression without
    /// leaves becomes a single [`Expr::Const`].
    ///
    /// # Errors
    /// Unknown names and functions, wrong numbers of arguments, recursive functions, random functions, constant
    /// arithmetic without a result (division by zero), `pwl` points that are not rising constants, and expansion beyond
    /// 100,000 nodes, 1000 levels or 100 nested calls.
    pub fn resolve<L: Clone>(&self, scope: &mut dyn Scope<L>) -> Result<Expr<L>, ResolveError> {
        let mut resolver = Resolver { scope, work: 0, depth: 0, calls: Vec::new() };
        let tree = resolver.tree(self, &HashMap::new())?;
        match tree.expr.undefined() {
            None => Ok(tree.expr),
            Some(reason) => {
                Err(ResolveError { at: self.first_name().unwrap_or(0), message: reason.into(), hint: None })
            }
        }
    }

    /// Offset of the first name in the tree.
    fn first_name(&self) -> Option<usize> {
        match self {
            Expr::Const(_) => None,
            Expr::Leaf(
                Name::Ident { at, .. } | Name::Voltage { at, .. } | Name::Current { at, .. } | Name::Call { at, .. },
            ) => Some(*at),
            Expr::Unary(_, x) => x.first_name(),
            Expr::Binary(_, a, b) => a.first_name().or_else(|| b.first_name()),
            Expr::If(c, a, b) => c.first_name().or_else(|| a.first_name()).or_else(|| b.first_name()),
            Expr::Call(_, arguments) => arguments.iter().find_map(Expr::first_name),
        }
    }
}

/// Height and number of nodes of a resolved subtree.
#[derive(Clone, Copy)]
struct Extent {
    height: usize,
    nodes: usize,
}

impl Extent {
    const LEAF: Extent = Extent { height: 1, nodes: 1 };

    /// Of a node over subtrees.
    fn over(below: impl IntoIterator<Item = Extent>) -> Extent {
        below.into_iter().fold(Extent::LEAF, |sum, part| Extent {
            height: sum.height.max(part.height + 1),
            nodes: sum.nodes + part.nodes,
        })
    }

    fn of<L>(expr: &Expr<L>) -> Extent {
        match expr {
            Expr::Const(_) | Expr::Leaf(_) => Extent::LEAF,
            Expr::Unary(_, x) => Extent::over([Extent::of(x)]),
            Expr::Binary(_, a, b) => Extent::over([Extent::of(a), Extent::of(b)]),
            Expr::If(c, a, b) => Extent::over([Extent::of(c), Extent::of(a), Extent::of(b)]),
            Expr::Call(_, arguments) => Extent::over(arguments.iter().map(Extent::of)),
        }
    }
}

#[derive(Clone)]
struct Tree<L> {
    expr: Expr<L>,
    extent: Extent,
}

/// Formal arguments of the function being put in place, with what stands for them.
type Formals<L> = HashMap<String, Actual<L>>;

/// An argument of a call: its value, and the name or number that it is when it can stand for a node or an element.
#[derive(Clone)]
struct Actual<L> {
    value: Result<Tree<L>, ResolveError>,
    name: Option<String>,
}

struct Resolver<'s, L> {
    scope: &'s mut dyn Scope<L>,
    /// Nodes visited and copied so far.
    work: usize,
    /// Nodes from the root to here, across function bodies.
    depth: usize,
    /// User functions being put in place, outermost first.
    calls: Vec<String>,
}

impl<L: Clone> Resolver<'_, L> {
    fn tree(&mut self, expr: &Expr<Name>, formals: &Formals<L>) -> Result<Tree<L>, ResolveError> {
        self.spend(1, expr)?;
        if self.depth == MAX_HEIGHT {
            return Err(too_large(expr));
        }
        self.depth += 1;
        let result = self.node(expr, formals);
        self.depth -= 1;
        result
    }

    fn node(&mut self, expr: &Expr<Name>, formals: &Formals<L>) -> Result<Tree<L>, ResolveError> {
        match expr {
            Expr::Const(value) => Ok(Tree { expr: Expr::Const(*value), extent: Extent::LEAF }),
            Expr::Leaf(Name::Call { function, arguments, at }) => self.call(function, arguments, *at, formals),
            Expr::Leaf(name) => self.leaf(name, formals),
            Expr::Unary(op, x) => {
                let x = self.boxed(x, formals)?;
                fold(expr, [x.1], Expr::Unary(*op, x.0))
            }
            Expr::Binary(op, a, b) => {
                let (a, b) = (self.boxed(a, formals)?, self.boxed(b, formals)?);
                fold(expr, [a.1, b.1], Expr::Binary(*op, a.0, b.0))
            }
            Expr::If(c, a, b) => {
                // Names of conditions in the netlist begin with a dot; of these only the branch taken must make sense.
                let hidden = matches!(&**c, Expr::Leaf(Name::Ident { name, .. }) if name.starts_with('.'));
                let c = self.boxed(c, formals)?;
                if let Some(condition) = c.0.as_const().filter(|_| hidden) {
                    return self.tree(if condition != 0.0 { a } else { b }, formals);
                }
                let (a, b) = (self.boxed(a, formals)?, self.boxed(b, formals)?);
                fold(expr, [c.1, a.1, b.1], Expr::If(c.0, a.0, b.0))
            }
            Expr::Call(builtin, arguments) => self.builtin(expr, *builtin, arguments, formals),
        }
    }

    fn boxed(&mut self, expr: &Expr<Name>, formals: &Formals<L>) -> Result<(Box<Expr<L>>, Extent), ResolveError> {
        self.tree(expr, formals).map(|tree| (Box::new(tree.expr), tree.extent))
    }

    fn leaf(&mut self, name: &Name, formals: &Formals<L>) -> Result<Tree<L>, ResolveError> {
        let named = |written: &String| {
            let actual = formals.get(written).and_then(|actual| actual.name.clone());
            actual.unwrap_or_else(|| written.clone())
        };
        let (at, resolved) = match name {
            Name::Voltage { plus, minus, at } => {
                (*at, self.scope.voltage(&named(plus), minus.as_ref().map(named).as_deref()))
            }
            Name::Current { element, at } => (*at, self.scope.current(&named(element))),
            Name::Ident { name, at } | Name::Call { function: name, at, .. } => {
                if let Some(actual) = formals.get(name) {
                    let value = actual.value.clone()?;
                    self.work += value.extent.nodes;
                    return Ok(value);
                }
                let value =
                    self.scope.ident(name).or_else(|| physical_constant(name).map(|value| Ok(Expr::Const(value))));
                let Some(value) = value else {
                    let hint = self.scope.similar(name).map(|near| format!("did you mean `{near}`?"));
                    return Err(ResolveError { at: *at, message: format!("unknown parameter `{name}`"), hint });
                };
                (*at, value)
            }
        };
        let expr = resolved.map_err(|message| ResolveError { at, message, hint: None })?;
        let extent = Extent::of(&expr);
        self.work += extent.nodes;
        Ok(Tree { expr, extent })
    }

    /// A call of a built-in function, unless the user has one of the same name.
    fn builtin(
        &mut self,
        expr: &Expr<Name>,
        builtin: Builtin,
        arguments: &[Expr<Name>],
        formals: &Formals<L>,
    ) -> Result<Tree<L>, ResolveError> {
        let at = expr.first_name().unwrap_or(0);
        if self.scope.function(builtin.name()).is_some() {
            return self.call(builtin.name(), arguments, at, formals);
        }
        let mut resolved = Vec::with_capacity(arguments.len());
        let mut extents = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let tree = self.tree(argument, formals)?;
            resolved.push(tree.expr);
            extents.push(tree.extent);
        }
        let call = match (builtin, self.scope.convention(), resolved.as_slice()) {
            (Builtin::Pwl, _, [_, points @ ..]) => {
                check_points(points).map_err(|message| ResolveError { at, message, hint: None })?;
                Expr::Call(builtin, resolved)
            }
            (Builtin::Table, _, [input, points @ ..]) => {
                check_points(points).map_err(|message| ResolveError { at, message, hint: None })?;
                let (first, last) = (points[0].clone(), points[points.len() - 2].clone());
                let above = Expr::Call(Builtin::Max, vec![input.clone(), first]);
                let mut polygon = vec![Expr::Call(Builtin::Min, vec![above, last])];
                polygon.extend_from_slice(points);
                let height = extents.iter().map(|extent| extent.height).max().unwrap_or(0);
                extents.push(Extent { height: height + 2, nodes: 4 });
                Expr::Call(Builtin::Pwl, polygon)
            }
            (Builtin::Pow, Convention::Parameter, [Expr::Const(x), Expr::Const(y)]) if *x < 0.0 => {
                Expr::Const(x.powf(*y))
            }
            (Builtin::Pwr, Convention::Parameter, [Expr::Const(x), y]) => {
                Expr::Binary(Binary::Power, Box::new(Expr::Const(*x)), Box::new(y.clone()))
            }
            _ => Expr::Call(builtin, resolved),
        };
        fold(expr, extents, call)
    }

    /// Puts a user function in place. Its body sees its own arguments and the scope, not the caller's arguments.
    fn call(
        &mut self,
        function: &str,
        arguments: &[Expr<Name>],
        at: usize,
        formals: &Formals<L>,
    ) -> Result<Tree<L>, ResolveError> {
        let error = |message: String| ResolveError { at, message, hint: None };
        let Some((names, body)) = self.scope.function(function) else {
            let mut values = Vec::with_capacity(arguments.len());
            for argument in arguments {
                values.extend(self.tree(argument, formals)?.expr.as_const());
            }
            if values.len() == arguments.len()
                && let Some(value) = self.scope.random(function, &values)
            {
                return Ok(Tree { expr: Expr::Const(value), extent: Extent::LEAF });
            }
            let (message, hint) = unknown_call(function, arguments.len());
            return Err(ResolveError { at, message, hint });
        };
        if self.calls.iter().any(|outer| outer == function) {
            return Err(error(format!("function `{function}` calls itself")));
        }
        if self.calls.len() == MAX_CALLS {
            return Err(error(format!("more than {MAX_CALLS} functions call one another")));
        }
        if names.len() != arguments.len() {
            let (takes, given) = (names.len(), arguments.len());
            let plural = if takes == 1 { "" } else { "s" };
            return Err(error(format!("`{function}` takes {takes} argument{plural}, {given} given")));
        }
        let mut inner = HashMap::with_capacity(names.len());
        for (name, argument) in names.iter().zip(arguments) {
            let written = match argument {
                Expr::Leaf(Name::Ident { name, .. }) => {
                    Some(formals.get(name).map_or_else(|| Some(name.clone()), |actual| actual.name.clone())).flatten()
                }
                Expr::Const(number) => Some(number.to_string()),
                _ => None,
            };
            let value = self.tree(argument, formals);
            // What has no value may still be the name of a node.
            let actual = match (value, written) {
                (Err(error), None) => return Err(error),
                (value, name) => Actual { value, name },
            };
            inner.insert(name.clone(), actual);
        }
        self.calls.push(function.to_string());
        let result = self.tree(&body, &inner);
        self.calls.pop();
        result.map_err(|inside| {
            let named = inside.message.starts_with("in function");
            let message = if named { inside.message } else { format!("in function `{function}`: {}", inside.message) };
            ResolveError { at, message, hint: inside.hint }
        })
    }

    fn spend(&mut self, nodes: usize, expr: &Expr<Name>) -> Result<(), ResolveError> {
        self.work += nodes;
        if self.work > MAX_NODES { Err(too_large(expr)) } else { Ok(()) }
    }
}

/// A node over resolved subtrees, as a constant where it is one.
fn fold<L: Clone>(
    source: &Expr<Name>,
    below: impl IntoIterator<Item = Extent>,
    expr: Expr<L>,
) -> Result<Tree<L>, ResolveError> {
    let expr = expr.fold();
    let extent = match expr {
        Expr::Const(_) | Expr::Leaf(_) => Extent::LEAF,
        _ => Extent::over(below),
    };
    if extent.height > MAX_HEIGHT { Err(too_large(source)) } else { Ok(Tree { expr, extent }) }
}

fn too_large(expr: &Expr<Name>) -> ResolveError {
    let message = "the expression is too large with its functions put in place".to_string();
    ResolveError { at: expr.first_name().unwrap_or(0), message, hint: None }
}

/// Points of `pwl` must be constants with rising abscissae.
fn check_points<L>(points: &[Expr<L>]) -> Result<(), String> {
    let mut last = f64::NEG_INFINITY;
    for point in points.chunks_exact(2) {
        let (Some(x), Some(_)) = (point[0].as_const(), point[1].as_const()) else {
            return Err("the points of `pwl` must be constants".into());
        };
        if x <= last {
            return Err(format!("the abscissae of `pwl` must rise: {x} after {last}"));
        }
        last = x;
    }
    Ok(())
}

/// Physical constants under ngspice's names, with the exact SI values of 2019.
fn physical_constant(name: &str) -> Option<f64> {
    Some(match name {
        "pi" => std::f64::consts::PI,
        "e" => std::f64::consts::E,
        "c" => 299_792_458.0,
        "kelvin" => -273.15,
        "echarge" => 1.602_176_634e-19,
        "boltz" => 1.380_649e-23,
        "planck" => 6.626_070_15e-34,
        _ => return None,
    })
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
