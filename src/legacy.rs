//! Whether a value that is not UTF-8 was wholly in a legacy charset.
//!
//! `charset` judges the letters; this room judges the way in which the octets
//! fail to be UTF-8, which comes first: text that was cut off, that hides
//! behind overlong forms or that is UTF-8 in part is not legacy text because
//! its octets could be.

use crate::charset::{self, Charset, Context};
use crate::finding::Confidence;
use crate::utf8::{self, Malformation};
use crate::{characters, mojibake};
use std::ops::Range;

/// The charset that all of a value was in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Legacy {
    pub(crate) charset: Charset,
    pub(crate) confidence: Confidence,
}

/// The legacy charset that all of `value` was in, if it was in one; with
/// [`Confidence::Possible`] when it was, and nobody can tell which.
///
/// A value of characters in UTF-8 and octets of a legacy charset is none of
/// these, nor is one that is UTF-8 with faults.
pub(crate) fn wholly(value: &[u8], context: Context) -> Option<Legacy> {
    whole(value, context, word_end)
}

/// The same for octets that came out of escapes, which are seldom cut off.
pub(crate) fn wholly_in_escapes(octets: &[u8], context: Context) -> Option<Legacy> {
    whole(octets, context, escaped_word_end)
}

fn whole(
    value: &[u8],
    context: Context,
    word_end: impl Fn(&[u8], &[u8]) -> Option<Confidence>,
) -> Option<Legacy> {
    let shape = Shape::of(value)?;
    let ends = match &shape.cut_off {
        Some(tail) if shape.faults == 1 => {
            word_end(value.get(..tail.start)?, value.get(tail.clone())?)?
        }
        _ => Confidence::Certain,
    };
    // UTF-8 with few faults is UTF-8, whatever its octets could be besides.
    let few =
        shape.faults < 2 || shape.faults <= 2 * shape.usual || shape.faults < shape.well_formed;
    if few && shape.well_formed + shape.forbidden > 0 {
        return None;
    }
    let judged = charset::judge(value, context)?;
    // Accented letters are seldom side by side: two octets that are UTF-8 are
    // UTF-8. In charsets where letters follow letters they often are by chance.
    let is_chance = judged.gain > shape.as_utf8();
    let seldom = judged.is_latin
        && (shape.well_formed > 0 || shape.forbidden > 0 || shape.by_chance > shape.faults);
    if seldom || (shape.well_formed + shape.forbidden > 0 && !is_chance) {
        return None;
    }
    let in_word = match has_broken_word(value, judged.charset) {
        true => Confidence::Possible,
        false => Confidence::Certain,
    };
    Some(Legacy {
        charset: judged.charset,
        confidence: judged.confidence.min(ends).min(in_word),
    })
}

/// Whether a word is broken by what no word has: it is what is left of a letter
/// of UTF-8 that lost an octet, as in `Su©cia` and `BristÃn`, or of a mark:
/// `T€™ai`.
fn has_broken_word(value: &[u8], charset: Charset) -> bool {
    let is_sign = |&octet: &u8| charset.char(octet).is_some_and(breaks_words);
    let mut before = None;
    let mut rest = value;
    for run in value.chunk_by(|one, next| one.is_ascii() == next.is_ascii()) {
        rest = rest.get(run.len()..).unwrap_or_default();
        let after = rest.first();
        let is_letter = |octet: Option<&u8>| octet.is_some_and(u8::is_ascii_alphabetic);
        let is_broken = match run {
            [0x00..=0x7f, ..] => false,
            // The leads of most Latin letters are capitals.
            [0xc2..=0xc5] if before.is_some_and(u8::is_ascii_lowercase) => true,
            // `Intel®Core`
            [0x99 | 0xae] if after.is_some_and(u8::is_ascii_uppercase) => false,
            _ => is_letter(before) && is_letter(after) && run.iter().all(is_sign),
        };
        if is_broken {
            return true;
        }
        before = run.last();
    }
    false
}

/// Whether no word has this character between two letters.
fn breaks_words(character: char) -> bool {
    !character.is_alphabetic()
        && !matches!(
            character,
            '’' | '‘' | '´' | '·' | '–' | '—' | '\u{a0}' | '\u{ad}' | '…'
        )
}

/// The way in which a value is not UTF-8.
#[derive(Default)]
struct Shape {
    faults: usize,
    /// The last fault, where it is a character that ends too early.
    cut_off: Option<Range<usize>>,
    /// Well-formed characters that nobody writes.
    by_chance: usize,
    /// Well-formed characters of two octets, and what they would gain.
    well_formed: usize,
    /// Those among them that UTF-8 mostly is for.
    usual: usize,
    gain: i32,
    /// Whole forms that nothing in UTF-8 may have, as overlong ones.
    forbidden: usize,
}

