//! Current sources whose expressions differ in their constants and inputs only, evaluated side by side. In an array these are
//! the cells.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::Behavioural;
use super::formula::{Input, Scratch, clamped};
use crate::devices::{Context, Slot, Stamps, Unknown};
use crate::expr::{LANES, Lane, LaneWorkspace, Program};

/// Fewer blocks than this are not worth a second thread.
const PARALLEL: usize = 64;

/// One input of the sources of a block, and where its derivatives go.
#[derive(Clone)]
struct Channel {
    plus: [Unknown; LANES],
    minus: [Unknown; LANES],
    /// First row at plus and minus, then the second row.
    slots: [[Slot; 4]; LANES],
}

/// Some sources of a batch; lanes beyond `used` repeat the last source.
#[derive(Clone)]
struct Block {
    used: usize,
    /// Index of each source.
    sources: [u32; LANES],
    plus: [Unknown; LANES],
    minus: [Unknown; LANES],
    constants: Vec<Lane>,
    channels: Vec<Channel>,
    inputs: Vec<Lane>,
    /// Results for `inputs`, by which equal inputs are answered.
    gradient: Vec<Lane>,
    value: Lane,
}

/// Sources with one shape of expression.
#[derive(Clone)]
struct Batch {
    program: Arc<Program>,
    blocks: Vec<Block>,
}

/// All batches of a bank, and the sources that stand alone.
#[derive(Clone)]
pub(super) struct Batches {
    batches: Vec<Batch>,
    /// Indices of the other sources.
    pub alone: Vec<usize>,
}

impl Batches {
    /// Sorts sources into batches; their slots must have been mapped.
    pub fn new(sources: &[Behavioural]) -> Self {
        let mut shapes: HashMap<u64, Vec<(usize, Vec<usize>)>> = HashMap::new();
        let mut alone = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            let plain = |input: &Input| matches!(input, Input::Unknowns(..));
            if source.branch != 0 || !source.operators.is_empty() || !source.formula.inputs.iter().all(plain) {
                alone.push(index);
                continue;
            }
            let groups = shapes.entry(source.formula.program.shape_hash()).or_default();
            let same =
                |group: &&mut (usize, Vec<usize>)| sources[group.0].formula.program.same_shape(&source.formula.program);
            match groups.iter_mut().find(same) {
                Some((_, members)) => members.push(index),
                None => groups.push((index, vec![index])),
            }
        }
        let mut groups: Vec<Vec<usize>> = shapes.into_values().flatten().map(|(_, members)| members).collect();
        groups.sort();
        let mut batches = Vec::new();
        for members in groups {
            if members.len() < LANES {
                alone.extend(members);
                continue;
            }
            let program = sources[members[0]].formula.program.clone();
            let blocks = members.chunks(LANES).map(|chunk| Block::new(sources, chunk)).collect();
            batches.push(Batch { program, blocks });
        }
        alone.sort_unstable();
        Self { batches, alone }
    }

    /// Adds the currents and conductances of all batches. The sums do not depend on the number of threads.
    pub fn eval(&mut self, sources: &[Behavioural], ctx: &Context, scratch: &Scratch, out: &mut Stamps) {
        for Batch { program, blocks } in &mut self.batches {
            let evaluate = |(lanes, alone): &mut (LaneWorkspace, Scratch), block: &mut Block| {
                block.evaluate(program, sources, ctx, lanes, alone);
            };
            let scratch = || (LaneWorkspace::default(), scratch.clone());
            if blocks.len() >= PARALLEL && rayon::current_num_threads() > 1 {
                let share = blocks.len().div_ceil(2 * rayon::current_num_threads());
                blocks.par_chunks_mut(share).for_each_init(scratch, |work, chunk| {
                    chunk.iter_mut().for_each(|block| evaluate(work, block));
                });
            } else {
                let mut work = scratch();
                blocks.iter_mut().for_each(|block| evaluate(&mut work, block));
            }
            blocks.iter().for_each(|block| block.stamp(out));
        }
    }
}

impl Block {
    fn new(sources: &[Behavioural], members: &[usize]) -> Self {
        let lane: [usize; LANES] = std::array::from_fn(|l| members[l.min(members.len() - 1)]);
        let of = lane.map(|index| &sources[index]);
        let first = &of[0].formula;
        let channel = |input: usize| {
            let ends = of.map(|source| match source.formula.inputs[input] {
                Input::Unknowns(plus, minus) => [plus, minus],
                _ => [0, 0],
            });
            Channel {
                plus: ends.map(|e| e[0]),
                minus: ends.map(|e| e[1]),
                slots: of.map(|source| source.formula.slots[input]),
            }
        };
        let constant = |k: usize| of.map(|source| source.formula.program.constants()[k]);
        Self {
            used: members.len(),
            sources: lane.map(|index| index as u32),
            plus: of.map(|source| source.plus),
            minus: of.map(|source| source.minus),
            constants: (0..first.program.constants().len()).map(constant).collect(),
            channels: (0..first.inputs.len()).map(channel).collect(),
            inputs: vec![[f64::NAN; LANES]; first.inputs.len()],
            gradient: vec![[0.0; LANES]; first.inputs.len()],
            value: [0.0; LANES],
        }
    }

    fn evaluate(
        &mut self,
        program: &Program,
        sources: &[Behavioural],
        ctx: &Context,
        lanes: &mut LaneWorkspace,
        alone: &mut Scratch,
    ) {
        let mut moved = self.channels.is_empty();
        for (input, channel) in self.inputs.iter_mut().zip(&self.channels) {
            for ((value, &p), &m) in input.iter_mut().zip(&channel.plus).zip(&channel.minus) {
                let new = ctx.x[p as usize] - ctx.x[m as usize];
                moved |= new != *value;
                *value = new;
            }
        }
        if !moved {
            return;
        }
        match program.eval_gradient_lanes(&self.constants, &self.inputs, lanes, &mut self.gradient) {
            Some(values) => self.value = values,
            None => {
                for l in 0..self.used {
                    self.value[l] = sources[self.sources[l] as usize].formula.evaluate(ctx, 0.0, alone);
                    self.gradient.iter_mut().zip(alone.gradient()).for_each(|(lane, slope)| lane[l] = *slope);
                }
            }
        }
    }

    fn stamp(&self, out: &mut Stamps) {
        for l in 0..self.used {
            out.current(self.plus[l], self.minus[l], self.value[l]);
            for (channel, gradient) in self.channels.iter().zip(&self.gradient) {
                let slope = clamped(gradient[l]);
                for (&slot, slope) in channel.slots[l].iter().zip([slope, -slope, -slope, slope]) {
                    out.g[slot as usize] += slope;
                }
            }
        }
    }
}
