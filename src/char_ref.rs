//! Character references: `&eacute;`, `&#233;`, `&#xE9;`.
//!
//! A reference that ends in `;` is recognised where HTML sees one. Without the
//! `;` the rule for attributes is the start (HTML, "named character reference
//! state"): what runs into `=` is text, and so are `AT&T`, `R&D` and
//! `?a=1&copy=2`. Header values are not HTML, so of the rest only what makes
//! sense in its word is sure (`open`): `Secretar&#237a`, `Pich&eacute`.
//! `&` followed by anything else is text.
//!
//! A reference that a reference's `&` completes (`&amp;#233;`) is *nested*.
//!
//! Decoding is per reference. Nothing here ever decodes a value whole.

mod open;

use crate::charset::Charset;
use crate::finding::{Confidence, Hazard};
use crate::lanes;

/// A reference at the start of some octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Its octets, with `&` and `;`.
    pub(crate) length: usize,
    /// What it stands for.
    pub(crate) expansion: Expansion,
    /// Whether a `;` ends it.
    pub(crate) terminated: bool,
    /// Whether another reference had to be decoded first.
    pub(crate) nested: bool,
    /// How sure it is that it was meant as one.
    pub(crate) confidence: Confidence,
}

/// What a reference stands for: one character, or a named sequence of up to two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expansion {
    Char(char),
    Named(&'static str),
    /// A number that is no character: NUL, a surrogate, beyond U+10FFFF.
    None(u32),
}

impl Expansion {
    /// Adds the text; `false` when there is none.
    pub(crate) fn write_to(self, text: &mut String) -> bool {
        match self {
            Self::Char(character) => text.push(character),
            Self::Named(characters) => text.push_str(characters),
            Self::None(_) => return false,
        }
        true
    }

    fn any(self, test: impl Fn(char) -> bool) -> bool {
        match self {
            Self::Char(character) => test(character),
            Self::Named(characters) => characters.chars().any(test),
            Self::None(_) => false,
        }
    }

    /// What is dangerous in the text, worst first.
    pub(crate) fn hazard(self) -> Option<Hazard> {
        if self == Self::None(0) || self.any(char::is_control) {
            Some(Hazard::Control)
        } else if matches!(self, Self::None(_)) {
            Some(Hazard::NoCharacter)
        } else if self.any(may_mean_something) {
            Some(Hazard::Markup)
        } else {
            None
        }
    }
}

/// Whether a parser behind us may take the character for a sign of its own:
/// ASCII, and what [`is_hidden_ascii`]. `&`, `'` and SP are what names are
/// escaped for: `AT&amp;T`, `O&#39;Brien`; an `&` that starts another reference
/// is *nested*.
pub(crate) const fn may_mean_something(character: char) -> bool {
    (character.is_ascii() && !matches!(character, '&' | '\'' | ' ')) || is_hidden_ascii(character)
}

/// Whether NFKC or NFC makes ASCII of the character: full-width, small, vertical,
/// raised and duplicate forms of signs. Not `…` `‼` `⁇`, which are at home in
/// text, nor letters and digits in other shapes than full-width (`ª`, `№`, `²`).
pub(crate) const fn is_hidden_ascii(character: char) -> bool {
    matches!(character,
        '\u{37e}' | '\u{1fef}' | '\u{2024}' | '\u{2025}' | '\u{207a}' | '\u{207c}'..='\u{207e}'
        | '\u{208a}' | '\u{208c}'..='\u{208e}' | '\u{212a}' | '\u{2a74}'..='\u{2a76}' | '\u{fb29}'
        | '\u{fe10}' | '\u{fe13}'..='\u{fe16}' | '\u{fe19}' | '\u{fe30}' | '\u{fe33}'..='\u{fe38}'
        | '\u{fe47}' | '\u{fe48}' | '\u{fe4d}'..='\u{fe6b}' | '\u{ff01}'..='\u{ff5e}')
}

/// How many places in `text` a decoder of HTML would take for a reference to
/// what must not come out of a repair; without `;` the four names of signs are
/// enough for it, wherever the word goes on.
pub(crate) fn hidden(text: &[u8]) -> usize {
    let starts = text.iter().enumerate().filter(|(_, octet)| **octet == b'&');
    starts
        .filter(|(at, _)| {
            let tail = text.get(at + 1..).unwrap_or_default();
            let signs: [&[u8]; 6] = [b"lt", b"gt", b"quot", b"LT", b"GT", b"QUOT"];
            signs.iter().any(|name| tail.starts_with(name))
                || body(tail).is_some_and(|(length, expansion)| {
                    let ends = tail.starts_with(b"#") || tail.get(length) == Some(&b';');
                    ends && expansion.hazard().is_some()
                })
        })
        .count()
}

