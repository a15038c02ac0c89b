//! Where a message ends and whom it is for (RFC 9112 §3.2, §6, §9).
//!
//! What two readers of one message could read differently is refused here:
//! the transfer coding, the length, the host, the form of the target.

use super::head::{Field, Known, RequestLine, StatusLine, Version};
use http::uri::Authority;

/// How the end of a body is known (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Its chunks say so.
    Chunked,
    /// It has so many octets.
    Length(u64),
    /// There is none.
    None,
    /// The connection is closed; responses only.
    UntilClose,
}

impl Framing {
    /// Whether there is nothing to be read.
    pub(crate) const fn is_empty(self) -> bool {
        matches!(self, Self::None | Self::Length(0))
    }
}

/// Why a request cannot be passed on, whatever the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// `*` is a target for OPTIONS alone (RFC 9112 §3.2.4).
    AsteriskTarget,
    /// A method that asks for a tunnel.
    Connect,
    /// `Content-Length` that is no number, or not one number.
    ContentLength,
    /// `Expect` other than `100-continue`.
    Expectation,
    /// A target with a fragment, which some readers cut off.
    Fragment,
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
    /// A scheme that is not the connection's.
    Scheme,
    /// A target that is neither a path nor a URI.
    TargetForm,
    /// Anything but one `Transfer-Encoding: chunked`, in HTTP/1.1.
    TransferEncoding,
    /// A target with a user and a password in it.
    UserInformation,
}

/// The first octet that cannot stand where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offender {
    pub(crate) octet: u8,
    /// From the start of the value.
    pub(crate) offset: usize,
}

impl Malformed {
    /// The kebab-case name, for the log and for clients.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AsteriskTarget => "asterisk-target",
            Self::Connect => "connect",
            Self::ContentLength => "content-length",
            Self::Expectation => "expectation",
            Self::Fragment => "fragment",
            Self::HostDiffers => "host-differs",
            Self::HostInvalid(_) => "host-invalid",
            Self::HostMissing => "host-missing",
            Self::HostRepeated => "host-repeated",
            Self::LookAlike => "framing-look-alike",
            Self::Scheme => "scheme",
            Self::TargetForm => "target-form",
            Self::TransferEncoding => "transfer-encoding",
            Self::UserInformation => "user-information",
        }
    }

    /// What is wrong and what would be right, in a sentence.
    pub(crate) const fn detail(self) -> &'static str {
        match self {
            Self::AsteriskTarget => "The target * is for OPTIONS only.",
            Self::Connect => "CONNECT is not served here.",
            Self::ContentLength => "Content-Length must be one decimal number.",
            Self::Expectation => "Expect must be 100-continue.",
            Self::Fragment => "A target must not have a fragment: percent-encode # as %23.",
            Self::HostDiffers => "Host must be the same as the authority of the target.",
            Self::HostInvalid(_) => "Host must be a host name or address and, if need be, a port.",
            Self::HostMissing => "An HTTP/1.1 request must have a Host field.",
            Self::HostRepeated => "A request must have one Host field only.",
            Self::LookAlike => "A field name is a framing field's name spelled with an underscore.",
            Self::Scheme => "The target's scheme must be the connection's.",
            Self::TargetForm => "The target must be a path that starts with /, or a URI.",
            Self::TransferEncoding => {
                "Transfer-Encoding must be chunked, once, and alone, in HTTP/1.1."
            }
            Self::UserInformation => "A target must not have user information in it.",
        }
    }

    /// Whether what follows on the connection can still be told apart.
    pub(crate) const fn leaves_framing_clear(self) -> bool {
        !matches!(
            self,
            Self::Connect
                | Self::ContentLength
                | Self::HostRepeated
                | Self::LookAlike
                | Self::TransferEncoding
        )
    }
}

/// Whom a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target<'h> {
    /// The host and the port that the target or `Host` names; empty where
    /// neither does.
    pub(crate) authority: &'h str,
    /// The path and the query, or `*`; empty where an absolute target has none.
    pub(crate) path_and_query: &'h str,
}

