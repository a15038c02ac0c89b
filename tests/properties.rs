//! The laws of headguard, each a property over values made to be awkward:
//! letters of many scripts, Latin-1 octets, references, broken sequences,
//! controls and plain text, in any mixture, and now and then any octets at all.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test says what is wrong by panicking"
)]

use headguard::charset::{Charset, Context};
use headguard::fields::{Grammar, Protection};
use headguard::policy::{Form, Preset, Rule, Scope, Target};
use headguard::preview::Preview;
use headguard::{Facts, FindingKind, Outcome, Policy, Verdict, scan, utf8};
use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

// What values are made of.

/// Text that is right as it stands, in pieces that may be put together.
const TEXT: &[&str] = &[
    "Télébec LP",
    "Müller",
    "São",
    "SÃO",
    "Łódź",
    "Кунцево",
    "Αθήνα",
    "שלום",
    "سلام",
    "東京",
    "서울",
    "กรุงเทพ",
    "दिल्ली",
    "🐳🚢📦",
    "👩🏽‍💻",
    "می‌خواهم",
    "Œuvre",
    "25 €",
    "“A”",
    "®",
    "™",
    "—",
    "ß",
    "é",
    "\u{a0}x",
    "e\u{301}",
];

const ASCII: &[&str] = &[
    "a",
    "Acme",
    "Z",
    "0",
    "42",
    " ",
    "  ",
    "\t",
    "&",
    "AT&T",
    "R&D",
    "?a=1&copy=2",
    "%",
    "%C3%A9",
    "\\",
    "\\u00e9",
    "?",
    "!",
    "=?",
    "#",
    ";",
    "x;",
    "-",
    "&;",
    "&#",
    "&#x",
    "eacute;",
    "#233;",
];

/// Text in the forms of other protocols, and what starts like one.
const FORMS: &[&str] = &[
    "Caf%C3%A9",
    "%20",
    "M%FCller",
    "%E9",
    "%0D%0A",
    "%3C",
    "%25C3%25A9",
    "%2520",
    "%u00e9",
    "%u",
    "=?utf-8?Q?Caf=C3=A9?=",
    "=?iso-8859-1?B?6Q==?=",
    "=?utf-8?Q?=0D=0A?=",
    "=?utf-8?Q?=C3?=",
    "=?utf-8?Q?=3D=3F?=",
    "=?x?Q?a?=",
    "=?utf-8?q?",
    "?=",
    "UTF-8''Caf%C3%A9",
    "; filename*=UTF-8''Caf%C3%A9",
    "iso-8859-1'de'%E9",
    "utf-8''",
    "%\"caf%c3%a9\"",
    "%\"caf%C3%A9\"",
    "=%\"%c3%a9%0a\"",
    "\\u00e9",
    "\\u0026",
    "\\u000a",
    "\\ud83d\\udc33",
    "\\ud83d",
    "{\"a\":\"",
    "\"",
    "'",
    " ",
    "&eacutebec",
    "&#233",
    "l&#xE9bec",
    "&#8211",
    "&amp;",
];

/// Forms in forms, and forms beside signs that what comes out of them joins.
const NESTED: &[&str] = &[
    "%=?utf-8?q?0D?=",
    "<=?utf-8?q?script?=>",
    "${=?utf-8?q?jndi?=:",
    "=?utf-8?q?=26lt_=C3=A9?=",
    "&=?utf-8?q?lt?=",
    "=?utf-8?q?%25C3%25A9?=",
    "=?utf-8?q?=25C3=25A9?=",
    "=?utf-8?b?AA==?=",
    "=?iso-2022-jp?b?GyRCRWwbKEI8?=",
    "=?gbk?q?=A3=BC?=",
    "=?utf-8?q?a=22=5C?=",
    "=?utf-8?q?=E2=80=AE?=",
    "UTF-8''a%22%3B%C3%A9",
    "UTF-8''a%0D%0AX",
    "UTF-8''%26%23233%3B",
    "UTF-8''%EF%BC%9C",
    "shift_jis''%81%83",
    "%EF%BC%9Cb%C3%A9",
    "%E2%84%AA%C3%A9",
    "%C3%83%C2%A9",
    "%C0%AF",
    "%C3%A9%0D%0A",
    "%C3%A9%2E%2E",
    "%26%23233%3B%C3%A9",
    "%C3%A9&eacute;",
    "%u0073cript",
    "%u000d",
    "\\u000d",
    "\\ud83d\\ud83d",
    "&amp;#60",
    "&amp;lt",
    "&ampgt",
    "&#65308;",
    "&#x37e;",
    "&percnt;0d",
    "\"&quot;",
];

/// Signs that NFKC makes ASCII of, as they are and double-encoded.
const DISGUISED: &[&str] = &[
    "＜script＞",
    "；",
    "（株）",
    "\u{37e}",
    "\u{212a}",
    "\u{fe64}",
    "ï¼œ",
    "â„ª",
    "Í¾",
    "東京",
];

/// Marks in place of letters.
const LOST: &[&str] = &["T?l?bec", "T!l!bec", "??????", "S?O", "Caf?"];

const REFERENCES: &[&str] = &[
    "&eacute;",
    "&#233;",
    "&#xE9;",
    "&amp;",
    "&amp;#233;",
    "&amp;amp;eacute;",
    "&#38;",
    "&eacute ",
    "&#233l",
    "&copy;",
    "&Atilde;",
    "&#150;",
    "&#128;",
    "&nvlt;",
    "&NotEqualTilde;",
    "&semi;",
    "&num;",
    "&nbsp;",
    "&#32;",
    "&lt;",
    "&gt;",
    "&quot;",
    "&#65;",
    "&#13;",
    "&#10;",
    "&#10X",
    "&#0;",
    "&Tab;",
    "&NewLine;",
    "&#129;",
    "&#8232;",
    "&#8238;",
    "&#8203;",
    "&shy;",
    "&#xFFFE;",
    "&#xFFFD;",
    "&#xD800;",
    "&#1114112;",
    "&#99999999999999999999;",
    "&zwj;",
    "&zwnj;",
    "&apos;",
];

