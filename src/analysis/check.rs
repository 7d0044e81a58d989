//! Topology checks: what makes the equations singular or is likely a slip of the pen.

use std::collections::HashMap;

use crate::circuit::{Circuit, Element, ElementKind, NodeId, Quantity};
use crate::diagnostic::{Diagnostic, Span};

/// Pairs of terminals between which direct current can flow, by type of model card.
fn conducting_terminals(kind: &str) -> &'static [(usize, usize)] {
    match kind {
        "nmos" | "pmos" => &[(0, 2), (0, 3), (2, 3)],
        "npn" | "pnp" | "lpnp" => &[(0, 1), (1, 2), (0, 3)],
        "njf" | "pjf" | "nmf" | "pmf" => &[(0, 1), (0, 2), (1, 2)],
        "opamp" => &[(0, 1)],
        _ => &[(0, 1)],
    }
}

/// Disjoint sets of nodes.
struct Sets(Vec<u32>);

impl Sets {
    fn new(count: usize) -> Self {
        Self((0..count as u32).collect())
    }

    fn root(&mut self, node: NodeId) -> u32 {
        let mut k = node.0;
        while self.0[k as usize] != k {
            self.0[k as usize] = self.0[self.0[k as usize] as usize];
            k = self.0[k as usize];
        }
        k
    }

    /// Joins two nodes; false when they were joined before.
    fn join(&mut self, a: NodeId, b: NodeId) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b) as usize] = a.min(b);
        a != b
    }
}

/// Finds floating nodes, loops of voltage sources and inductors, cut sets of current sources and capacitors, and dangling terminals.
pub fn check(circuit: &Circuit) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    voltage_loops(circuit, &mut found);
    floating(circuit, &mut found);
    dangling(circuit, &mut found);
    found
}

fn kind_of<'c>(circuit: &'c Circuit, element: &'c Element) -> Option<&'c str> {
    match &element.kind {
        ElementKind::Device(device) => Some(&circuit.models[device.model.0 as usize].kind),
        _ => None,
    }
}

/// Elements that fix the voltage between their first two terminals at direct current.
fn fixes_voltage(element: &Element) -> bool {
    matches!(
        element.kind,
        ElementKind::VoltageSource(_)
            | ElementKind::Vcvs(_)
            | ElementKind::Ccvs(_)
            | ElementKind::BehaviouralVoltage(_)
            | ElementKind::Inductor { .. }
    )
}

fn voltage_loops(circuit: &Circuit, found: &mut Vec<Diagnostic>) {
    let mut sets = Sets::new(circuit.nodes.len());
    let mut members: Vec<&Element> = Vec::new();
    for element in circuit.elements.iter().filter(|e| fixes_voltage(e)) {
        let (a, b) = (element.nodes[0], element.nodes[1]);
        if !sets.join(a, b) {
            let path = loop_through(&members, a, b);
            let names: Vec<String> = path.iter().map(|e| format!("`{}`", e.name)).collect();
            let others = if names.is_empty() { "itself".to_string() } else { names.join(", ") };
            found.push(
                Diagnostic::error(
                    element.span,
                    format!("`{}` closes a loop of voltage sources or inductors with {others}", element.name),
                )
                .label("their voltages cannot all be free")
                .hint("put a small resistance in series with one of them"),
            );
        } else {
            members.push(element);
        }
    }
}

