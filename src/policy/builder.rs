//! How a policy is made: its parts collected, and every mistake in them told.

use super::form::Form;
use super::{Action, Policy, Preset, Rule, Unmatchable};
use crate::fields::Protection;
use crate::finding::FindingKind;
use crate::octet;
use std::fmt;

/// Collects the parts of a [`Policy`] and checks them.
#[derive(Clone, Debug)]
pub struct PolicyBuilder {
    policy: Policy,
}

impl PolicyBuilder {
    pub(super) fn new() -> Self {
        Self {
            policy: Policy::default(),
        }
    }

    /// What fields and kinds without a rule get.
    #[must_use]
    pub fn preset(mut self, preset: Preset) -> Self {
        self.policy.preset = preset;
        self
    }

    /// Adds a rule. Later rules win over earlier ones, kind by kind.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.policy.rules.push(rule);
        self
    }

    /// The length in octets that no repaired value may exceed.
    #[must_use]
    pub fn field_octets(mut self, octets: usize) -> Self {
        self.policy.field_octets = Some(octets);
        self
    }

    /// The size in octets that no head may grow beyond by repair: names, values
    /// and the four octets of `: ` and CRLF of each field.
    #[must_use]
    pub fn head_octets(mut self, octets: usize) -> Self {
        self.policy.head_octets = Some(octets);
        self
    }

    /// Checks the rules and makes the policy.
    ///
    /// # Errors
    ///
    /// Every [`Mistake`] in the rules, at once.
    pub fn build(mut self) -> Result<Policy, PolicyError> {
        let mut mistakes = Vec::new();
        for (rule, place) in self.policy.rules.iter().zip(0..) {
            check(rule, |what| mistakes.push((place, what)));
        }
        let rules = &self.policy.rules;
        if rules.iter().any(|rule| !rule.scope.is_any()) {
            let routes = rules.iter().map(|rule| rule.scope.compiled_routes());
            self.policy.routes = routes.collect();
        }
        if mistakes.is_empty() {
            Ok(self.policy)
        } else {
            Err(PolicyError { mistakes })
        }
    }
}

fn check(rule: &Rule, mut report: impl FnMut(Mistake)) {
    if rule.fields.is_empty() {
        report(Mistake::NoFields);
    }
    let normalizes = rule
        .asked
        .iter()
        .any(|(_, action)| *action == Action::Normalize)
        || rule.form.is_some_and(|form| form != Form::Utf8);
    for field in &rule.fields {
        let name = field.strip_suffix('*').unwrap_or(field);
        if name.contains('*') {
            report(Mistake::StarInside(field.clone()));
        } else if field.is_empty() || !name.bytes().all(octet::is_token) {
            report(Mistake::NotAFieldName(field.clone()));
        } else if normalizes && let Some(protection) = Protection::of(field) {
            report(Mistake::Protected(field.clone(), protection));
        }
    }
    let scope = &rule.scope;
    let words = [
        (
            "method",
            &scope.methods,
            Unmatchable::method as fn(&str) -> _,
        ),
        ("host", &scope.hosts, Unmatchable::host),
        ("route", &scope.routes, Unmatchable::route),
    ];
    for (what, words, test) in words {
        for word in words {
            if let Some(Unmatchable { reason, .. }) = test(word) {
                report(Mistake::MatchesNothing {
                    what,
                    word: word.clone(),
                    reason,
                });
            }
        }
    }
    for (at, &(kind, action)) in rule.asked.iter().enumerate() {
        if action == Action::Normalize && !kind.is_repairable() {
            report(Mistake::NotRepairable(kind));
        }
        let compatible = |other: Action| {
            other == action
                || matches!(
                    (other, action),
                    (Action::Normalize, Action::Reject) | (Action::Reject, Action::Normalize)
                )
        };
        if let Some(&(_, other)) = rule
            .asked
            .iter()
            .take(at)
            .find(|(k, a)| *k == kind && !compatible(*a))
        {
            report(Mistake::Contradiction(kind, other, action));
        }
    }
    if rule.asked.is_empty() && rule.max_octets.is_none() && rule.form.is_none() {
        report(Mistake::NothingAsked);
    }
    if let Some(form) = rule.form
        && let Some(kind) = form.kind()
        && let Some(asked) = rule.asks(kind)
        && asked.action == Action::Reject
    {
        report(Mistake::FormRejected(form, kind));
    }
    if normalizes
        && rule.charsets.is_empty()
        && rule
            .asked
            .contains(&(FindingKind::Latin1, Action::Normalize))
    {
        report(Mistake::NoCharset);
    }
}

/// The rules a policy cannot be built from, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    mistakes: Vec<(usize, Mistake)>,
}

impl PolicyError {
    /// Every mistake, with the place of its rule; the first rule has place 0.
    #[must_use]
    pub fn mistakes(&self) -> &[(usize, Mistake)] {
        &self.mistakes
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (place, mistake)) in self.mistakes.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            write!(f, "rule {}: {mistake}", place + 1)?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyError {}

/// One thing wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mistake {
    /// One kind in two lists that exclude each other.
    Contradiction(FindingKind, Action, Action),
    /// The form that the rule declares is of a kind that it rejects.
    FormRejected(Form, FindingKind),
    /// A method, host or route that no request can match.
    MatchesNothing {
        /// `method`, `host` or `route`.
        what: &'static str,
        /// The word itself.
        word: String,
        /// Why it matches nothing, as a clause that follows the word.
        reason: &'static str,
    },
    /// `normalize` for `latin1` with no charset to assume.
    NoCharset,
    /// No field named.
    NoFields,
    /// Neither an action nor a limit.
    NothingAsked,
    /// A pattern no field name can match.
    NotAFieldName(String),
    /// `normalize` for a kind that has no repair.
    NotRepairable(FindingKind),
    /// `normalize` for a field that is never rewritten.
    Protected(String, Protection),
    /// A field pattern with a `*` that is not at its end.
    StarInside(String),
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contradiction(kind, one, other) => {
                write!(f, "{kind} is under both {one} and {other}")
            }
            Self::MatchesNothing { what, word, reason } => write!(f, "{what} {word:?} {reason}"),
            Self::FormRejected(form, kind) => {
                write!(
                    f,
                    "forward_as {form} makes {kind} of a value, which the rule rejects"
                )
            }
            Self::NoCharset => {
                f.write_str("latin1 cannot be normalized without a charset to assume")
            }
            Self::NoFields => f.write_str("no field is named"),
            Self::NothingAsked => f.write_str("the rule asks for nothing"),
            Self::NotAFieldName(name) => write!(f, "{name:?} is not a field name"),
            Self::NotRepairable(kind) => {
                write!(f, "{kind} cannot be normalized: no repair is known for it")
            }
            Self::Protected(field, protection) => {
                write!(f, "{field} cannot be normalized: {}", protection.reason())
            }
            Self::StarInside(field) => {
                write!(f, "field {field:?} has a * that is not at its end")
            }
        }
    }
}
