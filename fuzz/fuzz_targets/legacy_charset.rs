//! Octets of a legacy charset read run by run as they do as a whole; what is
//! decoded and encoded again decodes to the same text; nothing is assumed that
//! a rule does not list.

#![no_main]

use headguard::charset::{Charset, Context};
use headguard::policy::Rule;
use headguard::{FindingKind, Outcome, Policy, scan};
use libfuzzer_sys::fuzz_target;

// The last octet chooses a charset, and a language the client accepts.
fuzz_target!(|value: &[u8]| {
    let [ref value @ .., choice] = *value else {
        return;
    };
    let charset = Charset::ALL[usize::from(choice) % Charset::ALL.len()];
    if let Some(text) = charset.decode(value) {
        if let Some(octets) = charset.encode(&text) {
            assert_eq!(charset.decode(&octets).as_deref(), Some(&*text));
        }
    }
    let languages = [
        &b""[..],
        b"ru, uk",
        b"ja",
        b"zh",
        b"cs",
        b"tr",
        b"el",
        b"ko",
    ];
    let language = languages[usize::from(choice) % languages.len()];
    let context = Context::default().with_accept_language(language);
    let findings: Vec<_> = scan(value).findings_in(context).collect();
    let octets_alone = |kind| matches!(kind, FindingKind::LegacyCharset | FindingKind::Latin1);
    if let Some(first) = findings.first()
        && findings.iter().all(|one| octets_alone(one.kind()))
    {
        let was_in = first.charset().expect("it is of one");
        let whole = was_in.decode(value).expect("all of it is in the charset");
        if let Some(reading) = scan(value).findings_in(context).reading() {
            assert_eq!(reading.text(), whole);
        }
    }

    let rule = Rule::for_fields(["*"]).normalize([
        FindingKind::Latin1,
        FindingKind::LegacyCharset,
        FindingKind::MixedCharset,
    ]);
    let policy = Policy::builder()
        .rule(rule.assume_charsets([charset]))
        .build();
    let policy = policy.expect("a right rule");
    let policy = policy.for_any_request().in_context(context);
    if let Outcome::Rewrite(normalized) = policy.decide("CompanyName", value).outcome() {
        for finding in findings.iter().filter(|one| one.charset().is_some()) {
            let octets = &value[finding.span()];
            let meant = finding.charset().and_then(|guess| guess.decode(octets));
            assert!(meant.is_some() && meant == charset.decode(octets));
        }
        assert!(normalized.as_str().trim() == normalized.as_str());
    }
});