/// The elements on the way from `a` to `b` among those that form a forest.
fn loop_through<'e>(forest: &[&'e Element], a: NodeId, b: NodeId) -> Vec<&'e Element> {
    let mut neighbours: HashMap<NodeId, Vec<(NodeId, &'e Element)>> = HashMap::new();
    for element in forest {
        let (p, q) = (element.nodes[0], element.nodes[1]);
        neighbours.entry(p).or_default().push((q, element));
        neighbours.entry(q).or_default().push((p, element));
    }
    let mut came_from: HashMap<NodeId, (NodeId, &'e Element)> = HashMap::new();
    let mut queue = std::collections::VecDeque::from([a]);
    while let Some(node) = queue.pop_front() {
        if node == b {
            break;
        }
        for &(next, element) in neighbours.get(&node).into_iter().flatten() {
            if next != a && !came_from.contains_key(&next) {
                came_from.insert(next, (node, element));
                queue.push_back(next);
            }
        }
    }
    let mut path = Vec::new();
    let mut node = b;
    while let Some(&(previous, element)) = came_from.get(&node) {
        path.push(element);
        node = previous;
        if node == a {
            break;
        }
    }
    path
}

/// Pairs of an element's terminals that direct current connects.
fn conducting_pairs(circuit: &Circuit, element: &Element) -> Vec<(NodeId, NodeId)> {
    let n = &element.nodes;
    match &element.kind {
        ElementKind::Capacitor { .. }
        | ElementKind::CurrentSource(_)
        | ElementKind::Vccs(_)
        | ElementKind::Cccs(_)
        | ElementKind::BehaviouralCurrent(_)
        | ElementKind::Mutual { .. } => Vec::new(),
        ElementKind::Device(_) => {
            let kind = kind_of(circuit, element).unwrap_or("");
            let mut pairs: Vec<(NodeId, NodeId)> = conducting_terminals(kind)
                .iter()
                .filter(|(a, b)| *a < n.len() && *b < n.len())
                .map(|&(a, b)| (n[a], n[b]))
                .collect();
            if kind == "ltra" && n.len() == 4 {
                pairs = vec![(n[0], n[2]), (n[1], n[3])];
            }
            if kind == "opamp" && n.len() > 2 {
                pairs.push((n[2], NodeId::GROUND));
            }
            pairs
        }
        ElementKind::Line { .. } => vec![(n[0], n[2]), (n[1], n[3])],
        _ => vec![(n[0], n[1])],
    }
}

/// A controlled current source may define a node's voltage (`G1 a 0 a 0 1m` is a resistor), so what it touches is only doubtful.
fn floating(circuit: &Circuit, found: &mut Vec<Diagnostic>) {
    let mut sets = Sets::new(circuit.nodes.len());
    for element in &circuit.elements {
        for (a, b) in conducting_pairs(circuit, element) {
            sets.join(a, b);
        }
    }
    let mut island_of: HashMap<u32, usize> = HashMap::new();
    let mut islands: Vec<Island> = Vec::new();
    for k in 1..circuit.nodes.len() as u32 {
        let root = sets.root(NodeId(k));
        if root != 0 {
            let index = *island_of.entry(root).or_insert(islands.len());
            if index == islands.len() {
                islands.push(Island::default());
            }
            islands[index].nodes.push(NodeId(k));
        }
    }
    for element in &circuit.elements {
        let mut touched: Vec<usize> =
            element.nodes.iter().filter_map(|n| island_of.get(&sets.root(*n)).copied()).collect();
        touched.sort_unstable();
        touched.dedup();
        for index in touched {
            islands[index].touching.push(element);
        }
    }
    found.extend(islands.iter().map(|island| island.describe(circuit)));
}

/// Nodes without a path for direct current to ground.
#[derive(Default)]
struct Island<'c> {
    nodes: Vec<NodeId>,
    touching: Vec<&'c Element>,
}

impl Island<'_> {
    fn describe(&self, circuit: &Circuit) -> Diagnostic {
        let span = self.touching.first().map_or(Span::default(), |e| e.span);
        let names: Vec<&str> = self.nodes.iter().take(5).map(|n| circuit.nodes[n.0 as usize].as_str()).collect();
        let more = if self.nodes.len() > 5 { format!(" and {} more", self.nodes.len() - 5) } else { String::new() };
        let list = format!("`{}`{more}", names.join("`, `"));
        let sources: Vec<String> = self
            .touching
            .iter()
            .filter(|e| matches!(e.kind, ElementKind::CurrentSource(_)))
            .map(|e| format!("`{}`", e.name))
            .collect();
        let driven = self.touching.iter().any(|e| {
            matches!(e.kind, ElementKind::Vccs(_) | ElementKind::Cccs(_) | ElementKind::BehaviouralCurrent(_))
        });
        if !sources.is_empty() && !driven {
            Diagnostic::error(span, format!("current sources {} form a cut set around node {list}", sources.join(", ")))
                .label("their current has nowhere to go")
                .hint("add a resistor from there to ground")
        } else if driven {
            Diagnostic::warning(span, format!("node {list} is tied to ground by controlled current sources only"))
                .label("touches it")
                .hint("a large resistor to ground makes its operating point certain")
        } else {
            Diagnostic::warning(span, format!("node {list} floats: no path for direct current to ground"))
                .label("touches it")
                .hint("add a large resistor to ground, or start the transient from initial values with `uic`")
        }
    }
}

fn dangling(circuit: &Circuit, found: &mut Vec<Diagnostic>) {
    let mut uses = vec![0u32; circuit.nodes.len()];
    let mut user: Vec<Option<&Element>> = vec![None; circuit.nodes.len()];
    for element in &circuit.elements {
        for node in &element.nodes {
            uses[node.0 as usize] += 1;
            user[node.0 as usize] = Some(element);
        }
        each_sensed_node(element, &mut |node| uses[node.0 as usize] += 1);
    }
    for (k, name) in circuit.nodes.iter().enumerate().skip(1) {
        if let (1, Some(element)) = (uses[k], user[k]) {
            found.push(
                Diagnostic::warning(element.span, format!("node `{name}` is connected to `{}` only", element.name))
                    .label("dangling terminal"),
            );
        }
    }
}

/// Nodes whose voltage controls the element.
fn each_sensed_node(element: &Element, sense: &mut dyn FnMut(NodeId)) {
    let mut pair = |plus, minus| {
        sense(plus);
        sense(minus);
    };
    match &element.kind {
        ElementKind::Vcvs(poly) | ElementKind::Vccs(poly) => poly.controls.iter().for_each(|(p, m)| pair(*p, *m)),
        ElementKind::BehaviouralVoltage(expr) | ElementKind::BehaviouralCurrent(expr) => {
            expr.each_leaf(&mut |quantity| {
                if let Quantity::Voltage(plus, minus) = quantity {
                    pair(*plus, *minus);
                }
            });
        }
        _ => {}
    }
}
