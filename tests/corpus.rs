//! Runs the cases of `tests/corpus/*.toml`; their README explains the format.
//!
//! Every failing case is reported, with its file and name, before the test
//! fails. What a case may say is checked as strictly as a configuration:
//! a misspelt key or kind is a failure, not a case that passes for nothing.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by panicking"
)]

use headguard::charset::Charset;
use headguard::policy::{Form, Preset, Rule, Scope, Target};
use headguard::preview::Preview;
use headguard::{Finding, FindingKind};
use headguard::{Outcome, Policy, Scan, scan};
use serde::Deserialize;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

#[test]
fn corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no files in {}", folder.display());

    let mut report = Report::default();
    let mut names = HashMap::new();
    for path in files {
        let file = path.file_name().unwrap().display().to_string();
        let theme: Theme = match toml::from_str(&std::fs::read_to_string(&path).unwrap()) {
            Ok(theme) => theme,
            Err(error) => {
                report.fail(&file, "", &[format!("{error}")]);
                continue;
            }
        };
        if theme.case.is_empty() {
            report.fail(&file, "", &["the file has no cases".to_owned()]);
        }
        for case in &theme.case {
            report.cases += 1;
            let mut wrong = case.run();
            if let Some(other) = names.insert(case.name.clone(), file.clone()) {
                wrong.push(format!("the name is taken by a case in {other}"));
            }
            if !wrong.is_empty() {
                report.fail(&file, &case.name, &wrong);
            }
        }
    }
    assert!(
        report.failures == 0,
        "{} failures in {} cases\n{}",
        report.failures,
        report.cases,
        report.text
    );
}

#[derive(Default)]
struct Report {
    cases: usize,
    failures: usize,
    text: String,
}

impl Report {
    fn fail(&mut self, file: &str, case: &str, wrong: &[String]) {
        self.failures += 1;
        writeln!(self.text, "\n{file}: {case}").unwrap();
        for line in wrong {
            writeln!(self.text, "    {line}").unwrap();
        }
    }
}

/// One file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Theme {
    #[serde(default)]
    case: Vec<Case>,
}

/// One value and what is expected of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default = "company_name")]
    field: String,
    octets: String,
    #[serde(default)]
    findings: Vec<String>,
    reading: Option<String>,
    log: Option<Expected>,
    repair: Option<Expected>,
    strict: Option<Expected>,
    #[serde(default)]
    rules: Vec<RuleText>,
    preset: Option<String>,
    request: Option<String>,
    outcome: Option<Expected>,
    not_repaired: Option<String>,
}

fn company_name() -> String {
    "CompanyName".to_owned()
}

/// What becomes of a value.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Forward,
    Reject,
    Rewrite(String),
    /// The rules cannot be built; the message says why.
    Mistake(String),
}

impl Expected {
    fn of(outcome: &Outcome<'_>) -> Self {
        match outcome {
            Outcome::Forward(_) => Self::Forward,
            Outcome::Reject(_) => Self::Reject,
            Outcome::Rewrite(normalized) => Self::Rewrite(written(normalized.as_bytes())),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Forward => "forward".to_owned(),
            Self::Reject => "reject".to_owned(),
            Self::Rewrite(text) => format!("rewrite to `{}`", Preview::new(text.as_bytes())),
            Self::Mistake(message) => format!("mistake: {message}"),
        }
    }
}

/// A rule in the words of the configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    name: Option<String>,
    fields: Option<Vec<String>>,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    routes: Vec<String>,
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    log: Vec<String>,
    #[serde(default)]
    normalize: Vec<String>,
    #[serde(default)]
    reject: Vec<String>,
    charsets: Option<Vec<String>>,
    #[serde(default)]
    decode_markup: bool,
    max_octets: Option<usize>,
    forward_as: Option<String>,
}

