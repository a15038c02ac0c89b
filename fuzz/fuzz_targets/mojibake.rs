//! Text that was encoded once too often is read as it was, or not at all; a
//! reading is well-formed and is not double-encoded again; and octets of two
//! encodings in one value are read octet by octet.

#![no_main]

use headguard::charset::Charset;
use headguard::{FindingKind, scan};
use libfuzzer_sys::fuzz_target;

/// The charsets that text goes through.
const CHARSETS: &[Charset] = &[
    Charset::Windows1252,
    Charset::Windows1250,
    Charset::Windows1251,
    Charset::Windows1254,
    Charset::Iso8859_2,
];

fuzz_target!(|input: (&str, u8, &[u8])| {
    let (text, choice, octets) = input;
    let charset = CHARSETS[usize::from(choice) % CHARSETS.len()];
    if let Some(damaged) = damage(text, charset) {
        holds(damaged.as_bytes());
    }
    holds(text.as_bytes());
    holds(octets);
});

/// What is true of any value.
fn holds(value: &[u8]) {
    let scanned = scan(value);
    let kinds = [FindingKind::DoubleEncoded, FindingKind::MixedCharset];
    let Some(reading) = scanned.reading() else {
        return;
    };
    let findings: Vec<_> = scanned.findings().collect();
    let only = |kind| findings.iter().all(|finding| finding.kind() == kind);
    if only(kinds[0]) {
        assert!(
            !scan(reading.text().as_bytes())
                .findings()
                .any(|finding| finding.kind() == kinds[0])
        );
    }
    if only(kinds[1]) {
        let mut meant = value.to_vec();
        for finding in findings.iter().rev() {
            let span = finding.span();
            let text = Charset::Windows1252.decode(&value[span.clone()]);
            meant.splice(span, text.expect("these are letters").into_bytes());
        }
        assert_eq!(meant, reading.text().as_bytes());
    }
}

/// Reads the octets of `text` in a charset, C1 where it has no character.
fn damage(text: &str, charset: Charset) -> Option<String> {
    text.bytes()
        .map(|octet| {
            let undefined = (octet < 0xa0).then_some(char::from(octet));
            charset.char(octet).or(undefined)
        })
        .collect()
}
