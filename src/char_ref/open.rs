//! References without the `;` that ends them: `Secretar&#237a`, `Pich&eacute`.
//!
//! Without the `;` anything may be meant: `Lots #9&#10`, `Smith&ethan`. What
//! tells a reference is the word around it. A letter beyond ASCII that touches
//! letters of its own script, in their case, was meant; so was an apostrophe
//! between two letters and a dash between two words. A number that stands alone
//! is only possible, unless another reference in the value shows how it was
//! written.
//!
//! Hexadecimal digits run into the letters that follow (`&#xE9cole`): every way
//! to end the number is tried, and where only one makes sense it is taken.

use super::{Evidence, Expansion, Reference, expansion, name, number, numeric};
use crate::characters;
use crate::finding::Confidence;

/// The reference without `;` that starts at `at`.
pub(super) fn reference(value: &[u8], at: usize, evidence: Evidence) -> Option<Reference> {
    let tail = value.get(at + 1..)?;
    let found = match tail {
        [b'#', b'x' | b'X', digits @ ..] => hexadecimal(value, at, digits),
        [b'#', digits @ ..] => decimal(value, at, digits),
        _ => match (by_name(value, at, tail), evidence) {
            // A word of somebody's own.
            (Way::Likely(_) | Way::Possible(_), Evidence::None) => Way::None,
            (way, _) => way,
        },
    };
    match (found, evidence) {
        (Way::Sure(reference), _) => Some(reference),
        (Way::Likely(reference), Evidence::Found) => Some(Reference {
            confidence: Confidence::Likely,
            ..reference
        }),
        // One that nobody can read beside others: no half of them is decoded.
        (Way::Possible(reference), Evidence::Found) => Some(reference),
        (Way::Likely(reference) | Way::Possible(reference), _) => {
            reports(&reference).then_some(reference)
        }
        (Way::None, _) => None,
    }
}

/// What may be a reference.
enum Way {
    /// Its word shows that it is one.
    Sure(Reference),
    /// One beside others that are sure.
    Likely(Reference),
    /// Nobody can tell, whatever stands beside it.
    Possible(Reference),
    None,
}

/// Whether a reference that may be none is worth a report: a letter beyond
/// ASCII, and CR, LF or NUL, of which an HTML decoder behind us makes a line.
fn reports(reference: &Reference) -> bool {
    match reference.expansion {
        Expansion::Char(character) => {
            matches!(character, '\r' | '\n') || (!character.is_ascii() && character.is_alphabetic())
        }
        Expansion::None(number) => number == 0,
        Expansion::Named(_) => false,
    }
}

/// A reference by name. The old names are the only ones that HTML knows without
/// `;`; of these, letters. Inside a word the name may run into what follows.
fn by_name(value: &[u8], at: usize, tail: &[u8]) -> Way {
    let run = name(tail);
    if tail.get(run) == Some(&b'=') {
        return Way::None;
    }
    for length in (SHORTEST..=LONGEST.min(run)).rev() {
        let known = tail.get(..length).and_then(expansion);
        let Some(known @ Expansion::Char(character)) = known else {
            continue;
        };
        let end = at + 1 + length;
        let reference = open(at, end, known);
        let word = Around::of(value, at, end);
        let goes_on = word.after.is_letter() && word.may_start();
        let in_word = goes_on && word.fits(character);
        if character.is_ascii() {
            continue;
        }
        if !(length == run || (in_word && character.is_alphabetic())) {
            // `h&Eacuteide`, `v&nbspSR`
            if goes_on && (character.is_alphabetic() || character == '\u{a0}') {
                return Way::Possible(reference);
            }
            continue;
        }
        if !character.is_alphabetic() || is_word_of_its_own(character) {
            return Way::Likely(reference);
        }
        return Way::Sure(Reference {
            confidence: Confidence::Likely,
            ..reference
        });
    }
    Way::None
}

/// `&uml` to `&Aacute`: the lengths of the old names.
const SHORTEST: usize = 3;
const LONGEST: usize = 6;

/// Letters whose name is somebody's own: `Neil &eth`, `Rose&thorn`, `1 &micro`.
const fn is_word_of_its_own(letter: char) -> bool {
    matches!(letter, 'ð' | 'Ð' | 'þ' | 'Þ' | 'µ' | 'ª' | 'º')
}

fn decimal(value: &[u8], at: usize, digits: &[u8]) -> Way {
    match number(digits, 10) {
        Some((count, number)) => judged(value, at, at + 2 + count, numeric(number)),
        None => Way::None,
    }
}

