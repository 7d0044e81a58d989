//! Independent parts of a large block: subtrees of its elimination tree.
//!
//! Columns of different subtrees never meet before the columns above both, so factorisation and solution take them side by
//! side. The order is changed only between columns that do not depend on each other, which changes neither fill-in nor
//! arithmetic. J. W. H. Liu, "The role of elimination trees in sparse factorization", SIAM J. Matrix Anal. Appl. 11 (1990).

use super::blocks::NONE;

/// Parts that are made, whatever the number of threads, so that results do not depend on it.
pub(super) const PARTS: usize = 4;

/// Smaller blocks are not worth it.
const SMALLEST: usize = 2000;

/// Share of the arithmetic that must be in the parts.
const LEAST_SHARE: f64 = 0.35;

/// Subtrees heavier than this share are divided further.
const LARGEST_SUBTREE: f64 = 0.25;

/// An order of the columns and the ends of the parts in it; what follows the last part needs all of them.
pub(super) struct Partition {
    /// Old place of each new place.
    pub order: Vec<u32>,
    /// End of each part.
    pub ends: [usize; PARTS],
}

/// Divides a block given by columns (places in elimination order, any triangle or both); nothing when it is small or hangs
/// together.
pub(super) fn partition(n: usize, entries: impl Iterator<Item = (u32, u32)>) -> Option<Partition> {
    if n < SMALLEST {
        return None;
    }
    let (starts, lower) = by_later(n, entries);
    let (parent, count) = elimination_tree(n, &starts, &lower);
    let work = |column: usize| f64::from(count[column]).powi(2);
    let mut weight: Vec<f64> = (0..n).map(work).collect();
    let mut children: Vec<Vec<u32>> = vec![Vec::new(); n];
    let mut open: Vec<u32> = Vec::new();
    for column in 0..n {
        match parent[column] {
            NONE => open.push(column as u32),
            up => {
                weight[up as usize] += weight[column];
                children[up as usize].push(column as u32);
            }
        }
    }
    let total: f64 = open.iter().map(|&root| weight[root as usize]).sum();

    // divide the heaviest subtrees; their roots go to the top
    let mut subtrees = Vec::new();
    while let Some(root) = open.pop() {
        if weight[root as usize] > LARGEST_SUBTREE * total {
            open.extend(&children[root as usize]);
        } else {
            subtrees.push(root);
        }
    }
    subtrees.sort_by(|&a, &b| weight[b as usize].total_cmp(&weight[a as usize]).then(a.cmp(&b)));
    let inside: f64 = subtrees.iter().map(|&root| weight[root as usize]).sum();
    if inside < LEAST_SHARE * total {
        return None;
    }
    let top = PARTS as u8;
    let mut part = vec![top; n];
    let mut load = [0.0f64; PARTS];
    for &root in &subtrees {
        let lightest = (0..PARTS).min_by(|&a, &b| load[a].total_cmp(&load[b])).unwrap_or(0);
        load[lightest] += weight[root as usize];
        part[root as usize] = lightest as u8;
    }
    for column in (0..n).rev() {
        if part[column] == top && parent[column] != NONE {
            part[column] = part[parent[column] as usize];
        }
    }
    let mut order: Vec<u32> = (0..n as u32).collect();
    order.sort_by_key(|&column| part[column as usize]);
    let mut ends = [0; PARTS];
    for &part in part.iter().filter(|&&part| part < top) {
        ends[part as usize..].iter_mut().for_each(|end| *end += 1);
    }
    Some(Partition { order, ends })
}

/// The earlier partners of every column, where each column's start, and the end of the last.
fn by_later(n: usize, entries: impl Iterator<Item = (u32, u32)>) -> (Vec<usize>, Vec<u32>) {
    let pairs: Vec<(u32, u32)> = entries.filter(|(a, b)| a != b).map(|(a, b)| (a.max(b), a.min(b))).collect();
    let mut starts = vec![0; n + 1];
    for &(later, _) in &pairs {
        starts[later as usize + 1] += 1;
    }
    for k in 0..n {
        starts[k + 1] += starts[k];
    }
    let mut next = starts.clone();
    let mut earlier = vec![0; pairs.len()];
    for (later, partner) in pairs {
        earlier[next[later as usize]] = partner;
        next[later as usize] += 1;
    }
    (starts, earlier)
}

/// Parent of every column, and the number of entries of its column of L with the diagonal.
fn elimination_tree(n: usize, starts: &[usize], earlier: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut parent = vec![NONE; n];
    let mut count = vec![1; n];
    let mut seen = vec![NONE; n];
    for row in 0..n {
        seen[row] = row as u32;
        for &partner in &earlier[starts[row]..starts[row + 1]] {
            let mut column = partner as usize;
            while seen[column] != row as u32 {
                seen[column] = row as u32;
                count[column] += 1;
                if parent[column] == NONE {
                    parent[column] = row as u32;
                }
                column = parent[column] as usize;
            }
        }
    }
    (parent, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grid in its natural order hangs together; a grid in nested order does not.
    #[test]
    fn parts_do_not_touch_each_other() {
        let side = 64u32;
        // vertical strips first, the columns between them last
        let walls = [7, 15, 23, 31, 39, 47, 55];
        let mut places: Vec<(u32, u32)> = (0..side).flat_map(|x| (0..side).map(move |y| (x, y))).collect();
        places.sort_by_key(|(x, _)| (walls.contains(x), *x));
        let mut number = vec![0; (side * side) as usize];
        for (k, (x, y)) in places.iter().enumerate() {
            number[(x * side + y) as usize] = k as u32;
        }
        let at = |x: u32, y: u32| number[(x * side + y) as usize];
        let right = (0..side - 1).flat_map(|x| (0..side).map(move |y| ((x, y), (x + 1, y))));
        let up = (0..side).flat_map(|x| (0..side - 1).map(move |y| ((x, y), (x, y + 1))));
        let entries: Vec<(u32, u32)> = right.chain(up).map(|(a, b)| (at(a.0, a.1), at(b.0, b.1))).collect();
        let n = (side * side) as usize;
        let found = partition(n, entries.iter().copied()).expect("parts");
        assert!(found.ends[PARTS - 1] < n && found.ends[0] > n / 8, "{:?}", found.ends);
        let mut place = vec![0; n];
        found.order.iter().enumerate().for_each(|(new, &old)| place[old as usize] = new);
        let part = |old: u32| found.ends.iter().position(|&end| place[old as usize] < end);
        for (a, b) in entries {
            if let (Some(a), Some(b)) = (part(a), part(b)) {
                assert_eq!(a, b);
            }
        }
        assert!(partition(100, std::iter::empty()).is_none());
    }
}
