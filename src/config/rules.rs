//! The policy's rules: each `[[policy.rule]]` as text, then all as a policy.
//!
//! What a rule may ask is [`PolicyBuilder::build`](crate::PolicyBuilder::build)'s
//! to say. Here its mistakes are led back to the words they are about.

use super::Draft;
use super::document::{Spanned, Table, Value};
use super::keys::RULE_KEYS;
use super::nearest::nearest;
use super::report::{At, Complaint, Report};
use super::value::{Given, boolean, mismatch, number, shown};
use super::words;
use crate::finding::FindingKind;
use crate::policy::{Action, Mistake, Policy, Rule, Scope};
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;

/// A rule and where its words stand.
pub(super) struct Written {
    rule: Rule,
    span: Range<usize>,
    fields: Vec<(String, Range<usize>)>,
    kinds: Vec<(FindingKind, Action, Range<usize>)>,
    charsets: Option<Range<usize>>,
    /// Words that mean nothing were left out, so that too little may be left.
    incomplete: bool,
}

/// Reads `policy.rule`.
pub(super) fn read(written: &Spanned<Value>, draft: &mut Draft, report: &mut Report<'_>) {
    let mut wrong = |span: &Range<usize>, message: &str| {
        let help = Some("write [[policy.rule]] on a line of its own, its keys below".to_owned());
        report.add(At::File(span.clone()), message, help);
    };
    let mut tables = Vec::new();
    match &written.value {
        Value::List(items) => {
            for item in items {
                match &item.value {
                    Value::Table(table) => tables.push((table, &item.span)),
                    other => {
                        let message = mismatch("a rule", other).message;
                        wrong(&item.span, &format!("policy.rule: {message}"));
                    }
                }
            }
        }
        Value::Table(table) => {
            wrong(
                &written.span,
                "policy.rule: a rule stands in two pairs of brackets",
            );
            tables.push((table, &written.span));
        }
        other => {
            let message = mismatch("a list of rules", other).message;
            wrong(&written.span, &format!("policy.rule: {message}"));
        }
    }
    for (table, span) in tables {
        let rule = rule(table, span.clone(), report);
        draft.rules.push(rule);
    }
}

/// Makes the policy of what was read.
pub(super) fn build(draft: &mut Draft, report: &mut Report<'_>) -> Policy {
    let mut builder = Policy::builder()
        .preset(draft.preset)
        .field_octets(draft.config.limits.field);
    for written in &draft.rules {
        builder = builder.rule(written.rule.clone());
    }
    match builder.build() {
        Ok(policy) => policy,
        Err(error) => {
            for (place, mistake) in error.mistakes() {
                if let Some(written) = draft.rules.get_mut(*place) {
                    written.lead_back(mistake, report);
                }
            }
            Policy::default()
        }
    }
}

fn rule(table: &Table, span: Range<usize>, report: &mut Report<'_>) -> Written {
    let mut reader = Reader {
        report,
        incomplete: false,
    };
    let mut name = None;
    let mut fields = Vec::new();
    let mut scope = Scope::default();
    let mut kinds = Vec::new();
    let mut charsets = None;
    let mut decode_markup = false;
    let mut most = None;
    for (key, written) in table {
        match key.value.as_str() {
            "name" => name = reader.text(written, words::name),
            "fields" => fields = reader.list(written, words::any),
            "routes" => scope.routes = reader.filled(written, words::route),
            "methods" => scope.methods = reader.filled(written, words::method),
            "hosts" => scope.hosts = reader.filled(written, words::host),
            "charsets" => charsets = Some((reader.list(written, words::charset), &written.span)),
            "decode_markup" => {
                decode_markup = reader.kept(written, boolean(Given::File(written))) == Some(true);
            }
            "max_octets" => most = reader.kept(written, number(Given::File(written), OCTETS)),
            "forward_as" => drop(reader.text(written, words::forward_as)),
            other => match Action::from_str(other) {
                Ok(action) => {
                    let listed = reader.list(written, words::kind).into_iter();
                    kinds.extend(listed.map(|(kind, span)| (kind, action, span)));
                }
                Err(_) => reader.unknown(key),
            },
        }
    }
    // As the policy goes through them, and as they are printed.
    kinds.sort_by_key(|&(_, action, _)| action);

    let mut rule = Rule::for_fields(fields.iter().map(|(field, _)| field)).within(scope);
    if let Some(name) = name {
        rule = rule.named(name);
    }
    for &(kind, action, _) in &kinds {
        rule = match action {
            Action::Allow => rule.allow([kind]),
            Action::Log => rule.log([kind]),
            Action::Normalize => rule.normalize([kind]),
            Action::Reject => rule.reject([kind]),
        };
    }
    if let Some((listed, _)) = &charsets {
        rule = rule.assume_charsets(listed.iter().map(|&(charset, _)| charset));
    }
    if decode_markup {
        rule = rule.decode_markup();
    }
    if let Some(most) = most {
        rule = rule.max_octets(most as usize);
    }
    Written {
        rule,
        span,
        fields,
        kinds,
        charsets: charsets.map(|(_, span)| span.clone()),
        incomplete: reader.incomplete,
    }
}