/// A reference by a hexadecimal number, which ends where that makes sense.
fn hexadecimal(value: &[u8], at: usize, digits: &[u8]) -> Way {
    let Some((count, greedy)) = number(digits, 16) else {
        return Way::None;
    };
    let end = |length| at + 3 + length;
    let whole = judged(value, at, end(count), numeric(greedy));
    // Only in a word of ASCII letters does a number end before the next of them.
    let latin = Around::of(value, at, end(count)).has_ascii() || follows_ascii(value, at);
    let historic = matches!(greedy, 0x1_0000..=0x1_e7ff);
    if !latin && !historic && !matches!(whole, Way::None) {
        return match whole {
            // Nobody numbers houses like this.
            Way::Likely(reference) if reports(&reference) => Way::Sure(Reference {
                confidence: Confidence::Likely,
                ..reference
            }),
            whole => whole,
        };
    }
    let mut ways = (2..=count.min(MOST_DIGITS)).filter_map(|length| {
        let (_, number) = number(digits.get(..length)?, 16)?;
        let Expansion::Char(character) = numeric(number) else {
            return None;
        };
        let ends = digits
            .get(length..count)?
            .iter()
            .all(u8::is_ascii_alphabetic);
        let common = is_common(character) || (length == count && is_latin(character));
        if !(ends && common) {
            return None;
        }
        match judged(value, at, end(length), Expansion::Char(character)) {
            Way::Sure(reference) => Some(reference),
            _ => None,
        }
    });
    match (ways.next(), ways.next(), whole) {
        (Some(only), None, _) => Way::Sure(only),
        (None, _, Way::Likely(whole))
            if latin && !matches!(numeric(greedy), Expansion::Char(c) if is_latin(c)) =>
        {
            Way::Possible(whole)
        }
        (None, _, whole) => whole,
        (Some(_), Some(_), Way::Sure(whole) | Way::Likely(whole)) => Way::Possible(Reference {
            confidence: Confidence::Possible,
            ..whole
        }),
        (Some(_), Some(_), whole) => whole,
    }
}

/// Digits of U+10FFFF with two zeros before them.
const MOST_DIGITS: usize = 8;

/// Letters that names in Latin script are written with.
const fn is_common(letter: char) -> bool {
    matches!(letter,
        '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{148}' | '\u{14a}'..='\u{17e}'
        | 'Ơ' | 'ơ' | 'Ư' | 'ư' | '\u{218}'..='\u{21b}' | 'Ə' | 'ə' | '\u{1e00}'..='\u{1ef9}'
        | '\u{2018}' | '\u{2019}')
}

/// A reference to one character, as sure as its word makes it.
fn judged(value: &[u8], at: usize, end: usize, expansion: Expansion) -> Way {
    let reference = open(at, end, expansion);
    let character = match expansion {
        _ if value.get(end) == Some(&b'=') => return Way::None,
        Expansion::Char(character) => character,
        Expansion::None(_) | Expansion::Named(_) => return Way::Possible(reference),
    };
    if matches!(character, '\'' | '&') {
        return Way::Likely(reference);
    }
    let strange = characters::kind("a", character, "a").is_some() && !is_joiner(character);
    if character.is_ascii() || is_private(character) || strange {
        return Way::Possible(reference);
    }
    let word = Around::of(value, at, end);
    let inside = word.before.is_letter() && word.after.is_letter();
    let sure = match character {
        '–' | '—' => inside || word.between_words,
        '‘'..='”' => word.touches(),
        // `A.&#350.`
        _ if word.initial && is_common(character) => character > '\u{ff}',
        _ if is_of_word(character) => word.touches() && word.fits(character),
        _ => inside && character >= '\u{2010}',
    };
    if sure {
        Way::Sure(Reference {
            confidence: Confidence::Likely,
            ..reference
        })
    } else {
        Way::Likely(reference)
    }
}

/// Letters, and the marks that scripts from Hebrew to Khmer write with them.
fn is_of_word(character: char) -> bool {
    character.is_alphabetic() || matches!(character, '\u{300}'..='\u{1cff}')
}

/// ZWNJ and ZWJ, which stand inside words of many scripts.
const fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

const fn is_private(character: char) -> bool {
    matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..)
}

const fn open(at: usize, end: usize, expansion: Expansion) -> Reference {
    Reference {
        length: end - at,
        expansion,
        terminated: false,
        nested: false,
        confidence: Confidence::Possible,
    }
}

/// What stands on one side of a reference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// The end of the value, a space, a sign.
    Nothing,
    Digit,
    Lower,
    Upper,
    /// A character beyond ASCII, or another reference.
    Other,
}

impl Side {
    const fn is_letter(self) -> bool {
        matches!(self, Side::Lower | Side::Upper | Side::Other)
    }

    const fn is_ascii(self) -> bool {
        matches!(self, Side::Lower | Side::Upper)
    }