impl<'h> Target<'h> {
    /// The host without its port.
    pub(crate) fn host(&self) -> &'h str {
        match self.authority.rsplit_once(':') {
            // The colons of an IPv6 address are inside brackets.
            Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
            _ => self.authority,
        }
    }

    /// The path without the query.
    pub(crate) fn path(&self) -> &'h str {
        let end = self.path_and_query.find('?');
        let path = self.path_and_query.get(..end.unwrap_or(usize::MAX));
        match path.unwrap_or(self.path_and_query) {
            "" => "/",
            path => path,
        }
    }
}

/// What of a request decides how it is read and passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request<'h> {
    /// The method, a token.
    pub(crate) method: &'h str,
    pub(crate) framing: Framing,
    pub(crate) target: Target<'h>,
    /// The client waits for 100 before it sends the body.
    pub(crate) expects_continue: bool,
    /// The client may send another request after this one.
    pub(crate) keep_alive: bool,
    /// The client takes trailers (`TE: trailers`).
    pub(crate) takes_trailers: bool,
    /// The client asks for another protocol that we may pass on.
    pub(crate) upgrades: bool,
    /// `Connection` names fields, besides `close` and `keep-alive`.
    pub(crate) nominates: bool,
    /// There is a `Host`.
    pub(crate) has_host: bool,
}

/// Reads the framing and the addressing of a request. `secure` is whether the
/// client's connection is: a target's scheme must say the same.
///
/// # Errors
///
/// What two readers could read differently.
pub(crate) fn request<'h>(
    line: &RequestLine,
    head: &'h [u8],
    fields: &[Field],
    secure: bool,
) -> Result<Request<'h>, Malformed> {
    let method = line.method(head);
    if method == "CONNECT" {
        return Err(Malformed::Connect);
    }
    let mut length = None;
    let mut coding = None;
    let mut host = None;
    let mut seen = Connection::default();
    let mut expects_continue = false;
    let mut takes_trailers = false;
    let mut upgrade = false;
    // An upstream that speaks cleartext HTTP/2 would make a tunnel past us.
    let mut h2c = false;
    for field in fields {
        let value = || field.value(head);
        match field.known {
            Known::ContentLength if length.is_some() => return Err(Malformed::ContentLength),
            Known::ContentLength => length = Some(value()),
            Known::TransferEncoding if coding.is_some() => {
                return Err(Malformed::TransferEncoding);
            }
            Known::TransferEncoding => coding = Some(value()),
            Known::Host if host.is_some() => return Err(Malformed::HostRepeated),
            Known::Host => host = Some(value()),
            Known::Connection => seen.read(value()),
            Known::Expect if value().eq_ignore_ascii_case(b"100-continue") => {
                expects_continue = true;
            }
            Known::Expect => return Err(Malformed::Expectation),
            Known::Te => takes_trailers |= options(value()).any(is_trailers),
            Known::Upgrade => {
                upgrade = true;
                h2c |= options(value()).any(|one| one.eq_ignore_ascii_case(b"h2c"));
            }
            Known::Http2Settings | Known::KeepAlive | Known::ProxyConnection | Known::Trailer => {}
            Known::LookAlike => return Err(Malformed::LookAlike),
            Known::Accept
            | Known::AcceptLanguage
            | Known::Hop
            | Known::Other
            | Known::RequestId => {}
        }
    }
    let framing = match (coding, length) {
        (Some(coding), None)
            if coding.eq_ignore_ascii_case(b"chunked") && line.version == Version::Http11 =>
        {
            Framing::Chunked
        }
        (Some(_), _) => return Err(Malformed::TransferEncoding),
        (None, Some(length)) => Framing::Length(decimal(length).ok_or(Malformed::ContentLength)?),
        (None, None) => Framing::None,
    };
    let target = addressed(method, line.target(head), host, line.version, secure)?;
    Ok(Request {
        method,
        framing,
        target,
        expects_continue: expects_continue
            && line.version == Version::Http11
            && !framing.is_empty(),
        keep_alive: line.version == Version::Http11 && !seen.close,
        takes_trailers,
        upgrades: upgrade
            && !h2c
            && seen.upgrade
            && line.version == Version::Http11
            && framing.is_empty(),
        nominates: seen.others,
        has_host: host.is_some(),
    })
}

