//! Permutations applied in place, so that a solve needs no workspace.

/// A permutation `p` stored as its cycles of two or more elements.
#[derive(Clone, Debug, Default)]
pub(super) struct Permutation {
    /// The cycles one after the other: each element `k` is followed by `p[k]`.
    cycles: Vec<u32>,
    /// Where each cycle ends.
    ends: Vec<usize>,
}

impl Permutation {
    /// The cycles of `p`.
    pub fn new(p: &[u32]) -> Self {
        let mut seen = vec![false; p.len()];
        let mut permutation = Self::default();
        for start in 0..p.len() {
            if seen[start] || p[start] as usize == start {
                continue;
            }
            let mut k = start;
            while !seen[k] {
                seen[k] = true;
                permutation.cycles.push(k as u32);
                k = p[k] as usize;
            }
            permutation.ends.push(permutation.cycles.len());
        }
        permutation
    }

    /// Replaces `x[k]` by `x[p[k]]`, for all `k` at once.
    pub fn gather<T: Copy>(&self, x: &mut [T]) {
        self.for_each_cycle(|cycle| {
            let first = x[cycle[0] as usize];
            for pair in cycle.windows(2) {
                x[pair[0] as usize] = x[pair[1] as usize];
            }
            x[cycle[cycle.len() - 1] as usize] = first;
        });
    }

    /// Replaces `x[p[k]]` by `x[k]`, for all `k` at once.
    pub fn scatter<T: Copy>(&self, x: &mut [T]) {
        self.for_each_cycle(|cycle| {
            let last = x[cycle[cycle.len() - 1] as usize];
            for pair in cycle.windows(2).rev() {
                x[pair[1] as usize] = x[pair[0] as usize];
            }
            x[cycle[0] as usize] = last;
        });
    }

    fn for_each_cycle(&self, mut visit: impl FnMut(&[u32])) {
        let mut start = 0;
        for &end in &self.ends {
            visit(&self.cycles[start..end]);
            start = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn gather_and_scatter_follow_their_definitions(p in Just((0..13u32).collect::<Vec<_>>()).prop_shuffle()) {
            let permutation = Permutation::new(&p);
            let mut x: Vec<u32> = (100..113).collect();
            permutation.gather(&mut x);
            prop_assert!((0..13).all(|k| x[k] == 100 + p[k]));
            permutation.scatter(&mut x);
            prop_assert_eq!(x, (100..113).collect::<Vec<_>>());
        }
    }
}
