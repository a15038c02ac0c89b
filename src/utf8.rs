//! Malformed UTF-8, told apart.
//!
//! `str::from_utf8` says where the first fault is. This room finds every fault
//! and says which of the ways to be wrong it is (Unicode table 3-7), because
//! the answer to a client differs: a sequence cut in half, an overlong form
//! and a Latin-1 octet have different culprits and different remedies.
//!
//! It does not guess what a fault was meant to be; that is `charset`'s work.

use crate::octet::{continuations, is_continuation};
use std::ops::Range;

/// A way in which octets fail to be UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Malformation {
    /// A sequence beyond U+10FFFF: `F4 90…`, or `F5`–`F7` with continuations.
    BeyondUnicode,
    /// A lead octet whose continuations do not follow, with more text after it.
    Interrupted,
    /// An octet that starts nothing: `C0`, `C1` or `F5`–`FF` on its own.
    InvalidOctet,
    /// A continuation octet, 80–BF, that belongs to no lead.
    LoneContinuation,
    /// More octets than the character needs: `C0 AF`, `E0 80 AF`, `F0 80 80 AF`.
    Overlong,
    /// One half of a surrogate pair: `ED A0 80`–`ED BF BF`.
    Surrogate,
    /// Both halves of a surrogate pair, six octets: CESU-8.
    SurrogatePair,
    /// A well-started sequence that the end of the value cuts off.
    Truncated,
}

/// One fault: which octets, and in which way they are wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The octets at fault, as offsets into the value.
    pub span: Range<usize>,
    /// The way in which they are wrong.
    pub how: Malformation,
}

/// Every fault of `value`, in order; nothing when it is well-formed UTF-8.
///
/// The spans are disjoint, and what lies between two of them is well-formed.
///
/// ```
/// use headguard::utf8::{Malformation, errors};
///
/// let found: Vec<_> = errors(b"a\xC0\xAFb\xC3").collect();
/// assert_eq!((found[0].span.clone(), found[0].how), (1..3, Malformation::Overlong));
/// assert_eq!((found[1].span.clone(), found[1].how), (4..5, Malformation::Truncated));
/// ```
#[must_use]
pub fn errors(value: &[u8]) -> Errors<'_> {
    Errors { value, at: 0 }
}

/// Iterator over the faults of a value; see [`errors`].
#[derive(Clone, Debug)]
pub struct Errors<'v> {
    value: &'v [u8],
    at: usize,
}

impl Iterator for Errors<'_> {
    type Item = Malformed;

    fn next(&mut self) -> Option<Malformed> {
        while let Some(rest) = self.value.get(self.at..)
            && let Some(&first) = rest.first()
        {
            if first < 0x80 {
                self.at += rest.iter().take_while(|octet| octet.is_ascii()).count();
                continue;
            }
            match sequence(rest) {
                Ok(length) => self.at += length,
                Err((length, how)) => {
                    let start = self.at;
                    self.at += length;
                    return Some(Malformed {
                        span: start..self.at,
                        how,
                    });
                }
            }
        }
        None
    }
}

/// Whether some overlong form starts with this octet.
pub(crate) const fn leads_to_overlong(octet: u8) -> bool {
    (octet == 0xc0) | (octet == 0xc1) | (octet == 0xe0) | (octet == 0xf0)
}

