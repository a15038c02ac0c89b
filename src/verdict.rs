//! What was decided about one value, and why.

use crate::classify::Findings;
use crate::finding::{Finding, FindingKind};
use crate::normalize::{Normalized, Refusal};
use crate::policy::{Action, Source};
use std::fmt;

/// What becomes of a value. The list is complete, so that nobody can handle it
/// without handling refusal.
#[derive(Clone, PartialEq, Eq)]
pub enum Outcome<'v> {
    /// It goes upstream as it came.
    Forward(&'v [u8]),
    /// It goes upstream repaired.
    Rewrite(Normalized<'v>),
    /// The request goes nowhere.
    Reject(Rejection),
}

impl fmt::Debug for Outcome<'_> {
    /// Shows lengths, not octets: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward(value) => write!(f, "Forward({} octets)", value.len()),
            Self::Rewrite(normalized) => f.debug_tuple("Rewrite").field(normalized).finish(),
            Self::Reject(rejection) => f.debug_tuple("Reject").field(rejection).finish(),
        }
    }
}

/// Why a value is refused. Holds no octets of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub(crate) cause: Cause,
    pub(crate) source: Source,
}

impl Rejection {
    /// What the value is refused for.
    #[must_use]
    pub const fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Who ordered it.
    #[must_use]
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// The kind of the finding that led to it, unless it was the length.
    #[must_use]
    pub const fn kind(&self) -> Option<FindingKind> {
        match &self.cause {
            Cause::Found(finding) | Cause::NotRepaired(finding, _) => Some(finding.kind()),
            Cause::TooLong { .. } => None,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Found(finding) => {
                write!(f, "{} at octet {}", finding.kind(), finding.span().start)
            }
            Cause::NotRepaired(finding, refusal) => {
                write!(
                    f,
                    "{} at octet {}, not repaired: {}",
                    finding.kind(),
                    finding.span().start,
                    refusal.reason()
                )
            }
            Cause::TooLong { octets, limit } => {
                write!(f, "{octets} octets where {limit} are allowed")
            }
        }
    }
}

impl std::error::Error for Rejection {}

/// What a value is refused for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A finding whose action is `reject`.
    Found(Finding),
    /// A finding that was to be repaired, could not be, and is refused then.
    NotRepaired(Finding, Refusal),
    /// A value longer than its rule allows.
    TooLong {
        /// How long it is.
        octets: usize,
        /// How long it may be.
        limit: usize,
    },
}

/// A finding and what the policy orders for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Judged {
    /// The finding.
    pub finding: Finding,
    /// What the policy orders for it.
    pub action: Action,
    /// Who orders it.
    pub source: Source,
}

/// What was decided about one value: the outcome, and all that was found and is
/// not allowed.
///
/// Findings whose action is `allow` are in no count and no list here;
/// [`Scan::findings`](crate::Scan::findings) tells them too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict<'v> {
    pub(crate) outcome: Outcome<'v>,
    pub(crate) judged: Vec<Judged>,
    /// The first finding that is to be repaired, which may not be listed, and
    /// what is done where it is not.
    #[cfg(feature = "http")]
    pub(crate) repairable: Option<(Judged, Action)>,
    pub(crate) found: usize,
    pub(crate) action: Action,
    pub(crate) heaviest: Option<FindingKind>,
    pub(crate) refusal: Option<Refusal>,
    /// All that was found, where something was; boxed, since most have none.
    pub(crate) findings: Option<Box<Findings<'v>>>,
}

impl<'v> Verdict<'v> {
    /// How many findings of one value are listed, so that a value made of
    /// nothing but faults costs no more memory than its own length.
    pub const MOST_JUDGED: usize = 128;

    /// The verdict on a value in which nothing is found.
    pub(crate) const fn clean(value: &'v [u8]) -> Self {
        Self {
            outcome: Outcome::Forward(value),
            judged: Vec::new(),
            #[cfg(feature = "http")]
            repairable: None,
            found: 0,
            action: Action::Allow,
            heaviest: None,
            refusal: None,
            findings: None,
        }
    }

    /// What becomes of the value.
    #[must_use]
    pub const fn outcome(&self) -> &Outcome<'v> {
        &self.outcome
    }

    /// What becomes of the value, owned.
    #[must_use]
    pub fn into_outcome(self) -> Outcome<'v> {
        self.outcome
    }

    /// What was found and is not allowed, in order of place, with what is ordered for it: the
    /// first [`MOST_JUDGED`](Self::MOST_JUDGED) of the [`found`](Self::found).
    #[must_use]
    pub fn judged(&self) -> &[Judged] {
        &self.judged
    }

    /// Why the repair that was ordered was not made, if it was not.
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// All that was found in the value, also what is allowed, as it was when
    /// this was decided. `None` when nothing was.
    #[must_use]
    pub fn findings(&self) -> Option<&Findings<'v>> {
        self.findings.as_deref()
    }

    /// How many findings there are that are not allowed, also those beyond the
    /// ones listed.
    #[must_use]
    pub const fn found(&self) -> usize {
        self.found
    }

    /// What is done: `allow` when nothing was found but what is allowed, `normalize` only when the
    /// value is really rewritten.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// The kind that weighs most of what was found and is not allowed.
    #[must_use]
    pub const fn heaviest(&self) -> Option<FindingKind> {
        self.heaviest
    }

    /// The same verdict with the repair taken back, and the value refused.
    #[cfg(feature = "http")]
    pub(crate) fn refused(self, refusal: Refusal) -> Self {
        self.without_repair(refusal, |_| Action::Reject)
    }

    /// The same verdict with the repair taken back: the value is refused where
    /// the policy refuses what is not repaired, and goes on as it came else.
    #[cfg(feature = "http")]
    pub(crate) fn unrepaired(self, refusal: Refusal) -> Self {
        self.without_repair(refusal, |otherwise| otherwise)
    }

    #[cfg(feature = "http")]
    fn without_repair(self, refusal: Refusal, instead: impl Fn(Action) -> Action) -> Self {
        let Outcome::Rewrite(normalized) = &self.outcome else {
            return self;
        };
        let came = normalized.original();
        let (outcome, action) = match self.repairable.clone() {
            Some((first, otherwise)) if instead(otherwise) == Action::Reject => {
                let cause = Cause::NotRepaired(first.finding, refusal);
                let source = first.source;
                let rejection = Rejection { cause, source };
                (Outcome::Reject(rejection), Action::Reject)
            }
            // Right text that was to be put into another form only.
            None => (Outcome::Forward(came), Action::Allow),
            Some(_) => (Outcome::Forward(came), Action::Log),
        };
        Self {
            outcome,
            action,
            refusal: Some(refusal),
            ..self
        }
    }

    /// Whether there is nothing to tell: nothing was found but what is allowed,
    /// and the value goes on as it came.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.found == 0 && matches!(self.outcome, Outcome::Forward(_))
    }
}
