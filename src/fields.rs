//! What is known of fields by their name: the grammar of their value, and
//! which of them nobody may rewrite.
//!
//! Names are compared without case, and with `_` as `-`: a CGI or WSGI origin
//! cannot tell `Company_Name` from `Company-Name`, so neither may a guard.

/// What a field's value is made of, as far as judging its encoding needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Grammar {
    /// `cookie-string`: opaque to everybody but who set it (RFC 6265 §4.2).
    Cookie,
    /// Text that its protocol percent-encodes: the attributes of CloudEvents and
    /// the status message of gRPC.
    EncodedText,
    /// Text, or unknown. Judged cautiously, since it may be anything.
    FreeText,
    /// Text that its protocol writes in the form of mail: the metadata of S3 has
    /// encoded-words (RFC 2047) where it is beyond ASCII.
    MailText,
    /// Opaque to everybody but its origin, and compared octet by octet: entity
    /// tags and the conditions made of them (RFC 9110 §8.8.3, §13.1).
    Opaque,
    /// A URI reference: `&` separates, `%` escapes (RFC 3986).
    Uri,
}

impl Grammar {
    /// The grammar of the named field's value.
    #[must_use]
    pub fn of(name: &str) -> Grammar {
        let any = |list: &[&str]| list.iter().any(|known| same_name(known, name));
        if any(&["Cookie", "Cookie2", "Set-Cookie", "Set-Cookie2"]) {
            Grammar::Cookie
        } else if any(OPAQUE_FIELDS) {
            Grammar::Opaque
        } else if any(URI_FIELDS) || URI_ENDINGS.iter().any(|ending| ends_with(name, ending)) {
            Grammar::Uri
        } else if starts_with(name, "ce-") || same_name(name, "grpc-message") {
            Grammar::EncodedText
        } else if starts_with(name, "x-amz-meta-") {
            Grammar::MailText
        } else {
            Grammar::FreeText
        }
    }
}

/// Whether the named field's value is text that may be repaired though nobody
/// asked for this very field.
///
/// `Link` is not: what reads as a reference in it may stand in a URI between
/// `<` and `>`, where `&amp;` is two parameters, or in a title, where it is an
/// ampersand. It is reported, and a rule may say otherwise.
pub(crate) fn is_free_text(name: &str) -> bool {
    matches!(Grammar::of(name), Grammar::FreeText | Grammar::MailText)
        && !same_name(name, "Link")
        && Protection::of(name).is_none()
}

/// Whether two field names are one: case-blind, and `_` is `-`.
#[must_use]
pub fn same_name(one: &str, other: &str) -> bool {
    // Most names that are one have no `_` in them.
    one.len() == other.len()
        && (one.eq_ignore_ascii_case(other) || one.bytes().map(fold).eq(other.bytes().map(fold)))
}

/// Whether `name` starts with `prefix`, compared as [`same_name`] does.
pub(crate) fn starts_with(name: &str, prefix: &str) -> bool {
    name.len() >= prefix.len()
        && name
            .bytes()
            .zip(prefix.bytes())
            .all(|(a, b)| fold(a) == fold(b))
}

fn ends_with(name: &str, ending: &str) -> bool {
    name.len() >= ending.len()
        && name
            .bytes()
            .rev()
            .zip(ending.bytes().rev())
            .all(|(a, b)| fold(a) == fold(b))
}

fn fold(octet: u8) -> u8 {
    if octet == b'_' {
        b'-'
    } else {
        octet.to_ascii_lowercase()
    }
}

/// Why a field is never rewritten, whatever a policy asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protection {
    /// It proves who is asking; its octets are also never shown.
    Credentials,
    /// It says where a message ends or goes.
    Framing,
    /// It vouches for other octets, or its own are compared with others.
    Integrity,
}

impl Protection {
    /// The protection of the named field, if it has one.
    #[must_use]
    pub fn of(name: &str) -> Option<Protection> {
        let ends = |endings: &[&str]| endings.iter().any(|ending| ends_with(name, ending));
        if ends(CREDENTIAL_ENDINGS) {
            return Some(Protection::Credentials);
        }
        PROTECTED
            .iter()
            .find(|(names, _)| names.iter().any(|known| same_name(known, name)))
            .map(|&(_, protection)| protection)
            .or_else(|| ends(INTEGRITY_ENDINGS).then_some(Protection::Integrity))
    }

    /// What the field is for, as a noun phrase.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Credentials => "it carries credentials",
            Self::Framing => "it frames or routes the message",
            Self::Integrity => "its octets are signed, vouch for others or are compared",
        }
    }
}