const HARMLESS: &[&str] = &[
    "&eacute;",
    "&#233;",
    "&amp;",
    "&#150;",
    "&amp;#233;",
    "&apos;",
    "&copy;",
];

const DOUBLE_ENCODED: &[&str] = &[
    "Ã©",
    "â€™",
    "Ã\u{a0}",
    "ÃƒÂ©",
    "ðŸ\u{90}³",
    "Å‚",
    "Ð\u{9f}Ñ€",
];

const STRANGE: &[&str] = &[
    "\u{200b}",
    "\u{200d}",
    "\u{200c}",
    "\u{202e}",
    "\u{2066}",
    "\u{feff}",
    "\u{ad}",
    "\u{85}",
    "\u{2028}",
    "\u{fffd}",
    "\u{ffff}",
    "\u{10fffe}",
    "\u{e0041}",
    "\u{3000}",
    "\u{a0}",
];

const OCTETS: &[&[u8]] = &[
    b"\xE9",
    b"\xE8\xE9",
    b"T\xE9l",
    b"\xC9",
    b"\x93",
    b"\x94",
    b"\x80",
    b"\x81",
    b"\xFE",
    b"\xB0",
    b"\xC3",
    b"\xC3\xA9",
    b"\xE2\x82",
    b"\xE2\x82\xAC",
    b"\xF0\x9F\x90",
    b"\xC0\xAF",
    b"\xC0\x80",
    b"\xE0\x80\xAF",
    b"\xF0\x80\x80\xAF",
    b"\xED\xA0\x80",
    b"\xED\xA0\xBD\xED\xB0\xB3",
    b"\xED\xA0",
    b"\xF4\x90\x80\x80",
    b"\xF5\x80\x80\x80",
    b"\xF5",
    b"\xFF",
    b"\xBF",
    b"\xA0",
    b"\xAD",
    b"\x00",
    b"\r",
    b"\n",
    b"\x1B",
    b"\x7F",
];

/// Values for which nothing is out of bounds.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let text = |pieces: &'static [&'static str]| {
        select(pieces)
            .prop_map(|piece| piece.as_bytes().to_vec())
            .boxed()
    };
    let piece = prop_oneof![
        4 => text(ASCII),
        3 => text(TEXT),
        3 => text(REFERENCES),
        3 => text(FORMS),
        2 => text(NESTED),
        1 => text(DISGUISED),
        1 => text(LOST),
        2 => text(DOUBLE_ENCODED),
        1 => misread(),
        2 => legacy(),
        1 => text(STRANGE),
        3 => select(OCTETS).prop_map(<[u8]>::to_vec),
        1 => "[a-zA-Z0-9]{1,12}".prop_map(String::into_bytes),
        1 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
        1 => vec(any::<u8>(), 1..6),
    ];
    // Values of one sort are rare among mixtures of all, and common in life.
    prop_oneof![
        6 => vec(piece, 0..8).prop_map(|pieces| pieces.concat()),
        2 => concat(vec![text(ASCII), text(REFERENCES)]),
        3 => concat(vec![text(FORMS), text(&["Acme", " ", "a", "Caf", "é"])]),
        2 => concat(vec![text(ASCII), latin1()]),
        2 => concat(vec![latin1(), text(HARMLESS), text(&["a ", " b", "Acme "])]),
        2 => concat(vec![text(NESTED), text(&["Acme", " ", "é", "&eacute;", "=?utf-8?q?=C3=A9?="])]),
        1 => concat(vec![text(DOUBLE_ENCODED), text(ASCII)]),
        2 => right(),
        2 => (legacy(), text(&["", "Acme ", "&eacute;", "/", "\"", "%0D", "＜"])).prop_map(
            |(octets, more)| [octets, more].concat()
        ),
        1 => (misread(), text(&["", " LP", "ï¼œ", "&lt;", "%C3%A9"])).prop_map(
            |(octets, more)| [octets, more].concat()
        ),
        1 => vec(any::<u8>(), 0..80),
    ]
}

const WESTERN: &[&str] = &[
    "Télébec",
    "Müller",
    "Société",
    "Générale",
    "Peña",
    "Ibáñez",
    "Ångström",
    "Françoise",
    "Zoë",
    "Citroën",
    "São",
    "Straße",
    "LP",
    "& Fils",
    "25",
];

const LATIN1: &[&[u8]] = &[
    b"T\xE9l\xE9bec",
    b"\xE9",
    b"M\xFCller",
    b"Caf\xE9",
    b"L\x92Or\xE9al",
    b"\xA0",
    b"N\xBA",
];

fn latin1() -> BoxedStrategy<Vec<u8>> {
    select(LATIN1).prop_map(<[u8]>::to_vec).boxed()
}

/// Text that is right as it stands, in several words.
fn right() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        TEXT,
        &[
            "Acme",
            "& Co",
            "(A)",
            "100%",
            "a;b=\"c\"",
            "a\tb",
            "/x",
            "<b>",
        ],
    ]
    .concat();
    vec(select(words), 1..4).prop_map(|words| words.join(" ").into_bytes())
}

/// Text in one of the legacy charsets that have its characters.
fn legacy() -> BoxedStrategy<Vec<u8>> {
    let texts = [
        TEXT,
        DISGUISED,
        &[
            "Dvořák",
            "Ağrı",
            "Жуков и сыновья",
            "東京都港区（株）",
            "北京＜科技＞公司",
            "서울특별시",
        ],
    ];
    (select(texts.concat()), select(Charset::ALL))
        .prop_map(|(text, charset)| charset.encode(text).unwrap_or(text.into()))
        .boxed()
}

