//! What a value can be found to hold: [`FindingKind`] and [`Finding`].
//!
//! A finding says which octets and what they are. It holds none of them, so
//! that logging a finding cannot leak a value.

use crate::charset::Charset;
use crate::named::named;
use crate::utf8::Malformation;
use std::ops::Range;

/// Writes the enum, its names and its pages from one list, so that no kind can
/// lack one of them.
macro_rules! finding_kinds {
    ($($variant:ident $name:literal,)*) => {
        /// A way in which a field value is, or may be, encoded wrongly.
        ///
        /// The kebab-case [`name`](Self::name) is the same in configuration,
        /// logs, JSON and on the command line. Kinds are ordered by how much
        /// they weigh when one of several has to stand for a value, heaviest
        /// first. The documentation of each variant is its reference page,
        /// which `headguard explain KIND` prints as well.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FindingKind {
            $(#[doc = include_str!(concat!("finding/pages/", $name, ".md"))] $variant,)*
        }

        named!(FindingKind, "finding kind", { $($variant $name,)* });

        impl FindingKind {
            /// The reference page of this kind, in Markdown.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self { $(FindingKind::$variant => include_str!(concat!("finding/pages/", $name, ".md")),)* }
            }

            /// The variant's name in Rust, which its documentation address ends with.
            #[must_use]
            const fn variant(self) -> &'static str {
                match self { $(FindingKind::$variant => stringify!($variant),)* }
            }
        }
    };
}

finding_kinds! {
    Control "control",
    OverlongUtf8 "overlong-utf8",
    SurrogateUtf8 "surrogate-utf8",
    TruncatedUtf8 "truncated-utf8",
    InvalidUtf8 "invalid-utf8",
    MixedCharset "mixed-charset",
    LegacyCharset "legacy-charset",
    Latin1 "latin1",
    BidiControl "bidi-control",
    Invisible "invisible",
    Noncharacter "noncharacter",
    NestedEncoding "nested-encoding",
    DoubleEncoded "double-encoded",
    CharRef "char-ref",
    EncodedWord "encoded-word",
    ExtValue "ext-value",
    DisplayString "display-string",
    UnicodeEscape "unicode-escape",
    PercentEncoded "percent-encoded",
    ReplacementChar "replacement-char",
    LossyMark "lossy-mark",
    Fullwidth "fullwidth",
    EdgeSpace "edge-space",
    NotNfc "not-nfc",
}

impl FindingKind {
    /// Whether this kind is a fault wherever it is found, so that the `strict`
    /// preset rejects it. The others are somebody's legitimate form or text.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        !matches!(
            self,
            Self::DisplayString
                | Self::ExtValue
                | Self::Fullwidth
                | Self::NotNfc
                | Self::PercentEncoded
        )
    }

    /// Whether a repair for this kind is known, so that a rule may ask for `normalize`.
    #[must_use]
    pub const fn is_repairable(self) -> bool {
        matches!(
            self,
            Self::CharRef
                | Self::DoubleEncoded
                | Self::Latin1
                | Self::LegacyCharset
                | Self::NestedEncoding
        )
    }

    /// The address of this kind's reference page, used as a problem `type` (RFC 9457 §3.1.1).
    #[must_use]
    pub fn url(self) -> String {
        format!(
            "https://docs.rs/headguard/latest/headguard/enum.FindingKind.html#variant.{}",
            self.variant()
        )
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds(u32);

impl Kinds {
    pub(crate) const fn contains(self, kind: FindingKind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }

    pub(crate) const fn insert(&mut self, kind: FindingKind) {
        self.0 |= 1 << kind as u32;
    }
}

// A bit a kind.
const _: () = assert!(FindingKind::ALL.len() <= 32);

impl FromIterator<FindingKind> for Kinds {
    fn from_iter<I: IntoIterator<Item = FindingKind>>(kinds: I) -> Self {
        let mut set = Kinds::default();
        kinds.into_iter().for_each(|kind| set.insert(kind));
        set
    }
}

/// How sure a reading is. Ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// One reading among others; never a reason to rewrite.
    Possible,
    /// What a careful reader would take it for.
    Likely,
    /// The octets allow no other sensible reading.
    Certain,
}

named!(Confidence, "confidence", {
    Possible "possible",
    Likely "likely",
    Certain "certain",
});

/// Why decoding a finding would make something that no field value may hold,
/// or that a guard in front of us could have been meant to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Hazard {
    /// It would make ASCII other than `&`, `'` and SP, or the full-width or
    /// small form of ASCII: what a parser behind us may take for a sign of its
    /// own, in `<script>`, `${jndi:…}` or `%0d`.
    Markup,
    /// It names no character: a surrogate, or a number beyond U+10FFFF.
    NoCharacter,
    /// It would make CR, LF, NUL or another control.
    Control,
}

/// One thing found in a value: its kind and where it stands.
///
/// Holds no octets of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    kind: FindingKind,
    start: usize,
    end: usize,
    charset: Option<Charset>,
    confidence: Option<Confidence>,
    hazard: Option<Hazard>,
    malformation: Option<Malformation>,
}

impl Finding {
    pub(crate) const fn new(kind: FindingKind, span: Range<usize>) -> Self {
        Self {
            kind,
            start: span.start,
            end: span.end,
            charset: None,
            confidence: None,
            hazard: None,
            malformation: None,
        }
    }

    pub(crate) const fn read_as(mut self, charset: Charset, confidence: Confidence) -> Self {
        self.charset = Some(charset);
        self.confidence = Some(confidence);
        self
    }

    pub(crate) const fn with_confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = Some(confidence);
        self
    }

    pub(crate) const fn with_hazard(mut self, hazard: Option<Hazard>) -> Self {
        self.hazard = hazard;
        self
    }

    pub(crate) const fn malformed(mut self, how: Malformation) -> Self {
        self.malformation = Some(how);
        self
    }

    /// What was found.
    #[must_use]
    pub const fn kind(&self) -> FindingKind {
        self.kind
    }

    /// Which octets of the value, as offsets from its start.
    #[must_use]
    pub const fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The charset the octets read as, where the finding is about one.
    #[must_use]
    pub const fn charset(&self) -> Option<Charset> {
        self.charset
    }

    /// How sure the reading is, where there is one.
    #[must_use]
    pub const fn confidence(&self) -> Option<Confidence> {
        self.confidence
    }

    /// What decoding would bring in that must not be brought in, if anything.
    #[must_use]
    pub const fn hazard(&self) -> Option<Hazard> {
        self.hazard
    }

    /// In which way the octets fail to be UTF-8, where they do.
    #[must_use]
    pub const fn malformation(&self) -> Option<Malformation> {
        self.malformation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_and_are_kebab_case() {
        for &kind in FindingKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert!(
                kind.name()
                    .bytes()
                    .all(|b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit())
            );
        }
        assert!("latin-1".parse::<FindingKind>().is_err());
    }

    #[test]
    fn every_page_opens_with_a_sentence() {
        for &kind in FindingKind::ALL {
            let first = kind.page().lines().next().unwrap_or_default();
            assert!(
                first.len() > 20 && !first.starts_with('#'),
                "{kind}: {first:?}"
            );
        }
    }
}
