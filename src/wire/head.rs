//! A message head as it came: octets, and the places of its parts in them.
//!
//! `httparse` knows the grammar. What it is lenient about is refused here: a
//! line that ends in LF alone. Why a head is refused is for [`syntax`](super::syntax) to say.

use super::syntax::{self, SyntaxError};
use memchr::memchr;
use std::mem::MaybeUninit;
use std::ops::Range;

/// A field line in a head: where its parts are, and which field it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    name: u32,
    name_end: u32,
    value: u32,
    value_end: u32,
    end: u32,
    pub(crate) known: Known,
}

impl Field {
    /// The name as it was sent: a token.
    pub(crate) fn name<'h>(&self, head: &'h [u8]) -> &'h str {
        // A token is ASCII.
        std::str::from_utf8(self.name_octets(head)).unwrap_or_default()
    }

    /// The octets of the name.
    pub(crate) fn name_octets<'h>(&self, head: &'h [u8]) -> &'h [u8] {
        part(head, self.name, self.name_end)
    }

    /// The value without the whitespace around it.
    pub(crate) fn value<'h>(&self, head: &'h [u8]) -> &'h [u8] {
        part(head, self.value, self.value_end)
    }

    /// Where the value is.
    pub(crate) const fn value_range(&self) -> Range<usize> {
        self.value as usize..self.value_end as usize
    }

    /// Where the line is, its end included.
    pub(crate) const fn line(&self) -> Range<usize> {
        self.name as usize..self.end as usize
    }
}

fn part(head: &[u8], start: u32, end: u32) -> &[u8] {
    head.get(start as usize..end as usize).unwrap_or_default()
}

/// The fields that the way of a message depends on, or an answer of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Accept,
    AcceptLanguage,
    Connection,
    ContentLength,
    Expect,
    /// Perhaps one in which hops speak: `Forwarded`, `X-Forwarded-*`,
    /// `X-Real-IP`, `Via`.
    Hop,
    Host,
    Http2Settings,
    KeepAlive,
    /// `Content_Length` and the like, which some readers take for the field.
    LookAlike,
    Other,
    ProxyConnection,
    RequestId,
    Te,
    Trailer,
    TransferEncoding,
    Upgrade,
}

impl Known {
    /// Which of them is called `name`.
    pub(crate) fn of(name: &[u8]) -> Self {
        let candidate: (&[u8], Self) = match name.len() {
            2 => (b"te", Self::Te),
            4 => (b"host", Self::Host),
            6 => match name.first() {
                Some(b'a' | b'A') => (b"accept", Self::Accept),
                _ => (b"expect", Self::Expect),
            },
            7 => match name.first() {
                Some(b't' | b'T') => (b"trailer", Self::Trailer),
                _ => (b"upgrade", Self::Upgrade),
            },
            10 => match name.first() {
                Some(b'c' | b'C') => (b"connection", Self::Connection),
                _ => (b"keep-alive", Self::KeepAlive),
            },
            12 => (b"x-request-id", Self::RequestId),
            14 => match name.first() {
                Some(b'c' | b'C') => (b"content-length", Self::ContentLength),
                _ => (b"http2-settings", Self::Http2Settings),
            },
            15 => (b"accept-language", Self::AcceptLanguage),
            16 => (b"proxy-connection", Self::ProxyConnection),
            17 => (b"transfer-encoding", Self::TransferEncoding),
            _ => (b"", Self::Other),
        };
        if name.eq_ignore_ascii_case(candidate.0) {
            candidate.1
        } else if is_of_hops(name) {
            Self::Hop
        } else if matches!(candidate.1, Self::ContentLength | Self::TransferEncoding)
            && looks_like(name, candidate.0)
        {
            Self::LookAlike
        } else {
            Self::Other
        }
    }

    /// Whether a field is about one connection, nominated or not (RFC 9110 §7.6.1).
    pub(crate) const fn is_of_one_connection(self) -> bool {
        matches!(
            self,
            Self::Connection
                | Self::Http2Settings
                | Self::KeepAlive
                | Self::ProxyConnection
                | Self::Te
                | Self::Trailer
                | Self::TransferEncoding
                | Self::Upgrade
        )
    }

    /// Whether a field says where a message ends or whom it is for. None of
    /// these may stand in a trailer (RFC 9110 §6.5.1).
    pub(crate) const fn is_framing_or_routing(self) -> bool {
        !matches!(
            self,
            Self::Accept
                | Self::AcceptLanguage
                | Self::Hop
                | Self::LookAlike
                | Self::Other
                | Self::RequestId
        )
    }
}

