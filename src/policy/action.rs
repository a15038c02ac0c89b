//! What is done about a finding.

use crate::named::named;

/// What is done about a finding, ranked: when findings of one value disagree,
/// the greatest action wins. The list is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Nothing, and nothing is said.
    Allow,
    /// It is reported; the value goes on as it came.
    Log,
    /// It is repaired, if that is safe; else as [`Rule::normalize`](super::Rule::normalize) says.
    Normalize,
    /// The request is refused.
    Reject,
}

named!(Action, "action", {
    Allow "allow",
    Log "log",
    Normalize "normalize",
    Reject "reject",
});