/// Whether a reference may be in the value: a `&` in it is followed by what
/// starts one.
pub(crate) fn may_be_in(value: &[u8]) -> bool {
    lanes::places(value, |octet| octet == b'&').any(|at| {
        let next = value.get(at + 1);
        next.is_some_and(|&octet| octet == b'#' || octet.is_ascii_alphanumeric())
    })
}

/// Whether a value shows by one reference how the others are to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    Found,
    None,
}

impl Evidence {
    /// Looks for a reference that is sure by itself and no markup.
    pub(crate) fn of(value: &[u8]) -> Evidence {
        let sure = |place: usize| {
            let reference = at(value, place, Evidence::None)?;
            let sure = reference.confidence > Confidence::Possible;
            (sure && !reference.expansion.any(|c| c.is_ascii())).then_some(())
        };
        let mut starts = value
            .iter()
            .enumerate()
            .filter(|(_, octet)| **octet == b'&');
        match starts.find_map(|(place, _)| sure(place)) {
            Some(()) => Evidence::Found,
            None => Evidence::None,
        }
    }
}

/// The reference that starts at `at`, if one does.
pub(crate) fn at(value: &[u8], at: usize, evidence: Evidence) -> Option<Reference> {
    let rest = value.get(at..)?;
    let tail = rest.strip_prefix(b"&")?;
    let Some(mut reference) = closed(tail) else {
        return open::reference(value, at, evidence);
    };
    // `&amp;#233;`: the decoded `&` and what follows are a reference again.
    while reference.expansion == Expansion::Char('&')
        && let Some(inner) = rest.get(reference.length..).and_then(closed)
    {
        reference = Reference {
            length: reference.length + inner.length - 1,
            nested: true,
            ..inner
        };
    }
    Some(reference)
}

/// A value with every reference in it decoded; `None` where one stands for
/// nothing, or what is left is not UTF-8.
pub(crate) fn decode_all(value: &[u8]) -> Option<String> {
    let mut rest = std::str::from_utf8(value).ok()?;
    let mut out = String::with_capacity(value.len());
    while let Some(first) = rest.chars().next() {
        let found = at(value, value.len() - rest.len(), Evidence::None);
        let length = match found {
            Some(found) => {
                found.expansion.write_to(&mut out).then_some(())?;
                found.length
            }
            None => {
                out.push(first);
                first.len_utf8()
            }
        };
        rest = rest.get(length..)?;
    }
    Some(out)
}

/// What a reference stands for, given all of its octets and nothing else.
pub(crate) fn decode(reference: &[u8]) -> Option<Expansion> {
    let mut tail = reference.strip_prefix(b"&")?;
    while let Some(outer) = closed(tail) {
        let rest = tail.get(outer.length - 1..)?;
        if rest.is_empty() {
            return Some(outer.expansion);
        }
        tail = (outer.expansion == Expansion::Char('&')).then_some(rest)?;
    }
    let (length, expansion) = body(tail)?;
    (length == tail.len()).then_some(expansion)
}

/// The reference whose `&` stands before `tail`, if a `;` ends it.
fn closed(tail: &[u8]) -> Option<Reference> {
    let (body, expansion) = body(tail)?;
    (tail.get(body) == Some(&b';')).then_some(Reference {
        length: 1 + body + 1,
        expansion,
        terminated: true,
        nested: false,
        confidence: Confidence::Certain,
    })
}

/// What stands between `&` and `;`: its length and what it means.
fn body(tail: &[u8]) -> Option<(usize, Expansion)> {
    match tail {
        [b'#', b'x' | b'X', digits @ ..] => {
            let (count, number) = number(digits, 16)?;
            Some((2 + count, numeric(number)))
        }
        [b'#', digits @ ..] => {
            let (count, number) = number(digits, 10)?;
            Some((1 + count, numeric(number)))
        }
        _ => named(tail),
    }
}

/// Digits at the start of `digits`, and the number they make, held at the first
/// value that is beyond Unicode.
fn number(digits: &[u8], radix: u32) -> Option<(usize, u32)> {
    let mut number = 0u32;
    let mut count = 0;
    for digit in digits
        .iter()
        .map_while(|&octet| char::from(octet).to_digit(radix))
    {
        number = number
            .saturating_mul(radix)
            .saturating_add(digit)
            .min(0x11_0000);
        count += 1;
    }
    (count > 0).then_some((count, number))
}

/// The character of a number: 80–9F are windows-1252 (HTML, "numeric character
/// reference end state").
fn numeric(number: u32) -> Expansion {
    if number == 0 {
        return Expansion::None(0);
    }
    let remapped = u8::try_from(number)
        .ok()
        .and_then(|octet| Charset::Windows1252.char(octet));
    match remapped.or_else(|| char::from_u32(number)) {
        Some(character) => Expansion::Char(character),
        None => Expansion::None(number),
    }
}

