//! "Did you mean …": the nearest of a few names.

/// The candidate nearest to `name`, if it is near enough to be meant.
pub(super) fn nearest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    // A name of one or two letters is near to everything.
    let bound = (name.chars().count() / 3).min(4);
    candidates
        .into_iter()
        // Names differ by at least what their lengths do: a name of a megabyte is not compared.
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= 4 * bound)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|&(distance, _)| distance <= bound)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// How many characters to insert, remove, replace or swap with their
/// neighbour (optimal string alignment). Case does not count.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.to_lowercase().chars().collect();
    let other: Vec<char> = other.to_lowercase().chars().collect();
    let mut older: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, &a) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, &b) in other.iter().enumerate() {
            let at =
                |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
            let mut least = (at(&row, j) + usize::from(a != b))
                .min(at(&row, j + 1) + 1)
                .min(at(&next, j) + 1);
            let swapped =
                i > 0 && j > 0 && one.get(i - 1) == Some(&b) && other.get(j - 1) == Some(&a);
            if swapped {
                least = least.min(at(&older, j - 1) + 1);
            }
            next.push(least);
        }
        older = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("head", "head", 0),
            ("Head", "head", 0),
            ("haed", "head", 1),
            ("hed", "head", 1),
            ("heads", "head", 1),
            ("heat", "head", 1),
            ("limits-head", "limits.head", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn only_what_can_be_meant_is_suggested() {
        let names = ["head", "field", "fields", "target"];
        assert_eq!(nearest("haed", names), Some("head"));
        assert_eq!(nearest("feilds", names), Some("fields"));
        assert_eq!(nearest("zzz", names), None);
        assert_eq!(nearest("x", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest(&"x".repeat(1 << 20), names), None);
    }
}
