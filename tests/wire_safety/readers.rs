//! Origins' readers, each lenient in its own way, as real ones are.
//!
//! A request is smuggled where two readers make different requests of the same
//! octets. What the proxy passes on is given to all of these; they must agree.

use std::borrow::Cow;

/// A request as a reader understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) host: String,
    pub(crate) body: Vec<u8>,
}

/// What a reader makes of a connection's octets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) requests: Vec<Request>,
    /// There was more, and it is not whole.
    pub(crate) unfinished: bool,
    /// What a strict reader would not have taken.
    pub(crate) wrong: Option<String>,
}

/// A way to read HTTP/1.1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader {
    pub(crate) name: &'static str,
    lines: Lines,
    names: Names,
    folds: Folds,
    frames: Frames,
    coding: Coding,
    length: Length,
    host: Host,
    chunks: Chunks,
    /// It takes away what `Connection` nominates before it looks at framing.
    obeys_nominations: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Lines {
    CrLf,
    /// LF, with or without CR.
    Lf,
    /// CR, LF or both.
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Names {
    Exact,
    /// As a CGI origin does: `_` is `-`.
    Underscore,
    /// Without whitespace and controls around it.
    Trimmed,
    /// Up to the first octet that no name can have.
    Prefix,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Folds {
    Join,
    /// A folded line is a field of its own.
    Field,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Frames {
    CodingFirst,
    LengthFirst,
    CodingOnly,
    LengthOnly,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Coding {
    Exact,
    /// Anything with `chunked` in it.
    Contains,
    /// The last of a list.
    Last,
    /// The first of a list.
    First,
    /// There is one.
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Length {
    First,
    Last,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Host {
    First,
    Last,
    /// That of the target, where it has one.
    Target,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Chunks {
    Strict,
    /// `0x`, signs, whitespace, any line end, and the size cut to 32 bits.
    Loose,
    /// The line up to LF, and two octets after the data, whatever they are.
    Blind,
}

const STRICT: Reader = Reader {
    name: "strict",
    lines: Lines::CrLf,
    names: Names::Exact,
    folds: Folds::Join,
    frames: Frames::CodingFirst,
    coding: Coding::Exact,
    length: Length::First,
    host: Host::First,
    chunks: Chunks::Strict,
    obeys_nominations: false,
};

/// The strict one first.
pub(crate) const READERS: &[Reader] = &[
    STRICT,
    Reader {
        name: "lines end in LF",
        lines: Lines::Lf,
        coding: Coding::Contains,
        ..STRICT
    },
    Reader {
        name: "lines end in CR or LF",
        lines: Lines::Any,
        ..STRICT
    },
    Reader {
        name: "anything with chunked in it",
        coding: Coding::Contains,
        names: Names::Trimmed,
        ..STRICT
    },
    Reader {
        name: "any coding is chunked",
        coding: Coding::Any,
        names: Names::Prefix,
        ..STRICT
    },
    Reader {
        name: "the last coding counts",
        coding: Coding::Last,
        ..STRICT
    },
    Reader {
        name: "the first coding counts",
        coding: Coding::First,
        lines: Lines::Lf,
        ..STRICT
    },
    Reader {
        name: "the length before the coding",
        frames: Frames::LengthFirst,
        ..STRICT
    },
    Reader {
        name: "the last length before the coding",
        frames: Frames::LengthFirst,
        length: Length::Last,
        ..STRICT
    },
    Reader {
        name: "knows no length with a coding in sight",
        frames: Frames::CodingOnly,
        coding: Coding::Any,
        ..STRICT
    },
    Reader {
        name: "knows no coding with a length in sight",
        frames: Frames::LengthOnly,
        length: Length::Last,
        lines: Lines::Lf,
        ..STRICT
    },
    Reader {
        name: "_ is -",
        names: Names::Underscore,
        frames: Frames::LengthFirst,
        ..STRICT
    },
    Reader {
        name: "_ is -, and the coding first",
        names: Names::Underscore,
        coding: Coding::Contains,
        ..STRICT
    },
    Reader {
        name: "names are trimmed, and the length first",
        names: Names::Trimmed,
        frames: Frames::LengthFirst,
        ..STRICT
    },
    Reader {
        name: "a folded line is a field",
        folds: Folds::Field,
        names: Names::Trimmed,
        coding: Coding::Contains,
        ..STRICT
    },
    Reader {
        name: "chunk sizes as strtol reads them",
        chunks: Chunks::Loose,
        lines: Lines::Lf,
        ..STRICT
    },
    Reader {
        name: "two octets after a chunk, whatever they are",
        chunks: Chunks::Blind,
        ..STRICT
    },
    Reader {
        name: "the last Host counts",
        host: Host::Last,
        names: Names::Trimmed,
        ..STRICT
    },
    Reader {
        name: "the target's host counts",
        host: Host::Target,
        ..STRICT
    },
    Reader {
        name: "takes away what Connection nominates",
        obeys_nominations: true,
        ..STRICT
    },
];

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

impl Reader {
    /// Reads all that came on a connection.
    pub(crate) fn read(&self, octets: &[u8]) -> Reading {
        let mut reading = Reading::default();
        let mut rest = octets;
        loop {
            while let Some((line, after)) = self.line(rest)
                && line.is_empty()
            {
                reading.complain("an empty line before a request");
                rest = after;
            }
            if rest.is_empty() {
                return reading;
            }
            let Some((request, after, closes)) = self.request(rest, &mut reading) else {
                reading.unfinished = true;
                return reading;
            };
            reading.requests.push(request);
            rest = after;
            if closes {
                // What follows is not looked at.
                return reading;
            }
        }
    }

    fn line<'o>(&self, octets: &'o [u8]) -> Option<(&'o [u8], &'o [u8])> {
        let (end, next) = match self.lines {
            Lines::CrLf => {
                let end = octets.windows(2).position(|two| two == b"\r\n")?;
                (end, end + 2)
            }
            Lines::Lf => {
                let end = octets.iter().position(|&octet| octet == b'\n')?;
                let line = &octets[..end];
                (line.strip_suffix(b"\r").unwrap_or(line).len(), end + 1)
            }
            Lines::Any => {
                let end = octets
                    .iter()
                    .position(|octet| matches!(octet, b'\r' | b'\n'))?;
                let both = octets[end..].starts_with(b"\r\n");
                (end, end + if both { 2 } else { 1 })
            }
        };
        Some((&octets[..end], &octets[next..]))
    }

    fn request<'o>(
        &self,
        octets: &'o [u8],
        reading: &mut Reading,
    ) -> Option<(Request, &'o [u8], bool)> {
        let (first, mut rest) = self.line(octets)?;
        let strict: Vec<&[u8]> = first.split(|&octet| octet == b' ').collect();
        if strict.len() != 3 || strict[2] != b"HTTP/1.1" {
            reading.complain(format!("request line {}", first.escape_ascii()));
        }
        let mut words = first
            .split(|octet| matches!(octet, b' ' | b'\t' | 0x0b | 0x0c | b'\r'))
            .filter(|word| !word.is_empty());
        let method = words.next().unwrap_or_default();
        let target = words.next().unwrap_or_default();
        let mut fields = Fields::new();
        loop {
            let (line, after) = self.line(rest)?;
            rest = after;
            if line.is_empty() {
                break;
            }
            self.field(line, &mut fields, reading);
        }
        let nominated: Vec<Vec<u8>> = values(&fields, "connection")
            .flat_map(|value| value.split(|&octet| octet == b','))
            .map(|option| option.trim_ascii().to_ascii_lowercase())
            .collect();
        let closes = nominated.iter().any(|option| option == b"close");
        if self.obeys_nominations {
            fields.retain(|(name, _)| !nominated.contains(name));
        }
        let host = self.host_of(target, &fields, reading);
        let (body, rest) = self.body(&fields, rest, reading)?;
        let text = |octets: &[u8]| octets.escape_ascii().to_string();
        let request = Request {
            method: text(method),
            target: text(target),
            host,
            body,
        };
        Some((request, rest, closes))
    }

    fn field(&self, line: &[u8], fields: &mut Fields, reading: &mut Reading) {
        let is_token =
            |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
        if matches!(line[0], b' ' | b'\t') {
            reading.complain("a folded line");
            if self.folds == Folds::Join {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(b' ');
                    value.extend_from_slice(line.trim_ascii());
                }
                return;
            }
        }
        let colon = line.iter().position(|&octet| octet == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or_default();
        let is_wrong = name.is_empty()
            || !name.iter().all(is_token)
            || colon.is_none()
            || value
                .iter()
                .any(|&octet| octet.is_ascii_control() && octet != b'\t');
        if is_wrong {
            reading.complain(format!("field line {}", line.escape_ascii()));
        }
        let mut name = name.to_ascii_lowercase();
        match self.names {
            Names::Exact => {}
            Names::Underscore => name.iter_mut().for_each(|octet| {
                if *octet == b'_' {
                    *octet = b'-';
                }
            }),
            Names::Trimmed => name.retain(|octet| *octet > b' ' && *octet < 0x7f),
            Names::Prefix => {
                let end = name.iter().position(|octet| !is_token(octet));
                name.truncate(end.unwrap_or(name.len()));
            }
        }
        let is_edge = |octet: &u8| *octet <= b' ';
        let start = value
            .iter()
            .position(|octet| !is_edge(octet))
            .unwrap_or(value.len());
        let end = value
            .iter()
            .rposition(|octet| !is_edge(octet))
            .map_or(start, |end| end + 1);
        fields.push((name, value[start..end].to_vec()));
    }

    fn host_of(&self, target: &[u8], fields: &Fields, reading: &mut Reading) -> String {
        let hosts: Vec<&[u8]> = values(fields, "host").collect();
        if hosts.len() != 1 {
            reading.complain(format!("{} Host fields", hosts.len()));
        }
        let named = target
            .windows(3)
            .position(|three| three == b"://")
            .filter(|_| target[0] != b'/')
            .map(|at| &target[at + 3..])
            .map(|rest| {
                rest.split(|octet| b"/?".contains(octet))
                    .next()
                    .unwrap_or_default()
            });
        let host = match self.host {
            Host::First => hosts.first().copied(),
            Host::Last => hosts.last().copied(),
            Host::Target => named.or(hosts.first().copied()),
        };
        host.unwrap_or_default().escape_ascii().to_string()
    }

    fn body<'o>(
        &self,
        fields: &Fields,
        rest: &'o [u8],
        reading: &mut Reading,
    ) -> Option<(Vec<u8>, &'o [u8])> {
        let lengths: Vec<&[u8]> = values(fields, "content-length").collect();
        let codings: Vec<Vec<u8>> = values(fields, "transfer-encoding")
            .map(<[u8]>::to_ascii_lowercase)
            .collect();
        if lengths.len() + codings.len() > 1 {
            reading.complain("framed in two ways");
        }
        let coding = codings.join(&b", "[..]);
        let list = || coding.split(|&octet| octet == b',').map(<[u8]>::trim_ascii);
        let is_chunked = !codings.is_empty()
            && match self.coding {
                Coding::Exact => coding == b"chunked",
                Coding::Contains => coding.windows(7).any(|seven| seven == b"chunked"),
                Coding::Last => list().next_back() == Some(b"chunked"),
                Coding::First => list().next() == Some(b"chunked"),
                Coding::Any => true,
            };
        if !codings.is_empty() && coding != b"chunked" {
            reading.complain(format!("Transfer-Encoding: {}", coding.escape_ascii()));
        }
        if lengths.iter().any(|length| decimal(length).is_none()) {
            reading.complain("a Content-Length that is no number");
        }
        let length = match self.length {
            Length::First => lengths.first(),
            Length::Last => lengths.last(),
        };
        // As `atoi` reads it: up to what is no digit.
        let length = length.map(|length| {
            let digits = length.strip_prefix(b"+").unwrap_or(length);
            let list: Vec<&[u8]> = digits.split(|&octet| octet == b',').collect();
            let one = match self.length {
                Length::First => list.first(),
                Length::Last => list.last(),
            };
            let one = one.copied().unwrap_or_default().trim_ascii();
            let end = one.iter().position(|octet| !octet.is_ascii_digit());
            decimal(&one[..end.unwrap_or(one.len())]).unwrap_or(0)
        });
        let by_length = |length: usize| {
            let body = rest.get(..length)?;
            Some((body.to_vec(), &rest[length..]))
        };
        match (self.frames, is_chunked, length) {
            (Frames::LengthFirst | Frames::LengthOnly, _, Some(length)) => by_length(length),
            (Frames::CodingFirst, false, Some(length)) => by_length(length),
            (_, true, _) => self.chunks(rest, reading),
            (Frames::CodingOnly, false, Some(length)) if codings.is_empty() => by_length(length),
            _ => Some((Vec::new(), rest)),
        }
    }

    fn chunks<'o>(&self, mut rest: &'o [u8], reading: &mut Reading) -> Option<(Vec<u8>, &'o [u8])> {
        let mut body = Vec::new();
        loop {
            let (line, after) = match self.chunks {
                Chunks::Strict => self.line(rest)?,
                Chunks::Loose | Chunks::Blind => {
                    let end = rest.iter().position(|&octet| octet == b'\n')?;
                    (&rest[..end], &rest[end + 1..])
                }
            };
            let is_plain = !line.is_empty() && line.iter().all(u8::is_ascii_hexdigit);
            if self.chunks == Chunks::Strict && !is_plain {
                // Not even an extension: none is passed on.
                reading.complain(format!("chunk size {}", line.escape_ascii()));
            }
            let size = size(line, self.chunks);
            rest = after;
            if size == 0 {
                break;
            }
            body.extend_from_slice(rest.get(..size)?);
            rest = rest.get(size..)?;
            rest = match self.chunks {
                Chunks::Blind => rest.get(2..)?,
                _ => {
                    let (line, after) = self.line(rest)?;
                    if !line.is_empty() {
                        reading.complain("a chunk longer than it says");
                    }
                    after
                }
            };
        }
        let mut trailers = Fields::new();
        loop {
            let (line, after) = self.line(rest)?;
            rest = after;
            if line.is_empty() {
                break;
            }
            self.field(line, &mut trailers, reading);
        }
        for name in [
            "content-length",
            "transfer-encoding",
            "host",
            "connection",
            "authorization",
        ] {
            if values(&trailers, name).next().is_some() {
                reading.complain(format!("{name} in a trailer section"));
            }
        }
        Some((body, rest))
    }
}

impl Reading {
    fn complain(&mut self, what: impl Into<Cow<'static, str>>) {
        self.wrong.get_or_insert_with(|| what.into().into_owned());
    }
}

fn values<'f>(fields: &'f Fields, name: &str) -> impl Iterator<Item = &'f [u8]> {
    fields
        .iter()
        .filter(move |(sent, _)| sent == name.as_bytes())
        .map(|(_, value)| &value[..])
}

fn decimal(digits: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(digits).ok()?;
    (!text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit()))
        .then(|| text.parse().unwrap_or(usize::MAX >> 1))
}

