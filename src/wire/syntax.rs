//! What in a head is not HTTP: which octet, where, and in which field.
//!
//! `httparse` says that something is wrong. This room reads the head again,
//! slowly and line by line, to say what. Where the two disagree the head is
//! refused all the same, with fewer words.

use crate::octet;
use crate::preview::Preview;
use memchr::memchr;
use std::fmt;

/// The first thing in a head that HTTP forbids (RFC 9112 §2.2, §3, §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SyntaxError {
    /// LF without CR before it ends a line.
    BareLf(Place),
    /// An octet that no field name can have; a space before the colon is one.
    FieldName(Place),
    /// A CTL other than HTAB in a value; CR that no LF follows is one.
    FieldValue(Place),
    /// A line of the head without a colon.
    NoColon(Place),
    /// A line that goes on in the next one (obs-fold).
    Folded(Place),
    /// It is no HTTP, in some other way.
    Malformed,
    /// An octet that no method can have.
    Method(Place),
    /// It does not start with a method, a target and a version.
    RequestLine,
    /// An octet that no target can have.
    Target(Place),
    /// More field lines than are looked for.
    TooManyFields,
    /// A version other than HTTP/1.0 and HTTP/1.1.
    Version,
}

/// Where in a head something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The name of the field it is in, where it is in one, as far as it was read.
    pub(crate) field: Option<Vec<u8>>,
    /// Which of the fields of this name it is, from 1.
    pub(crate) occurrence: usize,
    /// The octet, and its place in the value, the name, the method or the target.
    pub(crate) octet: u8,
    pub(crate) offset: usize,
}

impl SyntaxError {
    /// Where it is, if it is somewhere.
    pub(crate) const fn place(&self) -> Option<&Place> {
        match self {
            Self::BareLf(place)
            | Self::FieldName(place)
            | Self::FieldValue(place)
            | Self::Folded(place)
            | Self::Method(place)
            | Self::NoColon(place)
            | Self::Target(place) => Some(place),
            Self::Malformed | Self::RequestLine | Self::TooManyFields | Self::Version => None,
        }
    }
}

/// What and where, for the operator.
impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BareLf(_) => "a line ends in LF alone",
            Self::FieldName(_) => "not a field name",
            Self::FieldValue(_) => "a control in a value",
            Self::Folded(_) => "a folded line",
            Self::Malformed => "malformed",
            Self::Method(_) => "not a method",
            Self::NoColon(_) => "a line without a colon",
            Self::RequestLine => "not a request line",
            Self::Target(_) => "not a target",
            Self::TooManyFields => "too many fields",
            Self::Version => "not HTTP/1",
        })?;
        let Some(place) = self.place() else {
            return Ok(());
        };
        write!(f, ": octet {:02X} at offset {}", place.octet, place.offset)?;
        match &place.field {
            Some(field) => write!(f, " of {}", Preview::new(field).up_to(80)),
            None => Ok(()),
        }
    }
}

pub(super) fn of_request(input: &[u8], error: httparse::Error) -> SyntaxError {
    let line = memchr(b'\n', input).map_or(input.len(), |end| end + 1);
    let in_line = || request_line(input.get(..line).unwrap_or_default());
    match error {
        httparse::Error::TooManyHeaders => SyntaxError::TooManyFields,
        httparse::Error::Version if names_a_version(input, line) => SyntaxError::Version,
        httparse::Error::Token | httparse::Error::Version => {
            in_line().unwrap_or(SyntaxError::RequestLine)
        }
        _ => match in_line() {
            Some(error) => error,
            None => of_fields(input, line, error),
        },
    }
}

/// Whether the third word of the first line is some version of HTTP.
fn names_a_version(input: &[u8], line: usize) -> bool {
    let line = input.get(..line).unwrap_or_default();
    let third = line.split(|&octet| octet == b' ').nth(2);
    third.is_some_and(|third| third.starts_with(b"HTTP/"))
}

pub(super) fn of_response(input: &[u8], error: httparse::Error) -> SyntaxError {
    match error {
        httparse::Error::TooManyHeaders => SyntaxError::TooManyFields,
        httparse::Error::Version => SyntaxError::Version,
        httparse::Error::HeaderName | httparse::Error::HeaderValue => {
            let line = memchr(b'\n', input).map_or(input.len(), |end| end + 1);
            of_fields(input, line, error)
        }
        httparse::Error::NewLine | httparse::Error::Status | httparse::Error::Token => {
            SyntaxError::Malformed
        }
    }
}

