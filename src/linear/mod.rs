//! placeholder until the kernels land
#[derive(Default)]
pub struct PatternBuilder { entries: Vec<(u32, u32)> }
impl PatternBuilder {
    pub fn entry(&mut self, row: usize, col: usize) -> usize { self.entries.push((row as u32, col as u32)); self.entries.len() - 1 }
}
