//! An ext-value has two apostrophes and an escape; in a parameter it reads as one
//! with a quoted-string.

#![no_main]

use headguard::FindingKind;
use libfuzzer_sys::fuzz_target;

#[path = "../forms.rs"]
mod forms;

fuzz_target!(|value: &[u8]| {
    for (finding, text) in forms::sure(value, FindingKind::ExtValue) {
        let part = &value[finding.span()];
        assert!(part.contains(&b'%') && part.iter().filter(|o| **o == b'\'').count() >= 2);
        if finding.is_in_place() {
            assert!(text.is_none_or(|text| text.contains("=\"") && text.ends_with('"')));
        }
    }
});
