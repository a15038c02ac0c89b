//! What percent-encoded text in UTF-8 reads as is what its octets are, one by one.

#![no_main]

use headguard::FindingKind;
use libfuzzer_sys::fuzz_target;

#[path = "../forms.rs"]
mod forms;

fuzz_target!(|value: &[u8]| {
    let scanned = headguard::scan(value);
    let sure = forms::sure(value, FindingKind::PercentEncoded);
    let alone = scanned.findings().count() == sure.len();
    if let Some(reading) = scanned.reading().filter(|_| alone && !sure.is_empty()) {
        let mut octets = Vec::new();
        let mut rest = value;
        while let [first, tail @ ..] = rest {
            let digits = rest.get(1..3).and_then(|two| std::str::from_utf8(two).ok());
            match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
                Some(octet) if *first == b'%' => {
                    octets.push(octet);
                    rest = &rest[3..];
                }
                _ => {
                    octets.push(*first);
                    rest = tail;
                }
            }
        }
        match sure[0].0.charset() {
            None => assert_eq!(reading.text().as_bytes(), octets),
            Some(charset) => assert_eq!(Some(reading.text()), charset.decode(&octets).as_deref()),
        }
    }
});
