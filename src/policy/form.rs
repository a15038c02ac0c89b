//! The form in which a field's text is declared to travel.

use crate::char_ref;
use crate::charset::Charset;
use crate::finding::FindingKind;
use crate::forms::{display_string, encode, ext_value, percent};
use crate::named::named;

/// The form in which a rule passes text on.
///
/// ASCII that came as ASCII is never put into a form: it reads alike in all of
/// them as far as anybody can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// UTF-8 as it is, which is what RFC 9110 §5.5 leaves room for and most
    /// software of today reads.
    #[default]
    Utf8,
    /// ISO-8859-1, for an origin that reads field values as the Servlet API and
    /// older HTTP do. Only text that Latin-1 has can be passed on so.
    Latin1,
    /// Percent-encoded UTF-8 (RFC 3986 §2.1): only unreserved characters stay.
    Percent,
    /// An `ext-value` (RFC 8187 §3.2): `UTF-8''T%C3%A9l`.
    ExtValue,
    /// A Display String (RFC 9651 §3.3.8): `%"T%c3%a9l"`.
    DisplayString,
    /// Decimal character references (HTML), also for `&`, `<`, `>`, `"` and `'`.
    CharRef,
}

named!(Form, "form", {
    Utf8 "utf-8",
    Latin1 "latin1",
    Percent "percent",
    ExtValue "ext-value",
    DisplayString "display-string",
    CharRef "char-ref",
});

impl Form {
    /// The kind of finding that a value in this form is, which is no fault
    /// where the form is declared.
    #[must_use]
    pub const fn kind(self) -> Option<FindingKind> {
        match self {
            Self::Utf8 => None,
            Self::Latin1 => Some(FindingKind::Latin1),
            Self::Percent => Some(FindingKind::PercentEncoded),
            Self::ExtValue => Some(FindingKind::ExtValue),
            Self::DisplayString => Some(FindingKind::DisplayString),
            Self::CharRef => Some(FindingKind::CharRef),
        }
    }

    /// The text's octets in this form; `None` where it cannot be said in it.
    ///
    /// A tab is no control where it stands, and one where it is escaped.
    pub(crate) fn write(self, text: &str) -> Option<Vec<u8>> {
        let escapes = matches!(self, Self::Percent | Self::ExtValue | Self::DisplayString);
        if escapes && text.contains('\t') {
            return None;
        }
        let ascii = match self {
            Self::Utf8 => text.to_owned(),
            Self::Latin1 => return encode::latin1(text),
            Self::Percent => encode::percent(text),
            Self::ExtValue => encode::ext_value(text),
            Self::DisplayString => encode::display_string(text),
            Self::CharRef => encode::char_ref(text),
        };
        Some(ascii.into_bytes())
    }

    /// The text that octets in this form say; `None` where they are not in it.
    pub(crate) fn read(self, octets: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => String::from_utf8(octets.to_vec()).ok(),
            Self::Latin1 => Charset::Latin1.decode(octets),
            Self::Percent => percent::whole(octets),
            Self::ExtValue => ext_value::decode(octets),
            Self::DisplayString => display_string::decode(octets),
            Self::CharRef => char_ref::decode_all(octets),
        }
    }
}