/// Reads the sequence `rest` starts with: its length, or the length and nature
/// of the fault. `rest` starts with an octet of 80–FF.
pub(crate) fn sequence(rest: &[u8]) -> Result<usize, (usize, Malformation)> {
    let Some((&lead, tail)) = rest.split_first() else {
        return Ok(0);
    };
    // How many continuations are really there, of the at most three that matter.
    let present = |wanted: usize| {
        tail.iter()
            .take(wanted)
            .take_while(|&&octet| is_continuation(octet))
            .count()
    };
    let second = tail.first().copied().unwrap_or(0);

    match lead {
        0x00..=0x7f => Ok(1),
        0x80..=0xbf => Err((1, Malformation::LoneContinuation)),
        // `C0 80` is modified UTF-8's NUL; all of C0 and C1 spell ASCII in two octets.
        0xc0 | 0xc1 if present(1) == 1 => Err((2, Malformation::Overlong)),
        0xe0 if (0x80..0xa0).contains(&second) => Err((1 + present(2), Malformation::Overlong)),
        0xf0 if (0x80..0x90).contains(&second) => Err((1 + present(3), Malformation::Overlong)),
        0xed if (0xa0..0xc0).contains(&second) && present(2) == 2 => {
            let pair =
                second < 0xb0 && matches!(rest.get(3..6), Some([0xed, 0xb0..=0xbf, 0x80..=0xbf]));
            Err(if pair {
                (6, Malformation::SurrogatePair)
            } else {
                (3, Malformation::Surrogate)
            })
        }
        0xed if (0xa0..0xc0).contains(&second) => Err((1, Malformation::Interrupted)),
        0xf4 if (0x90..0xc0).contains(&second) => {
            Err((1 + present(3), Malformation::BeyondUnicode))
        }
        0xf5..=0xf7 if present(3) == 3 => Err((4, Malformation::BeyondUnicode)),
        _ => match continuations(lead) {
            None => Err((1, Malformation::InvalidOctet)),
            Some(wanted) => {
                let found = present(wanted);
                if found == wanted {
                    Ok(1 + wanted)
                } else if tail.len() == found {
                    Err((1 + found, Malformation::Truncated))
                } else {
                    Err((1 + found, Malformation::Interrupted))
                }
            }
        },
    }
}

/// The character that six octets of a surrogate pair were meant as.
pub(crate) fn surrogate_pair(octets: &[u8]) -> Option<char> {
    let &[
        0xed,
        high @ 0xa0..=0xaf,
        middle @ 0x80..=0xbf,
        0xed,
        low @ 0xb0..=0xbf,
        last @ 0x80..=0xbf,
    ] = octets
    else {
        return None;
    };
    let bits = |octet: u8, most: u8| u32::from(octet & most);
    char::from_u32(
        0x1_0000
            + (bits(high, 0x0f) << 16)
            + (bits(middle, 0x3f) << 10)
            + (bits(low, 0x0f) << 6)
            + bits(last, 0x3f),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The obvious twin: std marks maximal subparts, octet by octet.
    fn twin(value: &[u8]) -> Vec<bool> {
        let mut bad = Vec::new();
        for chunk in value.utf8_chunks() {
            bad.extend(chunk.valid().bytes().map(|_| false));
            bad.extend(chunk.invalid().iter().map(|_| true));
        }
        bad
    }

    fn marks(value: &[u8]) -> Vec<bool> {
        let mut bad = vec![false; value.len()];
        for error in errors(value) {
            for mark in &mut bad[error.span] {
                assert!(!*mark, "spans overlap in {value:02x?}");
                *mark = true;
            }
        }
        bad
    }

    #[test]
    fn agrees_with_std_on_all_short_sequences() {
        // Every class boundary of table 3-7, in every combination of five octets.
        let edges = [
            0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed,
            0xf0, 0xf4, 0xf5, 0xff,
        ];
        let n = edges.len();
        for code in 0..n.pow(5) {
            let value: Vec<u8> = (0..5).map(|i| edges[code / n.pow(i) % n]).collect();
            assert_eq!(marks(&value), twin(&value), "{value:02x?}");
        }
    }

    #[test]
    fn surrogate_pairs_are_one_fault() {
        let found: Vec<_> = errors(b"\xED\xA0\xBD\xED\xB1\xA8").collect();
        assert_eq!(
            found,
            [Malformed {
                span: 0..6,
                how: Malformation::SurrogatePair
            }]
        );
    }

    #[test]
    fn a_surrogate_pair_is_the_character_that_utf16_makes_of_it() {
        let mut units = [0; 2];
        for code in (0x1_0000..=0x10_ffff).step_by(37).chain([0x10_ffff]) {
            let character = char::from_u32(code).expect("no surrogate is beyond U+FFFF");
            let octets: Vec<u8> = character
                .encode_utf16(&mut units)
                .iter()
                .flat_map(|&unit| {
                    let low = |shift: u32| u8::try_from(unit >> shift & 0x3f).unwrap_or_default();
                    [0xed, 0x80 | low(6), 0x80 | low(0)]
                })
                .collect();
            assert_eq!(surrogate_pair(&octets), Some(character), "U+{code:04X}");
        }
        assert_eq!(surrogate_pair(b"\xED\xB1\xA8\xED\xA0\xBD"), None);
        assert_eq!(surrogate_pair(b"\xED\xA0\xBD"), None);
    }
}
