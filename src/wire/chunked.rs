//! The chunked transfer coding, octets to octets (RFC 9112 §7.1).
//!
//! ```text
//! chunked-body = *chunk last-chunk trailer-section CRLF
//! chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
//! chunk-size   = 1*HEXDIG
//! ```
//!
//! Extensions are read over and never passed on. A size that two readers could
//! take for different numbers is refused: whitespace, signs, `0x`, more digits
//! than a number of 64 bits has, and a line end other than CR LF.

use super::head;

/// What the next octets of a body are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<'i> {
    /// Data, and how many octets of the input it took.
    Data { data: &'i [u8], used: usize },
    /// The end without trailers, and how many octets it took.
    End { used: usize },
    /// Octets that carry no data were taken; more must come.
    More { used: usize },
    /// The end: the trailer section with its empty line, after `used` other
    /// octets were taken.
    Trailers { section: &'i [u8], used: usize },
}

/// Why a body is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChunkError {
    #[error("a chunk's data is not followed by CR LF")]
    DataEnd,
    #[error("a chunk extension is longer than {MOST_EXTENSION} octets or holds a control")]
    Extension,
    #[error("a chunk size is not hex digits and CR LF")]
    Size,
    #[error("the trailer section is too long")]
    TrailersTooLong,
}

/// Reads a chunked body, however its octets are cut.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    state: State,
    /// The longest trailer section.
    most_trailers: usize,
    /// How much of a trailer section was searched for its end.
    searched: usize,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// In a chunk size of so many digits.
    Size {
        digits: u8,
        size: u64,
    },
    /// In an extension of so many octets.
    Extension {
        octets: u16,
        size: u64,
    },
    /// After the CR of a chunk's first line.
    SizeLf {
        size: u64,
    },
    /// So much data is left of this chunk.
    Data {
        left: u64,
    },
    /// After a chunk's data.
    DataCr,
    DataLf,
    /// After the last chunk.
    Trailers,
    Done,
}

/// Extensions mean nothing to anybody we know; a long one is an attack.
const MOST_EXTENSION: u16 = 256;

/// The digits of the greatest 64-bit number.
const MOST_DIGITS: u8 = 16;

const START: State = State::Size { digits: 0, size: 0 };

impl Decoder {
    /// A decoder at the start of a body.
    pub(crate) const fn new(most_trailers: usize) -> Self {
        Self {
            state: START,
            most_trailers,
            searched: 0,
        }
    }

    /// Whether the body's end was seen.
    #[cfg(fuzzing)]
    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Reads the next octets. What was used is not to be given again; what was
    /// not is, with more behind it.
    ///
    /// # Errors
    ///
    /// What is wrong with the coding. Nothing can be read after that.
    pub(crate) fn step<'i>(&mut self, input: &'i [u8]) -> Result<Step<'i>, ChunkError> {
        let mut used = 0;
        loop {
            let rest = input.get(used..).unwrap_or_default();
            if let State::Data { left } = self.state {
                let most = usize::try_from(left).unwrap_or(usize::MAX);
                let data = rest.get(..rest.len().min(most)).unwrap_or_default();
                if data.is_empty() {
                    return Ok(Step::More { used });
                }
                // A slice is never longer than what `left` counts.
                let left = left - data.len() as u64;
                self.state = match left {
                    0 => State::DataCr,
                    _ => State::Data { left },
                };
                let used = used + data.len();
                return Ok(Step::Data { data, used });
            }
            if let State::Trailers = self.state {
                return self.trailers(rest, used);
            }
            if let State::Done = self.state {
                return Ok(Step::End { used });
            }
            let Some(&octet) = rest.first() else {
                return Ok(Step::More { used });
            };
            used += 1;
            self.state = next(self.state, octet)?;
        }
    }

    fn trailers<'i>(&mut self, rest: &'i [u8], used: usize) -> Result<Step<'i>, ChunkError> {
        if rest.starts_with(b"\r\n") {
            self.state = State::Done;
            return Ok(Step::End { used: used + 2 });
        }
        // The end may straddle what was searched before.
        let from = self.searched.saturating_sub(2);
        let Some(end) = head::end(rest, from).filter(|_| !rest.starts_with(b"\n")) else {
            if rest.len() > self.most_trailers {
                return Err(ChunkError::TrailersTooLong);
            }
            if rest.starts_with(b"\n") {
                return Err(ChunkError::Size);
            }
            self.searched = rest.len();
            return Ok(Step::More { used });
        };
        if end > self.most_trailers {
            return Err(ChunkError::TrailersTooLong);
        }
        self.state = State::Done;
        let section = rest.get(..end).unwrap_or_default();
        Ok(Step::Trailers { section, used })
    }
}