/// Whether a name of the same length differs in its case, and in `_` for `-`.
fn looks_like(name: &[u8], known: &[u8]) -> bool {
    let mut octets = name.iter().zip(known);
    octets.all(|(one, other)| one.eq_ignore_ascii_case(other) || (*one, *other) == (b'_', b'-'))
}

/// Whether hops may speak in a field: more names than do, told apart later.
fn is_of_hops(name: &[u8]) -> bool {
    match name {
        [b'v' | b'V', b'i' | b'I', b'a' | b'A'] => true,
        [b'f' | b'F', rest @ ..] => rest.eq_ignore_ascii_case(b"orwarded"),
        [b'x' | b'X', b'-' | b'_', rest @ ..] => {
            // "X-Forwarded" and what follows it, "X-Real-IP".
            let starts = |word: &[u8]| {
                let start = rest.get(..word.len());
                start.is_some_and(|start| start.eq_ignore_ascii_case(word))
            };
            starts(b"forwarded") || (rest.len() == 7 && starts(b"real"))
        }
        _ => false,
    }
}

/// HTTP/1.0 or HTTP/1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Http10,
    Http11,
}

/// The start line of a request.
#[derive(Clone, Debug)]
pub(crate) struct RequestLine {
    /// How many octets the head has, the empty line at its end included.
    pub(crate) octets: usize,
    pub(crate) version: Version,
    method: Range<usize>,
    target: Range<usize>,
}

impl RequestLine {
    /// The method, a token.
    pub(crate) fn method<'h>(&self, head: &'h [u8]) -> &'h str {
        text(head, &self.method)
    }

    /// How many octets the target has.
    pub(crate) fn target_octets(&self) -> usize {
        self.target.len()
    }

    /// The target as sent. It is UTF-8 without CTL and without SP.
    pub(crate) fn target<'h>(&self, head: &'h [u8]) -> &'h str {
        text(head, &self.target)
    }
}

fn text<'h>(head: &'h [u8], range: &Range<usize>) -> &'h str {
    let octets = head.get(range.clone()).unwrap_or_default();
    std::str::from_utf8(octets).unwrap_or_default()
}

/// The start line of a response.
#[derive(Clone, Debug)]
pub(crate) struct StatusLine {
    /// How many octets the head has, the empty line at its end included.
    pub(crate) octets: usize,
    pub(crate) version: Version,
    pub(crate) status: u16,
}

/// How a head reads.
#[derive(Debug)]
pub(crate) enum Parsed<L> {
    /// It is whole: its start line. The fields are in the list.
    Complete(L),
    /// More of it must come.
    Partial,
}

/// Reads a request head at the start of `input`; no more than `most` field lines.
///
/// # Errors
///
/// The first thing in it that HTTP forbids, or what a lenient reader could read
/// differently.
pub(crate) fn request(
    input: &[u8],
    most: usize,
    fields: &mut Vec<Field>,
) -> Result<Parsed<RequestLine>, SyntaxError> {
    with_headers(most, |headers| {
        let mut parser = httparse::Request::new(&mut []);
        let octets = match parser.parse_with_uninit_headers(input, headers) {
            Ok(httparse::Status::Complete(octets)) => octets,
            Ok(httparse::Status::Partial) => return Ok(Parsed::Partial),
            Err(error) => return Err(syntax::of_request(input, error)),
        };
        let (Some(method), Some(target), Some(version)) =
            (parser.method, parser.path, parser.version)
        else {
            return Ok(Parsed::Partial);
        };
        let method = range_in(input, method.as_bytes());
        if method.start > 0 {
            // `httparse` reads over empty lines, which would be passed on.
            return Err(SyntaxError::RequestLine);
        }
        if !places(input, octets, parser.headers, fields) {
            return Err(syntax::of_line_end(input));
        }
        Ok(Parsed::Complete(RequestLine {
            octets,
            version: version_of(version),
            method,
            target: range_in(input, target.as_bytes()),
        }))
    })
}

/// Reads a response head at the start of `input`; no more than `most` field lines.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn response(
    input: &[u8],
    most: usize,
    fields: &mut Vec<Field>,
) -> Result<Parsed<StatusLine>, SyntaxError> {
    with_headers(most, |headers| {
        let mut parser = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        let octets = match config.parse_response_with_uninit_headers(&mut parser, input, headers) {
            Ok(httparse::Status::Complete(octets)) => octets,
            Ok(httparse::Status::Partial) => return Ok(Parsed::Partial),
            Err(error) => return Err(syntax::of_response(input, error)),
        };
        let (Some(status), Some(version)) = (parser.code, parser.version) else {
            return Ok(Parsed::Partial);
        };
        // RFC 9110 §15: three digits, of which the first says what it is about.
        // `httparse` also reads over empty lines before them.
        if status < 100 || !input.starts_with(b"HTTP/") {
            return Err(SyntaxError::Malformed);
        }
        if !places(input, octets, parser.headers, fields) {
            return Err(syntax::of_line_end(input));
        }
        Ok(Parsed::Complete(StatusLine {
            octets,
            version: version_of(version),
            status,
        }))
    })
}

