//! Ext-values: `UTF-8'fr'T%C3%A9l` (RFC 8187).
//!
//! `ext-value = charset "'" [ language ] "'" value-chars` (§3.2.1). In a
//! parameter whose name ends in `*` that is the right form, and the part found
//! is the parameter: read, it is a quoted-string. Anywhere else it is text that
//! nobody decodes. A sender uses UTF-8; other charsets were allowed once
//! (RFC 5987), so all that are known are read.

use super::{Found, Label, Place, is_token, percent_octet, push_quoted};
use crate::octet;

/// The ext-value, or the parameter with one, that starts at `at`.
pub(super) fn at(value: &[u8], at: usize) -> Option<(Found, Place)> {
    let before = at.checked_sub(1).and_then(|before| value.get(before));
    // None of these may be in an ext-value, so that no two attempts overlap.
    let starts = before.is_none_or(|octet| {
        matches!(
            octet,
            b' ' | b'\t' | b'"' | b'=' | b',' | b';' | b'<' | b'>'
        )
    });
    if !starts || !value.get(at).copied().is_some_and(is_token) {
        return None;
    }
    let rest = value.get(at..)?;
    if let Some(name) = name(rest)
        && starts_parameter(value, at)
    {
        let ext = ext_value(rest.get(name..)?)?;
        return Some((
            Found {
                length: name + ext.length,
                charset: ext.label.charset(),
                text: ext.text(),
            },
            Place::Own,
        ));
    }
    let ext = ext_value(rest)?;
    Some((
        Found {
            length: ext.length,
            charset: ext.label.charset(),
            text: ext.text(),
        },
        Place::Foreign,
    ))
}

/// The text of an ext-value, or the parameter it makes with its name.
pub(crate) fn decode(octets: &[u8]) -> Option<String> {
    let Some(name) = name(octets) else {
        return ext_value(octets)?.text();
    };
    let text = ext_value(octets.get(name..)?)?.text()?;
    let name = octets.get(..name)?;
    let mut out = std::str::from_utf8(name)
        .ok()?
        .trim_end_matches([' ', '\t', '=', '*'])
        .to_owned();
    out.push('=');
    push_quoted(&mut out, &text);
    Some(out)
}

/// The length of `name*=` at the start of `rest`.
fn name(rest: &[u8]) -> Option<usize> {
    let name = rest
        .iter()
        .take(MOST_OF_NAME)
        .take_while(|&&octet| is_token(octet))
        .count();
    let spaces = |at: usize| {
        let tail = rest.get(at..).unwrap_or_default();
        tail.iter()
            .take(2)
            .take_while(|&&octet| octet == b' ')
            .count()
    };
    let mut end = name;
    if name == 0 || rest.get(end) != Some(&b'*') {
        return None;
    }
    end += 1;
    // No space is allowed there, and some write one.
    end += spaces(end);
    if rest.get(end) != Some(&b'=') {
        return None;
    }
    end += 1;
    Some(end + spaces(end))
}

/// Whether a parameter may start at `at`: after `;` or `,`, at the start, or
/// after the scheme of credentials (RFC 9110 §11.4).
fn starts_parameter(value: &[u8], at: usize) -> bool {
    let before = value.get(..at).unwrap_or_default();
    let last = before
        .iter()
        .rev()
        .take(8)
        .find(|octet| !matches!(octet, b' ' | b'\t'));
    let scheme = before
        .strip_suffix(b" ")
        .filter(|one| one.len() <= MOST_OF_NAME);
    last.is_none_or(|octet| matches!(octet, b';' | b','))
        || scheme.is_some_and(|scheme| scheme.iter().all(|&octet| is_token(octet)))
}

struct Ext<'v> {
    label: Label,
    chars: &'v [u8],
    length: usize,
}

/// The ext-value that `rest` starts with.
fn ext_value(rest: &[u8]) -> Option<Ext<'_>> {
    let charset = rest
        .iter()
        .take(MOST_OF_NAME)
        .take_while(|&&octet| is_token(octet))
        .count();
    let language = rest
        .get(charset..)?
        .strip_prefix(b"'")?
        .iter()
        .take(MOST_OF_NAME)
        .take_while(|octet| octet.is_ascii_alphanumeric() || **octet == b'-')
        .count();
    let start = charset + 1 + language + 1;
    if rest.get(start - 1) != Some(&b'\'') {
        return None;
    }
    let label = Label::of(rest.get(..charset)?)?;
    let tail = rest.get(start..)?;
    let mut end = 0;
    let mut escapes = 0;
    while let Some(&octet) = tail.get(end) {
        if octet == b'%' {
            percent_octet(tail.get(end..)?)?;
            escapes += 1;
            end += 3;
        } else if is_value_char(octet) {
            end += 1;
        } else {
            break;
        }
    }
    (escapes > 0).then(|| Ext {
        label,
        chars: tail.get(..end).unwrap_or_default(),
        length: start + end,
    })
}

/// More than any charset, language or parameter has.
const MOST_OF_NAME: usize = 48;

/// `attr-char`, which is a token without `%`, `'` and `*`, and what
/// `encodeURIComponent` leaves although it is none.
const fn is_value_char(octet: u8) -> bool {
    (octet::is_token(octet) && octet != b'%') || matches!(octet, b'(' | b')')
}

impl Ext<'_> {
    fn text(&self) -> Option<String> {
        let mut octets = Vec::with_capacity(self.chars.len());
        let mut rest = self.chars;
        while let [first, tail @ ..] = rest {
            match percent_octet(rest) {
                Some(octet) => {
                    octets.push(octet);
                    rest = rest.get(3..)?;
                }
                None => {
                    octets.push(*first);
                    rest = tail;
                }
            }
        }
        self.label.decode(octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<(usize, Option<String>, bool)> {
        let (found, place) = at(value.as_bytes(), 0)?;
        Some((found.length, found.text, place == Place::Own))
    }

    #[test]
    fn bare_and_in_a_parameter() {
        for (value, text, in_place) in [
            ("UTF-8''Caf%C3%A9", "Café", false),
            ("utf-8'en'Caf%c3%a9%20Pouchkine", "Café Pouchkine", false),
            ("iso-8859-1'fr'Caf%E9", "Café", false),
            ("iso-8859-1''%93Caf%E9%94", "“Café”", false),
            ("windows-1251'ru'%CC%EE%F1%EA%E2%E0", "Москва", false),
            ("UTF-8''Acme%20Corp", "Acme Corp", false),
            (
                "filename*=UTF-8''Caf%C3%A9.pdf",
                "filename=\"Café.pdf\"".trim(),
                true,
            ),
            ("title*=UTF-8''%22Caf%C3%A9%22", r#"title="\"Café\"""#, true),
        ] {
            let decoded = decode(value.as_bytes());
            assert_eq!(decoded.as_deref(), Some(text), "{value}");
            let found = read(value).map(|(length, _, place)| (length, place));
            assert_eq!(found, Some((value.len(), in_place)), "{value}");
        }
    }

    #[test]
    fn what_is_none() {
        for value in [
            "UTF-8''Cafe",
            "UTF-8'Caf%C3%A9",
            "klingon''Caf%C3%A9",
            "''Caf%C3%A9",
            "UTF-8''Caf%C3%A",
            "rock 'n' roll 50%",
            "filename*=Caf%C3%A9",
        ] {
            assert_eq!(read(value), None, "{value}");
        }
        assert_eq!(read("UTF-8''Caf%E9"), Some((13, None, false)), "not UTF-8");
    }
}