/// What `max_octets` may be.
const OCTETS: RangeInclusive<u32> = 1..=16 << 20;

impl Written {
    /// Reports a mistake where the words are that it is about.
    fn lead_back(&mut self, mistake: &Mistake, report: &mut Report<'_>) {
        let absent = matches!(
            mistake,
            Mistake::NoCharset | Mistake::NoFields | Mistake::NothingAsked
        );
        // What is absent may stand where the file could not be read.
        if absent && (self.incomplete || report.has_gaps()) {
            return;
        }
        let (span, help) = match mistake {
            Mistake::Contradiction(kind, _, action) => (
                self.kind(*kind, *action),
                format!("take {kind} out of one of the two lists"),
            ),
            Mistake::NoCharset => (
                self.charsets.clone(),
                "leave charsets out to assume windows-1252".to_owned(),
            ),
            Mistake::NoFields => (None, "write fields = [\"CompanyName\"]".to_owned()),
            Mistake::NothingAsked => (
                None,
                "list finding kinds under allow, log, normalize or reject".to_owned(),
            ),
            Mistake::NotAFieldName(name) => (
                self.field(name),
                "names are letters, digits and !#$%&'*+-.^_`|~; * at the end stands for anything"
                    .to_owned(),
            ),
            Mistake::NotRepairable(kind) => {
                let repairable = FindingKind::ALL.iter().filter(|kind| kind.is_repairable());
                let repairable: Vec<_> = repairable.map(|kind| kind.name()).collect();
                let help = format!(
                    "list it under log or reject; a repair is known for {}",
                    repairable.join(", ")
                );
                (self.kind(*kind, Action::Normalize), help)
            }
            Mistake::Protected(field, _) => (
                self.field(field),
                format!(
                    "no rule rewrites {field}: take it out of fields here; a rule of its own may log or reject"
                ),
            ),
        };
        let span = span.unwrap_or_else(|| self.span.clone());
        report.add(At::File(span), mistake.to_string(), Some(help));
    }

    /// Where the field is named, each place once: a field listed twice has two mistakes.
    fn field(&mut self, name: &str) -> Option<Range<usize>> {
        let place = self.fields.iter().position(|(field, _)| field == name)?;
        Some(self.fields.remove(place).1)
    }

    /// Where the kind is listed. Places stay, since one can have two mistakes.
    fn kind(&self, kind: FindingKind, action: Action) -> Option<Range<usize>> {
        self.kinds
            .iter()
            .rev()
            .find(|(listed, under, _)| (*listed, *under) == (kind, action))
            .map(|(.., span)| span.clone())
    }
}

/// Reads a rule's words and reports those that mean nothing.
struct Reader<'r, 'a> {
    report: &'r mut Report<'a>,
    incomplete: bool,
}

impl Reader<'_, '_> {
    fn list<T>(&mut self, written: &Spanned<Value>, read: Read<T>) -> Vec<(T, Range<usize>)> {
        let Value::List(items) = &written.value else {
            let complaint = mismatch("a list of strings", &written.value);
            self.complain(
                written,
                match &written.value {
                    Value::Text(text) => complaint.help(format!("write [\"{}\"]", shown(text))),
                    _ => complaint.help("a list is written [\"one\", \"two\"]"),
                },
            );
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| Some((self.text(item, read)?, item.span.clone())))
            .collect()
    }

    /// A list that must not be empty, since an absent one stands for "any".
    fn filled(&mut self, written: &Spanned<Value>, read: Read<String>) -> Vec<String> {
        if matches!(&written.value, Value::List(items) if items.is_empty()) {
            let complaint = Complaint::new("an empty list would match no request");
            self.complain(written, complaint.help("leave the key out to mean any"));
        }
        let listed = self.list(written, read).into_iter();
        listed.map(|(text, _)| text).collect()
    }

    fn text<T>(&mut self, written: &Spanned<Value>, read: Read<T>) -> Option<T> {
        let read = match &written.value {
            Value::Text(text) => read(text),
            other => Err(mismatch("a string", other).help("put it in quotes: \"…\"")),
        };
        self.kept(written, read)
    }

    fn kept<T>(&mut self, written: &Spanned<Value>, read: Result<T, Complaint>) -> Option<T> {
        read.map_err(|complaint| self.complain(written, complaint))
            .ok()
    }

    fn complain(&mut self, written: &Spanned<Value>, complaint: Complaint) {
        self.incomplete = true;
        self.report.add(
            At::File(written.span.clone()),
            complaint.message,
            complaint.help,
        );
    }

    fn unknown(&mut self, key: &Spanned<String>) {
        self.incomplete = true;
        let name = key.value.as_str();
        let names = || RULE_KEYS.iter().map(|key| key.name);
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!(
                "a rule's keys are {}",
                names().collect::<Vec<_>>().join(", ")
            ),
        };
        let message = format!("unknown key {} in a rule", shown(name));
        self.report
            .add(At::File(key.span.clone()), message, Some(help));
    }
}

/// Reads one word.
type Read<T> = fn(&str) -> Result<T, Complaint>;