fn next(state: State, octet: u8) -> Result<State, ChunkError> {
    Ok(match state {
        State::Size { digits, size } => match (char::from(octet).to_digit(16), octet) {
            (Some(_), _) if digits == MOST_DIGITS => return Err(ChunkError::Size),
            (Some(digit), _) => State::Size {
                digits: digits + 1,
                // Sixteen digits fit.
                size: size << 4 | u64::from(digit),
            },
            (None, b'\r') if digits > 0 => State::SizeLf { size },
            (None, b';') if digits > 0 => State::Extension { octets: 0, size },
            _ => return Err(ChunkError::Size),
        },
        State::Extension { octets, size } => match octet {
            b'\r' => State::SizeLf { size },
            _ if octets == MOST_EXTENSION || crate::octet::is_ctl(octet) => {
                return Err(ChunkError::Extension);
            }
            _ => State::Extension {
                octets: octets + 1,
                size,
            },
        },
        State::SizeLf { size } => match (octet, size) {
            (b'\n', 0) => State::Trailers,
            (b'\n', left) => State::Data { left },
            _ => return Err(ChunkError::Size),
        },
        State::DataCr if octet == b'\r' => State::DataLf,
        State::DataLf if octet == b'\n' => START,
        State::DataCr | State::DataLf => return Err(ChunkError::DataEnd),
        // These are not read octet by octet.
        State::Data { .. } | State::Trailers | State::Done => state,
    })
}

