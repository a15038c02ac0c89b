//! A normalized value is well-formed text without controls, bidi controls,
//! noncharacters or edge space, is scanned clean of what was repaired, and is
//! not changed again.

#![no_main]

use headguard::{Action, Outcome, scan};
use libfuzzer_sys::fuzz_target;

#[path = "../policies.rs"]
mod policies;

fuzz_target!(|value: &[u8]| {
    let [.., choice] = *value else { return };
    let policy = policies::policy(choice);
    let verdict = policy.decide("CompanyName", value);
    let Outcome::Rewrite(normalized) = verdict.outcome() else {
        return;
    };
    let text = normalized.as_str();
    assert_eq!(text.trim(), text);
    assert_eq!(text.find(policies::is_unsafe), None);

    // Bit 3 lets signs be decoded.
    if choice & 8 == 0 {
        let came = String::from_utf8_lossy(value);
        let count = |text: &str, sign: char| text.matches(sign).count();
        for sign in "!\"#$%*+/:;<=>?@[\\]^_`{|}~＜＞＂＄｛\u{37e}\u{212a}\u{fe64}".chars() {
            let octets = value
                .iter()
                .filter(|octet| char::from(**octet) == sign)
                .count();
            assert!(
                count(text, sign) <= octets.max(count(&came, sign)),
                "{sign}"
            );
        }
    }

    let repaired = |kind| {
        verdict
            .judged()
            .iter()
            .any(|j| j.action == Action::Normalize && j.finding.kind() == kind)
    };
    assert!(
        !scan(text.as_bytes())
            .findings()
            .any(|finding| !finding.is_in_place() && repaired(finding.kind()))
    );
    assert_eq!(
        policy.decide("CompanyName", text.as_bytes()).outcome(),
        &Outcome::Forward(text.as_bytes())
    );
});