/// What is wrong in the lines of `input` from `start` on.
pub(super) fn of_fields(input: &[u8], start: usize, error: httparse::Error) -> SyntaxError {
    if error == httparse::Error::TooManyHeaders {
        return SyntaxError::TooManyFields;
    }
    let first = match start {
        0 => None,
        _ => bare_lf(input.get(..start).unwrap_or_default()),
    };
    first
        .or_else(|| lines(input.get(start..).unwrap_or_default()))
        .unwrap_or(SyntaxError::Malformed)
}

/// The first line that ends in LF alone.
pub(super) fn of_line_end(input: &[u8]) -> SyntaxError {
    let line = memchr(b'\n', input).map_or(input.len(), |end| end + 1);
    of_fields(input, line, httparse::Error::NewLine)
}

impl Place {
    /// A place that is in no field.
    pub(crate) const fn outside(octet: u8, offset: usize) -> Self {
        Self {
            field: None,
            occurrence: 1,
            octet,
            offset,
        }
    }
}

/// `request-line = method SP request-target SP HTTP-version`, its end included.
fn request_line(line: &[u8]) -> Option<SyntaxError> {
    let method_end = line
        .iter()
        .position(|&octet| !octet::is_token(octet))
        .unwrap_or(line.len());
    match line.get(method_end) {
        Some(b' ') if method_end > 0 => {}
        Some(b' ' | b'\r' | b'\n') | None => return Some(SyntaxError::RequestLine),
        Some(&octet) => return Some(SyntaxError::Method(Place::outside(octet, method_end))),
    }
    let target = line.get(method_end + 1..)?;
    let target_end = target.iter().position(|&octet| octet == b' ');
    let looked_at = target.get(..target_end.unwrap_or(target.len()))?;
    let wrong = looked_at
        .iter()
        .position(|&octet| octet.is_ascii_control() && !matches!(octet, b'\r' | b'\n'));
    let not_utf8 = || Some(std::str::from_utf8(looked_at).err()?.valid_up_to());
    if let Some(offset) = wrong.or_else(not_utf8) {
        let &octet = looked_at.get(offset)?;
        return Some(SyntaxError::Target(Place::outside(octet, offset)));
    }
    let version = target.get(target_end? + 1..)?;
    let version = version.strip_suffix(b"\n").unwrap_or(version);
    match version.strip_suffix(b"\r").unwrap_or(version) {
        b"HTTP/1.0" | b"HTTP/1.1" => bare_lf(line),
        _ => Some(SyntaxError::RequestLine),
    }
}

/// Whether a line outside all fields ends in LF alone.
fn bare_lf(line: &[u8]) -> Option<SyntaxError> {
    let end = line.len().checked_sub(1)?;
    let bare = line.ends_with(b"\n") && !line.ends_with(b"\r\n");
    bare.then(|| SyntaxError::BareLf(Place::outside(b'\n', end)))
}