/// Writes one chunk.
pub(crate) fn encode(data: &[u8], out: &mut Vec<u8>) {
    if data.is_empty() {
        // That would be the last chunk.
        return;
    }
    let mut digits = [0; 16];
    let mut start = digits.len();
    let mut left = data.len();
    while left > 0 {
        start -= 1;
        if let Some(digit) = digits.get_mut(start) {
            *digit = b"0123456789abcdef".get(left & 15).copied().unwrap_or(b'0');
        }
        left >>= 4;
    }
    out.reserve(data.len() + digits.len() + 4);
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

/// The last chunk, before the trailer section.
pub(crate) const LAST: &[u8] = b"0\r\n";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    /// Data, trailer section, and how many octets were used.
    type Read = (Vec<u8>, Vec<u8>, usize);

    /// Reads `wire` in pieces of `piece` octets, as a connection would.
    fn read(wire: &[u8], piece: usize) -> Result<Option<Read>, ChunkError> {
        let mut decoder = Decoder::new(64);
        let (mut data, mut trailers) = (Vec::new(), Vec::new());
        let (mut start, mut end) = (0, 0);
        loop {
            let step = decoder.step(&wire[start..end])?;
            match step {
                Step::Data { data: more, used } => {
                    data.extend_from_slice(more);
                    start += used;
                    continue;
                }
                Step::More { used } => start += used,
                Step::End { used } => return Ok(Some((data, trailers, start + used))),
                Step::Trailers { section, used } => {
                    trailers.extend_from_slice(section);
                    return Ok(Some((data, trailers, start + used + section.len())));
                }
            }
            if end == wire.len() {
                return Ok(None);
            }
            end = (end + piece).min(wire.len());
        }
    }

    #[test]
    fn bodies_are_read_however_they_are_cut() {
        let end = b"0\r\n\r\n".as_slice();
        for (wire, data, trailers) in [
            (&b"5\r\nhello\r\n0\r\n\r\nnext"[..], &b"hello"[..], &b""[..]),
            (b"0\r\n\r\n", b"", b""),
            (b"000\r\n\r\n", b"", b""),
            (
                b"A\r\n0123456789\r\n01;x=y\r\n!\r\n0\r\n\r\n",
                b"0123456789!",
                b"",
            ),
            (
                b"1;\r\na\r\n0;a=\"b\"\r\nX: 1\r\n\r\n",
                b"a",
                b"X: 1\r\n\r\n",
            ),
        ] {
            for piece in 1..=wire.len() {
                let (read, section, used) = read(wire, piece).expect("right").expect("whole");
                assert_eq!((&read[..], &section[..]), (data, trailers));
                assert!(wire[..used].ends_with(b"\r\n"));
            }
        }
        assert_eq!(
            read(end, 1).map(|read| read.map(|(.., used)| used)),
            Ok(Some(5))
        );
    }

    #[test]
    fn no_prefix_of_a_body_is_a_body() {
        let wire = b"5;x\r\nhello\r\n0\r\nX: 1\r\n\r\n";
        for end in 0..wire.len() {
            assert_eq!(read(&wire[..end], 1), Ok(None), "{end}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (wire, error) in [
            (&b"+5\r\nhello\r\n"[..], ChunkError::Size),
            (b"-5\r\n", ChunkError::Size),
            (b"0x5\r\nhello\r\n", ChunkError::Size),
            (b" 5\r\nhello\r\n", ChunkError::Size),
            (b"5 \r\nhello\r\n", ChunkError::Size),
            (b"5 ;x\r\nhello\r\n", ChunkError::Size),
            (b"5\nhello\r\n", ChunkError::Size),
            (b"5\rhello", ChunkError::Size),
            (b"\r\n", ChunkError::Size),
            (b";x\r\n", ChunkError::Size),
            (b"g\r\n", ChunkError::Size),
            (b"00000000000000005\r\nhello\r\n", ChunkError::Size),
            (b"10000000000000000\r\n", ChunkError::Size),
            (b"5;a\nb\r\nhello\r\n", ChunkError::Extension),
            (b"5;\0\r\nhello\r\n", ChunkError::Extension),
            (b"5\r\nhelloX\r\n", ChunkError::DataEnd),
            (b"5\r\nhello\n", ChunkError::DataEnd),
            (b"5\r\nhello\rX", ChunkError::DataEnd),
            (b"0\r\n\nGET", ChunkError::Size),
        ] {
            for piece in [1, 2, wire.len()] {
                assert_eq!(read(wire, piece), Err(error), "{}", wire.escape_ascii());
            }
        }
        let long = [&b"1;"[..], &[b'x'; 300], b"\r\na\r\n"].concat();
        assert_eq!(read(&long, 7), Err(ChunkError::Extension));
        let trailers = [&b"0\r\nX: "[..], &[b'x'; 100], b"\r\n\r\n"].concat();
        assert_eq!(read(&trailers, 7), Err(ChunkError::TrailersTooLong));
        assert_eq!(read(&trailers, 200), Err(ChunkError::TrailersTooLong));
    }

    #[test]
    fn what_is_written_reads_back() {
        for length in [1, 15, 16, 255, 4096, 70_000] {
            let data = vec![b'd'; length];
            let mut wire = Vec::new();
            encode(&data, &mut wire);
            encode(b"", &mut wire);
            wire.extend_from_slice(LAST);
            wire.extend_from_slice(b"\r\n");
            let (read, _, used) = read(&wire, 1000).expect("right").expect("whole");
            assert_eq!((read, used), (data, wire.len()));
        }
    }

    /// What bodies are made of, right and wrong, to be put together anyhow.
    const PARTS: &[&[u8]] = &[
        b"0",
        b"1",
        b"A",
        b"\r\n",
        b"1\r\nx\r\n",
        b"a;b=\"c\"\r\n0123456789\r\n",
        b"0\r\n",
        b"0\r\n\r\n",
        b"X: 1\r\n",
        b"\n",
        b"\r",
        b" ",
        b";",
        b"\0",
        b"\xFF",
        b"0000000000000000",
        b"ffffffffffffffff",
        b"X: 0123456789012345678901234567890123456789012345678901234567890123\r\n",
    ];

    /// The data of a body without trailers, and its length on the wire: an
    /// obvious reader of the grammar.
    fn slowly(wire: &[u8]) -> Option<(Vec<u8>, usize)> {
        let (mut rest, mut data) = (wire, Vec::new());
        loop {
            let end = rest.windows(2).position(|two| two == b"\r\n")?;
            let line = std::str::from_utf8(&rest[..end]).ok()?;
            if line.len() > 16 || !line.bytes().all(|octet| octet.is_ascii_hexdigit()) {
                return None;
            }
            let size = usize::from_str_radix(line, 16).ok()?;
            rest = &rest[end + 2..];
            data.extend_from_slice(rest.get(..size)?);
            rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
            if size == 0 {
                return Some((data, wire.len() - rest.len()));
            }
        }
    }

    proptest! {
        #[test]
        fn a_body_reads_the_same_however_it_is_cut(
            parts in vec(select(PARTS), 0..12),
            piece in 1usize..40,
        ) {
            let wire = parts.concat();
            let whole = read(&wire, wire.len().max(1));
            match (read(&wire, piece), &whole) {
                (Err(_), Err(_)) => {}
                (cut, whole) => prop_assert_eq!(&cut, whole),
            }
            if let Some((data, octets)) = slowly(&wire) {
                prop_assert_eq!(whole, Ok(Some((data, Vec::new(), octets))));
            }
        }

        #[test]
        fn whatever_is_encoded_reads_back(
            chunks in vec(vec(any::<u8>(), 0..300), 0..8),
            piece in 1usize..400,
        ) {
            let mut wire = Vec::new();
            for chunk in &chunks {
                encode(chunk, &mut wire);
            }
            wire.extend_from_slice(b"0\r\n\r\n");
            let data = chunks.concat();
            prop_assert_eq!(slowly(&wire), Some((data.clone(), wire.len())));
            prop_assert_eq!(read(&wire, piece), Ok(Some((data, Vec::new(), wire.len()))));
        }
    }
}