/// How the end of a request's body is known, where the request is refused for
/// something else and one reading only is possible.
pub(crate) fn body_of(line: &RequestLine, head: &[u8], fields: &[Field]) -> Option<Framing> {
    if fields.iter().any(|field| field.known == Known::LookAlike) {
        return None;
    }
    let of = |known| {
        let mut all = fields.iter().filter(move |field| field.known == known);
        let first = all.next();
        all.next().is_none().then_some(first)
    };
    match (of(Known::TransferEncoding)?, of(Known::ContentLength)?) {
        (None, None) => Some(Framing::None),
        (None, Some(length)) => decimal(length.value(head)).map(Framing::Length),
        (Some(coding), None) => {
            let plain = coding.value(head).eq_ignore_ascii_case(b"chunked")
                && line.version == Version::Http11;
            plain.then_some(Framing::Chunked)
        }
        (Some(_), Some(_)) => None,
    }
}

/// What the `Connection` fields of a message say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Connection {
    pub(crate) close: bool,
    pub(crate) keep_alive: bool,
    pub(crate) upgrade: bool,
    /// It names something else: a field, perhaps.
    pub(crate) others: bool,
}

impl Connection {
    /// Takes up one more of them.
    pub(crate) fn read(&mut self, value: &[u8]) {
        for option in options(value) {
            match option.len() {
                0 => {}
                5 if option.eq_ignore_ascii_case(b"close") => self.close = true,
                7 if option.eq_ignore_ascii_case(b"upgrade") => self.upgrade = true,
                10 if option.eq_ignore_ascii_case(b"keep-alive") => self.keep_alive = true,
                _ => self.others = true,
            }
        }
    }
}

/// The members of a comma-separated list.
pub(crate) fn options(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&octet| octet == b',').map(<[u8]>::trim_ascii)
}

fn is_trailers(option: &[u8]) -> bool {
    option.eq_ignore_ascii_case(b"trailers")
}

/// Whether a `Connection` among these fields nominates the named one.
pub(crate) fn is_nominated(name: &str, head: &[u8], fields: &[Field]) -> bool {
    let connections = fields
        .iter()
        .filter(|field| field.known == Known::Connection);
    connections
        .flat_map(|field| options(field.value(head)))
        .any(|option| option.eq_ignore_ascii_case(name.as_bytes()))
}

/// `Content-Length = 1*DIGIT` (RFC 9110 §8.6)
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, &octet| {
        let digit = char::from(octet).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

/// Reads the target and `Host`, which must agree (RFC 9112 §3.2).
fn addressed<'h>(
    method: &str,
    target: &'h str,
    host: Option<&'h [u8]>,
    version: Version,
    secure: bool,
) -> Result<Target<'h>, Malformed> {
    if target.contains('#') {
        return Err(Malformed::Fragment);
    }
    let (named, path_and_query) = match target.as_bytes() {
        [b'/', ..] => (None, target),
        b"*" if method == "OPTIONS" => (None, target),
        b"*" => return Err(Malformed::AsteriskTarget),
        _ => {
            let (authority, path) = absolute(target, secure)?;
            (Some(authority), path)
        }
    };
    let sent = match host {
        None if version == Version::Http10 => None,
        None => return Err(Malformed::HostMissing),
        Some(sent) if is_host(sent) => std::str::from_utf8(sent).ok(),
        Some(sent) => return Err(Malformed::HostInvalid(offender(sent))),
    };
    if let (Some(named), Some(sent)) = (named, sent) {
        let same = without_default_port(named, secure)
            .eq_ignore_ascii_case(without_default_port(sent, secure));
        if !same {
            return Err(Malformed::HostDiffers);
        }
    }
    Ok(Target {
        authority: named.or(sent).unwrap_or_default(),
        path_and_query,
    })
}

