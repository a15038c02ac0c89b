//! A reader of HTTP/1.1 as narrow as its grammar, for what the proxy writes.
//! It shares nothing with the proxy's own.

use std::fmt::Debug;

/// A message: its first line, its fields, and its body if all of it is there.
#[derive(Debug)]
pub struct Message {
    pub first: String,
    pub fields: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    pub trailers: Vec<(String, Vec<u8>)>,
    pub is_complete: bool,
}

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    Chunked,
    Close,
    Length(usize),
}

impl Message {
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        let named = |(own, _): &&(String, _)| own.eq_ignore_ascii_case(name);
        let lines = self.fields.iter().filter(named);
        lines.map(|(_, value)| value.as_slice()).collect()
    }

    /// How the message is framed, by fields that say one thing.
    pub fn end(&self) -> Option<End> {
        let lengths = self.values("Content-Length");
        let codings = self.values("Transfer-Encoding");
        assert!(lengths.len() + codings.len() <= 1, "framed twice: {self:?}");
        if let [length] = lengths[..] {
            assert!(length.iter().all(u8::is_ascii_digit), "{self:?}");
            let length = std::str::from_utf8(length).expect("digits");
            return Some(End::Length(length.parse().unwrap_or(usize::MAX)));
        }
        let [coding] = codings[..] else { return None };
        assert!(coding.eq_ignore_ascii_case(b"chunked"), "{self:?}");
        Some(End::Chunked)
    }
}

/// Takes a head from the start of `rest`. What is not all there is as right as
/// far as it goes.
pub fn head(rest: &mut &[u8]) -> Option<Message> {
    let end = rest.windows(4).position(|four| four == b"\r\n\r\n");
    let head = match end {
        Some(end) => &rest[..end + 2],
        None => rest,
    };
    has_right_octets(head);
    let mut lines = head.split_inclusive(|&octet| octet == b'\n');
    let first = lines.next().unwrap_or_default().trim_ascii_end();
    let lines: Vec<_> = lines.collect();
    *rest = &rest[end? + 4..];
    Some(Message {
        // A reason may be in any charset.
        first: String::from_utf8_lossy(first).into_owned(),
        fields: fields(&lines),
        body: Vec::new(),
        trailers: Vec::new(),
        is_complete: false,
    })
}

/// No CTL, CR and LF only at the ends of lines.
fn has_right_octets(lines: &[u8]) {
    let text = lines.escape_ascii();
    for line in lines.split_inclusive(|&octet| octet == b'\n') {
        let content = line.strip_suffix(b"\r\n").unwrap_or_else(|| {
            assert!(!line.ends_with(b"\n"), "a bare LF: {text}");
            line.strip_suffix(b"\r").unwrap_or(line)
        });
        let wrong = |octet: &u8| octet.is_ascii_control() && *octet != b'\t';
        assert!(!content.iter().any(wrong), "a control: {text}");
    }
}

fn fields(lines: &[&[u8]]) -> Vec<(String, Vec<u8>)> {
    let field = |line: &&[u8]| {
        let text = line.escape_ascii();
        let colon = line.iter().position(|&octet| octet == b':');
        let (name, value) = line.split_at(colon.unwrap_or_else(|| panic!("no colon: {text}")));
        let token =
            |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
        assert!(
            !name.is_empty() && name.iter().all(token),
            "no name: {text}"
        );
        let name = String::from_utf8(name.to_vec()).expect("a token");
        (name, value[1..].trim_ascii().to_vec())
    };
    lines.iter().map(field).collect()
}

/// Takes the body of `message` from the start of `rest`.
pub fn body(message: &mut Message, end: End, rest: &mut &[u8]) {
    match end {
        End::Length(length) => {
            let (body, left) = rest.split_at(length.min(rest.len()));
            message.is_complete = body.len() == length;
            message.body = body.to_vec();
            *rest = left;
        }
        End::Close => {
            message.body = std::mem::take(rest).to_vec();
            message.is_complete = true;
        }
        End::Chunked => {
            let left = chunks(message, rest);
            message.is_complete = left.is_some();
            *rest = left.unwrap_or_default();
        }
    }
}

/// What is behind a chunked body, if all of it is there.
fn chunks<'o>(message: &mut Message, mut rest: &'o [u8]) -> Option<&'o [u8]> {
    loop {
        let end = rest.iter().position(|&octet| octet == b'\r');
        let digits = &rest[..end.unwrap_or(rest.len())];
        let is_size = digits.iter().all(u8::is_ascii_hexdigit) && digits.len() <= 16;
        assert!(is_size, "no size: {}", rest.escape_ascii());
        let end = end?;
        let size = std::str::from_utf8(digits).expect("digits");
        let size = usize::from_str_radix(size, 16).expect("a size");
        rest = line_end(&rest[end..])?;
        if size == 0 {
            break;
        }
        let (data, left) = rest.split_at(size.min(rest.len()));
        message.body.extend_from_slice(data);
        rest = line_end(left)?;
    }
    let mut section = rest;
    let mut lines = Vec::new();
    while !section.starts_with(b"\r\n") {
        let end = section.iter().position(|&octet| octet == b'\n');
        let (line, left) = section.split_at(end.map_or(section.len(), |end| end + 1));
        has_right_octets(line);
        end?;
        lines.push(line);
        section = left;
    }
    message.trailers = fields(&lines);
    line_end(section)
}

fn line_end(rest: &[u8]) -> Option<&[u8]> {
    let there = rest.len().min(2);
    assert_eq!(rest[..there], b"\r\n"[..there], "no line end");
    rest.strip_prefix(b"\r\n")
}
