//! Text into an ASCII form, for receivers that ask for one: what a rule's
//! `forward_as` names. Each has its way back in this room or in `char_ref`, and
//! a property holds the two together.
//!
//! `percent-encoding` and `htmlescape` are named here only.

use crate::charset::Charset;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// Percent-encodes UTF-8: everything but the unreserved characters of RFC 3986
/// §2.3 is escaped, `%` among them, so that decoding gives the text back.
pub(crate) fn percent(text: &str) -> String {
    utf8_percent_encode(text, NOT_UNRESERVED).to_string()
}

const NOT_UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// An ext-value (RFC 8187 §3.2.1) in UTF-8, without a language.
pub(crate) fn ext_value(text: &str) -> String {
    format!("UTF-8''{}", utf8_percent_encode(text, NOT_ATTR_CHAR))
}

/// Everything but `attr-char`: letters, digits and twelve signs that tokens have.
const NOT_ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// A Display String (RFC 9651 §4.1.11), whose hex digits are small letters.
pub(crate) fn display_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 3);
    out.push_str("%\"");
    for piece in utf8_percent_encode(text, NOT_UNESCAPED) {
        match piece.as_bytes() {
            [b'%', _, _] => out.push_str(&piece.to_ascii_lowercase()),
            _ => out.push_str(piece),
        }
    }
    out.push('"');
    out
}

/// Everything but VCHAR and SP, and of these `%` and `"`.
const NOT_UNESCAPED: &AsciiSet = &CONTROLS.add(b'%').add(b'"');

/// Character references: decimal for what is beyond ASCII, HTML's own for what
/// means something to a reader of HTML. C1 controls, which no text holds, have no
/// reference: their numbers mean windows-1252.
pub(crate) fn char_ref(text: &str) -> String {
    let escaped = htmlescape::encode_minimal(text);
    let mut out = String::with_capacity(escaped.len());
    for character in escaped.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            out.push_str("&#");
            out.push_str(&u32::from(character).to_string());
            out.push(';');
        }
    }
    out
}

/// Latin-1 octets; `None` where a character is beyond U+00FF, and for C1
/// controls.
pub(crate) fn latin1(text: &str) -> Option<Vec<u8>> {
    Charset::Latin1.encode(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::{display_string, ext_value, percent};
    use proptest::prelude::*;

    #[test]
    fn forms_as_their_standards_write_them() {
        let text = "Café “1 & 2” 100%";
        assert_eq!(
            percent(text),
            "Caf%C3%A9%20%E2%80%9C1%20%26%202%E2%80%9D%20100%25"
        );
        assert_eq!(ext_value("Café (1).pdf"), "UTF-8''Caf%C3%A9%20%281%29.pdf");
        assert_eq!(
            display_string("Café \"1\" 100%"),
            r#"%"Caf%c3%a9 %221%22 100%25""#
        );
        assert_eq!(
            char_ref("Café <O'Brien> & \"Co\" 🐳"),
            "Caf&#233; &lt;O&#x27;Brien&gt; &amp; &quot;Co&quot; &#128051;"
        );
        assert_eq!(latin1("Café").as_deref(), Some(&b"Caf\xE9"[..]));
        assert_eq!(latin1("Łódź"), None);
        assert_eq!(latin1("“A”"), None, "that is windows-1252");
        assert_eq!(latin1("a\u{85}"), None);
    }

    proptest! {
        /// What is encoded is ASCII, and decodes to what it was.
        #[test]
        fn each_decoder_is_the_way_back(text in "[ -~é€Łж東🐳\\PC]{0,24}") {
            let encoded = percent(&text);
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(percent::whole(encoded.as_bytes()), Some(text.clone()));

            let encoded = ext_value(&text);
            prop_assert!(encoded.is_ascii());
            if encoded.contains('%') {
                prop_assert_eq!(ext_value::decode(encoded.as_bytes()), Some(text.clone()));
            }

            let encoded = display_string(&text);
            prop_assert!(encoded.is_ascii());
            if !text.is_ascii() {
                prop_assert_eq!(display_string::decode(encoded.as_bytes()), Some(text.clone()));
            }

            let encoded = char_ref(&text);
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(crate::char_ref::decode_all(encoded.as_bytes()), Some(text.clone()));

            if let Some(octets) = latin1(&text) {
                prop_assert_eq!(Charset::Latin1.decode(&octets), Some(text));
            }
        }
    }
}