impl RuleText {
    fn build(&self, field: &str) -> Result<Rule, String> {
        let kinds = |names: &[String]| -> Result<Vec<FindingKind>, String> {
            names
                .iter()
                .map(|name| name.parse().map_err(|error| format!("`{name}`: {error}")))
                .collect()
        };
        let fields = self
            .fields
            .clone()
            .unwrap_or_else(|| vec![field.to_owned()]);
        let mut rule = Rule::for_fields(fields)
            .within(
                Scope::default()
                    .methods(self.methods.iter().cloned())
                    .hosts(self.hosts.iter().cloned())
                    .routes(self.routes.iter().cloned()),
            )
            .allow(kinds(&self.allow)?)
            .log(kinds(&self.log)?)
            .normalize(kinds(&self.normalize)?)
            .reject(kinds(&self.reject)?);
        if let Some(name) = &self.name {
            rule = rule.named(name.as_str());
        }
        if let Some(charsets) = &self.charsets {
            let charsets: Result<Vec<Charset>, _> =
                charsets.iter().map(|label| label.parse()).collect();
            rule = rule.assume_charsets(charsets.map_err(|error| error.to_string())?);
        }
        if self.decode_markup {
            rule = rule.decode_markup();
        }
        if let Some(octets) = self.max_octets {
            rule = rule.max_octets(octets);
        }
        if let Some(form) = &self.forward_as {
            let form = form.parse::<Form>().map_err(|error| error.to_string())?;
            rule = rule.forward_as(form);
        }
        Ok(rule)
    }
}

impl Case {
    /// What is wrong, a line each; nothing when all is as expected.
    fn run(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        match unescape(&self.octets) {
            Ok(octets) => {
                let scan = scan(&octets).in_field(&self.field);
                self.check_findings(scan, &mut wrong);
                self.check_reading(scan, &mut wrong);
                self.check_presets(&octets, &mut wrong);
                self.check_rules(&octets, &mut wrong);
            }
            Err(error) => wrong.push(error),
        }
        wrong
    }

    fn check_findings(&self, scan: Scan<'_>, wrong: &mut Vec<String>) {
        let found: Vec<Finding> = scan.findings().collect();
        let agree = found.len() == self.findings.len()
            && found.iter().zip(&self.findings).all(|(finding, expected)| {
                let mut words = expected.split_whitespace();
                words.next() == Some(finding.kind().name())
                    && words.next() == Some(&span(finding))
                    && words.all(|word| qualities(finding).iter().any(|known| known == word))
            });
        if !agree {
            wrong.push(format!("expected findings {:?}", self.findings));
            let found: Vec<String> = found
                .iter()
                .map(|f| format!("{} {} {}", f.kind(), span(f), qualities(f).join(" ")))
                .collect();
            wrong.push(format!("found             {found:?}"));
        }
    }

    fn check_reading(&self, scan: Scan<'_>, wrong: &mut Vec<String>) {
        let reading = scan.reading();
        let read = reading.as_ref().map(|reading| reading.text());
        if read != self.reading.as_deref() {
            let show = |text: Option<&str>| match text {
                Some(text) => format!("`{}`", Preview::new(text.as_bytes())),
                None => "none".to_owned(),
            };
            let expected = show(self.reading.as_deref());
            wrong.push(format!("expected reading {expected}, read {}", show(read)));
        }
    }

    fn check_presets(&self, octets: &[u8], wrong: &mut Vec<String>) {
        let stated = [
            (Preset::Log, &self.log),
            (Preset::Repair, &self.repair),
            (Preset::Strict, &self.strict),
        ];
        for (preset, expected) in stated {
            // Nothing found, or only reported: the value goes on as it came.
            let quiet = self.findings.is_empty() || preset == Preset::Log;
            let Some(expected) = expected.clone().or(quiet.then_some(Expected::Forward)) else {
                wrong.push(format!(
                    "a case with findings has to say what `{preset}` does"
                ));
                continue;
            };
            let policy = Policy::builder().preset(preset).build().unwrap();
            let verdict = policy.decide(&self.field, octets);
            check_outcome(preset.name(), &expected, verdict.outcome(), octets, wrong);
        }
    }

