//! What two readers of one request could read differently is refused here.
//!
//! The parser in front of this room refuses broken syntax. What is left to
//! check is where a message ends and whom it is for: the transfer coding, the
//! length, the host and the form of the target (RFC 9112 §3.2, §6).

use crate::fields::same_name;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::uri::Authority;
use http::{HeaderMap, Method, Request, Uri, Version};

/// Why a request cannot be passed on, whatever the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// `*` is a target for OPTIONS alone (RFC 9112 §3.2.4).
    AsteriskTarget,
    /// A method that asks for a tunnel.
    Connect,
    /// `Content-Length` that is no number, or not one number.
    ContentLength,
    /// `Host` is not what the target says.
    HostDiffers,
    /// `Host` that is not a host and a port, and the octet that none can have.
    HostInvalid(Option<Offender>),
    /// HTTP/1.1 without `Host`.
    HostMissing,
    /// More than one `Host`.
    HostRepeated,
    /// A framing field spelled with `_`, which some origins take for the real one.
    LookAlike,
    /// A scheme that is not http.
    Scheme,
    /// Anything but one `Transfer-Encoding: chunked`.
    TransferEncoding,
    /// A target with a user and a password in it.
    UserInformation,
}

/// The first octet that cannot stand where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offender {
    pub(super) octet: u8,
    /// From the start of the value.
    pub(super) offset: usize,
}

impl Malformed {
    /// The kebab-case name, for the log and for clients.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::AsteriskTarget => "asterisk-target",
            Self::Connect => "connect",
            Self::ContentLength => "content-length",
            Self::HostDiffers => "host-differs",
            Self::HostInvalid(_) => "host-invalid",
            Self::HostMissing => "host-missing",
            Self::HostRepeated => "host-repeated",
            Self::LookAlike => "framing-look-alike",
            Self::Scheme => "scheme",
            Self::TransferEncoding => "transfer-encoding",
            Self::UserInformation => "user-information",
        }
    }

    /// What is wrong and what would be right, in a sentence.
    pub(super) const fn detail(self) -> &'static str {
        match self {
            Self::AsteriskTarget => "The target * is for OPTIONS only.",
            Self::Connect => "CONNECT is not served here.",
            Self::ContentLength => "Content-Length must be one decimal number.",
            Self::HostDiffers => "Host must be the same as the authority of the target.",
            Self::HostInvalid(_) => "Host must be a host name or address and, if need be, a port.",
            Self::HostMissing => "An HTTP/1.1 request must have a Host field.",
            Self::HostRepeated => "A request must have one Host field only.",
            Self::LookAlike => "A field name is a framing field's name spelled with an underscore.",
            Self::Scheme => "The target's scheme must be http.",
            Self::TransferEncoding => "Transfer-Encoding must be chunked, once, and alone.",
            Self::UserInformation => "A target must not have user information in it.",
        }
    }
}

/// Checks the framing and the addressing of a request.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Malformed> {
    if request.method() == Method::CONNECT {
        return Err(Malformed::Connect);
    }
    let headers = request.headers();
    let look_alike = headers.keys().any(|name| {
        name.as_str().contains('_')
            && ["content-length", "host", "transfer-encoding"]
                .iter()
                .any(|framing| same_name(framing, name.as_str()))
    });
    if look_alike {
        return Err(Malformed::LookAlike);
    }
    transfer_encoding(headers)?;
    content_length(headers)?;
    target(request.method(), request.uri())?;
    host(request)
}

/// `chunked` is the only coding known here, and a list is a place to hide in.
fn transfer_encoding(headers: &HeaderMap) -> Result<(), Malformed> {
    match only(headers, &TRANSFER_ENCODING) {
        Some(Ok(coding)) if coding.eq_ignore_ascii_case(b"chunked") => {
            if headers.contains_key(CONTENT_LENGTH) {
                Err(Malformed::TransferEncoding)
            } else {
                Ok(())
            }
        }
        Some(_) => Err(Malformed::TransferEncoding),
        None => Ok(()),
    }
}

/// `Content-Length = 1*DIGIT` (RFC 9110 §8.6)
fn content_length(headers: &HeaderMap) -> Result<(), Malformed> {
    match only(headers, &CONTENT_LENGTH) {
        Some(Ok(digits)) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => Ok(()),
        Some(_) => Err(Malformed::ContentLength),
        None => Ok(()),
    }
}

fn target(method: &Method, uri: &Uri) -> Result<(), Malformed> {
    if uri.path() == "*" && method != Method::OPTIONS {
        return Err(Malformed::AsteriskTarget);
    }
    if uri
        .scheme_str()
        .is_some_and(|scheme| !scheme.eq_ignore_ascii_case("http"))
    {
        return Err(Malformed::Scheme);
    }
    if uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err(Malformed::UserInformation);
    }
    Ok(())
}

/// One valid `Host`, equal to the target's authority where it has one (RFC 9112 §3.2).
fn host<B>(request: &Request<B>) -> Result<(), Malformed> {
    let sent = match only(request.headers(), &HOST) {
        None if request.version() == Version::HTTP_10 => return Ok(()),
        None => return Err(Malformed::HostMissing),
        Some(Err(Repeated)) => return Err(Malformed::HostRepeated),
        Some(Ok(sent)) => sent,
    };
    if !is_host(sent) {
        return Err(Malformed::HostInvalid(offender(sent)));
    }
    let same = |authority: &Authority| {
        without_default_port(authority.as_str().as_bytes())
            .eq_ignore_ascii_case(without_default_port(sent))
    };
    if request
        .uri()
        .authority()
        .is_some_and(|authority| !same(authority))
    {
        return Err(Malformed::HostDiffers);
    }
    Ok(())
}

