//! Whether a value that is not UTF-8 was meant as Western text.
//!
//! `charset` judges the letters; this room judges the way in which the octets
//! fail to be UTF-8, which comes first: text that was cut off or that hides
//! behind overlong forms is not Western because its octets could be.

use crate::charset;
use crate::finding::Confidence;
use crate::utf8::{self, Malformation};
use crate::{characters, mojibake};

/// How plausibly a value that is not UTF-8 was meant as windows-1252.
///
/// The way in which it is not UTF-8 comes first: valid multi-octet sequences
/// or a whole overlong form are not what Western text happens to look like.
pub(crate) fn western(value: &[u8]) -> Option<Confidence> {
    let mut at = 0;
    let mut faults = 0;
    let mut by_chance = 0;
    let mut cut_off = None;
    while let Some(rest) = value.get(at..).filter(|rest| !rest.is_empty()) {
        at += match utf8::sequence(rest) {
            Ok(1) => 1,
            // `É®` is ɮ, and `É` with a no-break space ɠ.
            Ok(2) if is_by_chance(rest) => {
                by_chance += 1;
                2
            }
            Ok(_) => return None,
            Err((length, how)) => {
                let lead = *rest.first()?;
                let whole = length == whole_length(lead);
                match how {
                    Malformation::Surrogate | Malformation::SurrogatePair => return None,
                    // `E0 94` is how `à”` starts, `E0 94 AF` is not.
                    Malformation::Overlong | Malformation::BeyondUnicode if whole => return None,
                    Malformation::Truncated => cut_off = Some(at..at + length),
                    _ => {}
                }
                faults += 1;
                length
            }
        };
    }
    // One among several faults; none by itself makes Latin-1 of UTF-8.
    if by_chance > 1 || (by_chance == 1 && faults < 2) {
        return None;
    }
    let ends = match cut_off {
        Some(tail) if faults == 1 => word_end(value.get(..tail.start)?, value.get(tail)?)?,
        _ => Confidence::Certain,
    };
    Some(charset::plausibility(value)?.min(ends))
}

/// Whether `rest` starts with a character that nobody writes in a header, and
/// that is nothing to be reported either.
fn is_by_chance(rest: &[u8]) -> bool {
    rest.get(..2)
        .and_then(|octets| std::str::from_utf8(octets).ok()?.chars().next())
        .is_some_and(|character| {
            !mojibake::is_in_use(character) && characters::kind("", character, "").is_none()
        })
}

/// How long a sequence is that starts with `lead`, also when nothing
/// well-formed starts with it.
const fn whole_length(lead: u8) -> usize {
    match lead {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    }
}

/// How plausibly a lead octet at the very end is the last letter of a word
/// (`Café`, `IRMÃ`, `Nescafé®`) rather than the start of a character that was
/// cut off.
fn word_end(before: &[u8], tail: &[u8]) -> Option<Confidence> {
    use Confidence::{Likely, Possible};
    let (&previous, earlier) = before.split_last()?;
    let letters = || before.iter().filter(|octet| octet.is_ascii_alphabetic());
    match tail {
        [0xe0..=0xf6 | 0xf8..=0xff] if previous.is_ascii_lowercase() => Some(Likely),
        // NBSP … ’ ” ™ › © ® » after it. `E2` starts the UTF-8 forms of such marks.
        [
            0xe0 | 0xe1 | 0xe3..=0xef,
            0x85 | 0x92 | 0x94 | 0x99 | 0x9b | 0xa0 | 0xa9 | 0xae | 0xbb,
        ] if previous.is_ascii_lowercase() => Some(Likely),
        // `dov'è`, and `chi è`, which may be the start of `chi 請`.
        [0xe0 | 0xe1 | 0xe3..=0xef] if letters().nth(1).is_some() => match previous {
            b'\'' => Some(Likely),
            b' ' => Some(Possible),
            _ => None,
        },
        // `IRMÃ`, and where all is in capitals `SANTA FÉ`, `OÜ` and `AS Õ`. C3
        // and the like start most letters of UTF-8: `T` and C3 is one cut off.
        [lead @ 0xc0..=0xde] if letters().next().is_some() => {
            let common = matches!(lead, 0xc2..=0xc5 | 0xce..=0xd1);
            let in_word = previous.is_ascii_uppercase();
            let capitals = letters().all(u8::is_ascii_uppercase);
            let long = in_word && earlier.last().is_some_and(u8::is_ascii_uppercase);
            match previous {
                _ if long || (in_word && capitals && (!common || letters().nth(1).is_some())) => {
                    Some(Likely)
                }
                b' ' if capitals && !common => Some(Likely),
                b' ' if !common && letters().nth(1).is_some() => Some(Possible),
                _ => None,
            }
        }
        _ => None,
    }
}
