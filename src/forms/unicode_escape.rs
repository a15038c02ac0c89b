//! Escapes of programming languages: `\u00e9`, `\u{e9}`, `\U0001F433`, `%u00e9`.
//!
//! Settled once for the whole value, and cautiously: `\` separates folders,
//! escapes in a quoted-string, and is at home with all its escapes in JSON. So
//! every `\` has to start an escape of a character beyond ASCII, or of one that
//! serializers escape for HTML, and one of them has to be a letter.
//!
//! The function `escape` of JavaScript writes `%u0160` for Š, and `%E9`, not
//! UTF-8, for é: beside a `%u`, `%` and two digits are the code point.

use super::{Found, percent_octet};
use crate::characters;

/// Which escapes a value is made with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Style {
    /// `\u00e9`, `\u{e9}`, `\U000000e9`
    Backslash,
    /// `%u00e9`, `%E9`
    Script,
}

impl Style {
    /// How the value is escaped, if it is.
    pub(super) fn of(value: &[u8]) -> Option<Style> {
        if is_json(value) {
            return None;
        }
        [Style::Backslash, Style::Script]
            .into_iter()
            .find(|style| style.fits(value))
    }

    /// Whether all escapes are of this style, and make text.
    fn fits(self, value: &[u8]) -> bool {
        let (mut at, mut letters, mut own) = (0, 0, false);
        while let Some(rest) = value.get(at..).filter(|rest| !rest.is_empty()) {
            if !self.may_start(rest) {
                at += 1;
                continue;
            }
            let Some((character, length)) = self.character(rest) else {
                return false;
            };
            let fits = match character {
                '\0'..='\u{7f}' => {
                    self == Style::Script
                        || matches!(character, '&' | '\'' | '"' | '<' | '>' | '/' | ' ')
                }
                '\u{e000}'..='\u{f8ff}' | '\u{f0000}'.. => false,
                // Whether a joiner is at home takes more than it to tell.
                '\u{200c}' | '\u{200d}' | '\u{fe0f}' => true,
                _ => characters::kind("", character, "").is_none(),
            };
            if !fits {
                return false;
            }
            own |= self == Style::Backslash
                || rest
                    .get(1)
                    .is_some_and(|octet| matches!(octet, b'u' | b'U'));
            letters += usize::from(!character.is_ascii() && is_letter(character));
            at += length;
        }
        own && letters > 0
    }

    const fn may_start(self, rest: &[u8]) -> bool {
        matches!(
            (self, rest),
            (Style::Backslash, [b'\\', ..]) | (Style::Script, [b'%', ..])
        )
    }

    /// The escapes that `rest` starts with.
    pub(super) fn run(self, rest: &[u8]) -> Option<Found> {
        let mut length = 0;
        while let Some((_, more)) = self.character(rest.get(length..)?) {
            length += more;
        }
        let run = rest.get(..length).filter(|run| !run.is_empty())?;
        Some(Found {
            length,
            charset: None,
            text: decode(run),
        })
    }

    /// The character at the start of `rest`, and how long its escape is.
    fn character(self, rest: &[u8]) -> Option<(char, usize)> {
        let (unit, length) = self.unit(rest)?;
        let Some(low) = unit.checked_sub(0xd800).filter(|high| *high < 0x400) else {
            return Some((char::from_u32(unit)?, length));
        };
        // `\ud83d\udc33`: two halves of a character (RFC 8259 §7).
        let (second, more) = self.unit(rest.get(length..)?)?;
        let second = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
        Some((
            char::from_u32(0x1_0000 + (low << 10) + second)?,
            length + more,
        ))
    }

