//! Scanning agrees with std about UTF-8; spans are in bounds, in order and
//! disjoint, and what lies between them is well-formed.

#![no_main]

use headguard::{Facts, scan, utf8};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| {
    let scanned = scan(value);
    assert_eq!(scanned.as_str(), std::str::from_utf8(value).ok());
    assert_eq!(
        scanned.facts().contains(Facts::MALFORMED),
        scanned.as_str().is_none()
    );

    let mut rest = value.to_vec();
    let mut end = 0;
    for finding in scanned.findings() {
        let span = finding.span();
        assert!(end <= span.start && span.start < span.end && span.end <= value.len());
        end = span.end;
        rest[span].fill(b'.');
    }
    assert!(std::str::from_utf8(&rest).is_ok());

    let ours: usize = utf8::errors(value).map(|error| error.span.len()).sum();
    let theirs: usize = value.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    assert_eq!(ours, theirs);
});