/// UTF-8 that was read in a legacy charset and encoded again.
fn misread() -> BoxedStrategy<Vec<u8>> {
    (select(TEXT), select(Charset::ALL))
        .prop_map(|(text, charset)| {
            let undefined = |octet: u8| (octet < 0xa0).then_some(char::from(octet));
            let read = |octet| charset.char(octet).or(undefined(octet));
            let misread: Option<String> = text.bytes().map(read).collect();
            misread.unwrap_or(text.to_owned()).into_bytes()
        })
        .boxed()
}

fn concat(sorts: Vec<BoxedStrategy<Vec<u8>>>) -> impl Strategy<Value = Vec<u8>> {
    vec(proptest::strategy::Union::new(sorts), 0..8).prop_map(|pieces| pieces.concat())
}

const FIELDS: &[&str] = &[
    "CompanyName",
    "company_name",
    "X-User-Name",
    "Content-Disposition",
    "Link",
    "User-Agent",
    "ce-subject",
    "X-Amz-Meta-Company",
    "Priority",
    "Dropbox-API-Arg",
    "Referer",
    "X-Original-URL",
    "Cookie",
    "Authorization",
    "Host",
    "Content_Length",
    "Signature",
    "",
];

fn field() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("CompanyName"), select(FIELDS)]
}

fn kinds(size: impl Into<SizeRange>) -> impl Strategy<Value = Vec<FindingKind>> {
    subsequence(FindingKind::ALL, size)
}

/// What rules are for.
const RULED: &[&[&str]] = &[
    &["*"],
    &["CompanyName", "Company-Name"],
    &["X-*"],
    &["Referer"],
    &["ce-*", "Content-*", "Link", "Priority", "User-Agent"],
];

/// A form other than UTF-8, now and then.
fn form() -> impl Strategy<Value = Option<Form>> {
    prop::option::weighted(0.4, select(Form::ALL))
}

/// What is known of a client.
fn context() -> impl Strategy<Value = Context> {
    const LANGUAGES: [&str; 9] = [
        "ru-RU, en;q=0.5",
        "ja",
        "zh-CN",
        "cs, sk",
        "tr",
        "el",
        "he",
        "fr",
        "ko",
    ];
    let known = (
        select(&LANGUAGES[..]),
        prop::option::of(select(Charset::ALL)),
    );
    prop::option::of(known).prop_map(|known| match known {
        None => Context::default(),
        Some((languages, earlier)) => {
            let context = Context::default().with_accept_language(languages.as_bytes());
            earlier.map_or(context, |earlier| context.with_earlier(earlier))
        }
    })
}

/// A rule that can be built, for the fields it may name.
fn rule() -> impl Strategy<Value = Rule> {
    let repairable: Vec<FindingKind> = FindingKind::ALL
        .iter()
        .copied()
        .filter(|kind| kind.is_repairable())
        .collect();
    let names = select(RULED);
    (
        names,
        subsequence(repairable, 0..=4),
        kinds(0..4),
        kinds(0..4),
        subsequence(Charset::ALL, 1..=4),
        any::<bool>(),
        prop::option::weighted(0.3, 0..40usize),
        form(),
    )
        .prop_map(
            |(names, normalize, mut reject, milder, charsets, markup, limit, form)| {
                reject.retain(|kind| form.is_none_or(|form| form.kind() != Some(*kind)));
                let milder = milder
                    .into_iter()
                    .filter(|kind| !normalize.contains(kind) && !reject.contains(kind));
                let mut rule = Rule::for_fields(names.iter().copied())
                    .log(
                        milder
                            .chain([FindingKind::NotNfc])
                            .filter(|kind| !reject.contains(kind)),
                    )
                    .normalize(normalize)
                    .reject(reject)
                    .assume_charsets(charsets)
                    .max_octets(limit.unwrap_or(1 << 20));
                if markup {
                    rule = rule.decode_markup();
                }
                if let Some(form) = form {
                    rule = rule.forward_as(form);
                }
                rule
            },
        )
}

/// A rule that repairs whatever it can, so that repairs are no rare event.
fn repair_all() -> Rule {
    let repairable = FindingKind::ALL.iter().copied();
    Rule::for_fields(["*"])
        .normalize(repairable.filter(|kind| kind.is_repairable()))
        .assume_charsets(Charset::ALL.iter().copied())
}

/// The same with what it goes on as, and what it may assume.
fn repair_all_as() -> impl Strategy<Value = Rule> {
    (form(), subsequence(Charset::ALL, 1..=Charset::ALL.len())).prop_map(|(form, charsets)| {
        let rule = repair_all().assume_charsets(charsets);
        form.into_iter().fold(rule, Rule::forward_as)
    })
}

/// A policy, and what is known of the client whose values it judges.
#[derive(Debug)]
struct Judge {
    policy: Policy,
    context: Context,
}

impl Judge {
    fn decide<'v>(&self, field: &str, value: &'v [u8]) -> Verdict<'v> {
        let policy = self.policy.for_any_request();
        policy.in_context(self.context).decide(field, value)
    }
}

fn judge() -> impl Strategy<Value = Judge> {
    (policy(), context()).prop_map(|(policy, context)| Judge { policy, context })
}

fn policy() -> impl Strategy<Value = Policy> {
    let rules = prop_oneof![
        2 => vec(rule(), 0..3),
        1 => vec(rule(), 0..2).prop_map(|mut rules| {
            rules.push(repair_all());
            rules
        }),
        1 => repair_all_as().prop_map(|rule| vec![rule]),
        1 => repair_all_as().prop_map(|rule| vec![rule.decode_markup()]),
    ];
    let octets = prop::option::weighted(0.2, 8..60usize);
    (select(Preset::ALL), rules, octets).prop_map(|(preset, rules, octets)| {
        let mut builder = Policy::builder().preset(preset);
        for rule in rules {
            builder = builder.rule(rule);
        }
        if let Some(octets) = octets {
            builder = builder.field_octets(octets);
        }
        builder.build().expect("the rules are made to agree")
    })
}