/// Fields that hold entity tags.
const OPAQUE_FIELDS: &[&str] = &["ETag", "If-Match", "If-None-Match", "If-Range"];

/// Fields whose value is a URI reference, registered or in common use.
const URI_FIELDS: &[&str] = &[
    "Content-Location",
    "Destination",
    "Location",
    "Origin",
    "Ping-From",
    "Ping-To",
    "Referer",
    "Refresh",
    "Request-URI",
    "SOAPAction",
];

/// Endings that name a URI in fields nobody registered.
const URI_ENDINGS: &[&str] = &[
    "-Href",
    "-Location",
    "-Path",
    "-Query",
    "-Redirect",
    "-Referer",
    "-Referrer",
    "-URI",
    "-URL",
];

/// Endings that name a secret in fields nobody registered. Better one field too
/// many that is never rewritten or shown than one secret in a log.
const CREDENTIAL_ENDINGS: &[&str] = &[
    "-Access-Key",
    "-Api-Key",
    "-Apikey",
    "-Authorization",
    "-Credentials",
    "-Password",
    "-Secret",
    "-Secret-Key",
    "-Session",
    "-Session-Id",
    "-Subscription-Key",
    "-Token",
];

/// Endings that name a signature or a digest in fields nobody registered.
const INTEGRITY_ENDINGS: &[&str] = &[
    "-Digest",
    "-Hmac-SHA256",
    "-Signature",
    "-Signature-256",
    "-Signature-512",
];

const PROTECTED: &[(&[&str], Protection)] = &[
    (
        &[
            "Connection",
            "Content-Encoding",
            "Content-Length",
            "Content-Range",
            "Expect",
            "Host",
            "HTTP2-Settings",
            "Keep-Alive",
            "Max-Forwards",
            "Proxy-Connection",
            "Range",
            "Sec-WebSocket-Extensions",
            "Sec-WebSocket-Key",
            "Sec-WebSocket-Protocol",
            "Sec-WebSocket-Version",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade",
        ],
        Protection::Framing,
    ),
    (
        &[
            "Api-Key",
            "Apikey",
            "Authentication-Info",
            "Authorization",
            "Cookie",
            "Cookie2",
            "Proxy-Authenticate",
            "Proxy-Authentication-Info",
            "Password",
            "Set-Cookie",
            "Set-Cookie2",
            "WWW-Authenticate",
            "Token",
        ],
        Protection::Credentials,
    ),
    (
        &[
            "Client-Cert",
            "Client-Cert-Chain",
            "Content-MD5",
            "Digest",
            "DPoP",
            "Idempotency-Key",
            "Signature",
            "Signature-Input",
            "X-Amz-Content-SHA256",
        ],
        Protection::Integrity,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name() {
        assert!(same_name("Company-Name", "company_name"));
        assert!(!same_name("Company-Name", "CompanyName"));
        assert_eq!(Protection::of("content_length"), Some(Protection::Framing));
        assert_eq!(
            Protection::of("AUTHORIZATION"),
            Some(Protection::Credentials)
        );
        assert_eq!(Protection::of("CompanyName"), None);
        assert_eq!(
            Protection::of("X_Session_Token"),
            Some(Protection::Credentials)
        );
        assert_eq!(
            Protection::of("Proxy-Authorization"),
            Some(Protection::Credentials)
        );
        assert_eq!(Protection::of("X-Tokens"), None);
        for name in [
            "Stripe_Signature",
            "X-Hub-Signature-512",
            "Want-Repr-Digest",
        ] {
            assert_eq!(Protection::of(name), Some(Protection::Integrity), "{name}");
        }
        assert_eq!(Protection::of("X-Signature-Dish"), None);
    }

    #[test]
    fn grammars() {
        assert_eq!(Grammar::of("referer"), Grammar::Uri);
        assert_eq!(Grammar::of("X-Original-URL"), Grammar::Uri);
        assert_eq!(Grammar::of("X-Original-Path"), Grammar::Uri);
        assert_eq!(Grammar::of("If_None_Match"), Grammar::Opaque);
        assert_eq!(Grammar::of("Path"), Grammar::FreeText);
        assert_eq!(Grammar::of("cookie"), Grammar::Cookie);
        assert_eq!(Grammar::of("CompanyName"), Grammar::FreeText);
        assert_eq!(Grammar::of(""), Grammar::FreeText);
    }
}
