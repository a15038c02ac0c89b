//! A field, as people write one on a command line or in a file.

use headguard::explain::is_field_name;
use headguard::preview::Preview;
use std::fmt;

/// A field's name and its value's octets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: Vec<u8>,
}

/// The name of a value that came without one. No registered field has it.
pub(crate) const UNNAMED: &str = "X-Value";

impl Field {
    /// Reads `Name: value` octets. Without a name, or where `name` is given,
    /// all of it is the value.
    pub(crate) fn from_octets(octets: &[u8], name: Option<&str>) -> Self {
        match (name, split(octets)) {
            (None, Some((name, value))) => Self {
                name,
                value: value.to_vec(),
            },
            (name, _) => Self {
                name: name.unwrap_or(UNNAMED).to_owned(),
                value: octets.to_vec(),
            },
        }
    }

    /// The same, of text in which `\xE9` stands for an octet, `\\` for a
    /// backslash, and `\r`, `\n`, `\t`, `\0` for what they do in C. Any other
    /// backslash is itself.
    pub(crate) fn from_escaped(text: &[u8], name: Option<&str>) -> Self {
        Self::from_octets(&unescape(text), name)
    }

    /// The same, of hex digits, with or without spaces or colons between octets.
    /// All of them are the value.
    pub(crate) fn from_hex(text: &[u8], name: Option<&str>) -> Result<Self, BadHex> {
        let value = hex_octets(text)?;
        Ok(Self {
            name: name.unwrap_or(UNNAMED).to_owned(),
            value,
        })
    }
}

/// A field's name from the command line.
pub(crate) fn field_name(name: &str) -> Result<String, String> {
    if is_field_name(name.as_bytes()) {
        return Ok(name.to_owned());
    }
    Err("a field name is letters, digits and !#$%&'*+-.^_`|~".to_owned())
}

/// Splits `Name: value`; whitespace around the value is not part of it
/// (RFC 9112 §5).
fn split(octets: &[u8]) -> Option<(String, &[u8])> {
    let colon = octets.iter().position(|&octet| octet == b':')?;
    let (name, value) = octets.split_at(colon);
    let value = value.get(1..)?;
    // `http://…` is a value, not a field named http.
    let url = value.starts_with(b"//");
    let name = std::str::from_utf8(name)
        .ok()
        .filter(|name| is_field_name(name.as_bytes()) && !url)?;
    let start = value
        .iter()
        .position(|octet| !matches!(octet, b' ' | b'\t'))
        .unwrap_or(value.len());
    let end = value
        .iter()
        .rposition(|octet| !matches!(octet, b' ' | b'\t'))
        .map_or(start, |last| last + 1);
    Some((name.to_owned(), value.get(start..end)?))
}

fn unescape(text: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        let (octet, length) = match (first, tail) {
            (b'\\', [b'x' | b'X', high, low, ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 4),
                _ => (b'\\', 1),
            },
            (b'\\', [b'\\', ..]) => (b'\\', 2),
            (b'\\', [b'r', ..]) => (b'\r', 2),
            (b'\\', [b'n', ..]) => (b'\n', 2),
            (b'\\', [b't', ..]) => (b'\t', 2),
            (b'\\', [b'0', ..]) => (0, 2),
            _ => (first, 1),
        };
        octets.push(octet);
        rest = rest.get(length..).unwrap_or_default();
    }
    octets
}

/// Octets written as hex digits, in pairs; `0x` before them is passed over.
fn hex_octets(text: &[u8]) -> Result<Vec<u8>, BadHex> {
    let mut octets = Vec::new();
    read_hex(text, &mut octets)?;
    Ok(octets)
}

