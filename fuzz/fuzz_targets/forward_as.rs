//! What is passed on in a form reads back by that form as the text, is within
//! the limits, holds no control, and is not changed again.

#![no_main]

use headguard::policy::{Form, Rule};
use headguard::{FindingKind, Outcome, Policy};
use libfuzzer_sys::fuzz_target;

#[path = "../policies.rs"]
mod policies;

// The last octets choose the form and the field.
fuzz_target!(|value: &[u8]| {
    let [ref value @ .., choice, name] = *value else {
        return;
    };
    let form = Form::ALL[usize::from(choice) % Form::ALL.len()];
    let mut rule = Rule::for_fields(["*"]).forward_as(form);
    if choice & 0x80 == 0 {
        let repairable = FindingKind::ALL
            .iter()
            .copied()
            .filter(|kind| kind.is_repairable());
        rule = rule.normalize(repairable);
    }
    if choice & 0x40 == 0 {
        rule = rule.decode_markup();
    }
    let builder = Policy::builder().rule(rule).field_octets(512);
    let policy = builder.build().expect("a right rule");
    let field = policies::field(name);
    let verdict = policy.decide(field, value);
    let Outcome::Rewrite(formed) = verdict.outcome() else {
        return;
    };
    let (octets, text) = (formed.as_bytes(), formed.as_str());
    assert!(octets.len() <= 512);
    assert_eq!(text.find(policies::is_unsafe), None);
    assert!(
        !octets
            .iter()
            .any(|octet| octet.is_ascii_control() && *octet != b'\t')
    );
    let back = match formed.form() {
        Form::Utf8 => Some(String::from_utf8(octets.to_vec()).expect("it is text")),
        Form::Latin1 => Some(octets.iter().copied().map(char::from).collect()),
        Form::Percent => percent(octets),
        Form::ExtValue => octets.strip_prefix(b"UTF-8''").and_then(percent),
        Form::DisplayString => octets
            .strip_prefix(b"%\"")
            .and_then(|octets| octets.strip_suffix(b"\""))
            .and_then(percent),
        Form::CharRef => {
            let html = std::str::from_utf8(octets).expect("it is ASCII");
            Some(htmlize::unescape(html).into_owned())
        }
        _ => None,
    };
    assert_eq!(back.as_deref(), Some(text));
    if formed.form() != Form::Latin1 {
        assert_eq!(
            policy.decide(field, octets).outcome(),
            &Outcome::Forward(octets)
        );
    }
});

fn percent(octets: &[u8]) -> Option<String> {
    let mut out = Vec::new();
    let mut rest = octets;
    while let [first, tail @ ..] = rest {
        rest = tail;
        out.push(match (first, tail) {
            (b'%', [high, low, after @ ..]) => {
                rest = after;
                let digits = [*high, *low];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            _ => *first,
        });
    }
    String::from_utf8(out).ok()
}
