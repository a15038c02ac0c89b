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
    /// Text, or unknown. Judged cautiously, since it may be anything.
    FreeText,
    /// A URI reference: `&` separates, `%` escapes (RFC 3986).
    Uri,
}

impl Grammar {
    /// The grammar of the named field's value.
    #[must_use]
    pub fn of(name: &str) -> Grammar {
        let any = |list: &[&str]| list.iter().any(|known| same_name(known, name));
        if any(&["Cookie", "Set-Cookie"]) {
            Grammar::Cookie
        } else if any(URI_FIELDS) || URI_ENDINGS.iter().any(|ending| ends_with(name, ending)) {
            Grammar::Uri
        } else {
            Grammar::FreeText
        }
    }
}

/// Whether two field names are one: case-blind, and `_` is `-`.
#[must_use]
pub fn same_name(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().map(fold).eq(other.bytes().map(fold))
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
    /// It vouches for other octets, which a rewrite would not.
    Integrity,
}

impl Protection {
    /// The protection of the named field, if it has one.
    #[must_use]
    pub fn of(name: &str) -> Option<Protection> {
        if CREDENTIAL_ENDINGS
            .iter()
            .any(|ending| ends_with(name, ending))
        {
            return Some(Protection::Credentials);
        }
        PROTECTED
            .iter()
            .find(|(names, _)| names.iter().any(|known| same_name(known, name)))
            .map(|&(_, protection)| protection)
    }

    /// What the field is for, as a noun phrase.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Credentials => "it carries credentials",
            Self::Framing => "it frames or routes the message",
            Self::Integrity => "it carries a signature or a digest",
        }
    }
}

/// Fields whose value is a URI reference, registered or in common use.
const URI_FIELDS: &[&str] = &[
    "Content-Location",
    "Destination",
    "Location",
    "Origin",
    "Referer",
    "Refresh",
    "Request-URI",
    "SOAPAction",
];

/// Endings that name a URI in fields nobody registered.
const URI_ENDINGS: &[&str] = &["-Referer", "-Referrer", "-URI", "-URL"];

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
            "Proxy-Authenticate",
            "Proxy-Authentication-Info",
            "Password",
            "Set-Cookie",
            "WWW-Authenticate",
            "Token",
        ],
        Protection::Credentials,
    ),
    (
        &[
            "Client-Cert",
            "Client-Cert-Chain",
            "Content-Digest",
            "Content-MD5",
            "Digest",
            "DPoP",
            "Repr-Digest",
            "Signature",
            "Signature-Input",
            "Want-Content-Digest",
            "Want-Repr-Digest",
            "X-Amz-Content-SHA256",
            "X-Hub-Signature",
            "X-Hub-Signature-256",
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
    }

    #[test]
    fn grammars() {
        assert_eq!(Grammar::of("referer"), Grammar::Uri);
        assert_eq!(Grammar::of("X-Original-URL"), Grammar::Uri);
        assert_eq!(Grammar::of("cookie"), Grammar::Cookie);
        assert_eq!(Grammar::of("CompanyName"), Grammar::FreeText);
        assert_eq!(Grammar::of(""), Grammar::FreeText);
    }
}
