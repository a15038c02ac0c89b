//! One question to many octets at a time.
//!
//! The questions are put without branches, so that the compiler makes vector
//! compares of them: most values answer no in a few instructions.

/// Octets asked at once: what every processor has registers for.
const LANES: usize = 16;

/// Whether some octet passes the test.
pub(crate) fn any(octets: &[u8], test: impl Fn(u8) -> bool) -> bool {
    // The end is read as one more whole block that overlaps the one before.
    match octets.last_chunk::<LANES>() {
        Some(last) => {
            let (blocks, _) = octets.as_chunks::<LANES>();
            blocks.iter().any(|block| in_block(block, &test)) || in_block(last, &test)
        }
        None => octets.iter().any(|&octet| test(octet)),
    }
}

/// Where the octets are that pass the test, in order.
pub(crate) fn places(octets: &[u8], test: impl Fn(u8) -> bool) -> impl Iterator<Item = usize> {
    let (blocks, _) = octets.as_chunks::<LANES>();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            if at % LANES == 0
                && let Some(block) = blocks.get(at / LANES)
                && !in_block(block, &test)
            {
                at += LANES;
                continue;
            }
            let here = at;
            let octet = *octets.get(here)?;
            at += 1;
            if test(octet) {
                return Some(here);
            }
        }
    })
}

#[inline(always)]
fn in_block(block: &[u8; LANES], test: &impl Fn(u8) -> bool) -> bool {
    let mut found = 0;
    for &octet in block {
        found |= u8::from(test(octet));
    }
    found != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_every_length() {
        let test = |octet| octet == b'?';
        for length in 0..=50 {
            for one in 0..length {
                for other in one..length {
                    let mut octets = vec![b'a'; length];
                    octets[one] = b'?';
                    octets[other] = b'?';
                    let twin: Vec<_> = (0..length).filter(|&at| octets[at] == b'?').collect();
                    assert_eq!(places(&octets, test).collect::<Vec<_>>(), twin);
                    assert!(any(&octets, test));
                }
            }
            assert!(!any(&vec![b'a'; length], test));
            assert_eq!(places(&vec![b'a'; length], test).next(), None);
        }
    }
}
