//! The least of a JSON writer (RFC 8259).
//!
//! The core has no serde; what it writes is a few flat objects, and this is
//! all they need. Everything written is ASCII-safe where it matters: controls,
//! U+2028/9 and bidi controls are escaped, so that a line of JSON is one line
//! and reads in the order it was written.

use crate::preview::is_showable;
use std::fmt::Write as _;

/// One JSON object being written.
#[derive(Debug)]
pub(crate) struct Object {
    text: String,
}

impl Object {
    pub(crate) fn new() -> Self {
        // Grown in fewer steps than one a member.
        let mut text = String::with_capacity(256);
        text.push('{');
        Self { text }
    }

    pub(crate) fn string(mut self, key: &str, value: &str) -> Self {
        self.key(key);
        write_string(&mut self.text, value);
        self
    }

    /// A string, or `null`.
    pub(crate) fn optional(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.string(key, value),
            None => self.raw(key, "null"),
        }
    }

    pub(crate) fn number(mut self, key: &str, value: usize) -> Self {
        self.key(key);
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{value}");
        self
    }

    /// A value that is JSON already.
    pub(crate) fn raw(mut self, key: &str, json: &str) -> Self {
        self.key(key);
        self.text.push_str(json);
        self
    }

    pub(crate) fn array(mut self, key: &str, items: impl IntoIterator<Item = String>) -> Self {
        self.key(key);
        self.text.push('[');
        for (place, item) in items.into_iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            self.text.push_str(&item);
        }
        self.text.push(']');
        self
    }

    pub(crate) fn finish(mut self) -> String {
        self.text.push('}');
        self.text
    }

    fn key(&mut self, key: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        // Keys are our own words.
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\":");
    }
}

/// Writes `value` as a JSON string.
pub(crate) fn write_string(text: &mut String, value: &str) {
    text.push('"');
    let mut rest = value;
    loop {
        // Most of what is written is plain, and goes in whole runs.
        let plain = rest.bytes().position(|octet| !is_plain(octet));
        let (run, after) = rest
            .split_at_checked(plain.unwrap_or(rest.len()))
            .unwrap_or((rest, ""));
        text.push_str(run);
        let mut characters = after.chars();
        let Some(character) = characters.next() else {
            break;
        };
        write_character(text, character);
        rest = characters.as_str();
    }
    text.push('"');
}

/// Whether an octet is a character that stands for itself.
const fn is_plain(octet: u8) -> bool {
    matches!(octet, b' '..=b'~') && octet != b'"' && octet != b'\\'
}

fn write_character(text: &mut String, character: char) {
    match character {
        '"' => text.push_str("\\\""),
        '\\' => text.push_str("\\\\"),
        _ if is_showable(character) => text.push(character),
        _ => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let nasty = "a\"b\\c\r\n\0\u{1b}[31m\u{2028}\u{202e}é🐳\u{e0041}</script>";
        let json = Object::new()
            .string("nasty", nasty)
            .optional("n", None)
            .number("i", 7)
            .array("l", ["1".to_owned()])
            .finish();
        let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(value["nasty"], nasty);
        assert_eq!(
            (&value["n"], &value["i"], &value["l"][0]),
            (&serde_json::Value::Null, &7.into(), &1.into())
        );
        assert_eq!(json.lines().count(), 1);
        assert!(!json.contains(['\u{1b}', '\u{202e}', '\u{2028}']));
    }
}
