//! What holds for every form of text in text.

#![allow(dead_code, reason = "no target uses all of it")]

use headguard::{Confidence, Finding, FindingKind, Hazard, scan};

/// The findings of one kind that are sure, in a value of free text; where one is
/// the whole value, with its reading.
pub fn sure(value: &[u8], kind: FindingKind) -> Vec<(Finding, Option<String>)> {
    let scanned = scan(value);
    let found = scanned.findings().filter(|finding| finding.kind() == kind);
    found
        .filter(|finding| finding.confidence() > Some(Confidence::Possible))
        .map(|finding| {
            let part = &value[finding.span()];
            assert!(part.is_ascii(), "a form is ASCII");
            let text = scan(part)
                .reading()
                .map(|reading| reading.text().to_owned());
            if let Some(text) = &text {
                let control = text.chars().any(char::is_control);
                assert!(!control, "a reading has no controls");
            }
            assert_ne!(finding.hazard(), Some(Hazard::NoCharacter));
            (finding, text)
        })
        .collect()
}
