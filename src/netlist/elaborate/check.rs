//! Checks of the subcircuit definitions, before anything is instantiated.

use super::Elaborator;
use crate::diagnostic::{Diagnostic, Span};
use crate::netlist::ast::{Body, Word};
use crate::netlist::suggest;

/// Most elements of a flat circuit.
pub(super) const MOST_ELEMENTS: u64 = 20_000_000;
/// Deepest nesting of instances.
const DEEPEST: usize = 100;

/// What is known of a definition.
#[derive(Clone, Copy)]
enum Size {
    Unknown,
    /// Being counted, at this depth.
    Open,
    /// Elements of one instance, and levels of instances below it.
    Known(u64, usize),
}

impl<'d> Elaborator<'d> {
    /// The blocks that `name` can mean inside `block`: one, or those of several branches of an `.if`.
    pub(super) fn find_blocks(&self, block: usize, name: &str) -> Vec<usize> {
        let mut at = Some(block);
        while let Some(block) = at {
            let block = &self.deck.blocks[block];
            let guarded = block.guarded_blocks.get(name).into_iter().flatten().map(|&(_, index)| index);
            let found: Vec<usize> = block.blocks.get(name).copied().into_iter().chain(guarded).collect();
            if !found.is_empty() {
                return found;
            }
            at = block.parent;
        }
        Vec::new()
    }

    /// Reports unknown and recursive subcircuits and circuits without bound; the number of elements when flattening is safe.
    pub(super) fn check(&mut self) -> Option<usize> {
        let mut sizes = vec![Size::Unknown; self.deck.blocks.len()];
        self.size(0, &mut sizes, &mut Vec::new()).map(|(count, _)| count as usize)
    }

    fn size(&mut self, index: usize, sizes: &mut [Size], stack: &mut Vec<(usize, Span)>) -> Option<(u64, usize)> {
        sizes[index] = Size::Open;
        let (mut count, mut depth) = (0u64, 0);
        for (place, element) in self.deck.blocks[index].elements.iter().enumerate() {
            count = count.saturating_add(1);
            let name = match &element.body {
                Body::Instance { block, .. } => block,
                Body::Array(array) => &array.cell,
                _ => continue,
            };
            let array = matches!(element.body, Body::Array(_));
            let candidates = self.find_blocks(index, &name.text);
            // An unknown subcircuit in a branch of an `.if` matters only where the branch is taken.
            if candidates.is_empty() && !array && !self.deck.blocks[index].guards.contains_key(&place) {
                self.unknown_block(index, name);
            }
            let (mut inner_count, mut inner_depth) = (0, 0);
            for inner in candidates {
                let size = match sizes[inner] {
                    Size::Known(count, depth) => (count, depth),
                    Size::Open => {
                        self.recursive(inner, element.name.span, stack);
                        return None;
                    }
                    Size::Unknown => {
                        if stack.len() >= DEEPEST {
                            self.too_deep(element.name.span);
                            return None;
                        }
                        stack.push((index, element.name.span));
                        let size = self.size(inner, sizes, stack)?;
                        stack.pop();
                        size
                    }
                };
                (inner_count, inner_depth) = (size.0.max(inner_count), size.1.max(inner_depth));
            }
            count = count.saturating_add(inner_count);
            depth = depth.max(inner_depth + 1);
            if count > MOST_ELEMENTS {
                let message =
                    format!("the circuit would have more than {} million elements", MOST_ELEMENTS / 1_000_000);
                self.report.add(Diagnostic::error(element.name.span, message).label("with this instance"));
                return None;
            }
            if depth > DEEPEST {
                self.too_deep(element.name.span);
                return None;
            }
        }
        sizes[index] = Size::Known(count, depth);
        Some((count, depth))
    }

    fn too_deep(&mut self, span: Span) {
        self.report.add(Diagnostic::error(span, format!("subcircuits are nested more than {DEEPEST} deep")));
    }

    fn recursive(&mut self, inner: usize, span: Span, stack: &[(usize, Span)]) {
        let blocks = &self.deck.blocks;
        let from = stack.iter().position(|&(block, _)| block == inner).unwrap_or(stack.len());
        let mut names: Vec<&str> = stack[from..].iter().map(|&(block, _)| &*blocks[block].name).collect();
        if names.is_empty() {
            names.push(&blocks[inner].name);
        } else if let Some(last) = self.block_of(span) {
            names.push(last);
        }
        names.push(&blocks[inner].name);
        let error = Diagnostic::error(span, format!("subcircuit `{}` contains itself", blocks[inner].name));
        self.report.add(error.label("instance of a subcircuit inside itself").hint(names.join(" -> ")));
    }

    /// Name of the block with the element at this place.
    fn block_of(&self, span: Span) -> Option<&'d str> {
        self.deck.blocks.iter().find(|b| b.elements.iter().any(|e| e.name.span == span)).map(|b| &*b.name)
    }

    /// Reports a subcircuit that is not defined.
    pub(super) fn unknown_block(&mut self, index: usize, name: &Word) {
        let mut known: Vec<&str> = Vec::new();
        let mut block = Some(index);
        while let Some(at) = block {
            known.extend(self.deck.blocks[at].blocks.keys().map(|k| &**k));
            block = self.deck.blocks[at].parent;
        }
        known.sort_unstable();
        let fault = super::missing(self.broken, &name.text, || {
            let error = Diagnostic::error(name.span, format!("unknown subcircuit `{}`", name.text));
            let hint = suggest::did_you_mean(&name.text, known, "define it with `.subckt`, or include its file");
            error.label("not defined here").hint(hint)
        });
        self.report.add(fault);
    }
}