fn size(line: &[u8], chunks: Chunks) -> usize {
    let mut digits = line.trim_ascii();
    if chunks == Chunks::Loose {
        digits = digits.strip_prefix(b"-").unwrap_or(digits);
        digits = digits.strip_prefix(b"+").unwrap_or(digits);
        digits = digits.strip_prefix(b"0x").unwrap_or(digits);
    }
    let end = digits.iter().position(|octet| !octet.is_ascii_hexdigit());
    let digits = &digits[..end.unwrap_or(digits.len())];
    let number = digits.iter().fold(0u64, |number, &digit| {
        let digit = char::from(digit).to_digit(16).unwrap_or(0);
        number.wrapping_mul(16).wrapping_add(digit.into())
    });
    let number = match chunks {
        Chunks::Loose => number & u64::from(u32::MAX),
        Chunks::Strict | Chunks::Blind => number,
    };
    usize::try_from(number).unwrap_or(usize::MAX >> 1)
}

/// What all readers make of these octets.
///
/// # Panics
///
/// When they disagree, or a strict one would not have taken them.
#[track_caller]
pub(crate) fn read_by_all(octets: &[u8], case: &str) -> Reading {
    let strict = STRICT.read(octets);
    assert_eq!(strict.wrong, None, "{case}: {}", octets.escape_ascii());
    for reader in READERS {
        let reading = reader.read(octets);
        assert_eq!(
            (&reading.requests, reading.unfinished),
            (&strict.requests, strict.unfinished),
            "{case}: \"{}\" reads {}",
            reader.name,
            octets.escape_ascii()
        );
    }
    strict
}

