//! What of a message's fields is for the next hop and what was for us alone.
//!
//! Fields of one connection are removed in both directions, and those that
//! `Connection` nominates with them (RFC 9110 §7.6.1). Framing fields are
//! never copied through: they are written anew from the body at hand.

use crate::fields::{Protection, same_name, starts_with};
use crate::policy::Policy;
use http::header::{CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Fields that are about one connection, nominated or not.
const OF_ONE_CONNECTION: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Removes from a request what is not for the upstream.
pub(super) fn strip_request(headers: &mut HeaderMap, policy: &Policy) {
    strip(headers, |name| policy.names(name));
}

/// Removes from a response what is not for the client.
pub(super) fn strip_response(headers: &mut HeaderMap) {
    strip(headers, |_| false);
}

fn strip(headers: &mut HeaderMap, is_ruled: impl Fn(&str) -> bool) {
    let nominated: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&octet| octet == b','))
        .filter_map(|option| HeaderName::from_bytes(option.trim_ascii()).ok())
        .filter(|name| !is_ruled(name.as_str()) && !is_kept(name.as_str()))
        .collect();
    for name in nominated.iter().chain(&OF_ONE_CONNECTION) {
        headers.remove(name);
    }
}

/// Whether a nomination of this field is ignored: a client must not be able to
/// strip what frames, authenticates or was said of it by a hop before us.
fn is_kept(name: &str) -> bool {
    Protection::of(name).is_some()
        || starts_with(name, "X-Forwarded-")
        || ["Forwarded", "Via", "X-Real-IP", "X-Request-Id"]
            .iter()
            .any(|hop| same_name(hop, name))
}

/// How long the body of a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// There is none.
    None,
    /// So many octets.
    Known(u64),
    /// The end says so.
    Chunked,
}

/// Writes the framing fields of a request. A `Content-Length: 0` that was sent
/// stays: some origins ask for it.
pub(super) fn frame(headers: &mut HeaderMap, length: Length) {
    headers.remove(TRANSFER_ENCODING);
    match length {
        Length::None => {}
        Length::Known(octets) => {
            headers.insert(CONTENT_LENGTH, octets.into());
        }
        Length::Chunked => {
            headers.remove(CONTENT_LENGTH);
            headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
    }
}

/// Whether a response's framing can be read in one way only (RFC 9112 §6.3).
pub(super) fn is_plainly_framed(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => headers.get_all(CONTENT_LENGTH).iter().nth(1).is_none(),
        (Some(coding), None) => {
            coding.as_bytes().eq_ignore_ascii_case(b"chunked")
                && !headers.contains_key(CONTENT_LENGTH)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FindingKind;
    use crate::policy::Rule;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    fn left(fields: &[(&'static str, &'static str)]) -> Vec<String> {
        let rule = Rule::for_fields(["Company-Name", "X-Co-*"]).log([FindingKind::Latin1]);
        let policy = Policy::builder().rule(rule).build().expect("a right rule");
        let mut map = headers(fields);
        strip_request(&mut map, &policy);
        map.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn fields_of_one_connection_go() {
        let sent = [
            ("connection", "close, X-Hop , x-two"),
            ("connection", "keep-alive,"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "x"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("http2-settings", "x"),
            ("x-hop", "1"),
            ("x-two", "1"),
            ("x-stays", "1"),
        ];
        assert_eq!(left(&sent), ["x-stays"]);
    }

    #[test]
    fn a_client_cannot_strip_what_is_checked_or_trusted() {
        let kept = [
            ("host", "1"),
            ("content-length", "1"),
            ("authorization", "1"),
            ("cookie", "1"),
            ("company-name", "1"),
            ("company_name", "1"),
            ("x_co_name", "1"),
            ("x-forwarded-for", "1"),
            ("forwarded", "1"),
        ];
        let mut sent = kept.to_vec();
        sent.push((
            "connection",
            "Host, Content-Length, Authorization, Cookie, Company-Name, Company_Name, x_co_name, X-Forwarded-For, Forwarded",
        ));
        assert_eq!(left(&sent).len(), kept.len());
    }

    #[test]
    fn framing_is_written_anew() {
        let mut map = headers(&[("transfer-encoding", "chunked"), ("content-length", "7")]);
        frame(&mut map, Length::Chunked);
        assert_eq!(map["transfer-encoding"], "chunked");
        assert!(!map.contains_key("content-length"));
        frame(&mut map, Length::Known(5));
        assert_eq!(map["content-length"], "5");
        assert!(!map.contains_key("transfer-encoding"));
    }

    #[test]
    fn responses_that_read_in_two_ways() {
        assert!(is_plainly_framed(&headers(&[])));
        assert!(is_plainly_framed(&headers(&[("content-length", "1")])));
        assert!(is_plainly_framed(&headers(&[(
            "transfer-encoding",
            "Chunked"
        )])));
        for fields in [
            &[("transfer-encoding", "gzip, chunked")][..],
            &[("transfer-encoding", "gzip")],
            &[
                ("transfer-encoding", "chunked"),
                ("transfer-encoding", "chunked"),
            ],
            &[("transfer-encoding", "chunked"), ("content-length", "1")],
            &[("content-length", "1"), ("content-length", "1")],
        ] {
            assert!(!is_plainly_framed(&headers(fields)), "{fields:?}");
        }
    }
}
