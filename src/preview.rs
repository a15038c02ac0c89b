//! Views of octets that are safe to print: bounded, escaped, or masked.
//!
//! A value can hold terminal escapes, line breaks and right-to-left overrides.
//! What leaves through a log, a page or a terminal passes here first.

use crate::characters;
use std::fmt;

/// Octets as text on one line: characters that are safe to show as they are,
/// everything else as `\xNN`, at most `limit` octets of it.
///
/// ```
/// use headguard::preview::Preview;
///
/// assert_eq!(Preview::new(b"T\xE9l\x1b[31m").to_string(), r"T\xE9l\x1B[31m");
/// assert_eq!(Preview::new("Télébec".as_bytes()).to_string(), "Télébec");
/// assert_eq!(Preview::new(b"abcdef").up_to(3).to_string(), "abc… (3 octets more)");
/// ```
#[derive(Clone, Copy)]
pub struct Preview<'v> {
    octets: &'v [u8],
    limit: usize,
}

impl<'v> Preview<'v> {
    /// A view of at most 256 octets.
    #[must_use]
    pub const fn new(octets: &'v [u8]) -> Self {
        Self { octets, limit: 256 }
    }

    /// The same view, of at most `limit` octets.
    #[must_use]
    pub const fn up_to(self, limit: usize) -> Self {
        Self { limit, ..self }
    }
}

impl fmt::Display for Preview<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names are nearly always plain.
        let is_plain = |octet: &u8| matches!(octet, b' '..=b'~') && *octet != b'\\';
        if self.octets.len() <= self.limit && self.octets.iter().all(is_plain) {
            return f.write_str(std::str::from_utf8(self.octets).unwrap_or_default());
        }
        let mut shown = 0;
        'all: for chunk in self.octets.utf8_chunks() {
            let mut rest = chunk.valid();
            while let Some(character) = rest.chars().next() {
                if shown + character.len_utf8() > self.limit {
                    break 'all;
                }
                shown += character.len_utf8();
                let (before, after) = chunk.valid().split_at(chunk.valid().len() - rest.len());
                rest = after.get(character.len_utf8()..).unwrap_or_default();
                write_character(f, is_showable_between(before, character, rest), character)?;
            }
            for octet in chunk.invalid() {
                if shown == self.limit {
                    break 'all;
                }
                shown += 1;
                write!(f, "\\x{octet:02X}")?;
            }
        }
        match self.octets.len() - shown {
            0 => Ok(()),
            1 => f.write_str("… (1 octet more)"),
            more => write!(f, "… ({more} octets more)"),
        }
    }
}

impl fmt::Debug for Preview<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn write_character(f: &mut fmt::Formatter<'_>, showable: bool, character: char) -> fmt::Result {
    use fmt::Write as _;
    match character {
        // So that the text read back by a shell or by `explain` is the same octets.
        '\\' => f.write_str("\\\\"),
        _ if showable => f.write_char(character),
        _ => {
            let mut octets = [0; 4];
            character
                .encode_utf8(&mut octets)
                .bytes()
                .try_for_each(|octet| write!(f, "\\x{octet:02X}"))
        }
    }
}

/// Whether a terminal or a page shows `character` as itself and does nothing else.
#[must_use]
pub fn is_showable(character: char) -> bool {
    is_showable_between("", character, "")
}

/// The same, in its surroundings: the ZWJ inside an emoji joins, and stays.
fn is_showable_between(before: &str, character: char, after: &str) -> bool {
    !character.is_control()
        && !is_private_use(character)
        && characters::kind(before, character, after).is_none()
}

fn is_private_use(character: char) -> bool {
    matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..)
}

/// Octets as lower-case hex without separators, at most `limit` of them.
#[must_use]
pub fn hex(octets: &[u8], limit: usize) -> String {
    let mut digits = Vec::new();
    push_hex(&mut digits, octets.get(..limit).unwrap_or(octets));
    String::from_utf8(digits).unwrap_or_default()
}

/// Adds octets to `out` as lower-case hex without separators: ASCII, two digits
/// an octet.
pub fn push_hex(out: &mut Vec<u8>, octets: &[u8]) {
    // Without branches or a table it becomes vector code.
    let digit = |half: u8| half + b'0' + (b'a' - b'0' - 10) * u8::from(half > 9);
    let start = out.len();
    out.resize(start + 2 * octets.len(), 0);
    let added = out.get_mut(start..).unwrap_or_default();
    for ([high, low], octet) in added.as_chunks_mut::<2>().0.iter_mut().zip(octets) {
        (*high, *low) = (digit(octet >> 4), digit(octet & 15));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_terminal_obeys_is_shown() {
        for dangerous in [
            "\u{1b}[2J",
            "\r\n",
            "\u{9b}31m",
            "\u{202e}",
            "\u{200b}",
            "\u{2028}",
            "\u{e000}",
        ] {
            let shown = Preview::new(dangerous.as_bytes()).to_string();
            assert!(shown.starts_with("\\x"), "{shown}");
            assert!(shown.is_ascii());
        }
    }

    #[test]
    fn a_bound_never_splits_a_character() {
        assert_eq!(
            Preview::new("aé€".as_bytes()).up_to(2).to_string(),
            "a… (5 octets more)"
        );
        assert_eq!(Preview::new("aé€".as_bytes()).up_to(6).to_string(), "aé€");
        assert_eq!(Preview::new(b"").up_to(0).to_string(), "");
    }

    #[test]
    fn what_joins_emoji_is_shown() {
        for text in ["👩🏽‍💻", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "عشق‌آباد"] {
            assert_eq!(Preview::new(text.as_bytes()).to_string(), text);
        }
    }

    #[test]
    fn hex_is_lower_case_and_bounded() {
        assert_eq!(hex(b"T\xE9l", 16), "54e96c");
        assert_eq!(hex(b"T\xE9l", 2), "54e9");
        let all: Vec<u8> = (0..=255).collect();
        let digits: String = all.iter().map(|octet| format!("{octet:02x}")).collect();
        assert_eq!(hex(&all, 256), digits);
    }
}
