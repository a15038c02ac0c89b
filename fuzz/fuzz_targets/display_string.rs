//! A Display String in its place has no capital hex digits, and reads as text.

#![no_main]

use headguard::FindingKind;
use libfuzzer_sys::fuzz_target;

#[path = "../forms.rs"]
mod forms;

fuzz_target!(|value: &[u8]| {
    for (finding, _) in forms::sure(value, FindingKind::DisplayString) {
        let part = &value[finding.span()];
        assert!(part.ends_with(b"\""));
        // `%"` opens the string and is no escape.
        let mut escapes = part
            .windows(3)
            .filter(|three| three[0] == b'%' && three[1] != b'"')
            .map(|escape| &escape[1..]);
        let capitals = escapes.any(|digits| digits.iter().any(u8::is_ascii_uppercase));
        assert_eq!(finding.is_in_place(), !capitals);
    }
});
