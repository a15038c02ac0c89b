//! What is done about a finding.

use std::fmt;
use std::str::FromStr;

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

impl Action {
    /// Every action, least first.
    pub const ALL: &'static [Action] = &[
        Action::Allow,
        Action::Log,
        Action::Normalize,
        Action::Reject,
    ];

    /// The lower-case name, as in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Log => "log",
            Self::Normalize => "normalize",
            Self::Reject => "reject",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(name: &str) -> Result<Self, UnknownAction> {
        Self::ALL
            .iter()
            .copied()
            .find(|action| action.name() == name)
            .ok_or(UnknownAction)
    }
}

/// The error of parsing a name that no [`Action`] has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownAction;

impl fmt::Display for UnknownAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown action")
    }
}

impl std::error::Error for UnknownAction {}
