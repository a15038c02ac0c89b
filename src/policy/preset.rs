//! What a kind gets where no rule speaks of it.

use super::action::Action;
use crate::fields;
use crate::finding::FindingKind;
use crate::named::named;

/// The actions of fields and kinds that no rule names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Preset {
    /// Allows everything and reports nothing: only the rules speak.
    Off,
    /// Reports everything and changes nothing.
    #[default]
    Log,
    /// Normalizes `latin1`, `char-ref` and `double-encoded` in free-text
    /// fields, which those that hold URIs, links, entity tags, credentials or
    /// signatures are not; rejects broken UTF-8 and controls; reports the rest.
    Repair,
    /// Rejects every kind that is a fault; reports the rest.
    Strict,
}

named!(Preset, "preset", {
    Off "off",
    Log "log",
    Repair "repair",
    Strict "strict",
});

impl Preset {
    /// The action for `kind` in the named field.
    pub(super) fn action(self, field: &str, kind: FindingKind) -> Action {
        match self {
            Self::Off => Action::Allow,
            Self::Log => Action::Log,
            Self::Repair => match kind {
                FindingKind::CharRef | FindingKind::DoubleEncoded | FindingKind::Latin1
                    if fields::is_free_text(field) =>
                {
                    Action::Normalize
                }
                FindingKind::Control
                | FindingKind::InvalidUtf8
                | FindingKind::MixedCharset
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
