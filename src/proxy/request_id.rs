//! What a request is called in the log, in a refusal and by whoever asks about it.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::fmt::{self, Write as _};
use std::hash::BuildHasher as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{lanes, octet};

/// The field in which somebody before us may have named the request.
pub(super) const X_REQUEST_ID: &str = "X-Request-Id";

/// The longest identifier that is taken over, in octets.
const MOST_OCTETS: usize = 128;

/// The identifier of one request: a token.
#[derive(Clone, Debug)]
pub(super) struct RequestId<'h>(Cow<'h, str>);

impl<'h> RequestId<'h> {
    /// The identifier a request brought along, if it is one token; else a new one.
    /// `sent` are the values of its [`X_REQUEST_ID`] fields.
    pub(super) fn of(mut sent: impl Iterator<Item = &'h [u8]>) -> Self {
        let kept = match (sent.next(), sent.next()) {
            (Some(only), None) => token(only),
            _ => None,
        };
        kept.unwrap_or_else(Self::fresh)
    }

    /// A new identifier: 32 hex digits.
    pub(super) fn fresh() -> Self {
        // The keys are random for each process; the counter makes the input of
        // the keyed hashes differ for each request.
        static KEYS: OnceLock<[RandomState; 2]> = OnceLock::new();
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let [high, low] = KEYS.get_or_init(|| [RandomState::new(), RandomState::new()]);
        let (high, low) = (high.hash_one(count), low.hash_one(count));
        RequestId(format!("{high:016x}{low:016x}").into())
    }

    /// The same, for longer than the request's head is there.
    pub(super) fn into_owned(self) -> RequestId<'static> {
        RequestId(self.0.into_owned().into())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// `urn:headguard:request:ID` in its two parts, for a problem's `instance`.
    pub(super) fn urn(&self) -> (&'static str, Cow<'_, str>) {
        ("urn:headguard:request:", self.in_urn())
    }

    fn in_urn(&self) -> Cow<'_, str> {
        if !lanes::any(self.0.as_bytes(), has_no_place_in_a_urn) {
            return Cow::Borrowed(&self.0);
        }
        let mut urn = String::with_capacity(3 * self.0.len());
        for octet in self.0.bytes() {
            if has_no_place_in_a_urn(octet) {
                // Writing to a String cannot fail.
                let _ = write!(urn, "%{octet:02X}");
            } else {
                urn.push(char::from(octet));
            }
        }
        Cow::Owned(urn)
    }
}

/// Whether this character of a token has no place in a URN (RFC 8141 §2).
/// Without branches, so that it becomes vector code.
const fn has_no_place_in_a_urn(octet: u8) -> bool {
    (octet == b'#') | (octet == b'%') | (octet == b'^') | (octet == b'`') | (octet == b'|')
}

impl fmt::Display for RequestId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn token(octets: &[u8]) -> Option<RequestId<'_>> {
    let right = (1..=MOST_OCTETS).contains(&octets.len())
        && octets.iter().all(|&octet| octet::is_token(octet));
    let text = std::str::from_utf8(octets).ok().filter(|_| right)?;
    Some(RequestId(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&[u8]]) -> String {
        RequestId::of(values.iter().copied()).to_string()
    }

    fn is_fresh(id: &str) -> bool {
        id.len() == 32 && id.bytes().all(|octet| octet.is_ascii_hexdigit())
    }

    #[test]
    fn a_token_is_kept() {
        assert_eq!(of(&[b"a-1.b"]), "a-1.b");
        assert_eq!(of(&["x".repeat(128).as_bytes()]).len(), 128);
    }

    #[test]
    fn anything_else_is_replaced() {
        let long = "x".repeat(129);
        let wrong: [&[&[u8]]; 7] = [
            &[],
            &[b""],
            &[b"a b"],
            &[b"a\xE9"],
            &[b"a", b"b"],
            &[b"\"quoted\""],
            &[long.as_bytes()],
        ];
        for sent in wrong {
            assert!(is_fresh(&of(sent)), "{sent:?}");
        }
        assert_ne!(of(&[]), of(&[]));
    }

    #[test]
    fn what_has_no_place_in_a_urn() {
        for octet in (0..=255u8).filter(|&octet| octet::is_token(octet)) {
            let stays = octet.is_ascii_alphanumeric() || b"-._~!$&'*+".contains(&octet);
            assert_eq!(has_no_place_in_a_urn(octet), !stays, "{octet:02X}");
        }
    }

    #[test]
    fn a_urn_holds_what_a_urn_may() {
        let id = token(b"a|b^c%d#e`f").expect("a token");
        let (prefix, id) = id.urn();
        assert_eq!(prefix, "urn:headguard:request:");
        assert_eq!(id, "a%7Cb%5Ec%25d%23e%60f");
    }
}
