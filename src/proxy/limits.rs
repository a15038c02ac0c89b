//! How much of everything a request may have.

use crate::config::Limits;
use crate::preview::Preview;
use http::{HeaderMap, Request, Uri};

/// A limit that a request exceeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exceeded {
    /// Which limit.
    pub(super) limit: Limit,
    /// How much was sent.
    pub(super) sent: usize,
    /// How much may be sent.
    pub(super) allowed: usize,
    /// The field that is too long, or the longest where all together are.
    pub(super) field: Option<String>,
}

/// The limits, by their names in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    Field,
    Fields,
    Head,
    Target,
}

impl Limit {
    /// The kebab-case name, for the log and for clients.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Field => "field-too-long",
            Self::Fields => "too-many-fields",
            Self::Head => "head-too-long",
            Self::Target => "target-too-long",
        }
    }
}

/// Checks the lengths of a request's head.
pub(super) fn check<B>(request: &Request<B>, limits: &Limits) -> Result<(), Exceeded> {
    let headers = request.headers();
    let exceeded = |limit, sent, allowed, field| {
        (sent > allowed).then_some(Exceeded {
            limit,
            sent,
            allowed,
            field,
        })
    };
    let target = target_octets(request.uri());
    let first = exceeded(Limit::Target, target, limits.target, None)
        .or_else(|| exceeded(Limit::Fields, headers.len(), limits.fields, None));
    if let Some(exceeded) = first {
        return Err(exceeded);
    }
    let (longest, field) = longest_field(headers);
    // `GET`, the target and `HTTP/1.1` with two spaces and two line ends.
    let line = request.method().as_str().len() + target + " HTTP/1.1\r\n\r\n".len() + 1;
    let head = line
        + headers
            .iter()
            .map(|(name, value)| octets(name, value) + 2)
            .sum::<usize>();
    // A name can be all of the length, and is told to people.
    let field = || field.map(|name| Preview::new(name.as_bytes()).to_string());
    exceeded(Limit::Field, longest, limits.field, field())
        .or_else(|| exceeded(Limit::Head, head, limits.head, field()))
        .map_or(Ok(()), Err)
}

fn target_octets(uri: &Uri) -> usize {
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    let scheme = uri
        .scheme_str()
        .map_or(0, |scheme| scheme.len() + "://".len());
    path + scheme
        + uri
            .authority()
            .map_or(0, |authority| authority.as_str().len())
}

fn longest_field(headers: &HeaderMap) -> (usize, Option<&str>) {
    headers
        .iter()
        .map(|(name, value)| (octets(name, value), Some(name.as_str())))
        .max_by_key(|(octets, _)| *octets)
        .unwrap_or_default()
}

/// A field line: name, colon, space and value.
fn octets(name: &http::HeaderName, value: &http::HeaderValue) -> usize {
    name.as_str().len() + 2 + value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, fields: &[(&'static str, usize)]) -> Request<()> {
        let mut request = Request::new(());
        *request.uri_mut() = target.parse().expect("a target");
        for (name, length) in fields {
            let value = "v".repeat(*length).parse().expect("a value");
            request.headers_mut().append(*name, value);
        }
        request
    }

    #[test]
    fn each_limit_is_named() {
        let mut limits = Limits::default();
        (limits.head, limits.field, limits.fields, limits.target) = (64, 20, 2, 8);
        let over = |target: &str, fields: &[(&'static str, usize)]| {
            check(&request(target, fields), &limits).err()
        };
        assert_eq!(over("/1234567", &[("a", 17)]), None);
        let named =
            |exceeded: Option<Exceeded>| exceeded.map(|one| (one.limit, one.sent, one.field));
        assert_eq!(
            named(over("/12345678", &[])),
            Some((Limit::Target, 9, None))
        );
        assert_eq!(
            named(over("/", &[("a", 1), ("a", 1), ("b", 1)])),
            Some((Limit::Fields, 3, None))
        );
        assert_eq!(
            named(over("/", &[("a", 1), ("b", 18)])),
            Some((Limit::Field, 21, Some("b".into())))
        );
        // "GET / HTTP/1.1\r\n" + "a: …\r\n" + "b: …\r\n" + "\r\n"
        assert_eq!(over("/", &[("a", 17), ("b", 17)]).map(|one| one.sent), None);
        limits.head = 61;
        let head = check(&request("/", &[("a", 17), ("b", 17)]), &limits).err();
        assert_eq!(
            head.map(|one| (one.limit, one.sent)),
            Some((Limit::Head, 62))
        );
    }
}