    fn of(octet: Option<u8>) -> Side {
        match octet {
            Some(b'a'..=b'z') => Side::Lower,
            Some(b'A'..=b'Z') => Side::Upper,
            Some(b'0'..=b'9') => Side::Digit,
            Some(0x80..) => Side::Other,
            _ => Side::Nothing,
        }
    }
}

/// What a reference stands between.
struct Around {
    /// The octet before the one before.
    further: Side,
    before: Side,
    after: Side,
    /// Whether a space is on both sides, and more behind it.
    between_words: bool,
    /// Whether it stands between the dots of initials.
    initial: bool,
    /// Whether what comes before starts a word.
    starts: bool,
}

impl Around {
    fn of(value: &[u8], at: usize, end: usize) -> Around {
        let octet = |at: Option<usize>| at.and_then(|at| value.get(at)).copied();
        let last = octet(at.checked_sub(1));
        let before = if ends_reference(value, at) {
            Side::Other
        } else {
            Side::of(last)
        };
        let after = match value.get(end..).unwrap_or_default() {
            [b'&', b'#', b'x' | b'X' | b'0'..=b'9', ..] => Side::Other,
            [b'&', b'A'..=b'Z' | b'a'..=b'z', ..] => Side::Other,
            rest => Side::of(rest.first().copied()),
        };
        let is_space = |octet: Option<u8>| matches!(octet, Some(b' ' | b'\t'));
        Around {
            further: Side::of(octet(at.checked_sub(2))),
            before,
            after,
            between_words: at > 1
                && is_space(last)
                && is_space(octet(Some(end)))
                && end + 1 < value.len(),
            initial: last == Some(b'.') && octet(Some(end)) == Some(b'.'),
            starts: matches!(
                last,
                None | Some(b' ' | b'\t' | b'"' | b'(' | b'-' | b'\'' | b'.' | b'/')
            ),
        }
    }

    const fn has_ascii(&self) -> bool {
        self.before.is_ascii() || self.after.is_ascii()
    }

    /// Whether it is in a word, or starts one.
    const fn may_start(&self) -> bool {
        self.before.is_letter() || self.starts
    }

    const fn touches(&self) -> bool {
        self.before.is_letter() || self.after.is_letter()
    }

    /// Whether the character goes with the letters it touches: Latin ones with
    /// ASCII, small with small, a capital where one can stand.
    fn fits(&self, character: char) -> bool {
        if self.has_ascii() && !is_latin(character) {
            return false;
        }
        if character.is_uppercase() {
            // `Suite&#200`, but `SP&#211LKA`
            self.before != Side::Lower
        } else if character.is_lowercase() {
            let in_capitals = self.before == Side::Upper && self.further == Side::Upper;
            !in_capitals && self.after != Side::Upper
        } else {
            true
        }
    }
}

/// Whether the letter is of the Latin script, phonetic letters included.
const fn is_latin(character: char) -> bool {
    matches!(character, '\u{c0}'..='\u{36f}' | '\u{1e00}'..='\u{1eff}' | '\u{2010}'..='\u{205e}')
}

/// Whether a reference may end right before `at`: `;`, or its name or number.
fn ends_reference(value: &[u8], at: usize) -> bool {
    reference_before(value, at).is_some()
}

/// Where the reference starts that may end right before `at`.
fn reference_before(value: &[u8], at: usize) -> Option<usize> {
    let before = value.get(at.saturating_sub(LONGEST_BEFORE)..at)?;
    let before = before.strip_suffix(b";").unwrap_or(before);
    let length = before
        .iter()
        .rev()
        .take_while(|octet| octet.is_ascii_alphanumeric())
        .count();
    let (start, body) = before.split_at_checked(before.len() - length)?;
    let is_one = match (start, body) {
        ([.., b'&', b'#'], [b'x' | b'X', digits @ ..]) => {
            !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit)
        }
        ([.., b'&', b'#'], digits) => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        ([.., b'&'], name) => expansion(name).is_some(),
        _ => false,
    };
    let sign = if start.ends_with(b"#") { 2 } else { 1 };
    let closed = usize::from(value.get(..at)?.ends_with(b";"));
    at.checked_sub(closed + length + sign).filter(|_| is_one)
}

/// Whether an ASCII letter comes before the references before `at`.
fn follows_ascii(value: &[u8], at: usize) -> bool {
    let mut start = at;
    // More of them in a row are no Latin word.
    for _ in 0..3 {
        match reference_before(value, start) {
            Some(earlier) => start = earlier,
            None => break,
        }
    }
    let before = start.checked_sub(1).and_then(|before| value.get(before));
    before.is_some_and(u8::is_ascii_alphabetic) && reference_before(value, start).is_none()
}

