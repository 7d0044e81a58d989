//! Block triangular form: a maximum transversal, then the strongly connected components.
//!
//! I. S. Duff, "On algorithms for obtaining a maximum transversal", ACM Trans. Math. Softw. 7 (1981); R. Tarjan,
//! "Depth-first search and linear graph algorithms", SIAM J. Comput. 1 (1972). Both searches keep their own stack.

use super::lu::Singular;
use super::pattern::Pattern;

/// Marks an index that is not set.
pub(super) const NONE: u32 = u32::MAX;

/// A permutation of rows and columns after which all entries lie in or above the diagonal blocks.
#[derive(Clone, Debug)]
pub(super) struct BlockForm {
    /// Original row at each place.
    pub row_perm: Vec<u32>,
    /// Original column at each place.
    pub col_perm: Vec<u32>,
    /// Where each block starts, and the end of the last.
    pub block_ptr: Vec<usize>,
}

impl BlockForm {
    /// Finds the form, or an unknown that no equation determines.
    pub fn new(pattern: &Pattern) -> Result<Self, Singular> {
        let row_of_col = maximum_transversal(pattern)?;
        let (col_perm, block_ptr) = strong_components(pattern, &row_of_col);
        let row_perm = col_perm.iter().map(|&col| row_of_col[col as usize]).collect();
        Ok(Self { row_perm, col_perm, block_ptr })
    }
}

/// Assigns to every column a row of its own in which it has an entry, the diagonal where possible.
fn maximum_transversal(pattern: &Pattern) -> Result<Vec<u32>, Singular> {
    let n = pattern.n();
    let (col_ptr, row_idx) = (pattern.col_ptr(), pattern.row_idx());
    let mut row_of_col = vec![NONE; n];
    let mut col_of_row = vec![NONE; n];
    for col in 0..n {
        if pattern.slot(col, col).is_some() {
            row_of_col[col] = col as u32;
            col_of_row[col] = col as u32;
        }
    }

    // Where to look next for a free row of the column, and for a row to take from another column.
    let mut free_from = col_ptr[..n].to_vec();
    let mut take_from = vec![0; n];
    // The search that last saw a column; one that failed is never worth another visit.
    let mut seen_by = vec![NONE; n];
    const DEAD: u32 = NONE - 1;
    let mut trail: Vec<u32> = Vec::new();
    // The columns of the augmenting path, and the row each wants from the next.
    let mut path: Vec<(u32, u32)> = Vec::new();
    let mut unmatched = None;

    for root in 0..n {
        if row_of_col[root] != NONE {
            continue;
        }
        trail.clear();
        path.clear();
        path.push((root as u32, NONE));
        trail.push(root as u32);
        seen_by[root] = root as u32;
        take_from[root] = col_ptr[root];
        while let Some(&(top, _)) = path.last() {
            let col = top as usize;
            let end = col_ptr[col + 1];
            let level = path.len() - 1;
            let free = (free_from[col]..end).find(|&slot| col_of_row[row_idx[slot] as usize] == NONE);
            free_from[col] = free.unwrap_or(end);
            if let Some(slot) = free {
                path[level].1 = row_idx[slot];
                for &(col, row) in &path {
                    row_of_col[col as usize] = row;
                    col_of_row[row as usize] = col;
                }
                break;
            }
            let unseen = |slot: &usize| {
                let owner = col_of_row[row_idx[*slot] as usize] as usize;
                seen_by[owner] != root as u32 && seen_by[owner] != DEAD
            };
            match (take_from[col]..end).find(unseen) {
                Some(slot) => {
                    take_from[col] = slot + 1;
                    let row = row_idx[slot];
                    let owner = col_of_row[row as usize];
                    path[level].1 = row;
                    path.push((owner, NONE));
                    trail.push(owner);
                    seen_by[owner as usize] = root as u32;
                    take_from[owner as usize] = col_ptr[owner as usize];
                }
                None => {
                    take_from[col] = end;
                    path.pop();
                }
            }
        }
        if path.is_empty() {
            unmatched.get_or_insert(root);
            for &col in &trail {
                seen_by[col as usize] = DEAD;
            }
        }
    }
    match unmatched {
        None => Ok(row_of_col),
        Some(column) if col_of_row[column] == NONE => Err(Singular { column, row: Some(column) }),
        Some(column) => Err(Singular { column, row: col_of_row.iter().position(|&col| col == NONE) }),
    }
}

