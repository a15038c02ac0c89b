//! Policies and fields that an octet chooses, for the targets that decide.

#![allow(dead_code, reason = "no target uses all of it")]

use headguard::charset::Charset;
use headguard::policy::{Preset, Rule};
use headguard::{FindingKind, Policy};

/// A preset, and mostly a rule or two over it: each bit of `choice` is a trait.
pub fn policy(choice: u8) -> Policy {
    let bit = |number: u8| choice >> number & 1 == 1;
    let mut builder = Policy::builder().preset(Preset::ALL[usize::from(choice & 3)]);
    if bit(2) {
        let repairable = FindingKind::ALL
            .iter()
            .copied()
            .filter(|kind| kind.is_repairable());
        let mut rule = Rule::for_fields(["*"]).normalize(repairable);
        if bit(3) {
            rule = rule.decode_markup();
        }
        if bit(4) {
            rule = rule.reject([FindingKind::CharRef, FindingKind::InvalidUtf8]);
        }
        if bit(5) {
            rule = rule.assume_charsets(Charset::ALL.iter().copied());
        }
        builder = builder.rule(rule);
    }
    if bit(6) {
        builder = builder.rule(Rule::for_fields(["*"]).log([FindingKind::Latin1]));
    }
    if bit(7) {
        builder = builder
            .rule(Rule::for_fields(["*"]).max_octets(48))
            .field_octets(32);
    }
    builder.build().expect("the rules agree")
}

pub fn field(choice: u8) -> &'static str {
    const FIELDS: [&str; 9] = [
        "CompanyName",
        "Referer",
        "Cookie",
        "Authorization",
        "content_length",
        "X-Text",
        "Content-Disposition",
        "X-Amz-Meta-Name",
        "ce-subject",
    ];
    FIELDS[usize::from(choice) % FIELDS.len()]
}

/// What no repaired value may hold.
pub fn is_unsafe(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fdd0}'..='\u{fdef}')
        || (character.is_control() && character != '\t')
        || u32::from(character) & 0xfffe == 0xfffe
}