/// The named reference at the start of `tail`: length of the name, expansion.
fn named(tail: &[u8]) -> Option<(usize, Expansion)> {
    let name = name(tail);
    let terminated = tail.get(name) == Some(&b';');
    let expansion = expansion(tail.get(..name + usize::from(terminated))?)?;
    Some((name, expansion))
}

/// The length of what may be a name at the start of `tail`.
fn name(tail: &[u8]) -> usize {
    tail.iter()
        .take_while(|octet| octet.is_ascii_alphanumeric())
        // With `&` before it and `;` after it no longer than the longest.
        .take(htmlize::ENTITY_MAX_LENGTH - 1)
        .count()
}

/// What a name stands for; with its `;`, or one of the old names without.
fn expansion(name: &[u8]) -> Option<Expansion> {
    // The table's keys have the `&`.
    let mut key = [b'&'; htmlize::ENTITY_MAX_LENGTH];
    let key = key.get_mut(..=name.len())?;
    key.get_mut(1..)?.copy_from_slice(name);
    let expansion = std::str::from_utf8(htmlize::ENTITIES.get(key)?).ok()?;
    let mut characters = expansion.chars();
    Some(match (characters.next(), characters.next()) {
        (Some(only), None) => Expansion::Char(only),
        _ => Expansion::Named(expansion),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(usize, Expansion, bool)> {
        at(text.as_bytes(), 0, Evidence::None).map(|r| (r.length, r.expansion, r.nested))
    }

    #[test]
    fn references_are_read_to_their_end() {
        use Expansion::{Char, Named, None};
        for (text, expected) in [
            ("&eacute;bec", Some((8, Char('é'), false))),
            ("&#233;", Some((6, Char('é'), false))),
            ("&#xE9;", Some((6, Char('é'), false))),
            ("&#150;", Some((6, Char('–'), false))),
            ("&#233l", Some((5, Char('é'), false))),
            ("&agrave Pizzas", Some((7, Char('à'), false))),
            ("&nvlt;", Some((6, Named("<\u{20d2}"), false))),
            ("&#0;", Some((4, None(0), false))),
            ("&#xD800;", Some((8, None(0xD800), false))),
            ("&#99999999999;", Some((14, None(0x11_0000), false))),
            ("&amp;#233;", Some((10, Char('é'), true))),
            ("&amp;amp;eacute;", Some((16, Char('é'), true))),
            ("&#38;#233;", Some((10, Char('é'), true))),
            ("&amp;T", Some((5, Char('&'), false))),
            ("&NewLine;", Some((9, Char('\n'), false))),
            ("&T", Option::None),
            ("&copy=2", Option::None),
            ("&copy", Option::None),
            ("&eacutebec", Some((7, Char('é'), false))),
            ("&eth Ltd", Option::None),
            ("&micro ", Option::None),
            ("&ordm", Option::None),
            ("&#;", Option::None),
            ("&#1 Hits", Option::None),
            ("& Co", Option::None),
            ("&", Option::None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn hazards() {
        let hazard =
            |text: &str| at(text.as_bytes(), 0, Evidence::None).and_then(|r| r.expansion.hazard());
        assert_eq!(hazard("&#13;"), Some(Hazard::Control));
        assert_eq!(hazard("&#10X-Evil"), Some(Hazard::Control));
        assert_eq!(hazard("&Tab;"), Some(Hazard::Control));
        assert_eq!(hazard("&#0;"), Some(Hazard::Control));
        assert_eq!(hazard("&#129;"), Some(Hazard::Control));
        assert_eq!(hazard("&#xDFFF;"), Some(Hazard::NoCharacter));
        assert_eq!(hazard("&lt;"), Some(Hazard::Markup));
        assert_eq!(hazard("&#65;"), Some(Hazard::Markup));
        for markup in [
            "&dollar;", "&#123;", "&sol;", "&bsol;", "&percnt;", "&grave;", "&semi;", "&quot;",
            "&equals;", "&bne;", "&#65308;", "&#xFE64;",
        ] {
            assert_eq!(hazard(markup), Some(Hazard::Markup), "{markup}");
        }
        for harmless in ["&amp;", "&apos;", "&#32;", "&nbsp;", "&eacute;", "&ndash;"] {
            assert_eq!(hazard(harmless), None, "{harmless}");
        }
    }

    #[test]
    fn every_name_decodes_as_a_whole_html_decoder_does() {
        for (name, expansion) in htmlize::ENTITIES.entries() {
            if !name.ends_with(b";") {
                continue;
            }
            let reference = at(name, 0, Evidence::None).expect("a name from the table");
            assert_eq!(decode(name), Some(reference.expansion));
            let mut text = String::new();
            assert!(reference.expansion.write_to(&mut text));
            assert_eq!(
                (reference.length, text.as_bytes()),
                (name.len(), *expansion)
            );
        }
    }
}