/// The columns in the order of their blocks, and the block boundaries.
///
/// Column `j` leads to the column matched with each row of `j`. A component is complete only after all it leads to, so
/// that the order of completion puts every entry in or above the diagonal blocks.
fn strong_components(pattern: &Pattern, row_of_col: &[u32]) -> (Vec<u32>, Vec<usize>) {
    let n = pattern.n();
    let (col_ptr, row_idx) = (pattern.col_ptr(), pattern.row_idx());
    let mut col_of_row = vec![0; n];
    for (col, &row) in row_of_col.iter().enumerate() {
        col_of_row[row as usize] = col as u32;
    }

    const DONE: u32 = NONE - 1;
    let mut order = vec![NONE; n];
    let mut low = vec![0; n];
    let mut next = col_ptr[..n].to_vec();
    let mut open: Vec<u32> = Vec::new();
    let mut calls: Vec<u32> = Vec::new();
    let mut columns = Vec::with_capacity(n);
    let mut block_ptr = vec![0];
    let mut count = 0;
    for root in 0..n {
        if order[root] != NONE {
            continue;
        }
        calls.push(root as u32);
        while let Some(&top) = calls.last() {
            let col = top as usize;
            if order[col] == NONE {
                order[col] = count;
                low[col] = count;
                count += 1;
                open.push(top);
            }
            let mut child = None;
            while next[col] < col_ptr[col + 1] && child.is_none() {
                let other = col_of_row[row_idx[next[col]] as usize];
                match order[other as usize] {
                    NONE => child = Some(other),
                    DONE => next[col] += 1,
                    // Either still open or a finished child: its low point is what counts.
                    _ => {
                        low[col] = low[col].min(low[other as usize]);
                        next[col] += 1;
                    }
                }
            }
            if let Some(child) = child {
                calls.push(child);
                continue;
            }
            calls.pop();
            if low[col] == order[col] {
                while let Some(member) = open.pop() {
                    order[member as usize] = DONE;
                    columns.push(member);
                    if member == top {
                        break;
                    }
                }
                block_ptr.push(columns.len());
            }
        }
    }
    (columns, block_ptr)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::PatternBuilder;
    use proptest::prelude::*;

    fn pattern(n: usize, entries: &[(usize, usize)]) -> Pattern {
        let mut builder = PatternBuilder::new(n);
        for &(row, col) in entries {
            builder.entry(row, col);
        }
        builder.build().0
    }

    /// Number of blocks by the transitive closure of the matched graph.
    fn blocks_by_closure(pattern: &Pattern, form: &BlockForm) -> usize {
        let n = pattern.n();
        let mut reach = vec![vec![false; n]; n];
        for (a, from) in reach.iter_mut().enumerate() {
            from[a] = true;
            for (b, to) in from.iter_mut().enumerate() {
                *to |= pattern.slot(form.row_perm[b] as usize, form.col_perm[a] as usize).is_some();
            }
        }
        for via in 0..n {
            for a in 0..n {
                for b in 0..n {
                    reach[a][b] |= reach[a][via] && reach[via][b];
                }
            }
        }
        (0..n).filter(|&a| (0..a).all(|b| !(reach[a][b] && reach[b][a]))).count()
    }

    #[test]
    fn long_chain_does_not_recurse() {
        let n = 200_000;
        let mut entries: Vec<_> = (0..n).map(|k| (k, k)).collect();
        entries.extend((1..n).flat_map(|k| [(k, k - 1), (k - 1, k)]));
        let form = BlockForm::new(&pattern(n, &entries)).unwrap();
        assert_eq!(form.block_ptr, [0, n]);
    }

    #[test]
    fn voltage_source_splits_into_single_blocks() {
        // A node with a conductance, driven by a source whose branch current is the second unknown.
        let form = BlockForm::new(&pattern(2, &[(0, 0), (0, 1), (1, 0)])).unwrap();
        assert_eq!(form.block_ptr, [0, 1, 2]);
    }

    #[test]
    fn names_the_unknown_without_equation() {
        let error = BlockForm::new(&pattern(3, &[(0, 0), (2, 2), (0, 2)])).unwrap_err();
        assert_eq!(error, Singular { column: 1, row: Some(1) });
        // Two columns share the only row; the other row is empty.
        let error = BlockForm::new(&pattern(2, &[(0, 0), (0, 1)])).unwrap_err();
        assert_eq!(error, Singular { column: 1, row: Some(1) });
    }

    proptest! {
        #[test]
        fn nothing_below_the_blocks(n in 1usize..10, extra in prop::collection::vec((0usize..10, 0usize..10), 0..30),
                                    hidden in Just((0..10usize).collect::<Vec<_>>()).prop_shuffle()) {
            // A hidden transversal makes the pattern structurally regular.
            let hidden: Vec<usize> = hidden.into_iter().filter(|&k| k < n).collect();
            let mut entries: Vec<_> = extra.into_iter().filter(|&(r, c)| r < n && c < n).collect();
            entries.extend(hidden.iter().enumerate().map(|(col, &row)| (row, col)));
            let pattern = pattern(n, &entries);
            let form = BlockForm::new(&pattern).unwrap();
            let block_of = |place: usize| form.block_ptr.iter().filter(|&&start| start <= place).count();
            for a in 0..n {
                prop_assert!(pattern.slot(form.row_perm[a] as usize, form.col_perm[a] as usize).is_some());
                for b in 0..n {
                    if pattern.slot(form.row_perm[a] as usize, form.col_perm[b] as usize).is_some() {
                        prop_assert!(block_of(a) <= block_of(b));
                    }
                }
            }
            prop_assert_eq!(form.block_ptr.len() - 1, blocks_by_closure(&pattern, &form));
        }

        #[test]
        fn fails_only_without_transversal(n in 1usize..6, raw in prop::collection::vec((0usize..6, 0usize..6), 0..16)) {
            let entries: Vec<_> = raw.into_iter().filter(|&(r, c)| r < n && c < n).collect();
            let pattern = pattern(n, &entries);
            // Rows reachable by sets of columns, one column at a time.
            let mut sets = std::collections::BTreeSet::from([0u32]);
            for col in 0..n {
                sets = sets.iter().flat_map(|&set| {
                    pattern.column(col).iter().filter(move |&&row| set >> row & 1 == 0).map(move |&row| set | 1 << row)
                }).collect();
            }
            prop_assert_eq!(BlockForm::new(&pattern).is_ok(), !sets.is_empty());
        }
    }
}