/// `Host = uri-host [ ":" port ]`; empty where the target has no authority.
fn is_host(sent: &[u8]) -> bool {
    sent.is_empty()
        || (offender(sent).is_none() && std::str::from_utf8(sent).is_ok_and(is_authority))
}

/// The first octet that is in no host and no port. The grammar has places for
/// `,` and `@`; here they would be two hosts, or a user.
fn offender(sent: &[u8]) -> Option<Offender> {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"!$%&'()*+-.:;=[]_~".contains(&octet);
    let offset = sent.iter().position(|&octet| !plain(octet))?;
    let &octet = sent.get(offset)?;
    Some(Offender { octet, offset })
}

fn is_authority(text: &str) -> bool {
    let port = match text.rsplit_once(']') {
        Some((_, after)) => after.strip_prefix(':').unwrap_or(after),
        None => text.rsplit_once(':').map_or("", |(_, port)| port),
    };
    // `http` lets any port pass, and any sign before it is a number to Rust.
    let right = port.is_empty()
        || (port.bytes().all(|digit| digit.is_ascii_digit()) && port.parse::<u16>().is_ok());
    right && text.parse::<Authority>().is_ok()
}

fn without_default_port(host: &[u8]) -> &[u8] {
    host.strip_suffix(b":80")
        .or_else(|| host.strip_suffix(b":"))
        .unwrap_or(host)
}

struct Repeated;

/// The only value of a field, if the field is there.
fn only<'h>(headers: &'h HeaderMap, name: &http::HeaderName) -> Option<Result<&'h [u8], Repeated>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.as_bytes();
    Some(if values.next().is_none() {
        Ok(first)
    } else {
        Err(Repeated)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn checked(target: &str, fields: &[(&'static str, &[u8])]) -> Result<(), Malformed> {
        let mut request = Request::new(());
        *request.uri_mut() = target.parse().expect("a target");
        for (name, value) in fields {
            let value = HeaderValue::from_bytes(value).expect("a value http takes");
            request.headers_mut().append(*name, value);
        }
        check(&request)
    }

    #[test]
    fn transfer_codings() {
        let host = ("host", b"a".as_slice());
        assert_eq!(
            checked("/", &[host, ("transfer-encoding", b"Chunked")]),
            Ok(())
        );
        for coding in [
            &b"gzip, chunked"[..],
            b"chunked, chunked",
            b",chunked",
            b"xchunked",
            b"chunked;q=1",
            b"identity",
            b"",
        ] {
            assert_eq!(
                checked("/", &[host, ("transfer-encoding", coding)]),
                Err(Malformed::TransferEncoding)
            );
        }
        assert_eq!(
            checked(
                "/",
                &[
                    host,
                    ("transfer-encoding", b"chunked"),
                    ("transfer-encoding", b"chunked")
                ]
            ),
            Err(Malformed::TransferEncoding)
        );
        assert_eq!(
            checked(
                "/",
                &[
                    host,
                    ("transfer-encoding", b"chunked"),
                    ("content-length", b"1")
                ]
            ),
            Err(Malformed::TransferEncoding)
        );
        assert_eq!(
            checked("/", &[host, ("transfer_encoding", b"chunked")]),
            Err(Malformed::LookAlike)
        );
    }

    #[test]
    fn lengths() {
        let host = ("host", b"a".as_slice());
        assert_eq!(checked("/", &[host, ("content-length", b"0012")]), Ok(()));
        for length in [&b"+1"[..], b"-1", b"1 ", b"1, 1", b"0x1", b""] {
            assert_eq!(
                checked("/", &[host, ("content-length", length)]),
                Err(Malformed::ContentLength)
            );
        }
    }

    #[test]
    fn hosts() {
        for right in [
            &b"a"[..],
            b"a.example:8080",
            b"[::1]:1",
            b"[::1]",
            b"127.0.0.1",
            b"a_b",
            b"",
        ] {
            assert_eq!(checked("/", &[("host", right)]), Ok(()), "{right:?}");
        }
        for (wrong, first) in [
            (&b"a b"[..], Some((b' ', 1))),
            (b"a@b", Some((b'@', 1))),
            (b"a/b", Some((b'/', 1))),
            (b"a,b", Some((b',', 1))),
            (b"a\"b", Some((b'"', 1))),
            (b"b\xC3\xBCcher", Some((0xC3, 1))),
            (b"\xE9", Some((0xE9, 0))),
            (b"a:b", None),
            (b"a:+1", None),
            (b"[::1", None),
            (b"a:99999", None),
        ] {
            let first = first.map(|(octet, offset)| Offender { octet, offset });
            assert_eq!(
                checked("/", &[("host", wrong)]),
                Err(Malformed::HostInvalid(first)),
                "{wrong:?}"
            );
        }
        assert_eq!(checked("/", &[]), Err(Malformed::HostMissing));
        assert_eq!(
            checked("/", &[("host", b"a"), ("host", b"a")]),
            Err(Malformed::HostRepeated)
        );
    }

    #[test]
    fn absolute_targets() {
        assert_eq!(
            checked("http://A.example/x", &[("host", b"a.EXAMPLE:80")]),
            Ok(())
        );
        assert_eq!(
            checked("http://a/x", &[("host", b"b")]),
            Err(Malformed::HostDiffers)
        );
        assert_eq!(
            checked("http://a:81/x", &[("host", b"a")]),
            Err(Malformed::HostDiffers)
        );
        assert_eq!(
            checked("https://a/x", &[("host", b"a")]),
            Err(Malformed::Scheme)
        );
        assert_eq!(
            checked("http://u@a/x", &[("host", b"a")]),
            Err(Malformed::UserInformation)
        );
        assert_eq!(
            checked("*", &[("host", b"a")]),
            Err(Malformed::AsteriskTarget)
        );
    }
}
