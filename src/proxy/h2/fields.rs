//! Fields between the two versions: those of one connection stay there.

use crate::wire::head::{Field, Known};
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};

/// More than a response may have, and what we add to it.
const MOST: usize = 1024;

/// How many most messages have at most.
const FEW: usize = 128;

/// Parses with room for few fields, and with room for many where these are not enough.
pub(super) fn with_room<T, E>(
    mut parse: impl FnMut(usize) -> Result<T, E>,
    is_too_small: impl Fn(&E) -> bool,
) -> Result<T, E> {
    match parse(FEW) {
        Err(error) if is_too_small(&error) => parse(MOST),
        parsed => parsed,
    }
}

/// What of the fields of `head` HTTP/2 has a place for.
pub(super) fn to_h2(head: &Bytes, fields: &[Field]) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let of_one_connection = field.known.is_of_one_connection() && field.known != Known::Trailer;
        if of_one_connection && !is_te_trailers(field, head) {
            continue;
        }
        let name = HeaderName::from_bytes(field.name(head).as_bytes());
        let value = HeaderValue::from_maybe_shared(head.slice(field.value_range()));
        // Both were read by a stricter parser than these are.
        if let (Ok(name), Ok(value)) = (name, value) {
            // There is a bound on what was read, and it is lower than the map's.
            let _ = map.try_append(name, value);
        }
    }
    map
}

/// The one thing of its kind that HTTP/2 knows (RFC 9113 §8.2.2).
fn is_te_trailers(field: &Field, head: &[u8]) -> bool {
    field.known == Known::Te && field.value(head).eq_ignore_ascii_case(b"trailers")
}

/// Writes fields as lines, without those that say how a message is framed or
/// are about one connection: HTTP/2 has no place for them, and we say them.
/// Cookies are put together (RFC 9113 §8.2.3).
pub(super) fn to_h1(map: &HeaderMap, out: &mut Vec<u8>) {
    let mut in_cookies = false;
    // All values of a name come one after the other.
    for (name, value) in map {
        let known = Known::of(name.as_str().as_bytes());
        match known {
            Known::Te if value.as_bytes().eq_ignore_ascii_case(b"trailers") => {}
            Known::Trailer => {}
            Known::Expect => continue,
            known if known.is_of_one_connection() => continue,
            _ => {}
        }
        let is_cookie = name == http::header::COOKIE;
        if is_cookie && in_cookies {
            // The line's end, which the next crumb comes before.
            out.truncate(out.len().saturating_sub(2));
            out.extend_from_slice(b"; ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
            continue;
        }
        in_cookies = is_cookie;
        line(name.as_str().as_bytes(), value.as_bytes(), out);
    }
}

/// Writes one field line.
pub(super) fn line(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    for part in [name, b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crumbs_are_put_together_where_the_first_was() {
        let mut map = HeaderMap::new();
        for (name, value) in [
            ("a", &b"1"[..]),
            ("cookie", b"x=1"),
            ("b", b"T\xE9l"),
            ("cookie", b"y=2"),
            ("te", b"trailers"),
            ("keep-alive", b"5"),
            ("a", b"2"),
        ] {
            let value = HeaderValue::from_bytes(value).expect("a value");
            map.append(HeaderName::from_static(name), value);
        }
        let mut out = Vec::new();
        to_h1(&map, &mut out);
        assert_eq!(
            out.escape_ascii().to_string(),
            b"a: 1\r\na: 2\r\ncookie: x=1; y=2\r\nb: T\xE9l\r\nte: trailers\r\n"
                .escape_ascii()
                .to_string()
        );
    }
}
