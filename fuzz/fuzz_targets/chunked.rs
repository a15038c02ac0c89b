//! However a chunked body is cut, it reads as a slow and obvious reader of the
//! grammar reads it; and what is encoded reads back.

#![no_main]

use headguard::proxy::fuzzing::{Chunked, decode, encode};
use libfuzzer_sys::fuzz_target;

#[path = "../pieces.rs"]
mod pieces;

/// The longest trailer section.
const MOST_TRAILERS: usize = 64;

/// The longest extension.
const MOST_EXTENSION: usize = 256;

// The body comes first; the last octet chooses where it is cut.
fuzz_target!(|input: &[u8]| {
    let [body @ .., choice] = input else { return };
    let read = decode(pieces::cut(body, *choice), MOST_TRAILERS);
    // A body that is cut off in what is wrong may look unfinished to one reader
    // and wrong to the other.
    match slowly(body) {
        Some(whole) => assert_eq!(read, Ok(Some(whole))),
        None => assert!(matches!(read, Ok(None) | Err(()))),
    }
    assert_eq!(decode(pieces::cut(body, 1), MOST_TRAILERS), read);

    let mut wire = Vec::new();
    for piece in pieces::cut(body, choice.wrapping_add(1)) {
        encode(piece, &mut wire);
    }
    encode(b"", &mut wire);
    wire.extend_from_slice(b"0\r\n\r\n");
    let whole = Chunked {
        data: body.to_vec(),
        trailers: Vec::new(),
        octets: wire.len(),
    };
    assert_eq!(slowly(&wire).as_ref(), Some(&whole));
    wire.extend_from_slice(body);
    assert_eq!(
        decode(pieces::cut(&wire, *choice), MOST_TRAILERS),
        Ok(Some(whole))
    );
});

/// Reads a whole body at once, line by line. Nothing, if there is none.
fn slowly(wire: &[u8]) -> Option<Chunked> {
    let (mut rest, mut data) = (wire, Vec::new());
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let line = &rest[..end];
        rest = &rest[end + 2..];
        let (digits, extension) = match line.iter().position(|&octet| octet == b';') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &b""[..]),
        };
        let is_ctl = |octet: &u8| octet.is_ascii_control() && *octet != b'\t';
        if digits.len() > 16 || extension.len() > MOST_EXTENSION || extension.iter().any(is_ctl) {
            return None;
        }
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let size = u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        if size == 0 {
            break;
        }
        let size = usize::try_from(size).ok()?;
        data.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
    let trailers = match rest {
        [b'\r', b'\n', ..] => 0,
        // Where the section ends is told here; what is in it, elsewhere.
        [b'\n', ..] => return None,
        _ => {
            (0..rest.len()).find(|&at| {
                let so_far = &rest[..at + 1];
                so_far.ends_with(b"\n\n") || so_far.ends_with(b"\n\r\n")
            })? + 1
        }
    };
    let (trailers, rest) = rest.split_at(trailers);
    if trailers.len() > MOST_TRAILERS {
        return None;
    }
    let rest = if trailers.is_empty() {
        &rest[2..]
    } else {
        rest
    };
    Some(Chunked {
        data,
        trailers: trailers.to_vec(),
        octets: wire.len() - rest.len(),
    })
}
