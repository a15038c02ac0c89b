//! An encoded-word alone reads as text without controls, and not as itself.

#![no_main]

use headguard::FindingKind;
use libfuzzer_sys::fuzz_target;

#[path = "../forms.rs"]
mod forms;

fuzz_target!(|value: &[u8]| {
    for (finding, text) in forms::sure(value, FindingKind::EncodedWord) {
        let word = &value[finding.span()];
        assert!(word.starts_with(b"=?") && word.ends_with(b"?="));
        assert!(text.is_none_or(|text| text.as_bytes() != word));
    }
});
