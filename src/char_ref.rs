//! Character references: `&eacute;`, `&#233;`, `&#xE9;`.
//!
//! A reference is recognised where the WHATWG rule for *attributes* sees one
//! (HTML, "named character reference state"): a name without `;` that runs into
//! `=` or an alphanumeric is text. `?a=1&copy=2`, `AT&T` and `R&D` are text.
//! Without the `;` more is asked for, because header values are not HTML: the
//! reference must stand for a letter, and a number is sure only inside a word.
//! `&` followed by anything else is text.
//!
//! A reference that a reference's `&` completes (`&amp;#233;`) is *nested*.
//!
//! Decoding is per reference. Nothing here ever decodes a value whole.

use crate::charset::Charset;
use crate::finding::Hazard;

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
    /// Adds the text in UTF-8; `false` when there is none.
    pub(crate) fn write_to(self, text: &mut Vec<u8>) -> bool {
        match self {
            Self::Char(character) => {
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Self::Named(characters) => text.extend_from_slice(characters.as_bytes()),
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
/// ASCII, and the full-width, small and duplicate forms that normalization
/// makes ASCII of. `&`, `'` and SP are what names are escaped for: `AT&amp;T`,
/// `O&#39;Brien`; an `&` that starts another reference is *nested*.
pub(crate) const fn may_mean_something(character: char) -> bool {
    (character.is_ascii() && !matches!(character, '&' | '\'' | ' '))
        || matches!(character,
            '\u{37e}' | '\u{1fef}' | '\u{212a}' | '\u{fe50}'..='\u{fe6b}' | '\u{ff01}'..='\u{ff5e}')
}

/// The reference that `rest` starts with, if it starts with one.
pub(crate) fn reference(rest: &[u8]) -> Option<Reference> {
    let mut reference = after_ampersand(rest.strip_prefix(b"&")?)?;
    // `&amp;#233;`: the decoded `&` and what follows are a reference again.
    while reference.expansion == Expansion::Char('&') && reference.terminated {
        match after_ampersand(rest.get(reference.length..)?) {
            Some(inner) if inner.terminated => {
                let length = reference.length + inner.length - 1;
                reference = Reference {
                    length,
                    nested: true,
                    ..inner
                };
            }
            _ => break,
        }
    }
    Some(reference)
}

/// The reference whose `&` stands before `tail`.
fn after_ampersand(tail: &[u8]) -> Option<Reference> {
    let (body, expansion) = match tail {
        [b'#', b'x' | b'X', digits @ ..] => {
            let (count, number) = number(digits, 16)?;
            (2 + count, numeric(number))
        }
        [b'#', digits @ ..] => {
            let (count, number) = number(digits, 10)?;
            (1 + count, numeric(number))
        }
        _ => named(tail)?,
    };
    let terminated = tail.get(body) == Some(&b';');
    let reference = Reference {
        length: 1 + body + usize::from(terminated),
        expansion,
        terminated,
        nested: false,
    };
    (terminated || reads_without_semicolon(tail, expansion, tail.get(body))).then_some(reference)
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
    // Room for `&` and `;`, which the table's keys have and `tail` lacks or may have.
    let mut key = [0u8; htmlize::ENTITY_MAX_LENGTH];
    let name = tail
        .iter()
        .take_while(|octet| octet.is_ascii_alphanumeric())
        .take(key.len() - 1)
        .count();
    let terminated = tail.get(name) == Some(&b';');
    let length = 1 + name + usize::from(terminated);
    let key = key.get_mut(..length)?;
    let (ampersand, rest) = key.split_first_mut()?;
    *ampersand = b'&';
    rest.copy_from_slice(tail.get(..length - 1)?);
    let expansion = std::str::from_utf8(htmlize::ENTITIES.get(key)?).ok()?;
    let mut characters = expansion.chars();
    Some((
        name,
        match (characters.next(), characters.next()) {
            (Some(only), None) => Expansion::Char(only),
            _ => Expansion::Named(expansion),
        },
    ))
}

/// Whether a reference without `;` is one all the same.
///
/// Only a letter beyond ASCII is convincing (`&aacute `, `&#233l`), and not one
/// whose name is somebody's own: `Neil &eth`, `1 &micro`. Of the rest, CR, LF
/// and NUL are worth a report, since an HTML decoder behind us makes a line of
/// them; `Rock &#1 Hits` is not.
fn reads_without_semicolon(tail: &[u8], expansion: Expansion, next: Option<&u8>) -> bool {
    match expansion {
        _ if next == Some(&b'=') => false,
        Expansion::Char('ð' | 'Ð' | 'þ' | 'Þ' | 'µ' | 'ª' | 'º') => tail.starts_with(b"#"),
        Expansion::Char(character) => {
            matches!(character, '\r' | '\n') || (!character.is_ascii() && character.is_alphabetic())
        }
        Expansion::Named(_) => false,
        Expansion::None(number) => number == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(usize, Expansion, bool)> {
        reference(text.as_bytes()).map(|r| (r.length, r.expansion, r.nested))
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
            ("&eacutebec", Option::None),
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
        let hazard = |text: &str| reference(text.as_bytes()).and_then(|r| r.expansion.hazard());
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
            let reference = reference(name).expect("a name from the table");
            let mut text = Vec::new();
            assert!(reference.expansion.write_to(&mut text));
            assert_eq!((reference.length, &text[..]), (name.len(), *expansion));
        }
    }
}
