//! What a kind gets where no rule speaks of it.

use super::action::Action;
use crate::fields::{Grammar, Protection};
use crate::finding::FindingKind;
use std::fmt;
use std::str::FromStr;

/// The actions of fields and kinds that no rule names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Preset {
    /// Reports everything and changes nothing.
    #[default]
    Log,
    /// Normalizes `latin1`, `char-ref` and `double-encoded` in free-text
    /// fields; rejects broken UTF-8 and controls; reports the rest.
    Repair,
    /// Rejects every kind that is a fault; reports the rest.
    Strict,
}

impl Preset {
    /// Every preset, mildest first.
    pub const ALL: &'static [Preset] = &[Preset::Log, Preset::Repair, Preset::Strict];

    /// The lower-case name, as in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Repair => "repair",
            Self::Strict => "strict",
        }
    }

    /// The action for `kind` in the named field.
    pub(super) fn action(self, field: &str, kind: FindingKind) -> Action {
        match self {
            Self::Log => Action::Log,
            Self::Repair => match kind {
                FindingKind::CharRef | FindingKind::DoubleEncoded | FindingKind::Latin1
                    if is_free_text(field) =>
                {
                    Action::Normalize
                }
                FindingKind::Control
                | FindingKind::InvalidUtf8
                | FindingKind::OverlongUtf8
                | FindingKind::SurrogateUtf8
                | FindingKind::TruncatedUtf8 => Action::Reject,
                _ => Action::Log,
            },
            Self::Strict if kind.is_fault() => Action::Reject,
            Self::Strict => Action::Log,
        }
    }
}

fn is_free_text(field: &str) -> bool {
    Grammar::of(field) == Grammar::FreeText && Protection::of(field).is_none()
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, UnknownPreset> {
        Self::ALL
            .iter()
            .copied()
            .find(|preset| preset.name() == name)
            .ok_or(UnknownPreset)
    }
}

/// The error of parsing a name that no [`Preset`] has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownPreset;

impl fmt::Display for UnknownPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown preset")
    }
}

impl std::error::Error for UnknownPreset {}
