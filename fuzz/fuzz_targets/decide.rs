//! Deciding never panics; what is refused is not forwarded, a clean value and
//! the `log` preset change nothing, a protected field is never rewritten.

#![no_main]

use headguard::fields::Protection;
use headguard::policy::Preset;
use headguard::{Cause, Outcome, scan};
use libfuzzer_sys::fuzz_target;

#[path = "../policies.rs"]
mod policies;

// The value comes first, so that a corpus file is a value as it stands; its
// last octets choose the field and the policy.
fuzz_target!(|value: &[u8]| {
    let [.., choice, name] = *value else { return };
    let field = policies::field(name);
    let policy = policies::policy(choice);
    let verdict = policy.decide(field, value);
    let clean = scan(value).in_field(field).is_clean();
    let untouched = policy.preset() == Preset::Log && policy.rules().is_empty();
    match verdict.outcome() {
        Outcome::Forward(octets) => assert_eq!(*octets, value),
        Outcome::Rewrite(normalized) => {
            assert!(!clean && !untouched && Protection::of(field).is_none());
            assert_eq!(normalized.original(), value);
        }
        Outcome::Reject(rejection) => {
            assert!(!untouched && (!clean || matches!(rejection.cause(), Cause::TooLong { .. })));
            assert!(!rejection.to_string().is_empty());
        }
    }
});