const TEXT_IN_TEXT: &[FindingKind] = &[
    FindingKind::NestedEncoding,
    FindingKind::DoubleEncoded,
    FindingKind::CharRef,
    FindingKind::EncodedWord,
    FindingKind::ExtValue,
    FindingKind::DisplayString,
    FindingKind::UnicodeEscape,
    FindingKind::PercentEncoded,
];

/// What may follow a segment and change nothing, for some origin.
const SEGMENT_ENDS: &[&str] = &[
    "", ";", ";a=1", "%3Bx", "/.", "%2F", "/%2e", "//", "\\", "/;",
];

/// What may come before a segment and lead nowhere, for some origin.
const DETOURS: &[&str] = &[
    "",
    "/",
    "/x/..",
    "/x/..;y",
    "/x/%2e%2E",
    "/.",
    "/x%2f..",
    "\\x\\..",
    "/;/./",
];

/// What no repaired value may hold.
fn is_unsafe(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fdd0}'..='\u{fdef}')
        || (character.is_control() && character != '\t')
        || u32::from(character) & 0xfffe == 0xfffe
}

fn preset(preset: Preset) -> Policy {
    Policy::builder().preset(preset).build().expect("no rules")
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2048,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    // Deciding.

    #[test]
    fn normalizing_is_idempotent(value in value(), field in field(), policy in judge()) {
        if let Outcome::Rewrite(normalized) = policy.decide(field, &value).outcome() {
            let again = policy.decide(field, normalized.as_bytes());
            match normalized.form() {
                Form::Utf8 => prop_assert_eq!(again.outcome(), &Outcome::Forward(normalized.as_bytes())),
                // Octets of Latin-1 may be taken for those of another charset.
                Form::Latin1 => {}
                // Another rule may refuse what this one makes.
                _ => prop_assert!(!matches!(again.outcome(), Outcome::Rewrite(_)), "{:?}", again),
            }
        }
    }

    #[test]
    fn a_normalized_value_scans_clean_of_what_was_repaired(
        value in value(), field in field(), policy in judge(),
    ) {
        let verdict = policy.decide(field, &value);
        if let Outcome::Rewrite(normalized) = verdict.outcome() {
            let repaired: Vec<_> = verdict
                .judged()
                .iter()
                .filter(|judged| judged.action == headguard::Action::Normalize)
                .map(|judged| judged.finding.kind())
                .collect();
            prop_assert!(!repaired.is_empty() || normalized.form() != Form::Utf8);
            for finding in scan(normalized.as_str().as_bytes()).in_field(field).findings() {
                prop_assert!(finding.is_in_place() || !repaired.contains(&finding.kind()));
            }
        }
    }

    #[test]
    fn a_clean_value_is_never_changed(value in value(), field in field(), policy in judge()) {
        let clean = scan(&value).in_field(field).is_clean();
        for &name in Preset::ALL {
            let policy = preset(name);
            let verdict = policy.decide(field, &value);
            let unsaid = name == Preset::Off;
            prop_assert_eq!(verdict.is_clean(), clean || unsaid);
            if clean || unsaid {
                prop_assert_eq!(verdict.outcome(), &Outcome::Forward(&value[..]));
            }
        }
        if clean {
            match policy.decide(field, &value).outcome() {
                Outcome::Rewrite(formed) => {
                    prop_assert_ne!(formed.form(), Form::Utf8);
                    prop_assert_eq!(formed.as_str().as_bytes(), &value[..]);
                    prop_assert!(!value.is_ascii());
                }
                Outcome::Forward(sent) => prop_assert_eq!(*sent, &value[..]),
                Outcome::Reject(_) => {}
            }
        }
    }

    #[test]
    fn what_was_rejected_is_not_forwarded(value in value(), field in field(), policy in judge()) {
        use headguard::Action;
        let verdict = policy.decide(field, &value);
        let worst = verdict.judged().iter().map(|judged| judged.action).max();
        match verdict.outcome() {
            Outcome::Reject(_) => prop_assert_eq!(verdict.action(), Action::Reject),
            Outcome::Forward(octets) => {
                prop_assert_eq!(*octets, &value[..]);
                prop_assert!(worst < Some(Action::Reject));
                prop_assert!(verdict.action() <= Action::Log);
            }
            Outcome::Rewrite(normalized) => {
                prop_assert_eq!(normalized.original(), &value[..]);
                prop_assert_eq!(verdict.action(), Action::Normalize);
                match worst {
                    None => prop_assert_ne!(normalized.form(), Form::Utf8),
                    worst => prop_assert_eq!(worst, Some(Action::Normalize)),
                }
            }
        }
    }

    #[test]
    fn under_log_every_octet_arrives_as_sent(value in value(), field in field(), context in context()) {
        let policy = Judge { policy: Policy::default(), context };
        let verdict = policy.decide(field, &value);
        prop_assert_eq!(verdict.outcome(), &Outcome::Forward(&value[..]));
        prop_assert_eq!(verdict.refusal(), None);
    }

    #[test]
    fn protected_fields_are_never_rewritten(value in value(), field in field(), policy in judge()) {
        if Protection::of(field).is_some() {
            prop_assert!(!matches!(policy.decide(field, &value).outcome(), Outcome::Rewrite(_)));
        }
    }

    #[cfg(feature = "http")]
    #[test]
    fn what_is_signed_is_never_rewritten(value in value(), policy in policy(), scheme in 0..3usize) {
        use http::HeaderValue;
        let (carrier, covers) = [
            ("signature-input", "sig=(\"host\" \"x-user-name\");created=1"),
            ("authorization", "AWS4-HMAC-SHA256 Credential=A, SignedHeaders=host;x-user-name, Signature=0"),
            ("signature", "keyId=\"k\",headers=\"date x-user-name\",signature=\"AA=\""),
        ][scheme];
        let Ok(sent) = HeaderValue::from_bytes(&value) else { return Ok(()) };
        let mut headers = http::HeaderMap::new();
        headers.insert("accept-language", HeaderValue::from_static("ja"));
        headers.insert("x-user-name", sent.clone());
        headers.insert(carrier, HeaderValue::from_static(covers));
        let _ = policy.enforce(&mut headers);
        prop_assert_eq!(headers.get("x-user-name"), Some(&sent));
    }

    #[test]
    fn normalized_text_holds_nothing_unsafe(value in value(), field in field(), policy in judge()) {
        if let Outcome::Rewrite(normalized) = policy.decide(field, &value).outcome() {
            let text = normalized.as_str();
            prop_assert_eq!(text.find(is_unsafe), None);
            prop_assert_eq!(text.trim(), text);
            if normalized.form() == Form::Utf8 {
                prop_assert!(!matches!(policy.decide(field, text.as_bytes()).outcome(), Outcome::Reject(_)));
            }
        }
    }

    #[test]
    fn no_repair_makes_signs_unless_it_is_let(
        value in value(), field in field(), rule in repair_all_as(), context in context(),
    ) {
        let policy = Policy::builder().rule(rule).build().expect("a right rule");
        let policy = Judge { policy, context };
        if let Outcome::Rewrite(normalized) = policy.decide(field, &value).outcome() {
            let text = normalized.as_str();
            let count = |sign: char| text.matches(sign).count();
            for sign in "!\"#$%*+/:;<=>?@[\\]^_`{|}~".chars() {
                let came = value.iter().filter(|octet| char::from(**octet) == sign).count();
                prop_assert!(count(sign) <= came, "{} in {:?}", sign, text);
            }
            let came: Vec<_> = value.utf8_chunks().map(|chunk| chunk.valid()).collect();
            let came = came.join("\u{fffd}");
            for sign in ['＜', '＞', '＂', '＄', '｛', '\u{37e}', '\u{212a}', '\u{fe64}'] {
                prop_assert!(count(sign) <= came.matches(sign).count(), "{} in {:?}", sign, text);
            }
            let (hidden, old) = (htmlize::unescape(text), htmlize::unescape(came.as_str()));
            for sign in ['<', '>', '"', '\n', '\r'] {
                prop_assert!(hidden.matches(sign).count() <= old.matches(sign).count(), "{:?}", text);
            }
        }
    }

    #[test]
    fn only_charsets_that_are_listed_are_assumed(
        value in value(), field in field(), charsets in subsequence(Charset::ALL, 1..=3), context in context(),
    ) {
        let rule = repair_all().assume_charsets(charsets.iter().copied());
        let policy = Policy::builder().rule(rule).build().expect("a right rule");
        let policy = Judge { policy, context };
        if let Outcome::Rewrite(_) = policy.decide(field, &value).outcome() {
            for finding in scan(&value).in_field(field).findings_in(context) {
                let guess = matches!(
                    finding.kind(),
                    FindingKind::Latin1 | FindingKind::LegacyCharset | FindingKind::MixedCharset
                );
                let octets = &value[finding.span()];
                let meant = finding.charset().and_then(|charset| charset.decode(octets));
                let is_listed = charsets.iter().any(|listed| listed.decode(octets) == meant);
                prop_assert!(!guess || (meant.is_some() && is_listed), "{:?}", finding);
            }
        }
    }

    // Forms that a rule declares.

    #[test]
    fn what_is_passed_on_in_a_form_reads_back_by_it(
        value in prop_oneof![value(), right()], field in field(), form in select(Form::ALL), repair in any::<bool>(),
        context in context(),
    ) {
        let rule = if repair { repair_all() } else { Rule::for_fields(["*"]) };
        let policy = Policy::builder().rule(rule.forward_as(form)).build().expect("a right rule");
        let policy = Judge { policy, context };
        if let Outcome::Rewrite(formed) = policy.decide(field, &value).outcome() {
            let (octets, text) = (formed.as_bytes(), formed.as_str());
            let percent = |octets: &[u8]| {
                percent_encoding::percent_decode(octets).decode_utf8().map(String::from).ok()
            };
            prop_assert!(formed.form() == form || (formed.form() == Form::Utf8 && (text.is_ascii()
                || !matches!(Grammar::of(field), Grammar::FreeText | Grammar::Metadata | Grammar::Percent))));
            let back = match formed.form() {
                Form::Utf8 => String::from_utf8(octets.to_vec()).ok(),
                Form::Latin1 => Some(octets.iter().copied().map(char::from).collect()),
                Form::Percent => percent(octets),
                Form::ExtValue => octets.strip_prefix(b"UTF-8''").and_then(percent),
                Form::DisplayString => octets
                    .strip_prefix(b"%\"")
                    .and_then(|octets| octets.strip_suffix(b"\""))
                    .filter(|octets| !octets.contains(&b'"'))
                    .and_then(percent),
                Form::CharRef => std::str::from_utf8(octets).ok().map(|html| htmlize::unescape(html).into_owned()),
                _ => None,
            };
            prop_assert_eq!(back.as_deref(), Some(text));
            prop_assert!(matches!(formed.form(), Form::Utf8 | Form::Latin1) || octets.is_ascii());
            prop_assert!(!octets.iter().any(|octet| octet.is_ascii_control() && *octet != b'\t'));
            let again = policy.decide(field, octets);
            prop_assert!(form == Form::Latin1 || again.outcome() == &Outcome::Forward(octets), "{:?}", again);
        }
    }

    #[test]
    fn ascii_is_never_put_into_a_form(value in "[ -~]{0,24}", field in field(), form in select(Form::ALL)) {
        let rule = Rule::for_fields(["*"]).forward_as(form);
        let policy = Policy::builder().rule(rule).build().expect("a right rule");
        let verdict = policy.decide(field, value.as_bytes());
        prop_assert_eq!(verdict.outcome(), &Outcome::Forward(value.as_bytes()));
    }

    #[test]
    fn no_control_arrives_where_controls_are_rejected(
        value in value(), field in field(), rule in prop_oneof![rule(), repair_all_as()], context in context(),
    ) {
        let policy = Policy::builder()
            .preset(Preset::Repair)
            .rule(rule)
            .rule(Rule::for_fields(["*"]).reject([FindingKind::Control]))
            .build()
            .expect("the rules agree");
        let policy = Judge { policy, context };
        let outcome = policy.decide(field, &value).into_outcome();
        let sent = match &outcome {
            Outcome::Forward(octets) => octets,
            Outcome::Rewrite(normalized) => normalized.as_bytes(),
            Outcome::Reject(_) => return Ok(()),
        };
        prop_assert!(!sent.iter().any(|octet| octet.is_ascii_control() && *octet != b'\t'));
        if let Ok(text) = std::str::from_utf8(sent) {
            prop_assert_eq!(text.find(|c: char| c.is_control() && c != '\t'), None);
        }
    }

    #[test]
    fn limits_hold(value in value(), limit in 0..40usize, octets in 0..40usize, form in select(Form::ALL)) {
        let policy = Policy::builder()
            .preset(Preset::Repair)
            .rule(Rule::for_fields(["*"]).max_octets(limit).forward_as(form))
            .field_octets(octets)
            .build()
            .expect("a right rule");
        match policy.decide("CompanyName", &value).into_outcome() {
            Outcome::Forward(sent) => prop_assert!(sent.len() <= limit),
            Outcome::Rewrite(sent) => prop_assert!(sent.as_bytes().len() <= limit.min(octets)),
            Outcome::Reject(_) => {}
        }
    }

    #[test]
    fn text_in_text_is_decoded_whole_or_not_at_all(
        value in value(), kinds in subsequence(TEXT_IN_TEXT, 1..=8),
    ) {
        let rule = Rule::for_fields(["*"]).normalize(kinds).decode_markup();
        let policy = Policy::builder().rule(rule).build().expect("a right rule");
        if let Outcome::Rewrite(normalized) = policy.decide("CompanyName", &value).outcome() {
            let left = scan(normalized.as_bytes()).findings().find(|one| !one.is_in_place() && TEXT_IN_TEXT.contains(&one.kind()));
            prop_assert_eq!(left, None);
        }
    }

    #[test]
    fn what_is_allowed_is_as_if_it_were_not_there(value in value(), field in field()) {
        let rule = Rule::for_fields(["*"]).allow(FindingKind::ALL.iter().copied());
        let policy = Policy::builder().preset(Preset::Strict).rule(rule).build().expect("a right rule");
        prop_assert!(policy.decide(field, &value).is_clean());
    }

    // Scopes.

    #[test]
    fn no_spelling_of_a_path_slips_past_its_route(
        pieces in vec((select(SEGMENT_ENDS), select(DETOURS), any::<u16>()), 2), kept in select(SEGMENT_ENDS),
    ) {
        let names = ["api", "orders"];
        let mut path = String::new();
        for ((end, detour, encoded), name) in pieces.iter().zip(names) {
            path.push_str(detour);
            path.push('/');
            for (at, octet) in name.bytes().enumerate() {
                match encoded >> at & 1 {
                    0 => path.push(char::from(octet)),
                    _ => path.push_str(&format!("%{octet:02X}")),
                }
            }
            path.push_str(end);
        }
        path.push_str(kept);
        for route in ["/api/orders", "/api/orders/*", "/api/*", "/api*", "/*"] {
            let scope = Scope::default().routes([route]);
            prop_assert!(scope.includes(Some(&Target::new("GET", "x", &path))), "{} {}", route, path);
        }
    }

    #[test]
    fn any_path_is_on_some_route_or_none(path in any::<String>(), route in any::<String>()) {
        let scope = Scope::default().routes([route]);
        let _ = scope.includes(Some(&Target::new("GET", "x", &path)));
        let everywhere = Scope::default().routes(["/*"]);
        let path = format!("/{path}");
        prop_assert!(everywhere.includes(Some(&Target::new("GET", "x", &path))));
    }

    #[test]
    fn a_rule_for_a_strange_path_never_orders_less(
        path in "(/|%2f|\\\\|;|\\.|%2e|%3b|api|x){0,12}", value in value(), rule in rule(), field in field(),
    ) {
        let path = format!("/{path}");
        let beneath = || {
            let rule = Rule::for_fields(["*"]).reject(FindingKind::ALL.iter().copied());
            Policy::builder().rule(rule)
        };
        let found = |policy: headguard::PolicyBuilder| {
            let policy = policy.build().expect("right rules");
            policy.for_request(Target::new("GET", "x", &path)).decide(field, &value).action()
        };
        let scoped = rule.clone().within(Scope::default().routes(["/api/*"]));
        let with = found(beneath().rule(rule));
        let least = with.min(found(beneath()));
        prop_assert!(found(beneath().rule(scoped)) >= least);
    }

    // Findings.

    #[test]
    fn spans_are_in_bounds_ordered_and_disjoint(value in value(), field in field()) {
        let mut end = 0;
        for finding in scan(&value).in_field(field).findings() {
            let span = finding.span();
            prop_assert!(end <= span.start && span.start < span.end && span.end <= value.len());
            end = span.end;
        }
    }

    #[test]
    fn what_lies_between_findings_is_well_formed(value in value()) {
        let mut rest = value.clone();
        for finding in scan(&value).findings() {
            rest[finding.span()].fill(b'.');
        }
        prop_assert!(std::str::from_utf8(&rest).is_ok());
    }

    #[test]
    fn what_is_printed_for_debugging_holds_no_octets(
        secret in "[A-Z]{12}", value in value(), policy in policy(),
    ) {
        // The secret cannot come about by chance in the names of things.
        let value = [secret.as_bytes(), &value[..], secret.as_bytes()].concat();
        let numbers = format!("{:?}", secret.as_bytes());
        let numbers = numbers.trim_matches(['[', ']']);
        let verdict = policy.decide("CompanyName", &value);
        let mut printed = format!("{:?} {:#?} {:?}", verdict, verdict, scan(&value));
        match verdict.outcome() {
            Outcome::Reject(rejection) => printed.push_str(&rejection.to_string()),
            Outcome::Rewrite(normalized) => printed.push_str(&format!("{normalized:?}")),
            Outcome::Forward(_) => {}
        }
        prop_assert!(!printed.contains(&secret));
        prop_assert!(!printed.contains(numbers));
    }

    // Octets.

    #[test]
    fn scan_agrees_with_std_at_every_cut_and_alignment(value in value()) {
        for start in 0..value.len().min(17) {
            for end in start..=value.len() {
                let part = &value[start..end];
                let scanned = scan(part);
                prop_assert_eq!(scanned.as_str(), std::str::from_utf8(part).ok());
                prop_assert_eq!(
                    scanned.facts().contains(Facts::MALFORMED),
                    std::str::from_utf8(part).is_err()
                );
                prop_assert_eq!(scanned.facts().contains(Facts::NON_ASCII), !part.is_ascii());
            }
        }
    }

    #[test]
    fn utf8_errors_are_the_octets_std_calls_invalid(value in value()) {
        let mut ours = vec![false; value.len()];
        for error in utf8::errors(&value) {
            ours[error.span].fill(true);
        }
        let mut theirs = Vec::new();
        for chunk in value.utf8_chunks() {
            theirs.resize(theirs.len() + chunk.valid().len(), false);
            theirs.resize(theirs.len() + chunk.invalid().len(), true);
        }
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn charsets_go_there_and_back(value in vec(any::<u8>(), 0..40)) {
        for charset in Charset::ALL {
            let Some(text) = charset.decode(&value) else { continue };
            match text.chars().map(|c| charset.octet(c)).collect::<Option<Vec<u8>>>() {
                Some(back) if back.len() == value.len() => prop_assert_eq!(back, value.clone()),
                Some(back) => prop_assert_eq!(charset.decode(&back), Some(text)),
                // Several octets a character: some have a second spelling, and
                // what only the decoder knows has none.
                None => if let Some(back) = charset.encode(&text) {
                    prop_assert_eq!(charset.decode(&back), Some(text));
                },
            }
        }
    }

    // Readings.

    #[test]
    fn a_reading_differs_from_what_was_sent(value in value(), field in field()) {
        let scanned = scan(&value).in_field(field);
        if let Some(reading) = scanned.reading() {
            prop_assert!(scanned.findings().next().is_some());
            prop_assert_ne!(reading.text().as_bytes(), &value[..]);
        }
    }

    #[test]
    fn references_decode_as_a_whole_html_decoder_does(
        pieces in vec(prop_oneof![
            select(&["a", "B ", " 1", "#", "x=", "é", "\u{20ac}", "&", "& ", "?"][..]).prop_map(str::to_owned),
            select(&["&eacute;", "&#233;", "&#xe9;", "&#150;", "&copy;", "&apos;", "&NotEqualTilde;", "&#8364;"][..])
                .prop_map(str::to_owned),
            (0xa0..0x2_0000u32).prop_filter_map("a character", |number| {
                char::from_u32(number).map(|_| format!("&#{number};"))
            }),
        ], 0..8),
    ) {
        let value = pieces.concat();
        let scanned = scan(value.as_bytes());
        let comparable = scanned.findings().all(|finding| {
            finding.kind() == FindingKind::CharRef
                && finding.hazard().is_none()
                && value.as_bytes()[finding.span().end - 1] == b';'
        });
        if comparable {
            let ours = scanned.reading().map_or(value.clone(), |reading| reading.text().to_owned());
            prop_assert_eq!(&ours, &*htmlize::unescape_attribute(&value));
        }
    }

    #[test]
    fn damage_is_undone_or_left(text in select(TEXT), before in "[a-z ]{0,6}", after in "[ ,.]{0,2}[a-z]{0,6}") {
        let right = format!("{before}{text}{after}");
        let damaged: String = right
            .bytes()
            .map(|octet| Charset::Windows1252.char(octet).unwrap_or(char::from(octet)))
            .collect();
        let reading = scan(damaged.as_bytes()).reading();
        prop_assert!(reading.is_none_or(|reading| reading.text() == right));
    }

    #[test]
    fn legacy_octets_read_as_what_they_were(text in "[A-Za-zéèàçüöäñáíóú&' -]{1,24}") {
        let octets: Vec<u8> = text.chars().map(|c| Charset::Latin1.octet(c).unwrap()).collect();
        // `íö-` alone is `нц-` as well, and no language has it.
        let western = scan(&octets).findings().all(|one| one.kind() == FindingKind::Latin1);
        if let Some(reading) = scan(&octets).reading().filter(|_| western) {
            prop_assert_eq!(reading.text(), text);
        }
    }

    #[test]
    fn western_names_read_as_what_they_were(words in vec(select(WESTERN), 1..5)) {
        let text = words.join(" ");
        let octets = Charset::Latin1.encode(&text).unwrap();
        if let Some(reading) = scan(&octets).reading() {
            prop_assert_eq!(reading.text(), text);
        }
    }

    /// What is not repaired goes on as octets, which somebody may read as UTF-8.
    #[test]
    fn no_overlong_form_arrives_where_they_are_rejected(
        value in value(), field in field(), rule in prop_oneof![rule(), repair_all_as()], context in context(),
    ) {
        let policy = Policy::builder()
            .rule(rule)
            .rule(Rule::for_fields(["*"]).reject([FindingKind::OverlongUtf8]))
            .build()
            .expect("the rules agree");
        let policy = Judge { policy, context };
        if let Outcome::Forward(sent) = policy.decide(field, &value).outcome() {
            let overlong = |pair: &[u8]| matches!(pair, [0xc0 | 0xc1, 0x80..=0xbf]);
            let mut errors = utf8::errors(sent).map(|error| &sent[error.span]);
            prop_assert!(!errors.any(overlong));
        }
    }

    // Showing.

    #[test]
    fn a_preview_is_one_safe_line(value in value(), limit in 0..40usize) {
        let shown = Preview::new(&value).up_to(limit).to_string();
        prop_assert!(shown.chars().all(|character| !character.is_control()));
        prop_assert_eq!(shown.find(is_unsafe), None);
    }

    #[test]
    fn names_of_fields_are_judged_alike_in_every_spelling(name in "[A-Za-z_-]{0,16}") {
        for spelling in [name.to_uppercase(), name.to_lowercase(), name.replace('_', "-"), name.replace('-', "_")] {
            prop_assert_eq!(Grammar::of(&spelling), Grammar::of(&name));
            prop_assert_eq!(Protection::of(&spelling), Protection::of(&name));
        }
    }
}

/// A path has many readings, and a strange one is not read in all of them.
#[test]
fn long_paths_are_read_in_bounded_time() {
    let scope = Scope::default().routes((0..100).map(|n| format!("/api{n}/*")));
    for piece in ["/a", "/..", "/;.%2e%2f%3b\\//..", "%", "%2F"] {
        let path = format!("/{}", piece.repeat(1 << 16));
        let _ = scope.includes(Some(&Target::new("GET", "x", &path)));
    }
}

/// Each value is taken in one walk: a long one costs its length, not its
/// square. Values that once were, or could be, walked again and again are taken
/// at a length at which a square would take minutes.
#[test]
fn long_values_are_judged_in_one_walk() {
    const LENGTH: usize = 1 << 18;
    let cycle = |piece: &[u8]| {
        piece
            .iter()
            .copied()
            .cycle()
            .take(LENGTH)
            .collect::<Vec<u8>>()
    };
    let between = |first: &[u8], piece: &[u8], last: &[u8]| [first, &cycle(piece), last].concat();
    let values = [
        between(b"a\xE9", b" ", b"b"),
        between("é\u{80}".as_bytes(), b" ", b"\x80b"),
        between(b"\xC3\xA9\x80", b" ", b"b"),
        between(b"", b"&amp;", b"x"),
        between(b"&", b"amp;", b"#1"),
        between(b"&#", b"1", b""),
        between(b"", b"&#1", b""),
        between(
            "👩".as_bytes(),
            "\u{fe0f}".as_bytes(),
            "\u{200d}".as_bytes(),
        ),
        between("👩".as_bytes(), "\u{fe0f}\u{200d}".as_bytes(), b""),
        between("🏴".as_bytes(), "\u{e0067}".as_bytes(), b""),
        between(b"", "Ã©".as_bytes(), b""),
        between(b"", "Ã© ".as_bytes(), b""),
        between(b"\x80", "\u{200d}".as_bytes(), b""),
        between(b"\x80\xF0\x9F\x91\xA9", "\u{fe0f}\u{200d}".as_bytes(), b""),
        between(b"\x80", "\u{a0}".as_bytes(), b""),
        between("\u{a0}".as_bytes(), b"\x80", b""),
        between(b"", b"\xE9", b""),
        between(b"", b"\xC3", b"a"),
        between(b"", b"\xED\xA0\x80", b""),
        between(b"", "\u{a0}".as_bytes(), b"a"),
        between(b"", b"\n", b""),
        between(b"T?l?bec ", b"?", b""),
        between(b"", b"l?", b"l"),
        between("\u{5d0}".as_bytes(), "\u{200f}".as_bytes(), b""),
        between(b"a", "\u{ff1c}".as_bytes(), b""),
    ];
    judge_all(&values);
}

/// The same for what forms of text in text start with. More is done for each
/// octet of these, so a square shows at a smaller length.
#[test]
fn long_values_of_forms_are_judged_in_one_walk() {
    const LENGTH: usize = 1 << 16;
    let between = |first: &[u8], piece: &[u8], last: &[u8]| {
        let cycle = piece.iter().copied().cycle().take(LENGTH);
        [first, &cycle.collect::<Vec<u8>>(), last].concat()
    };
    judge_all(&[
        between(b"", b"&", b""),
        between(b"", b"%", b""),
        between(b"", b"%25", b"C3%25A9"),
        between(b"%", b"25", b"C3%A9"),
        between(b"", b"%C3%A9", b""),
        between(b"", b"%C3%A9 ", b""),
        between(b"", b"%C3%A9&amp;", b""),
        between(b"", b"%u00e9", b""),
        between(b"", b"\\u00e9", b""),
        between(b"", b"\\u00e9 ", b""),
        between(b"", b"=?", b""),
        between(b"", b"=?utf-8?q?", b""),
        between(b"=?utf-8?q?", b"a", b""),
        between(b"", b"=?utf-8?q?a?=", b""),
        between(b"", b"=?utf-8?q?a?= b ", b""),
        between(b"", b"=?utf-8?b?YQ==?= =?koi8-r?q?a?= ", b""),
        between(b"%C3", b"utf-8''", b""),
        between(b"%C3", b"!utf-8''", b""),
        between(b"%C3", b" utf-8''a", b""),
        between(b"", b" utf-8''%C3%A9", b""),
        between(b"", b";a*=utf-8''%C3%A9", b""),
        between(b"", b"%\"", b""),
        between(b"%\"", b"a", b""),
        between(b"", b"%\"%c3%a9\" ", b""),
        between(b"", b"&#233", b""),
        between(b"", b"a&#xE9", b""),
        between(b"&#x", b"a", b""),
        between(b"", b"&eacutea", b""),
    ]);
}

fn judge_all(values: &[Vec<u8>]) {
    for value in values {
        for policy in Preset::ALL.iter().map(|&p| preset(p)) {
            let verdict = policy.decide("CompanyName", value);
            assert!(verdict.judged().len() <= Verdict::MOST_JUDGED);
        }
        let _ = scan(value).reading();
    }
}