    /// The number at the start of `rest`, and how long its escape is.
    fn unit(self, rest: &[u8]) -> Option<(u32, usize)> {
        match (self, rest) {
            (Style::Backslash, [b'\\', b'u', b'{', digits @ ..]) => {
                let count = digits
                    .iter()
                    .take(6)
                    .take_while(|octet| octet.is_ascii_hexdigit())
                    .count();
                let closed = count > 0 && digits.get(count) == Some(&b'}');
                closed.then(|| Some((number(digits.get(..count)?)?, count + 4)))?
            }
            (Style::Backslash, [b'\\', b'u', digits @ ..])
            | (Style::Script, [b'%', b'u' | b'U', digits @ ..]) => {
                Some((number(digits.get(..4)?)?, 6))
            }
            (Style::Backslash, [b'\\', b'U', digits @ ..]) => Some((number(digits.get(..8)?)?, 10)),
            (Style::Script, _) => Some((u32::from(percent_octet(rest)?), 3)),
            (Style::Backslash, _) => None,
        }
    }
}

/// The text of a run of escapes.
pub(super) fn decode(run: &[u8]) -> Option<String> {
    let style = match run.first()? {
        b'%' => Style::Script,
        _ => Style::Backslash,
    };
    let mut text = String::new();
    let mut rest = run;
    while !rest.is_empty() {
        let (character, length) = style.character(rest)?;
        text.push(character);
        rest = rest.get(length..)?;
    }
    Some(text)
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |number, &digit| {
        Some(number.checked_mul(16)? + char::from(digit).to_digit(16)?)
    })
}

/// Whether `\u00e9` is the value's own grammar: it is JSON, or has some in it.
fn is_json(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    matches!(value, [b'{' | b'[', ..] | [b'"', .., b'"'])
        || value
            .windows(2)
            .any(|pair| matches!(pair, b"{\"" | b"[\"" | b"\":"))
}

/// Whether names are made of it: letters, and the emoji people put in theirs.
fn is_letter(character: char) -> bool {
    character.is_alphabetic()
        || matches!(character, '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<String> {
        let style = Style::of(value.as_bytes())?;
        let mut text = String::new();
        let mut rest = value.as_bytes();
        while let [first, tail @ ..] = rest {
            match style.run(rest) {
                Some(found) => {
                    text.push_str(&found.text?);
                    rest = rest.get(found.length..)?;
                }
                None => {
                    text.push(char::from(*first));
                    rest = tail;
                }
            }
        }
        Some(text)
    }

    #[test]
    fn escapes_of_several_languages() {
        for (value, text) in [
            (r"Caf\u00e9", "Café"),
            (r"Caf\u00E9 \u0026 Co", "Café & Co"),
            (r"Caf\u{e9}", "Café"),
            (r"\U0001F433 Caf\u00e9", "🐳 Café"),
            (r"\ud83d\udc33", "🐳"),
            (r"\u6771\u4eac", "東京"),
            (r"d\u2019\u00c9cole", "d’École"),
            (r#"title="Caf\u00e9""#, r#"title="Café""#),
            ("%u0160koda%20%E9", "Škoda é"),
            ("Caf%u00e9", "Café"),
            ("%uD83D%uDC33", "🐳"),
        ] {
            assert_eq!(read(value).as_deref(), Some(text), "{value}");
        }
    }

    #[test]
    fn what_is_none() {
        for value in [
            r"C:\users\u0041dam",
            r"C:\u00e9t\u00e9\data",
            r"\u0041\u0042",
            r"\u00e",
            r"Caf\u00e9 \n",
            r"Caf\ud83d",
            r"Caf\ud83d\u00e9",
            r"Caf\u{110000}",
            r"Caf\u{}",
            r"\u2019",
            r"Caf\u00e9\u0007",
            r"Caf\u00e9\u202e",
            r#"{"name":"Caf\u00e9"}"#,
            r#"["Caf\u00e9"]"#,
            r#""Caf\u00e9""#,
            r#"data={"name":"Caf\u00e9"}"#,
            r"DOMAIN\user",
            "%u00zz",
            "%u00e9 50%",
            "%20%E9",
            "100%unter",
        ] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
