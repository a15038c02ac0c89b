//! Encoded-words, the form of mail: `=?UTF-8?Q?T=C3=A9l?=` (RFC 2047).
//!
//! `encoded-word = "=?" charset "?" encoding "?" encoded-text "?="` (§2), with
//! the language of RFC 2231 §5 after the charset. Words that only whitespace
//! separates are one text (§6.2), and a character may be cut in two between
//! them: §5 forbids that, and senders do it. More lenient than §2 in length and
//! in spaces inside Q, since who sends these is no mail software any more.

use super::{Found, Label, base64, hex_octet, is_token};

/// The run of adjacent words that `rest` starts with.
pub(super) fn run(rest: &[u8]) -> Option<Found> {
    let first = word(rest)?;
    let length = words(rest).map(|(end, _)| end).last()?;
    Some(Found {
        length,
        charset: first.label.and_then(Label::charset),
        text: decode(rest.get(..length)?),
    })
}

/// The text of a run; `None` when a word in it cannot be decoded.
pub(super) fn decode(run: &[u8]) -> Option<String> {
    let mut text = String::new();
    let mut pending: Option<(Label, Vec<u8>)> = None;
    for (_, word) in words(run) {
        let label = word.label?;
        let octets = word.octets()?;
        match &mut pending {
            Some((same, joined)) if *same == label => joined.extend_from_slice(&octets),
            _ => {
                if let Some((label, joined)) = pending.replace((label, octets)) {
                    text.push_str(&label.decode(joined)?);
                }
            }
        }
    }
    let (label, joined) = pending?;
    text.push_str(&label.decode(joined)?);
    Some(text)
}

/// The words at the start of `rest`, each with where it ends.
fn words(rest: &[u8]) -> impl Iterator<Item = (usize, Word<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let tail = rest.get(at..)?;
        let spaces = tail
            .iter()
            .take_while(|octet| at > 0 && matches!(octet, b' ' | b'\t'))
            .count();
        let word = word(tail.get(spaces..)?)?;
        at += spaces + word.length;
        Some((at, word))
    })
}

struct Word<'v> {
    /// `None` where nobody knows the charset.
    label: Option<Label>,
    encoding: Encoding,
    text: &'v [u8],
    length: usize,
}

#[derive(Clone, Copy)]
enum Encoding {
    Base64,
    Quoted,
}

/// The word that `rest` starts with, judged by its shape alone.
fn word(rest: &[u8]) -> Option<Word<'_>> {
    let inner = rest.strip_prefix(b"=?")?;
    let is_of_label = |octet: &&u8| is_token(**octet) || **octet == b'*';
    let label = inner
        .get(
            ..inner
                .iter()
                .take(MOST_OF_LABEL)
                .take_while(is_of_label)
                .count(),
        )
        .filter(|label| !label.is_empty())?;
    let [b'?', encoding, b'?', text @ ..] = inner.get(label.len()..)? else {
        return None;
    };
    let encoding = match encoding {
        b'B' | b'b' => Encoding::Base64,
        b'Q' | b'q' => Encoding::Quoted,
        _ => return None,
    };
    let is_of_text = |octet: &&u8| matches!(octet, b' '..=b'~') && **octet != b'?';
    let text = text.get(..text.iter().take_while(is_of_text).count())?;
    let length = 2 + label.len() + 3 + text.len() + 2;
    let ends = rest.get(length - 2..length) == Some(b"?=");
    let charset = label.split(|&octet| octet == b'*').next()?;
    (ends && !text.is_empty()).then(|| Word {
        label: Label::of(charset),
        encoding,
        text,
        length,
    })
}

/// No charset has a longer name, and no language a longer tag.
const MOST_OF_LABEL: usize = 64;

impl Word<'_> {
    fn octets(&self) -> Option<Vec<u8>> {
        match self.encoding {
            Encoding::Base64 => base64::decode(self.text),
            Encoding::Quoted => quoted(self.text),
        }
    }
}

/// RFC 2047 §4.2: `_` is a space, `=` and two digits any octet.
fn quoted(text: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        octets.push(match (first, tail) {
            (b'_', _) => b' ',
            (b'=', [high, low, after @ ..]) => {
                rest = after;
                hex_octet(*high, *low)?
            }
            (b'=', _) => return None,
            _ => *first,
        });
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charset::Charset;

    fn read(value: &str) -> Option<(usize, Option<String>)> {
        run(value.as_bytes()).map(|found| (found.length, found.text))
    }

    #[test]
    fn words_of_both_encodings() {
        for (value, text) in [
            ("=?utf-8?Q?Caf=C3=A9_Pouchkine?=", "Café Pouchkine"),
            ("=?UTF-8?q?Caf=c3=a9?=", "Café"),
            ("=?utf-8*fr?Q?Caf=C3=A9?=", "Café"),
            ("=?iso-8859-1?Q?Caf=E9?=", "Café"),
            ("=?iso-8859-1?Q?=93Caf=E9=94?=", "“Café”"),
            ("=?utf-8?B?Q2Fmw6k=?=", "Café"),
            ("=?utf-8?b?Q2Fmw6k?=", "Café"),
            ("=?koi8-r?B?7c/Ty9fB?=", "Москва"),
            ("=?ISO-2022-JP?B?GyRCRWw1fhsoQg==?=", "東京"),
            // One character in two words.
            ("=?utf-8?Q?Caf=C3?= =?UTF-8?Q?=A9?=", "Café"),
            (
                "=?utf-8?Q?Caf=C3=A9?= \t =?iso-8859-1?Q?_M=FCller?=",
                "Café Müller",
            ),
            ("=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"),
        ] {
            assert_eq!(
                read(value),
                Some((value.len(), Some(text.to_owned()))),
                "{value}"
            );
        }
        let charset = |value: &[u8]| run(value).and_then(|found| found.charset);
        assert_eq!(charset(b"=?koi8-r?B?7c/Ty9fB?="), Some(Charset::Koi8R));
        assert_eq!(charset(b"=?latin1?Q?=E9?="), Some(Charset::Windows1252));
        assert_eq!(charset(b"=?utf-8?Q?a?="), None);
    }

    #[test]
    fn what_nobody_can_decode() {
        for value in [
            "=?utf-8?B?Q2Fm=w6k?=",
            "=?utf-8?Q?Caf=C3?=",
            "=?utf-8?Q?Caf=?=",
            "=?utf-8?Q?Caf=X9?=",
            "=?klingon?Q?a?=",
            "=?utf-8?Q?a?= =?klingon?Q?a?=",
        ] {
            assert_eq!(read(value), Some((value.len(), None)), "{value}");
        }
    }

    #[test]
    fn what_is_no_word() {
        for value in [
            "=?",
            "=?utf-8?Q?a",
            "=?utf-8?Q?a?",
            "=?utf-8?Q??=",
            "=?utf-8?X?a?=",
            "=??Q?a?=",
            "=?base64?Q2Fmw6k=?=",
            "=?utf-8?=",
            "=? utf-8?Q?a?=",
        ] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