/// Reads a trailer section, `*( field-line CRLF ) CRLF`, which `section` is whole.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn trailers(
    section: &[u8],
    most: usize,
    fields: &mut Vec<Field>,
) -> Result<(), SyntaxError> {
    let mut headers = vec![httparse::EMPTY_HEADER; most];
    match httparse::parse_headers(section, &mut headers) {
        Ok(httparse::Status::Complete((octets, headers))) => {
            match places(section, octets, headers, fields) {
                true => Ok(()),
                false => Err(syntax::of_line_end(section)),
            }
        }
        Ok(httparse::Status::Partial) => Err(SyntaxError::Malformed),
        Err(error) => Err(syntax::of_fields(section, 0, error)),
    }
}

/// As many fields as most messages have are looked for on the stack.
const ON_STACK: usize = 128;

/// Parses with room for so many fields: on the stack, and once more on the heap
/// only if there are more than fit there.
fn with_headers<'i, L>(
    most: usize,
    mut parse: impl FnMut(&mut [MaybeUninit<httparse::Header<'i>>]) -> Result<Parsed<L>, SyntaxError>,
) -> Result<Parsed<L>, SyntaxError> {
    let mut on_stack = [const { MaybeUninit::uninit() }; ON_STACK];
    let looked_for = most.min(ON_STACK);
    match parse(on_stack.get_mut(..looked_for).unwrap_or_default()) {
        Err(SyntaxError::TooManyFields) if looked_for < most => {
            let mut on_heap: Vec<_> = std::iter::repeat_with(MaybeUninit::uninit)
                .take(most)
                .collect();
            parse(&mut on_heap)
        }
        parsed => parsed,
    }
}

/// Notes where each field is. False if a line of the head ends in LF alone.
fn places(
    head: &[u8],
    octets: usize,
    headers: &[httparse::Header<'_>],
    fields: &mut Vec<Field>,
) -> bool {
    fields.clear();
    let end_of_fields = octets.saturating_sub(2);
    let starts_at = |header: &httparse::Header<'_>| offset_in(head, header.name.as_bytes());
    let first = headers.first().map_or(end_of_fields, starts_at);
    let mut all_end_well = ends_in_crlf(head, octets) && (first == 0 || ends_in_crlf(head, first));
    for (place, header) in headers.iter().enumerate() {
        let name = range_in(head, header.name.as_bytes());
        let value = match header.value {
            // An empty slice may point anywhere; its place is behind the colon.
            [] => name.end + 1..name.end + 1,
            value => range_in(head, value),
        };
        let end = headers.get(place + 1).map_or(end_of_fields, starts_at);
        all_end_well &= ends_in_crlf(head, end);
        fields.push(Field {
            name: narrow(name.start),
            name_end: narrow(name.end),
            value: narrow(value.start),
            value_end: narrow(value.end),
            end: narrow(end),
            known: Known::of(header.name.as_bytes()),
        });
    }
    all_end_well
}

fn ends_in_crlf(head: &[u8], end: usize) -> bool {
    end.checked_sub(2)
        .is_some_and(|start| head.get(start..end) == Some(b"\r\n"))
}

/// Where a slice of `whole` starts in it.
fn offset_in(whole: &[u8], slice: &[u8]) -> usize {
    (slice.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}

fn range_in(whole: &[u8], slice: &[u8]) -> Range<usize> {
    let start = offset_in(whole, slice);
    start..start + slice.len()
}

/// Heads are shorter than 4 GiB: their limit is 16 MiB.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

const fn version_of(minor: u8) -> Version {
    match minor {
        0 => Version::Http10,
        _ => Version::Http11,
    }
}

/// Where the head ends that starts at the start of `input`, looked for from
/// `from` on: after the first empty line, be its end CR LF or LF alone.
pub(crate) fn end(input: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = input.get(at..)?;
        at += memchr(b'\n', rest)? + 1;
        match input.get(at..)? {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    fn fields_of(head: &[u8]) -> Vec<(String, Vec<u8>, Vec<u8>)> {
        let mut fields = Vec::new();
        let parsed = request(head, 128, &mut fields).expect("a right head");
        assert!(matches!(parsed, Parsed::Complete(_)));
        fields
            .iter()
            .map(|field| {
                (
                    field.name(head).to_owned(),
                    field.value(head).to_vec(),
                    head[field.line()].to_vec(),
                )
            })
            .collect()
    }

    #[test]
    fn every_part_is_found_where_it_is() {
        let head =
            b"POST /a?b=\xC3\xA9 HTTP/1.1\r\nHOST: x\r\nN:  T\xE9l \t\r\nempty:\r\nE2: \t \r\n\r\nrest";
        let mut fields = Vec::new();
        let Ok(Parsed::Complete(line)) = request(head, 128, &mut fields) else {
            panic!("it is complete");
        };
        assert_eq!(line.octets, head.len() - 4);
        assert_eq!(
            (line.method(head), line.target(head)),
            ("POST", "/a?b=\u{e9}")
        );
        let of = |name: &str, value: &[u8], line: &[u8]| {
            (name.to_owned(), value.to_vec(), line.to_vec())
        };
        assert_eq!(
            fields_of(head),
            [
                of("HOST", b"x", b"HOST: x\r\n"),
                of("N", b"T\xE9l", b"N:  T\xE9l \t\r\n"),
                of("empty", b"", b"empty:\r\n"),
                of("E2", b"", b"E2: \t \r\n"),
            ]
        );
        assert_eq!(fields.first().map(|field| field.known), Some(Known::Host));
    }

    #[test]
    fn every_prefix_is_partial() {
        let head = b"GET / HTTP/1.1\r\nHost: x\r\nN: T\xE9l\r\n\r\n";
        for end in 0..head.len() {
            let parsed = request(&head[..end], 128, &mut Vec::new());
            assert!(matches!(parsed, Ok(Parsed::Partial)), "{end}");
        }
    }

    #[test]
    fn a_bare_lf_is_found_wherever_it_is() {
        for head in [
            &b"GET / HTTP/1.1\nHost: x\r\n\r\n"[..],
            b"GET / HTTP/1.1\r\nHost: x\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\nN: y\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n\n",
            b"GET / HTTP/1.1\n\n",
            b"GET / HTTP/1.1\r\n\n",
            b"GET / HTTP/1.1\n\r\n",
            b"GET / HTTP/1.1\r\nHost: \nN: y\r\n\r\n",
        ] {
            let parsed = request(head, 128, &mut Vec::new());
            assert!(parsed.is_err(), "{}", head.escape_ascii());
        }
    }

    #[test]
    fn nothing_stands_before_a_first_line() {
        for before in ["\n", "\r\n", "\r\n\n"] {
            let head = format!("{before}GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            assert!(request(head.as_bytes(), 128, &mut Vec::new()).is_err());
            let head = format!("{before}HTTP/1.0 200 OK\r\n\r\n");
            assert!(response(head.as_bytes(), 128, &mut Vec::new()).is_err());
        }
        let no_status = b"HTTP/1.1 099 x\r\n\r\n";
        assert!(response(no_status, 128, &mut Vec::new()).is_err());
    }

    #[test]
    fn more_fields_than_fit_the_stack() {
        let mut head = b"GET / HTTP/1.1\r\n".to_vec();
        for _ in 0..300 {
            head.extend_from_slice(b"a: b\r\n");
        }
        head.extend_from_slice(b"\r\n");
        let mut fields = Vec::new();
        assert!(request(&head, 300, &mut fields).is_ok());
        assert_eq!(fields.len(), 300);
        assert!(matches!(
            request(&head, 299, &mut fields),
            Err(SyntaxError::TooManyFields)
        ));
    }

    #[test]
    fn a_status_line_with_any_reason() {
        for (head, status) in [
            (&b"HTTP/1.1 200 OK\r\n\r\n"[..], 200),
            (b"HTTP/1.0 404 Nicht gefunden\r\n\r\n", 404),
            (b"HTTP/1.1 200 \r\n\r\n", 200),
            (b"HTTP/1.1 200\r\n\r\n", 200),
            (b"HTTP/1.1 400 Requ\xEAte\r\n\r\n", 400),
        ] {
            let Ok(Parsed::Complete(line)) = response(head, 128, &mut Vec::new()) else {
                panic!("{}", head.escape_ascii());
            };
            assert_eq!((line.status, line.octets), (status, head.len()));
        }
    }

    #[test]
    fn known_fields_are_known_in_any_case() {
        for (name, known) in [
            ("Connection", Known::Connection),
            ("content-LENGTH", Known::ContentLength),
            ("expect", Known::Expect),
            ("Host", Known::Host),
            ("HTTP2-Settings", Known::Http2Settings),
            ("Keep-Alive", Known::KeepAlive),
            ("Proxy-Connection", Known::ProxyConnection),
            ("TE", Known::Te),
            ("Trailer", Known::Trailer),
            ("Transfer-Encoding", Known::TransferEncoding),
            ("UPGRADE", Known::Upgrade),
            ("Via", Known::Hop),
            ("forwarded", Known::Hop),
            ("X-Forwarded-For", Known::Hop),
            ("x_forwarded_host", Known::Hop),
            ("X-Real-IP", Known::Hop),
            ("ACCEPT", Known::Accept),
            ("accept-Language", Known::AcceptLanguage),
            ("X-Request-ID", Known::RequestId),
            ("X_Request_ID", Known::Other),
            ("X-Name", Known::Other),
            ("Hos", Known::Other),
            ("Content_Length", Known::LookAlike),
            ("TRANSFER_ENCODING", Known::LookAlike),
            ("Contents_Length", Known::Other),
            ("Http2_Settings", Known::Other),
        ] {
            assert_eq!(Known::of(name.as_bytes()), known, "{name}");
        }
    }

    #[test]
    fn the_end_of_a_head() {
        assert_eq!(end(b"a\r\nb\r\n\r\nc", 0), Some(8));
        assert_eq!(end(b"a\n\nc", 0), Some(3));
        assert_eq!(end(b"a\n\r\nc", 0), Some(4));
        assert_eq!(end(b"a\r\nb\r\n\r", 0), None);
        assert_eq!(end(b"", 0), None);
    }

    /// What heads are made of, right and wrong, to be put together anyhow.
    const PARTS: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\n",
        b"POST http://a/\xC3\xA9 HTTP/1.0\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"Host: a\r\n",
        b"N:\t T\xE9l \t\r\n",
        b"empty:\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"N: a",
        b" ",
        b":",
        b"\0",
        b"\x7F",
        b"\xFF",
    ];

    proptest! {
        #[test]
        fn a_head_is_whole_where_it_ends_and_nowhere_before(
            mut parts in vec(select(PARTS), 0..8),
            is_request in any::<bool>(),
        ) {
            parts.insert(0, if is_request { PARTS[0] } else { PARTS[2] });
            parts.push(b"\r\n\r\n");
            let head = parts.concat();
            let mut fields = Vec::new();
            let mut read = |octets: &[u8]| match is_request {
                true => match request(octets, 16, &mut fields) {
                    Ok(Parsed::Complete(line)) => Ok(Some(line.octets)),
                    parsed => parsed.map(|_| None),
                },
                false => match response(octets, 16, &mut fields) {
                    Ok(Parsed::Complete(line)) => Ok(Some(line.octets)),
                    parsed => parsed.map(|_| None),
                },
            };
            let end = end(&head, 0).expect("it has an end");
            for cut in 0..end {
                prop_assert!(!matches!(read(&head[..cut]), Ok(Some(_))));
            }
            match read(&head[..end]) {
                Ok(octets) => {
                    prop_assert_eq!(octets, Some(end));
                    prop_assert_eq!(read(&head).ok(), Some(octets));
                    let mut at = fields.first().map_or(end - 2, |field| field.line().start);
                    for field in &fields {
                        prop_assert_eq!(field.line().start, at);
                        at = field.line().end;
                        let (name, value) = (field.name_octets(&head), field.value(&head));
                        let line = [name, b":", value, b"\r\n"].concat();
                        let blank = |octet: &&u8| !b" \t".contains(octet);
                        let sent: Vec<_> = head[field.line()].iter().filter(blank).collect();
                        prop_assert_eq!(sent, line.iter().filter(blank).collect::<Vec<_>>());
                    }
                    prop_assert_eq!(at, end - 2);
                }
                Err(error) => {
                    let place = error.place();
                    prop_assert!(place.is_none_or(|place| head.contains(&place.octet)));
                    prop_assert!(read(&head).is_err());
                }
            }
        }

        #[test]
        fn the_end_of_a_head_is_found_however_much_was_searched(
            parts in vec(select(PARTS), 0..12),
            at in 0usize..40,
        ) {
            let octets = parts.concat();
            let whole = end(&octets, 0);
            let at = at.min(octets.len());
            let found = end(&octets[..at], 0);
            if found.is_some() {
                prop_assert_eq!(found, whole);
            } else {
                prop_assert_eq!(end(&octets, at.saturating_sub(2)), whole);
            }
        }
    }
}