/// The first thing wrong in field lines.
fn lines(section: &[u8]) -> Option<SyntaxError> {
    let mut names: Vec<&[u8]> = Vec::new();
    for line in section.split_inclusive(|&octet| octet == b'\n') {
        if line == b"\r\n" {
            return None;
        }
        if line == b"\n" {
            return Some(SyntaxError::BareLf(Place::outside(b'\n', 0)));
        }
        let place = |field: &[u8], octet, offset| {
            let same = names.iter().filter(|name| name.eq_ignore_ascii_case(field));
            Place {
                occurrence: same.count() + 1,
                field: Some(field.to_vec()),
                octet,
                offset,
            }
        };
        if let Some(&first @ (b' ' | b'\t')) = line.first() {
            let last: &[u8] = names.last().copied().unwrap_or_default();
            return Some(SyntaxError::Folded(Place {
                field: Some(last.to_vec()),
                occurrence: names
                    .iter()
                    .filter(|name| name.eq_ignore_ascii_case(last))
                    .count(),
                octet: first,
                offset: 0,
            }));
        }
        let name_end = line
            .iter()
            .position(|&octet| !octet::is_token(octet))
            .unwrap_or(line.len());
        let name = line.get(..name_end).unwrap_or_default();
        match line.get(name_end) {
            Some(b':') if name_end > 0 => {}
            Some(&octet @ (b'\r' | b'\n')) => {
                return Some(SyntaxError::NoColon(place(name, octet, name_end)));
            }
            Some(&octet) => return Some(SyntaxError::FieldName(place(name, octet, name_end))),
            None => return Some(SyntaxError::Malformed),
        }
        let after = line.get(name_end + 1..).unwrap_or_default();
        let edge = after
            .iter()
            .position(|&octet| !octet::is_whitespace(octet))
            .unwrap_or(after.len());
        let value = after.get(edge..).unwrap_or_default();
        let content = value
            .strip_suffix(b"\r\n")
            .or_else(|| value.strip_suffix(b"\n"))
            .unwrap_or(value);
        if let Some(offset) = content.iter().position(|&octet| octet::is_ctl(octet)) {
            let octet = content.get(offset).copied().unwrap_or_default();
            return Some(SyntaxError::FieldValue(place(name, octet, offset)));
        }
        if value.ends_with(b"\n") && !value.ends_with(b"\r\n") {
            return Some(SyntaxError::BareLf(place(name, b'\n', content.len())));
        }
        names.push(name);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::head;

    fn told(head: &[u8]) -> SyntaxError {
        head::request(head, 8, &mut Vec::new()).expect_err("a wrong head")
    }

    fn in_field(field: &str, occurrence: usize, octet: u8, offset: usize) -> Place {
        Place {
            field: Some(field.as_bytes().to_vec()),
            occurrence,
            octet,
            offset,
        }
    }

    #[test]
    fn what_is_wrong_and_where() {
        let head = |fields: &str| format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n").into_bytes();
        for (fields, error) in [
            (
                "N: a\0b\r\n",
                SyntaxError::FieldValue(in_field("N", 1, 0, 1)),
            ),
            (
                "N: a\r\nn: \u{1b}[m\r\n",
                SyntaxError::FieldValue(in_field("n", 2, 0x1b, 0)),
            ),
            (
                "N: a\rb\r\n",
                SyntaxError::FieldValue(in_field("N", 1, b'\r', 1)),
            ),
            (
                "N: a\x7f\r\n",
                SyntaxError::FieldValue(in_field("N", 1, 0x7f, 1)),
            ),
            (
                "N: ab\nX: 1\r\n",
                SyntaxError::BareLf(in_field("N", 1, b'\n', 2)),
            ),
            (
                "N : a\r\n",
                SyntaxError::FieldName(in_field("N", 1, b' ', 1)),
            ),
            (
                "N\u{e9}m: a\r\n",
                SyntaxError::FieldName(in_field("N", 1, 0xc3, 1)),
            ),
            (": a\r\n", SyntaxError::FieldName(in_field("", 1, b':', 0))),
            (
                "N: a\r\n b\r\n",
                SyntaxError::Folded(in_field("N", 1, b' ', 0)),
            ),
            (
                "Nobody\r\n",
                SyntaxError::NoColon(in_field("Nobody", 1, b'\r', 6)),
            ),
            ("N: a\r\n\n", SyntaxError::BareLf(Place::outside(b'\n', 0))),
        ] {
            assert_eq!(told(&head(fields)), error, "{fields:?}");
        }
    }

    #[test]
    fn what_is_wrong_in_the_first_line() {
        for (head, error) in [
            (
                &b"GET /\xE9 HTTP/1.1\r\n\r\n"[..],
                SyntaxError::Target(Place::outside(0xe9, 1)),
            ),
            (
                b"GET /\x01 HTTP/1.1\r\n\r\n",
                SyntaxError::Target(Place::outside(1, 1)),
            ),
            (
                b"G\xC9T / HTTP/1.1\r\n\r\n",
                SyntaxError::Method(Place::outside(0xc9, 1)),
            ),
            (
                b"\x16\x03\x01\x02\0",
                SyntaxError::Method(Place::outside(0x16, 0)),
            ),
            (b"GET /\r\n\r\n", SyntaxError::RequestLine),
            (b"GET  / HTTP/1.1\r\n\r\n", SyntaxError::RequestLine),
            (b"GET / b HTTP/1.1\r\n\r\n", SyntaxError::RequestLine),
            (b"GET / HTTP/2.0\r\n\r\n", SyntaxError::Version),
            (
                b"GET / HTTP/1.1\nHost: x\r\n\r\n",
                SyntaxError::BareLf(Place::outside(b'\n', 14)),
            ),
        ] {
            assert_eq!(told(head), error, "{}", head.escape_ascii());
        }
    }
}