/// Enough for what names are escaped with.
const LONGEST_BEFORE: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with all sure references in it decoded.
    fn read(text: &str) -> String {
        let value = text.as_bytes();
        let mut out = String::new();
        let mut at = 0;
        while let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) {
            let found = super::super::at(value, at, Evidence::of(value));
            let sure = found.filter(|reference| reference.confidence > Confidence::Possible);
            match sure {
                Some(found) => {
                    assert!(found.expansion.write_to(&mut out));
                    let octets = &value[at..at + found.length];
                    assert_eq!(
                        super::super::decode(octets),
                        Some(found.expansion),
                        "{text}"
                    );
                    at += found.length;
                }
                None => {
                    out.push(first);
                    at += first.len_utf8();
                }
            }
        }
        out
    }

    #[test]
    fn what_its_word_makes_sure() {
        for (text, meant) in [
            // Decimal numbers.
            ("Se&#241or", "Señor"),
            ("Ivani&#263", "Ivanić"),
            ("&#201lan", "Élan"),
            ("&#0216ster", "Øster"),
            ("G&#243&#322d", "Gółd"),
            ("&#350. &#214mer", "Ş. Ömer"),
            (
                "Tape &#224 l'&#338il &#8211 &laquo Or&raquo",
                "Tape à l'Œil – « Or»",
            ),
            ("d&#39Or &#233toil&#233", "d'Or étoilé"),
            ("su&ethurs&#250danskt", "suðursúdanskt"),
            ("A.&#350.", "A.Ş."),
            ("&#1606&#8204&#1705", "ن\u{200c}ک"),
            ("Korosten&#8217", "Korosten’"),
            ("Nord &#8211 Sud", "Nord – Sud"),
            ("(&#51452)&#50136&#52852", "(주)쏘카"),
            ("(&#xc8fc)", "(주)"),
            ("&#2352&#2381&#2358", "र्श"),
            ("e&#769", "e\u{301}"),
            ("d&#8217Or", "d’Or"),
            ("TAK&#65381ON", "TAK･ON"),
            ("&#1052&#1080&#1088", "Мир"),
            // Hexadecimal numbers, also such as run on.
            ("T&#xE2n", "Tân"),
            ("&#xE9cole", "école"),
            ("&#xC9cole", "École"),
            ("&#x00E9cole", "école"),
            ("L&#xE4bel", "Läbel"),
            ("G&#xF6deke", "Gödeke"),
            ("Qu&#xE9bec", "Québec"),
            ("Caf&#xE9", "Café"),
            ("b&#x17eac", "bžac"),
            ("&#x141ab", "Łab"),
            ("b&#x1ea1c", "bạc"),
            ("mi&#x1EC1n", "miền"),
            ("&#x10d7&#x10d1", "თბ"),
            ("&#x10da&#x10da", "ლლ"),
            ("z&aacutelo&#x017e&#x0148a", "záložňa"),
            ("Kl&#xE1ra &#352m&#xEDd", "Klára Šmíd"),
            ("Ma&#x1e29allah", "Maḩallah"),
            ("&#xE0 Paris", "à Paris"),
            // Names.
            ("Pich&eacute", "Piché"),
            ("Hemmakv&aumlll", "Hemmakväll"),
            ("Tergovist&yacutee", "Tergovistýe"),
            ("&Oumlsterreich", "Österreich"),
            ("SP&Oacute&#321KA", "SPÓŁKA"),
            ("Stra&szlige", "Straße"),
            ("&agrave Paris", "à Paris"),
        ] {
            assert_eq!(read(text), meant, "{text}");
        }
    }

    #[test]
    fn what_stays() {
        for text in [
            "AT&T",
            "R&D;",
            "&reg",
            "?a=1&copy=2",
            "a&copy=1",
            "1 &micro",
            "Neil &eth",
            "Barnes&Noble",
            "Smith&ethan",
            "Rose&thornton",
            "D&G",
            "&notin",
            "P&Oslash=1",
            "?x=1&auml2=3",
            "?x=1&aringfoo",
            "Lots #9&#10, #12",
            "Rock &#1 Hits",
            "Unit &#233",
            "Suite&#200",
            "ROOM&#233B",
            "&#x",
            "&#x;",
            "a&#65b",
            "M&M",
            "A&#99999999b",
            "&#xE9=1",
            "L&#39Or",
            "2 &laquo",
            "&reg & &copy",
            "&#233=1",
            "Flat &#8217",
            "E&eacutee=1",
            "Lot &#54321",
            "A&#54321",
        ] {
            assert_eq!(read(text), text, "{text}");
        }
    }
}
