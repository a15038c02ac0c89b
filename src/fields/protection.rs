//! Fields that are never rewritten.

use super::{ends_with_any, registry};

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
        registry::find(name).map_or_else(|| of_unregistered(name), |row| row.protection())
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

/// What the ending of a name says that is in no list.
pub(super) fn of_unregistered(name: &str) -> Option<Protection> {
    if ends_with_any(name, CREDENTIAL_ENDINGS) {
        Some(Protection::Credentials)
    } else if ends_with_any(name, INTEGRITY_ENDINGS) {
        Some(Protection::Integrity)
    } else {
        None
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protections() {
        use Protection::{Credentials, Framing, Integrity};
        for (name, protection) in [
            ("content_length", Some(Framing)),
            ("Host", Some(Framing)),
            ("AUTHORIZATION", Some(Credentials)),
            ("X_Session_Token", Some(Credentials)),
            ("Proxy-Authorization", Some(Credentials)),
            ("Mcp-Session-Id", Some(Credentials)),
            ("Stripe_Signature", Some(Integrity)),
            ("X-Hub-Signature-512", Some(Integrity)),
            ("Want-Repr-Digest", Some(Integrity)),
            ("CompanyName", None),
            ("X-Tokens", None),
            ("X-Signature-Dish", None),
        ] {
            assert_eq!(Protection::of(name), protection, "{name}");
        }
    }

    /// A name in the list is protected as it would be if it were not, or better.
    #[test]
    fn the_list_takes_no_protection_away() {
        for row in registry::rows() {
            let by_ending = of_unregistered(row.name());
            // `true`, or not there.
            if row.name() != "access-control-allow-credentials" && by_ending.is_some() {
                assert_eq!(row.protection(), by_ending, "{}", row.name());
            }
        }
    }
}