impl Shape {
    /// `None` for what is UTF-8 or hides behind its forms.
    fn of(value: &[u8]) -> Option<Self> {
        let mut shape = Shape::default();
        let mut at = 0;
        let mut fault_end = usize::MAX;
        while let Some(rest) = value.get(at..).filter(|rest| !rest.is_empty()) {
            at += match utf8::sequence(rest) {
                Ok(1) => 1,
                // `É®` is ɮ, and `É` with a no-break space ɠ.
                Ok(2) if is_by_chance(rest) => {
                    shape.by_chance += 1;
                    shape.gain -= 32;
                    2
                }
                // Nobody's characters, as `李芳` in GBK has one.
                Ok(3) if matches!(rest, [0xee, ..] | [0xef, 0x80..=0xa3, ..]) => {
                    shape.by_chance += 1;
                    3
                }
                Ok(2) if is_in_latin_word(value, at) => {
                    shape.gain -= 32;
                    2
                }
                // Between octets that are not UTF-8, chance is likelier.
                Ok(length)
                    if fault_end == at
                        || rest.get(length..).is_some_and(|next| {
                            !next.is_empty() && utf8::sequence(next).is_err()
                        }) =>
                {
                    shape.well_formed += 1;
                    shape.gain += if length == 2 { 40 } else { 80 };
                    length
                }
                Ok(length) => {
                    shape.well_formed += 1;
                    // Latin letters with accents are what UTF-8 mostly is for.
                    let is_latin = matches!(rest.first(), Some(0xc2 | 0xc3));
                    let is_usual = is_latin || length > 2;
                    shape.usual += usize::from(is_usual);
                    shape.gain += if is_usual { 144 } else { 80 };
                    length
                }
                Err((length, how)) => {
                    let lead = *rest.first()?;
                    let whole = length == whole_length(lead);
                    match how {
                        Malformation::SurrogatePair => return None,
                        // `E0 94` is how `à”` starts, `E0 94 AF` is not.
                        Malformation::Surrogate
                        | Malformation::Overlong
                        | Malformation::BeyondUnicode
                            if whole =>
                        {
                            shape.forbidden += 1;
                            shape.gain += 80;
                        }
                        Malformation::Truncated => shape.cut_off = Some(at..at + length),
                        _ => {}
                    }
                    shape.faults += 1;
                    fault_end = at + length;
                    length
                }
            };
        }
        // `이` and `은` in EUC-KR start as overlong forms do, but not alone.
        let hides = 2 * shape.faults <= 3 * shape.forbidden && shape.forbidden > 0;
        (!hides).then_some(shape)
    }

    /// What more than noise speaks for UTF-8 with faults in it.
    fn as_utf8(&self) -> i32 {
        self.gain - i32::try_from(self.faults - self.forbidden).unwrap_or(i32::MAX / 64) * 16
    }
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

/// Whether the two octets at `at` are a letter of another script in the midst
/// of ASCII letters: `Ó£` in `SPÓ£KA` is a Cyrillic letter.
fn is_in_latin_word(value: &[u8], at: usize) -> bool {
    let is_letter = |at: Option<usize>| {
        at.and_then(|at| value.get(at))
            .is_some_and(u8::is_ascii_alphabetic)
    };
    matches!(value.get(at), Some(0xcd..=0xdf))
        && is_letter(at.checked_sub(1))
        && is_letter(at.checked_add(2))
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
        [0xdf..=0xf6 | 0xf8..=0xff] if previous.is_ascii_lowercase() => Some(Likely),
        // `Santa Fé`: ideographs touch no Latin letters where all else is Latin.
        // Vietnamese, marks, kana and emoji start with those left out.
        [0xe0 | 0xe4..=0xef | 0xf1..=0xf6 | 0xf8..=0xfd]
            if previous.is_ascii_uppercase()
                && earlier.last() == Some(&b' ')
                && earlier.is_ascii()
                && letters().nth(3).is_some() =>
        {
            Some(Likely)
        }
        // `Vara OÜ`, `Netz NÖ`: nor do the scripts that start with these, as Hebrew.
        [0xd2..=0xde]
            if previous.is_ascii_uppercase()
                && earlier.is_ascii()
                && letters().nth(3).is_some() =>
        {
            Some(Likely)
        }
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

/// How plausibly an escaped lead octet at the very end is the last letter of a
/// word: `Luis%20S%E1`, `O%DC`.
fn escaped_word_end(before: &[u8], tail: &[u8]) -> Option<Confidence> {
    let previous = before.last()?;
    match tail {
        [0xdf..=0xf6 | 0xf8..=0xff] if previous.is_ascii_alphabetic() => Some(Confidence::Likely),
        [0xc0 | 0xc1 | 0xc6..=0xcd | 0xd2..=0xde] if previous.is_ascii_uppercase() => {
            Some(Confidence::Likely)
        }
        _ => word_end(before, tail),
    }
}
