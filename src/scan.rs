//! One pass over a field value: what is in it, as facts.
//!
//! [`scan`] answers the question nearly every value settles at once: *is there
//! anything here that could need a second look?* It allocates nothing, cannot
//! fail and knows no policy. What the facts mean is for `classify`.

mod simd;

use crate::fields::Grammar;
use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// Scans one field value.
///
/// The value is judged as free text; use [`Scan::in_field`] to say which field
/// it came in. Octets may be anything, also what HTTP forbids.
///
/// ```
/// use headguard::{FindingKind, scan};
///
/// let scan = scan(b"T\xE9l\xE9bec LP");
/// assert!(!scan.is_clean());
/// let found: Vec<_> = scan.findings().map(|finding| (finding.kind(), finding.span())).collect();
/// assert_eq!(found, [(FindingKind::Latin1, 1..2), (FindingKind::Latin1, 3..4)]);
/// ```
#[must_use]
pub fn scan(value: &[u8]) -> Scan<'_> {
    let mut facts = Facts(classes(value));
    let mut text = None;
    if facts.contains(Facts::NON_ASCII) {
        match simdutf8::basic::from_utf8(value) {
            Ok(valid) => text = Some(valid),
            Err(_) => facts |= Facts::MALFORMED,
        }
    }
    Scan {
        value,
        text,
        facts,
        grammar: Grammar::FreeText,
    }
}

/// A scanned value: the octets and the facts about them.
#[derive(Clone, Copy)]
pub struct Scan<'v> {
    value: &'v [u8],
    /// The value, where it was found to be UTF-8 beyond ASCII.
    text: Option<&'v str>,
    facts: Facts,
    grammar: Grammar,
}

impl<'v> Scan<'v> {
    /// The same scan, judged by the grammar of the named field: a reference in
    /// a `Referer` is part of a URL, not text somebody escaped.
    #[must_use]
    pub fn in_field(self, name: &str) -> Self {
        self.with_grammar(Grammar::of(name))
    }

    pub(crate) fn with_grammar(self, grammar: Grammar) -> Self {
        Self { grammar, ..self }
    }

    /// The octets that were scanned.
    #[must_use]
    pub const fn value(&self) -> &'v [u8] {
        self.value
    }

    /// What the pass saw.
    #[must_use]
    pub const fn facts(&self) -> Facts {
        self.facts
    }

    /// The grammar the value is judged by.
    #[must_use]
    pub const fn grammar(&self) -> Grammar {
        self.grammar
    }

    /// The value as text, when it is well-formed UTF-8 and not ASCII.
    pub(crate) const fn text_beyond_ascii(&self) -> Option<&'v str> {
        self.text
    }

    /// The value as text, when it is well-formed UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&'v str> {
        if self.facts.contains(Facts::MALFORMED) {
            return None;
        }
        // ASCII was not checked as UTF-8; only who wants the text pays for it.
        self.text
            .or_else(|| simdutf8::basic::from_utf8(self.value).ok())
    }
}

impl fmt::Debug for Scan<'_> {
    /// Shows facts and length, not the octets: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan")
            .field("octets", &self.value.len())
            .field("facts", &self.facts)
            .field("grammar", &self.grammar)
            .finish()
    }
}

/// A set of facts about a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Facts(u8);

impl Facts {
    /// A `&` is in it.
    pub const AMPERSAND: Facts = Facts(1);
    /// A CTL other than HTAB is in it.
    pub const CONTROL: Facts = Facts(1 << 1);
    /// Not well-formed UTF-8.
    pub const MALFORMED: Facts = Facts(1 << 2);
    /// A `?` or `!` is in it: what lossy encoders leave, and what `=?` needs.
    pub const MARK: Facts = Facts(1 << 3);
    /// A `%` is in it.
    pub const PERCENT: Facts = Facts(1 << 4);
    /// A `\` is in it.
    pub const BACKSLASH: Facts = Facts(1 << 5);
    /// An octet of 80–FF is in it.
    // The octet's own high bit, so that the pass need not move it.
    pub const NON_ASCII: Facts = Facts(1 << 7);

