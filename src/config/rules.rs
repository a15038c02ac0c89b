//! A policy's rules: each `[[policy.rule]]` as text, then all as a policy; the
//! same for `[[policy.response.rule]]`.
//!
//! What a rule may ask is [`PolicyBuilder::build`](crate::PolicyBuilder::build)'s
//! to say. Here its mistakes are led back to the words they are about.

use super::document::{Spanned, Value};
use super::draft::Rules;
use super::report::{At, Report};
use super::rule::{Written, rule};
use super::sections::Limits;
use super::value::mismatch;
use crate::finding::FindingKind;
use crate::policy::{Action, Mistake, Policy};
use std::ops::Range;

/// Reads the rules that stand at `path`.
pub(super) fn read(
    path: &str,
    written: &Spanned<Value>,
    rules: &mut Rules,
    report: &mut Report<'_>,
) {
    let mut wrong = |span: &Range<usize>, message: &str| {
        let help = format!("write [[{path}]] on a line of its own, its keys below");
        report.add(
            At::File(span.clone()),
            format!("{path}: {message}"),
            Some(help),
        );
    };
    let mut tables = Vec::new();
    match &written.value {
        Value::List(items) => {
            for item in items {
                match &item.value {
                    Value::Table(table) => tables.push((table, &item.span)),
                    other => {
                        let message = mismatch("a rule", other).message;
                        wrong(&item.span, &message);
                    }
                }
            }
        }
        Value::Table(table) => {
            wrong(&written.span, "a rule stands in two pairs of brackets");
            tables.push((table, &written.span));
        }
        other => {
            let message = mismatch("a list of rules", other).message;
            wrong(&written.span, &message);
        }
    }
    for (table, span) in tables {
        let rule = rule(table, span.clone(), report);
        rules.rules.push(rule);
    }
}

/// Makes the policy of what was read.
pub(super) fn build(rules: &mut Rules, limits: &Limits, report: &mut Report<'_>) -> Policy {
    let mut builder = Policy::builder()
        .preset(rules.preset)
        .field_octets(limits.field)
        .head_octets(limits.head);
    for written in &rules.rules {
        builder = builder.rule(written.rule.clone());
    }
    match builder.build() {
        Ok(policy) => policy,
        Err(error) => {
            for (place, mistake) in error.mistakes() {
                match rules.rules.get_mut(*place) {
                    Some(written) if report.has_room() => written.lead_back(mistake, report),
                    _ => report.count_unseen(),
                }
            }
            Policy::default()
        }
    }
}

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
            // The words themselves were judged when they were read.
            Mistake::MatchesNothing { .. } => (None, "take it out".to_owned()),
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
            Mistake::FormRejected(_, kind) => (
                self.kind(*kind, Action::Reject),
                "declare another form, or take the kind out of reject".to_owned(),
            ),
            Mistake::Protected(field, _) => (
                self.field(field),
                format!(
                    "no rule rewrites {field}: take it out of fields here; a rule of its own may log or reject"
                ),
            ),
            Mistake::StarInside(name) => (
                self.field(name),
                "write for example \"X-Company-*\"".to_owned(),
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