/// The same, into `octets` in place of what is there.
pub(crate) fn read_hex(text: &[u8], octets: &mut Vec<u8>) -> Result<(), BadHex> {
    octets.clear();
    // Nearly always there is nothing but digits; all at once they take no time.
    let (pairs, rest) = text.as_chunks::<2>();
    let digits = text
        .iter()
        .fold(true, |all, one| all & one.is_ascii_hexdigit());
    if rest.is_empty() && digits {
        let value = |digit: u8| (digit & 15) + 9 * (digit >> 6);
        octets.extend(
            pairs
                .iter()
                .map(|&[high, low]| value(high) << 4 | value(low)),
        );
        return Ok(());
    }
    let has_prefix = text.starts_with(b"0x") || text.starts_with(b"0X");
    let mut high = None;
    for (at, &character) in text.iter().enumerate().skip(if has_prefix { 2 } else { 0 }) {
        let between = matches!(character, b' ' | b':' | b'\t' | b'\r' | b'\n');
        match (digit(character), high) {
            (Some(value), None) => high = Some(value),
            (Some(value), Some(first)) => {
                octets.push(first << 4 | value);
                high = None;
            }
            (None, None) if between => {}
            (None, Some(_)) if between => return Err(BadHex::Odd { at }),
            (None, _) => return Err(BadHex::NotADigit { at, character }),
        }
    }
    if high.is_some() {
        Err(BadHex::Odd { at: text.len() })
    } else {
        Ok(())
    }
}

const fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

/// Why text is not octets in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadHex {
    NotADigit { at: usize, character: u8 },
    Odd { at: usize },
}

impl fmt::Display for BadHex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotADigit { at, character } => {
                let character = Preview::new(std::slice::from_ref(character));
                write!(
                    f,
                    "`{character}` at column {} is no hex digit; octets are pairs of 0-9, a-f",
                    at + 1
                )
            }
            Self::Odd { at } => write!(
                f,
                "half an octet before column {}; octets are pairs of hex digits",
                at + 1
            ),
        }
    }
}

impl std::error::Error for BadHex {}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, value: &[u8]) -> Field {
        Field {
            name: name.to_owned(),
            value: value.to_vec(),
        }
    }

    #[test]
    fn fields_are_split_as_http_does() {
        assert_eq!(
            Field::from_octets(b"CompanyName:  T\xE9l \t", None),
            field("CompanyName", b"T\xE9l")
        );
        assert_eq!(Field::from_octets(b"A:b", None), field("A", b"b"));
        assert_eq!(Field::from_octets(b"A:", None), field("A", b""));
        assert_eq!(
            Field::from_octets(b"T\xE9l\xE9bec: LP", None),
            field(UNNAMED, b"T\xE9l\xE9bec: LP")
        );
        assert_eq!(
            Field::from_octets(b"https://x/", None),
            field(UNNAMED, b"https://x/")
        );
        assert_eq!(Field::from_octets(b"A: b", Some("N")), field("N", b"A: b"));
    }

    #[test]
    fn escapes() {
        assert_eq!(
            Field::from_escaped(br"N: T\xE9\xe9\\x41\q\u00e9\n\x4", None),
            field("N", b"T\xE9\xE9\\x41\\q\\u00e9\n\\x4")
        );
    }

    #[test]
    fn hex() {
        assert_eq!(hex_octets(b"54 E9:6c\n"), Ok(b"T\xE9l".to_vec()));
        assert_eq!(hex_octets(b"54 E 9"), Err(BadHex::Odd { at: 4 }));
        assert_eq!(hex_octets(b"0x54e9"), Ok(b"T\xE9".to_vec()));
        assert_eq!(
            hex_octets(b"54x"),
            Err(BadHex::NotADigit {
                at: 2,
                character: b'x'
            })
        );
        let all: String = (0..=255)
            .map(|octet| format!("{octet:02x}{octet:02X}"))
            .collect();
        let twice: Vec<u8> = (0..=255).flat_map(|octet| [octet, octet]).collect();
        assert_eq!(hex_octets(all.as_bytes()), Ok(twice));
        assert_eq!(hex_octets(b"5"), Err(BadHex::Odd { at: 1 }));
    }
}
