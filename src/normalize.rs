//! The only maker of [`Normalized`]: a repaired value that may go upstream.
//!
//! A repair is a reading that passed a second look. What the second look
//! refuses is never made, whoever asks: controls, bidi controls and
//! noncharacters, an edge space that the next hop would trim or refuse
//! (RFC 9113 §8.2.1), a value over the limits, one that still holds what was
//! to be repaired.

use crate::charset::Charset;
use crate::classify::{Findings, is_edge_space};
use crate::fields::Grammar;
use crate::finding::{Confidence, FindingKind, Hazard, Kinds};
use crate::reading::Unreadable;
use crate::scan::scan;
use std::fmt;

/// A value as it should have been sent: well-formed UTF-8, without controls,
/// bidi controls, noncharacters or edge space, within the limits.
///
/// Holds the octets it replaces as well.
#[derive(Clone, PartialEq, Eq)]
pub struct Normalized<'v> {
    original: &'v [u8],
    text: String,
}

impl<'v> Normalized<'v> {
    /// The repaired value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The repaired value's octets, which go upstream.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The octets that came.
    #[must_use]
    pub const fn original(&self) -> &'v [u8] {
        self.original
    }

    /// The repaired value, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }
}

impl fmt::Debug for Normalized<'_> {
    /// Shows lengths only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Normalized")
            .field("from_octets", &self.original.len())
            .field("octets", &self.text.len())
            .finish()
    }
}

/// What a repair may do.
pub(crate) struct Allowance<'a> {
    /// The kinds to decode.
    pub(crate) kinds: Kinds,
    /// Whether octets may be taken for this charset.
    pub(crate) charset: &'a dyn Fn(Charset, &[u8]) -> bool,
    pub(crate) decode_markup: bool,
    pub(crate) max_octets: Option<usize>,
}

/// Why a repair that a rule asked for was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The rule does not list the charset the octets would have to be in.
    CharsetNotAssumed,
    /// It would make CR, LF, NUL or another control.
    Control,
    /// It would leave whitespace at an end of the value.
    EdgeSpace,
    /// It would make ASCII other than `&`, `'` and SP, or a full-width form of
    /// it, and the rule does not say `decode_markup`.
    Markup,
    /// The field is never rewritten.
    Protected,
    /// The result would still hold what was to be repaired.
    StillEncoded,
    /// The result would be longer than the field may be.
    TooLong,
    /// It would make a bidi control, a noncharacter, U+2028 or U+2029, or
    /// something invisible.
    UnsafeCharacter,
    /// Nobody can tell what the octets were meant to be.
    Unreadable,
}

impl Refusal {
    /// The reason, as a clause that follows "not repaired:".
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::CharsetNotAssumed => "the rule does not let this charset be assumed",
            Self::Control => "decoding would make a control character",
            Self::EdgeSpace => "the repaired value would start or end with a space",
            Self::Markup => {
                "decoding would make an ASCII sign, letter or digit, and the rule does not allow that"
            }
            Self::Protected => "this field is never rewritten",
            Self::StillEncoded => "the repaired value would still be encoded",
            Self::TooLong => "the repaired value would be too long",
            Self::UnsafeCharacter => "decoding would make a character that hides or reorders text",
            Self::Unreadable => "nobody can tell what was meant",
        }
    }
}

/// Repairs a value, whole or not at all.
pub(crate) fn normalize<'v>(
    found: &Findings<'v>,
    allowance: &Allowance<'_>,
) -> Result<Normalized<'v>, Refusal> {
    let value = found.value();
    let mut before = Kinds::default();
    let mut sure = true;
    let mut refused = None;
    for finding in found.clone() {
        before.insert(finding.kind());
        if !allowance.kinds.contains(finding.kind()) {
            continue;
        }
        // A value with one reference to markup is left whole, also when
        // others in it are harmless. A control weighs more: `read` sees it.
        if finding.hazard() == Some(Hazard::Markup) && !allowance.decode_markup {
            refused = refused.or(Some(Refusal::Markup));
        }
        if finding.kind() == FindingKind::Latin1
            && let (Some(charset), Some(octets)) = (finding.charset(), value.get(finding.span()))
            && !(allowance.charset)(charset, octets)
        {
            refused = refused.or(Some(Refusal::CharsetNotAssumed));
        }
        sure &= finding.confidence() > Some(Confidence::Possible);
    }
    let reading = found
        .read(|finding| allowance.kinds.contains(finding.kind()))
        .map_err(|why| match why {
            Unreadable::Control => Refusal::Control,
            _ => Refusal::Unreadable,
        })?;
    if let Some(refusal) = refused {
        return Err(refusal);
    }
    if !sure {
        return Err(Refusal::Unreadable);
    }
    let text = reading.into_text();
    if allowance.max_octets.is_some_and(|limit| text.len() > limit) {
        return Err(Refusal::TooLong);
    }
    second_look(found.grammar(), before, &text, allowance.kinds)?;
    Ok(Normalized {
        original: value,
        text,
    })
}