/// How many whole requests a strict reader finds.
pub(crate) fn whole(octets: &[u8]) -> Vec<Request> {
    STRICT.read(octets).requests
}

#[test]
fn readers_disagree_about_what_can_be_read_in_two_ways() {
    // A reader that is never tricked by anything proves nothing.
    let mut fooled: Vec<&str> = Vec::new();
    let post = |fields: &str, body: &str| {
        format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n{body}").into_bytes()
    };
    let smuggled = "0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    let both = format!("Content-Length: {}\r\n", smuggled.len());
    for octets in [
        post(&format!("{both}Transfer-Encoding: chunked\r\n"), smuggled),
        post("Transfer-Encoding: gzip, chunked\r\n", smuggled),
        post("Transfer-Encoding: chunked, gzip\r\n", smuggled),
        post("Transfer-Encoding: xchunked\r\n", smuggled),
        post("Transfer_Encoding: chunked\r\n", smuggled),
        post("Transfer-Encoding : chunked\r\n", smuggled),
        post("X: 1\nTransfer-Encoding: chunked\r\n", smuggled),
        post("X: 1\rTransfer-Encoding: chunked\r\n", smuggled),
        post("X: 1\r\n Transfer-Encoding: chunked\r\n", smuggled),
        post(&format!("Content-Length: 5\r\n{both}"), smuggled),
        post("Content_Length: 5\r\n", smuggled),
        post(&format!("{both}Connection: Content-Length\r\n"), smuggled),
        post("Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\n", "3\r\nabcXX0\r\n\r\n"),
        post("Host: b\r\n", ""),
        b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
    ] {
        let strict = STRICT.read(&octets);
        for reader in READERS {
            let reading = reader.read(&octets);
            if (reading.requests, reading.unfinished)
                != (strict.requests.clone(), strict.unfinished)
            {
                fooled.push(reader.name);
            }
        }
    }
    for reader in &READERS[1..] {
        assert!(fooled.contains(&reader.name), "{}", reader.name);
    }
}
