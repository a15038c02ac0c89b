//! Which part of a value tells its charset.

/// How many octets are judged at most: more say no more, and take longer.
pub(super) const JUDGED: usize = 256;

/// What of a value is judged: the quoted string that its octets of 80–FF are
/// in, or all of it, within the limit.
pub(super) fn judged(value: &[u8]) -> &[u8] {
    let is_high = |octet: &u8| !octet.is_ascii();
    let first = value.iter().position(is_high).unwrap_or(0);
    let last = value.iter().rposition(is_high).unwrap_or(0);
    let open = value
        .get(..first)
        .unwrap_or_default()
        .windows(2)
        .rposition(|pair| pair == b"=\"");
    let close = value
        .get(last..)
        .unwrap_or_default()
        .iter()
        .position(|&octet| octet == b'"');
    let (start, end) = match (open, close) {
        (Some(open), Some(close)) => (open + 2, last + close),
        _ => (0, value.len()),
    };
    // Whole words before the first, and no character of several octets cut
    // through: none has an octet below 30.
    let start = if first > start + LEAD {
        let from = first - LEAD;
        let space = value.get(from..first).unwrap_or_default();
        space
            .iter()
            .position(|&octet| octet < 0x30)
            .map_or(first, |space| from + space)
    } else {
        start
    };
    let cut = value.get(start..end).unwrap_or_default();
    match cut.get(..JUDGED) {
        None => cut,
        Some(cut) => {
            let end = cut.iter().rposition(|&octet| octet < 0x30);
            cut.get(..end.unwrap_or(JUDGED)).unwrap_or(cut)
        }
    }
}

/// Octets of ASCII before the first of 80–FF that are judged with it.
const LEAD: usize = 64;
