//! Display Strings: `%"T%c3%a9l"` (RFC 9651 §3.3.8).
//!
//! `sf-displaystring = "%" DQUOTE *( unescaped / "\" / pct-encoded ) DQUOTE`
//! (RFC 9651, appendix C), where the hex digits are small letters and the octets
//! are UTF-8. Which fields are declared so nobody can know from the value; the
//! form is so much its own that it is taken at its word. With capital digits it
//! is one that every reader refuses.

use super::{Found, Place, percent_octet, push_quoted};

/// The Display String at `at`, with the `=` before it where there is one.
pub(super) fn at(value: &[u8], at: usize) -> Option<(Found, Place)> {
    let rest = value.get(at..)?;
    let after_key = usize::from(rest.first() == Some(&b'='));
    let before = at.checked_sub(1).and_then(|before| value.get(before));
    let stands_apart = |octet: Option<&u8>| {
        octet.is_none_or(|octet| matches!(octet, b' ' | b'\t' | b',' | b';' | b'(' | b')'))
    };
    if after_key == 0 && !stands_apart(before) {
        return None;
    }
    let string = string(rest.get(after_key..)?)?;
    let length = after_key + string.length;
    let place = match string.capitals {
        true => Place::Foreign,
        false => Place::Own,
    };
    stands_apart(rest.get(length)).then(|| {
        (
            Found {
                length,
                charset: None,
                text: String::from_utf8(string.octets).ok(),
            },
            place,
        )
    })
}

/// The text; after a key, in the quotes that the value of one has.
pub(crate) fn decode(octets: &[u8]) -> Option<String> {
    let Some(after_key) = octets.strip_prefix(b"=") else {
        return String::from_utf8(string(octets)?.octets).ok();
    };
    let text = String::from_utf8(string(after_key)?.octets).ok()?;
    let mut out = "=".to_owned();
    push_quoted(&mut out, &text);
    Some(out)
}

struct DisplayString {
    length: usize,
    octets: Vec<u8>,
    /// Whether a hex digit is a capital.
    capitals: bool,
}

/// The Display String that `rest` starts with, if it holds more than ASCII.
fn string(rest: &[u8]) -> Option<DisplayString> {
    let inner = rest.strip_prefix(b"%\"")?;
    let mut end = 0;
    let mut beyond_ascii = false;
    loop {
        match inner.get(end..)? {
            [b'"', ..] => break,
            escape @ [b'%', ..] => {
                beyond_ascii |= percent_octet(escape)? >= 0x80;
                end += 3;
            }
            [b' '..=b'~', ..] => end += 1,
            _ => return None,
        }
    }
    if !beyond_ascii {
        return None;
    }
    let mut string = DisplayString {
        length: 2 + end + 1,
        octets: Vec::with_capacity(end),
        capitals: false,
    };
    let mut rest = inner.get(..end)?;
    while let [first, tail @ ..] = rest {
        match percent_octet(rest) {
            Some(octet) => {
                let digits = rest.get(1..3)?;
                string.capitals |= digits.iter().any(u8::is_ascii_uppercase);
                string.octets.push(octet);
                rest = rest.get(3..)?;
            }
            None => {
                string.octets.push(*first);
                rest = tail;
            }
        }
    }
    Some(string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_alone_and_after_a_key() {
        let read = |value: &str, from| {
            let (found, place) = at(value.as_bytes(), from)?;
            let octets = value.as_bytes().get(from..from + found.length)?;
            Some((decode(octets)?, place == Place::Own))
        };
        let own = |text: &str| Some((text.to_owned(), true));
        assert_eq!(read(r#"%"Caf%c3%a9""#, 0), own("Café"));
        assert_eq!(read(r#"%"Caf%c3%a9 %22A%22""#, 0), own(r#"Café "A""#));
        assert_eq!(read(r#"a;title=%"Caf%c3%a9""#, 7), own(r#"="Café""#));
        assert_eq!(read(r#"%"Caf%C3%A9""#, 0), Some(("Café".to_owned(), false)));
        for none in [
            r#"%"Cafe""#,
            r#"%"Caf%c3%a9"#,
            r#"%"100% sure""#,
            r#"50%" and 40%""#,
            "%\"Caf\u{e9}\"",
        ] {
            assert_eq!(read(none, 0), None, "{none}");
        }
        assert!(at(br#"%"Caf%e9""#, 0).is_some_and(|(found, _)| found.text.is_none()));
    }
}