/// Judges the result as if it had just come in.
fn second_look(
    grammar: Grammar,
    before: Kinds,
    text: &str,
    repaired: Kinds,
) -> Result<(), Refusal> {
    if text.starts_with(is_edge_space) || text.ends_with(is_edge_space) {
        return Err(Refusal::EdgeSpace);
    }
    for finding in scan(text.as_bytes()).with_grammar(grammar).findings() {
        let kind = finding.kind();
        match kind {
            FindingKind::Control => return Err(Refusal::Control),
            FindingKind::BidiControl | FindingKind::Noncharacter => {
                return Err(Refusal::UnsafeCharacter);
            }
            // What was there before is not the repair's doing; a new one is.
            _ if before.contains(kind) && !repaired.contains(kind) => {}
            FindingKind::Invisible | FindingKind::ReplacementChar => {
                return Err(Refusal::UnsafeCharacter);
            }
            _ => return Err(Refusal::StillEncoded),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repair(value: &[u8]) -> Result<String, Refusal> {
        let allowance = Allowance {
            kinds: FindingKind::ALL
                .iter()
                .copied()
                .filter(|kind| kind.is_repairable())
                .collect(),
            charset: &|_, _| true,
            decode_markup: false,
            max_octets: Some(64),
        };
        normalize(&scan(value).findings(), &allowance).map(Normalized::into_string)
    }

    #[test]
    fn a_repair_passes_a_second_look_or_is_not_made() {
        for (value, expected) in [
            (&b"T\xE9l&eacute;bec"[..], Ok("Télébec")),
            (b"a&#13;&#10;X-Evil: 1", Err(Refusal::Control)),
            (b"a&#0;", Err(Refusal::Control)),
            (b"a&NewLine;b", Err(Refusal::Control)),
            (b"a&#8232;b", Err(Refusal::Control)),
            (b"a&#8238;b", Err(Refusal::UnsafeCharacter)),
            (b"a&#xFFFE;b", Err(Refusal::UnsafeCharacter)),
            (b"a&#8203;b", Err(Refusal::UnsafeCharacter)),
            (b"a&#xFFFD;b", Err(Refusal::UnsafeCharacter)),
            (b"a&nbsp;", Err(Refusal::EdgeSpace)),
            (b"&#32;a", Err(Refusal::EdgeSpace)),
            (b"&lt;script&gt; &eacute;", Err(Refusal::Markup)),
            (b"&#65;&eacute;", Err(Refusal::Markup)),
            (b"&#36;&#123;jndi:x&#125;", Err(Refusal::Markup)),
            (b"&percnt;0d", Err(Refusal::Markup)),
            (b"&#65308;b", Err(Refusal::Markup)),
            (b"&amp;&#35;233;", Err(Refusal::Markup)),
            (b"&amp;e&eacute;", Ok("&eé")),
            (b"O&#39;Brien &amp;&#32;Co", Ok("O'Brien & Co")),
            (b"&#xD800;", Err(Refusal::Unreadable)),
            (b"Ba\xFEak", Err(Refusal::Unreadable)),
        ] {
            assert_eq!(
                repair(value),
                expected.map(str::to_owned),
                "{}",
                crate::preview::Preview::new(value)
            );
        }
    }

    #[test]
    fn limits_hold_for_the_result() {
        assert_eq!(
            repair(&[b"T\xE9l".as_slice(), &[b'a'; 61]].concat()),
            Err(Refusal::TooLong)
        );
        assert!(repair(&[b"T\xE9l".as_slice(), &[b'a'; 60]].concat()).is_ok());
    }
}
