//! A policy over field lines, whatever holds them: where something is found,
//! and what is to be done about it.

use super::{Rejected, Report};
use crate::charset::Context;
use crate::decide::RequestPolicy;
use crate::explain::Explanation;
use crate::normalize::Refusal;
use crate::signature;
use crate::verdict::{Outcome, Verdict};
use http::{HeaderName, HeaderValue};
use std::collections::HashMap;

impl RequestPolicy<'_> {
    /// The same for field lines in any order, whatever holds them. Allocates
    /// nothing where nothing is found.
    pub(crate) fn inspect_lines<'h, L: Iterator<Item: Line<'h>>>(
        &self,
        lines: impl Fn() -> L,
    ) -> Result<Judgement, Rejected> {
        let found = self.find_in_lines(self.unclear(lines()), &lines);
        self.judge_lines(found, lines)
    }

    /// The lines in which something may be found, and where they are. Most
    /// values are plain, whatever their field.
    pub(crate) fn unclear<'h, L: Line<'h>>(
        &self,
        lines: impl Iterator<Item = L>,
    ) -> impl Iterator<Item = (usize, L)> {
        lines
            .enumerate()
            .filter(|(_, line)| !self.clears(line.value()))
    }

    /// Those of them in which something is found. What is known of the client
    /// is what this policy was told, or what the lines say.
    pub(crate) fn find_in_lines<'h, L: Iterator<Item: Line<'h>>>(
        &self,
        unclear: impl Iterator<Item = (usize, L::Item)>,
        lines: impl Fn() -> L,
    ) -> FoundIn<'h, L::Item> {
        let mut found = Vec::new();
        let context = || match self.context() {
            Context::NONE => context(lines()),
            known => known,
        };
        for (at, line) in unclear {
            let verdict = match line.is_secret() {
                true => self.decide_secret(line.name(), line.value(), context),
                false => self.decide_in(line.name(), line.value(), context),
            };
            if !verdict.is_clean() {
                found.push((at, line, verdict));
            }
        }
        found
    }

    /// What is to be done about what was found in these lines.
    pub(crate) fn judge_lines<'h, L: Iterator<Item: Line<'h>>>(
        &self,
        found: FoundIn<'h, L::Item>,
        lines: impl Fn() -> L,
    ) -> Result<Judgement, Rejected> {
        if found.is_empty() {
            return Ok(Judgement::default());
        }
        let outgrown = self.head_octets().is_some_and(|limit| {
            let (came, goes) = sizes(lines(), &found);
            goes > limit && goes > came
        });

        let signatures: Vec<_> = lines()
            .filter(|line| signature::may_be_in(line.name()))
            .collect();
        let mut occurrences = Occurrences::of(lines());
        let mut judgement = Judgement::default();
        let mut refused = Vec::new();
        for (at, line, verdict) in found {
            let is_signed = || {
                let covers =
                    |one: &L::Item| signature::covers(one.name(), one.value(), line.name());
                signatures.iter().any(covers)
            };
            let verdict = match verdict.outcome() {
                Outcome::Rewrite(_) if outgrown => verdict.refused(Refusal::TooLong),
                Outcome::Rewrite(_) if is_signed() => verdict.unrepaired(Refusal::Signed),
                _ => verdict,
            };
            let explain = match line.is_secret() {
                true => Explanation::masked,
                false => Explanation::new,
            };
            let spelling = self.spelling(line.name());
            let occurrence = occurrences.up_to(at);
            let explanation = explain(spelling, occurrence, line.value(), &verdict);
            let explanations = &mut judgement.report.explanations;
            match verdict.into_outcome() {
                Outcome::Forward(_) => explanations.push(explanation),
                Outcome::Rewrite(normalized) => {
                    judgement.repairs.push(Repair {
                        line: at,
                        occurrence,
                        octets: normalized.into_bytes(),
                        explanation: explanations.len(),
                    });
                    explanations.push(explanation);
                }
                Outcome::Reject(_) => refused.push(explanation),
            }
        }
        if refused.is_empty() {
            Ok(judgement)
        } else {
            Err(Rejected {
                refused,
                report: judgement.report,
            })
        }
    }
}

/// What field lines say of the client that sent them.
fn context<'h, L: Line<'h>>(mut lines: impl Iterator<Item = L>) -> Context {
    let languages = lines.find(|line| line.name().eq_ignore_ascii_case("Accept-Language"));
    let none = Context::default();
    languages.map_or(none, |line| none.with_accept_language(line.value()))
}

/// Lines with their places and what was decided about each.
pub(crate) type FoundIn<'h, L> = Vec<(usize, L, Verdict<'h>)>;

/// A field line, wherever it is. Its name is asked for only if it matters.
pub(crate) trait Line<'h> {
    fn name(&self) -> &'h str;

    fn value(&self) -> &'h [u8];

    /// Whether somebody marked the value as a secret.
    fn is_secret(&self) -> bool;
}

impl<'h> Line<'h> for (&'h HeaderName, &'h HeaderValue) {
    fn name(&self) -> &'h str {
        self.0.as_str()
    }

    fn value(&self) -> &'h [u8] {
        self.1.as_bytes()
    }

    fn is_secret(&self) -> bool {
        self.1.is_sensitive()
    }
}

/// What is to be done about field lines that are not refused.
#[derive(Default)]
pub(crate) struct Judgement {
    pub(crate) report: Report,
    /// In the order of the lines.
    pub(crate) repairs: Vec<Repair>,
}

/// One line's repair.
pub(crate) struct Repair {
    /// Which of the lines, from 0.
    pub(crate) line: usize,
    /// Which of the lines of this name, from 1.
    pub(super) occurrence: usize,
    pub(crate) octets: Vec<u8>,
    /// Which of the report's explanations is about it.
    pub(super) explanation: usize,
}

/// Counts lines of the same name, no further than it is asked.
struct Occurrences<L> {
    lines: std::iter::Enumerate<L>,
    counts: HashMap<String, usize>,
}

impl<'h, L: Iterator<Item: Line<'h>>> Occurrences<L> {
    fn of(lines: L) -> Self {
        Self {
            lines: lines.enumerate(),
            counts: HashMap::new(),
        }
    }

    /// Which of the lines of its name this one is, from 1. To be asked of lines
    /// in their order.
    fn up_to(&mut self, place: usize) -> usize {
        for (at, line) in self.lines.by_ref() {
            let name = line.name().to_ascii_lowercase();
            let count = self.counts.entry(name).or_default();
            *count += 1;
            if at == place {
                return *count;
            }
        }
        1
    }
}

/// The size of the head as it came and with all repairs made, four octets a
/// field more than names and values.
fn sizes<'h, L: Line<'h>>(
    lines: impl Iterator<Item = L>,
    found: &[(usize, L, Verdict<'_>)],
) -> (usize, usize) {
    let came: usize = lines
        .map(|line| line.name().len() + line.value().len() + 4)
        .sum();
    let goes = found
        .iter()
        .fold(came, |size, (.., verdict)| match verdict.outcome() {
            Outcome::Rewrite(normalized) => {
                size - normalized.original().len() + normalized.as_bytes().len()
            }
            _ => size,
        });
    (came, goes)
}