/// `absolute-form = scheme "://" authority path-abempty [ "?" query ]`, as far
/// as HTTP has it.
fn absolute(target: &str, secure: bool) -> Result<(&str, &str), Malformed> {
    let (scheme, rest) = target.split_once("://").ok_or(Malformed::TargetForm)?;
    let expected = if secure { "https" } else { "http" };
    if !scheme.eq_ignore_ascii_case(expected) {
        return Err(Malformed::Scheme);
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err(Malformed::UserInformation);
    }
    if authority.is_empty() || !is_host(authority.as_bytes()) {
        return Err(Malformed::HostInvalid(offender(authority.as_bytes())));
    }
    Ok((authority, path))
}

/// `Host = uri-host [ ":" port ]`; empty where the target has no authority.
pub(crate) fn is_host(sent: &[u8]) -> bool {
    let plain = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-');
    sent.iter().all(plain)
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

fn without_default_port(host: &str, secure: bool) -> &str {
    host.strip_suffix(if secure { ":443" } else { ":80" })
        .or_else(|| host.strip_suffix(':'))
        .unwrap_or(host)
}

/// What of a response decides how it is read and passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) framing: Framing,
    /// The upstream may be asked again on this connection.
    pub(crate) keep_alive: bool,
    /// `Connection` names fields, besides `close` and `keep-alive`.
    pub(crate) nominates: bool,
}

/// A response whose body has two ends, or none that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ambiguous;