    const NAMES: [(Facts, &'static str); 7] = [
        (Facts::AMPERSAND, "ampersand"),
        (Facts::CONTROL, "control"),
        (Facts::MALFORMED, "malformed"),
        (Facts::MARK, "mark"),
        (Facts::PERCENT, "percent"),
        (Facts::BACKSLASH, "backslash"),
        (Facts::NON_ASCII, "non-ascii"),
    ];

    /// Whether nothing was seen that could need a second look.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The facts of both sets.
    #[must_use]
    pub const fn with(self, other: Facts) -> Facts {
        Facts(self.0 | other.0)
    }

    /// Whether every fact of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Facts) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether some fact of `other` is in this set.
    #[must_use]
    pub const fn intersects(self, other: Facts) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Facts {
    type Output = Facts;

    fn bitor(self, other: Facts) -> Facts {
        self.with(other)
    }
}

impl BitOrAssign for Facts {
    fn bitor_assign(&mut self, other: Facts) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.iter().filter(|(fact, _)| self.contains(*fact));
        f.debug_set()
            .entries(names.map(|(_, name)| format_args!("{name}").to_string()))
            .finish()
    }
}

/// The classes of all octets, or-ed together.
///
/// Two passes: the first asks with as few instructions as possible whether any
/// octet has a class at all, which in most values none has; the second says which.
fn classes(value: &[u8]) -> u8 {
    simd::classes(value)
        .or_else(|| in_blocks::<16>(value))
        .or_else(|| in_blocks::<8>(value))
        .or_else(|| in_blocks::<4>(value))
        .unwrap_or_else(|| value.iter().fold(0, |seen, &octet| seen | class(octet)))
}

/// The classes of a value of at least `N` octets. The compiler turns each loop
/// over one block into vector compares.
#[inline(always)]
fn in_blocks<const N: usize>(value: &[u8]) -> Option<u8> {
    // The end is read as one more whole block that overlaps the one before:
    // seeing an octet twice changes nothing, and a loop over a tail is slower.
    let last = value.last_chunk::<N>()?;
    let (blocks, _) = value.as_chunks::<N>();
    if joined(blocks, last, |octet| u8::from(has_class(octet))) == [0; N] {
        return Some(0);
    }
    let classes = joined(blocks, last, class);
    Some(classes.iter().fold(0, |all, &octet| all | octet))
}

/// What `of` says of the octets in each lane, or-ed together.
#[inline(always)]
fn joined<const N: usize>(blocks: &[[u8; N]], last: &[u8; N], of: impl Fn(u8) -> u8) -> [u8; N] {
    let mut seen = [0; N];
    for block in blocks {
        add(&mut seen, block, &of);
    }
    add(&mut seen, last, &of);
    seen
}

// A closure would be compiled once, for any processor.
#[inline(always)]
fn add<const N: usize>(seen: &mut [u8; N], block: &[u8; N], of: &impl Fn(u8) -> u8) {
    for (seen, &octet) in seen.iter_mut().zip(block) {
        *seen |= of(octet);
    }
}

/// Whether an octet may bring a fact: HTAB is let through here, where a signed
/// compare finds controls and 80–FF at once, and told apart by `class`.
#[inline(always)]
const fn has_class(octet: u8) -> bool {
    (octet.cast_signed() < 0x20)
        // `?` and DEL differ in one bit.
        | ((octet | 0x40) == 0x7f)
        | (octet == b'!')
        | (octet == b'%')
        | (octet == b'&')
        | (octet == b'\\')
}

/// The facts one octet brings. Without branches, so that it becomes vector code.
#[inline(always)]
const fn class(octet: u8) -> u8 {
    let control = ((octet < 0x20) & (octet != b'\t')) | (octet == 0x7f);
    (octet & Facts::NON_ASCII.0)
        | (control as u8 * Facts::CONTROL.0)
        | ((octet == b'&') as u8 * Facts::AMPERSAND.0)
        | ((octet == b'%') as u8 * Facts::PERCENT.0)
        | ((octet == b'\\') as u8 * Facts::BACKSLASH.0)
        | (((octet == b'?') | (octet == b'!')) as u8 * Facts::MARK.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::octet;

    /// The obvious twin of `scan`: one octet and one question at a time.
    fn twin(value: &[u8]) -> Facts {
        let any = |test: fn(u8) -> bool, fact: Facts| {
            if value.iter().any(|&o| test(o)) {
                fact
            } else {
                Facts(0)
            }
        };
        any(octet::is_obs_text, Facts::NON_ASCII)
            | any(octet::is_ctl, Facts::CONTROL)
            | any(|o| o == b'&', Facts::AMPERSAND)
            | any(|o| o == b'%', Facts::PERCENT)
            | any(|o| o == b'\\', Facts::BACKSLASH)
            | any(|o| o == b'?' || o == b'!', Facts::MARK)
            | if std::str::from_utf8(value).is_err() {
                Facts::MALFORMED
            } else {
                Facts(0)
            }
    }

    #[test]
    fn every_octet_at_every_place_of_every_length() {
        for length in 1..=35 {
            for place in 0..length {
                for octet in 0..=255u8 {
                    let mut value = vec![b'a'; length];
                    value[place] = octet;
                    assert_eq!(
                        scan(&value).facts(),
                        twin(&value),
                        "{octet:02x} at {place} of {length}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_prefix_at_every_alignment() {
        let text = "a\u{e9}\u{20ac}\u{1f433} Jérôme 🐳🚢📦 Petazzoni & Söhne, ünïcode, 100 % — größer als 64 Oktette, bestimmt".as_bytes();
        for start in 0..16 {
            for end in start..=text.len() {
                let value = &text[start..end];
                assert_eq!(scan(value).facts(), twin(value), "{start}..{end}");
                assert_eq!(scan(value).as_str(), std::str::from_utf8(value).ok());
            }
        }
    }

    #[test]
    fn debug_shows_no_octets() {
        assert_eq!(
            format!("{:?}", scan("secret é".as_bytes())),
            r#"Scan { octets: 9, facts: {"non-ascii"}, grammar: FreeText }"#
        );
    }
}