    fn check_rules(&self, octets: &[u8], wrong: &mut Vec<String>) {
        if self.rules.is_empty() {
            let needs_rules = [&self.preset, &self.request, &self.not_repaired];
            if self.outcome.is_some() || needs_rules.iter().any(|key| key.is_some()) {
                wrong.push(
                    "`outcome`, `preset`, `request` and `not_repaired` are for cases with `rules`"
                        .to_owned(),
                );
            }
            return;
        }
        let Some(expected) = &self.outcome else {
            wrong.push("a case with rules has to say its `outcome`".to_owned());
            return;
        };
        let policy = match self.policy() {
            Ok(policy) => policy,
            Err(found) => {
                if found != *expected {
                    wrong.push(format!(
                        "rules: expected {}, found {}",
                        expected.show(),
                        found.show()
                    ));
                }
                return;
            }
        };
        let request: Vec<&str> = self.request.iter().flat_map(|r| r.split(' ')).collect();
        let target = match request[..] {
            [] => None,
            [method, host, path] => Some(Target::new(method, host, path)),
            _ => {
                wrong.push("`request` is not `METHOD host /path`".to_owned());
                return;
            }
        };
        let verdict = match target {
            Some(target) => policy.for_request(target).decide(&self.field, octets),
            None => policy.decide(&self.field, octets),
        };
        check_outcome("rules", expected, verdict.outcome(), octets, wrong);
        let reason = verdict.refusal().map(|refusal| refusal.reason());
        if reason != self.not_repaired.as_deref() {
            wrong.push(format!(
                "expected not_repaired {:?}, found {reason:?}",
                self.not_repaired
            ));
        }
    }

    fn policy(&self) -> Result<Policy, Expected> {
        let mut builder = Policy::builder();
        if let Some(preset) = &self.preset {
            let preset = preset
                .parse()
                .map_err(|_| Expected::Mistake(format!("unknown preset {preset}")))?;
            builder = builder.preset(preset);
        }
        for rule in &self.rules {
            builder = builder.rule(rule.build(&self.field).map_err(Expected::Mistake)?);
        }
        builder
            .build()
            .map_err(|error| Expected::Mistake(error.to_string()))
    }
}

fn check_outcome(
    who: &str,
    expected: &Expected,
    outcome: &Outcome<'_>,
    octets: &[u8],
    wrong: &mut Vec<String>,
) {
    let found = Expected::of(outcome);
    if found != *expected {
        wrong.push(format!(
            "{who}: expected {}, found {}",
            expected.show(),
            found.show()
        ));
    }
    if matches!(outcome, Outcome::Forward(sent) if *sent != octets) {
        wrong.push(format!("{who}: forwarded other octets than came"));
    }
}

fn span(finding: &Finding) -> String {
    let span = finding.span();
    format!("{}..{}", span.start, span.end)
}

/// What else a case may say of a finding: charset, confidence, hazard, and in
/// which way octets are malformed.
fn qualities(finding: &Finding) -> Vec<String> {
    let mut words = Vec::new();
    words.extend(finding.charset().map(|charset| charset.name().to_owned()));
    words.extend(finding.confidence().map(|sure| sure.name().to_owned()));
    words.extend(
        finding
            .hazard()
            .map(|hazard| kebab_case(&format!("{hazard:?}"))),
    );
    words.extend(
        finding
            .malformation()
            .map(|how| kebab_case(&format!("{how:?}"))),
    );
    words
}

fn kebab_case(variant: &str) -> String {
    let mut name = String::new();
    for letter in variant.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Octets from text in which `\xNN` stands for an octet and `\\` for `\`.
/// Octets as the corpus writes them where they are not UTF-8.
fn written(octets: &[u8]) -> String {
    let escape = |octet: &u8| match octet {
        0x20..=0x7e => char::from(*octet).to_string(),
        _ => format!("\\x{octet:02X}"),
    };
    match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => octets.iter().map(escape).collect(),
    }
}

fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        octets.extend_from_slice(before.as_bytes());
        let digits = escape.strip_prefix('x').and_then(|escape| escape.get(..2));
        if let Some(after) = escape.strip_prefix('\\') {
            octets.push(b'\\');
            rest = after;
        } else if let Some(octet) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            octets.push(octet);
            rest = escape.get(3..).unwrap_or_default();
        } else {
            return Err(format!("octets: neither \\xNN nor \\\\ after `{before}`"));
        }
    }
    octets.extend_from_slice(rest.as_bytes());
    Ok(octets)
}