/// Reads the framing of a response to a request with this method.
///
/// # Errors
///
/// [`Ambiguous`] for any transfer coding but one `chunked` in HTTP/1.1, for one
/// beside a length, and for a length that is not one decimal number.
pub(crate) fn response(
    line: &StatusLine,
    head: &[u8],
    fields: &[Field],
    to_head: bool,
) -> Result<Response, Ambiguous> {
    let mut length = None;
    let mut coding = None;
    let mut seen = Connection::default();
    for field in fields {
        let value = field.value(head);
        match field.known {
            Known::ContentLength if length.is_some() => return Err(Ambiguous),
            Known::ContentLength => length = Some(decimal(value).ok_or(Ambiguous)?),
            Known::TransferEncoding if coding.is_some() => return Err(Ambiguous),
            Known::TransferEncoding => coding = Some(value),
            Known::Connection => seen.read(value),
            _ => {}
        }
    }
    let framing = match (coding, length) {
        // RFC 9112 §6.1: in HTTP/1.0 the framing is faulty with any.
        (Some(coding), None)
            if coding.eq_ignore_ascii_case(b"chunked") && line.version == Version::Http11 =>
        {
            Framing::Chunked
        }
        (Some(_), _) => return Err(Ambiguous),
        (None, Some(length)) => Framing::Length(length),
        (None, None) => Framing::UntilClose,
    };
    let bodiless = to_head || matches!(line.status, 100..=199 | 204 | 304);
    Ok(Response {
        framing: if bodiless { Framing::None } else { framing },
        keep_alive: line.version == Version::Http11
            && !seen.close
            && (bodiless || framing != Framing::UntilClose),
        nominates: seen.others,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::head::{self, Parsed};

    fn read(head: &[u8], secure: bool) -> Result<Request<'_>, Malformed> {
        let mut fields = Vec::new();
        let Ok(Parsed::Complete(line)) = head::request(head, 128, &mut fields) else {
            panic!("{} is no head", head.escape_ascii());
        };
        request(&line, head, &fields, secure)
    }

    fn with(fields: &str) -> Vec<u8> {
        format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n").into_bytes()
    }

    fn framing_of(fields: &str) -> Result<Framing, Malformed> {
        read(&with(fields), false).map(|request| request.framing)
    }

    #[test]
    fn transfer_codings() {
        assert_eq!(
            framing_of("Transfer-Encoding: Chunked\r\n"),
            Ok(Framing::Chunked)
        );
        for coding in [
            "gzip, chunked",
            "chunked, chunked",
            ",chunked",
            "chunked,",
            "xchunked",
            "chunked;q=1",
            "\"chunked\"",
            "identity",
            "",
        ] {
            assert_eq!(
                framing_of(&format!("Transfer-Encoding: {coding}\r\n")),
                Err(Malformed::TransferEncoding),
                "{coding}"
            );
        }
        for fields in [
            "Transfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        ] {
            assert_eq!(
                framing_of(fields),
                Err(Malformed::TransferEncoding),
                "{fields}"
            );
        }
        for fields in ["Transfer_Encoding: chunked\r\n", "content_length: 1\r\n"] {
            assert_eq!(framing_of(fields), Err(Malformed::LookAlike), "{fields}");
        }
        let old = b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(read(old, false), Err(Malformed::TransferEncoding));
    }

    #[test]
    fn lengths() {
        assert_eq!(framing_of(""), Ok(Framing::None));
        assert_eq!(
            framing_of("Content-Length: 0012\r\n"),
            Ok(Framing::Length(12))
        );
        assert_eq!(
            framing_of("Content-Length: 18446744073709551615\r\n"),
            Ok(Framing::Length(u64::MAX))
        );
        for length in [
            "+1",
            "-1",
            "1 1",
            "1, 1",
            "1,1",
            "0x1",
            "",
            "18446744073709551616",
            "1;",
        ] {
            assert_eq!(
                framing_of(&format!("Content-Length: {length}\r\n")),
                Err(Malformed::ContentLength),
                "{length}"
            );
        }
        assert_eq!(
            framing_of("Content-Length: 1\r\nContent-Length: 1\r\n"),
            Err(Malformed::ContentLength)
        );
    }

    #[test]
    fn hosts() {
        let of = |host: &[u8]| {
            let head = [&b"GET / HTTP/1.1\r\nHost: "[..], host, b"\r\n\r\n"].concat();
            read(&head, false).map(|request| request.target.host().to_owned())
        };
        for (right, host) in [
            ("a", "a"),
            ("a.example:8080", "a.example"),
            ("[::1]:1", "[::1]"),
            ("[::1]", "[::1]"),
            ("127.0.0.1", "127.0.0.1"),
            ("a_b", "a_b"),
            ("", ""),
        ] {
            assert_eq!(of(right.as_bytes()).as_deref(), Ok(host), "{right}");
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
            assert_eq!(of(wrong), Err(Malformed::HostInvalid(first)), "{wrong:?}");
        }
        assert_eq!(
            read(b"GET / HTTP/1.1\r\n\r\n", false),
            Err(Malformed::HostMissing)
        );
        assert!(read(b"GET / HTTP/1.0\r\n\r\n", false).is_ok());
        let twice = b"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n";
        assert_eq!(read(twice, false), Err(Malformed::HostRepeated));
    }

    #[test]
    fn targets() {
        let of = |method: &str, target: &str, host: &str, secure| {
            let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            read(head.as_bytes(), secure).map(|request| {
                let target = request.target;
                (
                    target.authority.to_owned(),
                    target.path_and_query.to_owned(),
                    target.path().to_owned(),
                )
            })
        };
        let told = |authority: &str, path_and_query: &str, path: &str| {
            Ok((
                authority.to_owned(),
                path_and_query.to_owned(),
                path.to_owned(),
            ))
        };
        assert_eq!(of("GET", "/x?y=/z", "a", false), told("a", "/x?y=/z", "/x"));
        assert_eq!(of("GET", "//x", "a", false), told("a", "//x", "//x"));
        assert_eq!(of("OPTIONS", "*", "a", false), told("a", "*", "*"));
        assert_eq!(
            of("GET", "HTTP://A.example/x", "a.EXAMPLE:80", false),
            told("A.example", "/x", "/x")
        );
        assert_eq!(of("GET", "http://a?x", "a", false), told("a", "?x", "/"));
        assert_eq!(of("GET", "https://a", "a:443", true), told("a", "", "/"));
        for (method, target, secure, error) in [
            ("GET", "http://b/x", false, Malformed::HostDiffers),
            ("GET", "http://a:81/x", false, Malformed::HostDiffers),
            ("GET", "https://a/x", false, Malformed::Scheme),
            ("GET", "http://a/x", true, Malformed::Scheme),
            ("GET", "http://u@a/x", false, Malformed::UserInformation),
            ("GET", "http:///x", false, Malformed::HostInvalid(None)),
            ("GET", "*", false, Malformed::AsteriskTarget),
            ("GET", "x", false, Malformed::TargetForm),
            ("GET", "a:80", false, Malformed::TargetForm),
            ("GET", "/x#y", false, Malformed::Fragment),
            ("CONNECT", "a:80", false, Malformed::Connect),
        ] {
            assert_eq!(
                of(method, target, "a", secure),
                Err(error),
                "{method} {target}"
            );
        }
    }

    #[test]
    fn what_connection_says() {
        let of = |fields: &str| read(&with(fields), false).expect("right").keep_alive;
        assert!(of("") && of("Connection: keep-alive\r\n") && of("Connection: x\r\n"));
        assert!(!of("Connection: x , CLOSE\r\n") && !of("connection: a\r\nconnection: close\r\n"));
        let upgrades = |fields: &str| {
            let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
            read(head.as_bytes(), false).expect("right").upgrades
        };
        assert!(upgrades("Connection: Upgrade\r\nUpgrade: websocket\r\n"));
        assert!(!upgrades("Upgrade: websocket\r\n"));
        assert!(!upgrades("Connection: upgrade\r\n"));
        assert!(!upgrades("Connection: upgrade\r\nUpgrade: h2c\r\n"));
        assert!(!upgrades(
            "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n"
        ));
        let expects =
            |fields: &str| read(&with(fields), false).map(|request| request.expects_continue);
        assert_eq!(
            expects("Expect: 100-Continue\r\nContent-Length: 1\r\n"),
            Ok(true)
        );
        assert_eq!(expects("Expect: 100-continue\r\n"), Ok(false));
        assert_eq!(expects("Expect: 200-ok\r\n"), Err(Malformed::Expectation));
    }

    #[test]
    fn responses() {
        let of = |head: &str, to_head| {
            let mut fields = Vec::new();
            let Ok(Parsed::Complete(line)) = head::response(head.as_bytes(), 128, &mut fields)
            else {
                panic!("{head} is no head");
            };
            response(&line, head.as_bytes(), &fields, to_head)
                .map(|response| (response.framing, response.keep_alive))
        };
        let ok = |fields: &str| of(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n"), false);
        assert_eq!(ok(""), Ok((Framing::UntilClose, false)));
        assert_eq!(ok("Content-Length: 3\r\n"), Ok((Framing::Length(3), true)));
        assert_eq!(
            ok("Content-Length: 3\r\nConnection: close\r\n"),
            Ok((Framing::Length(3), false))
        );
        assert_eq!(
            ok("Transfer-Encoding: chunked\r\n"),
            Ok((Framing::Chunked, true))
        );
        for status in [204, 304] {
            let head = format!("HTTP/1.1 {status} x\r\nContent-Length: 3\r\n\r\n");
            assert_eq!(of(&head, false), Ok((Framing::None, true)));
        }
        assert_eq!(
            of("HTTP/1.1 200 OK\r\n\r\n", true),
            Ok((Framing::None, true))
        );
        assert_eq!(
            of("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", false),
            Ok((Framing::Length(3), false))
        );
        assert_eq!(
            of(
                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                false
            ),
            Err(Ambiguous)
        );
        for fields in [
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: gzip\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
            "Content-Length: 1\r\nContent-Length: 1\r\n",
            "Content-Length: 1, 1\r\n",
            "Content-Length: -1\r\n",
        ] {
            assert_eq!(ok(fields), Err(Ambiguous), "{fields}");
        }
    }
}
