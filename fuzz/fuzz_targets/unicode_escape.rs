//! An escape reads as characters that take fewer octets than it.

#![no_main]

use headguard::FindingKind;
use libfuzzer_sys::fuzz_target;

#[path = "../forms.rs"]
mod forms;

fuzz_target!(|value: &[u8]| {
    for (finding, text) in forms::sure(value, FindingKind::UnicodeEscape) {
        let part = &value[finding.span()];
        assert!(matches!(part[0], b'\\' | b'%'));
        assert!(text.is_none_or(|text| text.len() < part.len()));
    }
});
