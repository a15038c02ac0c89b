//! The PROXY protocol, versions 1 and 2: who is behind the balancer that
//! connects to us.
//!
//! What frames a header is checked here, more strictly than the parser of the
//! addresses does, and before anything is waited for that cannot come. No I/O.

use proxy_header::{ParseConfig, ProxyHeader};
use std::net::SocketAddr;

/// What the first octets of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A header so far.
    Incomplete,
    /// A header of `used` octets.
    Done {
        used: usize,
        /// Who it speaks for; nobody where the balancer speaks for itself, or
        /// does not know.
        source: Option<SocketAddr>,
    },
    /// No header, whatever may follow.
    Wrong(&'static str),
}

/// Reads the header at the start of a connection from all that came of it.
pub(super) fn read(octets: &[u8]) -> Step {
    match octets.first() {
        None => Step::Incomplete,
        Some(b'P') => version_1(octets),
        Some(b'\r') => version_2(octets),
        Some(_) => Step::Wrong(NO_HEADER),
    }
}

const NO_HEADER: &str = "the connection does not start with a PROXY protocol header";

fn version_1(octets: &[u8]) -> Step {
    let line = octets.get(..MOST_OF_V1).unwrap_or(octets);
    let [tcp, unknown] = [&TCP[..], &UNKNOWN].map(|starts| start(line, starts));
    let (rest, is_unknown) = match (tcp, unknown) {
        (Start::Whole(rest), _) => (rest, false),
        (_, Start::Whole(rest)) => (rest, true),
        (Start::Part, _) | (_, Start::Part) => return Step::Incomplete,
        (Start::Other, Start::Other) => return Step::Wrong(NO_HEADER),
    };
    let (text, end) = match rest.iter().position(|octet| matches!(octet, b'\r' | b'\n')) {
        Some(at) => rest.split_at(at),
        None => (rest, &[][..]),
    };
    let is_right = if is_unknown {
        // "the receiver must ignore anything presented before the CRLF"
        matches!(text.first(), None | Some(b' '))
    } else {
        text.iter()
            .all(|octet| octet.is_ascii_hexdigit() || matches!(octet, b' ' | b'.' | b':'))
    };
    if !is_right {
        return Step::Wrong("an address of the PROXY protocol header cannot be read");
    }
    match end {
        [b'\r', b'\n', ..] => {}
        [] | [b'\r'] if line.len() < MOST_OF_V1 => return Step::Incomplete,
        [] | [b'\r'] => return Step::Wrong("the PROXY protocol header is longer than 107 octets"),
        _ => return Step::Wrong("the PROXY protocol header does not end with CR LF"),
    }
    let used = line.len() - end.len() + 2;
    let mut ports = text.rsplit(|&octet| octet == b' ').take(2);
    if is_unknown {
        Step::Done { used, source: None }
    } else if ports.any(|port| port.len() > 1 && port.starts_with(b"0")) {
        Step::Wrong("a port of the PROXY protocol header starts with 0")
    } else {
        parsed(line.get(..used).unwrap_or_default())
    }
}

/// The longest header of version 1, with its line end.
const MOST_OF_V1: usize = 107;

const TCP: [&[u8]; 2] = [b"PROXY TCP4 ", b"PROXY TCP6 "];
const UNKNOWN: [&[u8]; 1] = [b"PROXY UNKNOWN"];

/// How a line starts, compared with what it may start with.
enum Start<'o> {
    /// With one of them, and this comes after it.
    Whole(&'o [u8]),
    /// With a part of one.
    Part,
    Other,
}

fn start<'o>(line: &'o [u8], starts: &[&[u8]]) -> Start<'o> {
    if let Some(rest) = starts.iter().find_map(|start| line.strip_prefix(*start)) {
        Start::Whole(rest)
    } else if starts.iter().any(|start| start.starts_with(line)) {
        Start::Part
    } else {
        Start::Other
    }
}

fn version_2(octets: &[u8]) -> Step {
    let rest = match start(octets, &[SIGNATURE]) {
        Start::Whole(rest) => rest,
        Start::Part => return Step::Incomplete,
        Start::Other => return Step::Wrong(NO_HEADER),
    };
    let is_local = match rest.first() {
        None => return Step::Incomplete,
        Some(0x20) => true,
        Some(0x21) => false,
        Some(_) => {
            return Step::Wrong("the PROXY protocol header has an unknown version or command");
        }
    };
    let addresses = match rest.get(1) {
        None => return Step::Incomplete,
        // Whatever it says of addresses is to be ignored.
        Some(_) if is_local => 0,
        Some(0x00) => 0,
        Some(0x11 | 0x12) => 2 * (4 + 2),
        Some(0x21 | 0x22) => 2 * (16 + 2),
        Some(0x31 | 0x32) => 2 * 108,
        Some(_) => return Step::Wrong("the PROXY protocol header has an unknown family"),
    };
    let Some(&[high, low]) = rest.get(2..4) else {
        return Step::Incomplete;
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    let used = SIGNATURE.len() + 4 + length;
    if length < addresses {
        return Step::Wrong("the PROXY protocol header is too short for its addresses");
    }
    if used > MOST_OF_V2 {
        return Step::Wrong("the PROXY protocol header is longer than 4096 octets");
    }
    match octets.get(..used) {
        None => Step::Incomplete,
        Some(_) if is_local => Step::Done { used, source: None },
        Some(header) => parsed(header),
    }
}

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The longest header of version 2 that is read. The addresses need 232 octets
/// at most; the rest is for certificate names and tokens of a balancer.
const MOST_OF_V2: usize = 4096;

/// Parses octets that are one whole header by their framing.
fn parsed(header: &[u8]) -> Step {
    let config = ParseConfig {
        // Nothing of them is used.
        include_tlvs: false,
        ..ParseConfig::default()
    };
    match ProxyHeader::parse(header, config) {
        Ok((parsed, used)) if used == header.len() => Step::Done {
            used,
            source: parsed.proxied_address().map(|address| address.source),
        },
        _ => Step::Wrong("an address of the PROXY protocol header cannot be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of version 2.
    fn v2(command: u8, family: u8, content: &[&[u8]]) -> Vec<u8> {
        let content = content.concat();
        let length = u16::try_from(content.len()).expect("a length");
        [
            SIGNATURE,
            &[command, family],
            &length.to_be_bytes(),
            &content,
        ]
        .concat()
    }

    const IPV4: &[u8] = &[192, 0, 2, 1, 198, 51, 100, 1, 0x30, 0x39, 0x01, 0xBB];
    const IPV6: &[u8] = &[
        0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, //
        0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x30, 0x39, 0x01, 0xBB,
    ];
    /// An authority, a padding and an identifier.
    const TLVS: &[u8] = b"\x02\0\x0Bexample.com\x04\0\x02\0\0\x05\0\x01x";

    fn headers() -> Vec<(Vec<u8>, Option<&'static str>)> {
        let v4 = Some("192.0.2.1:12345");
        let v6 = Some("[2001:db8::1]:12345");
        let text = |line: &str| line.as_bytes().to_vec();
        let longest = format!("PROXY UNKNOWN {}\r\n", "x".repeat(91));
        assert_eq!(longest.len(), MOST_OF_V1);
        vec![
            (text("PROXY TCP4 192.0.2.1 198.51.100.1 12345 443\r\n"), v4),
            (text("PROXY TCP6 2001:db8::1 2001:DB8::2 12345 443\r\n"), v6),
            (
                text("PROXY TCP6 ::ffff:192.0.2.1 ::1 12345 443\r\n"),
                Some("[::ffff:192.0.2.1]:12345"),
            ),
            (
                text("PROXY TCP4 192.0.2.1 192.0.2.2 0 65535\r\n"),
                Some("192.0.2.1:0"),
            ),
            (
                text(
                    "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
                ),
                Some("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"),
            ),
            (text("PROXY UNKNOWN\r\n"), None),
            (text("PROXY UNKNOWN ffff::1 what ever\0\r\n"), None),
            (text(&longest), None),
            (v2(0x21, 0x11, &[IPV4]), v4),
            (v2(0x21, 0x12, &[IPV4]), v4),
            (v2(0x21, 0x11, &[IPV4, TLVS]), v4),
            (v2(0x21, 0x21, &[IPV6]), v6),
            (v2(0x21, 0x22, &[IPV6, TLVS]), v6),
            (v2(0x21, 0x11, &[IPV4, &[0; 4096 - 16 - 12]]), v4),
            // Not one TLV, and not ours to judge.
            (v2(0x21, 0x11, &[IPV4, b"\x05\xFF\xFF"]), v4),
            (v2(0x21, 0x00, &[]), None),
            (v2(0x21, 0x00, &[TLVS]), None),
            (v2(0x21, 0x31, &[&[b'/'; 216], TLVS]), None),
            (v2(0x20, 0x00, &[]), None),
            (v2(0x20, 0x00, &[TLVS]), None),
            (v2(0x20, 0x11, &[IPV4]), None),
            (v2(0x20, 0x11, &[]), None),
            (v2(0x20, 0xFF, &[b"?"]), None),
        ]
    }

    #[test]
    fn headers_are_read_and_nothing_after_them() {
        for (header, source) in headers() {
            let source = source.map(|source| source.parse().expect("an address"));
            let used = header.len();
            for after in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", b"\r\n", &header] {
                let octets = [&header[..], after].concat();
                assert_eq!(
                    read(&octets),
                    Step::Done { used, source },
                    "{}",
                    octets.escape_ascii()
                );
            }
        }
    }

    #[test]
    fn every_prefix_is_incomplete() {
        for (header, _) in headers() {
            for end in 0..header.len() {
                let prefix = &header[..end];
                assert_eq!(read(prefix), Step::Incomplete, "{}", prefix.escape_ascii());
            }
        }
    }

    #[test]
    fn what_cannot_become_a_header_is_wrong_at_once() {
        let unframed = |command, family, length: u16| {
            let fixed = [command, family];
            [SIGNATURE, &fixed, &length.to_be_bytes()].concat()
        };
        let wrong: &[&[u8]] = &[
            b"G",
            b"\n",
            b" PROXY UNKNOWN\r\n",
            b"\0PROXY UNKNOWN\r\n",
            b"proxy",
            b"\x16\x03\x01",
            b"PRI * HTTP/2.0",
            b"PO",
            b"PROXYTCP4",
            b"PROXY  ",
            b"PROXY\t",
            b"PROXYxTCP4 192.0.2.1 192.0.2.2 1 2\r\n",
            b"PROXY UDP4",
            b"PROXY TCP5",
            b"PROXY TCP4\t",
            b"PROXY TCP4 x",
            b"PROXY TCP4 192.0.2.1\t",
            b"PROXY TCP4 192.0.2.1,",
            b"PROXY UNKNOWNx",
            b"PROXY UNKNOWN\n",
            b"PROXY UNKNOWN\r\r",
            b"PROXY UNKNOWN\rx",
            b"PROXY UNKNOWN x\nx",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n\r",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
            b"PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n",
            b"PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 -",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 +",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 00\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 a 2\r\n",
            b"PROXY TCP4 192.0.02.1 192.0.2.2 1 2\r\n",
            b"PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n",
            b"PROXY TCP4 ::1 ::1 1 2\r\n",
            b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
            b"PROXY TCP6 [",
            b"PROXY TCP6 fe80::1%",
            b"PROXY TCP4 \r\n",
            b"\r\r",
            b"\r\n\r\n\0\r\nQUIT\r",
            b"\r\n\r\nGET",
            b"\r\n\r\n\0\r\nQUIT\n\x11",
            b"\r\n\r\n\0\r\nQUIT\n\x22",
            b"\r\n\r\n\0\r\nQUIT\n\x01",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x10",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x41",
            &unframed(0x21, 0x11, 11),
            &unframed(0x21, 0x21, 35),
            &unframed(0x21, 0x31, 215),
            &unframed(0x21, 0x11, 4096 - 16 + 1),
            &unframed(0x20, 0x00, u16::MAX),
            b"PROXY TCP4 1PROXY",
            &[b"PROXY TCP4 ", &[b'1'; 96][..]].concat(),
            &[b"PROXY UNKNOWN ", &[b'x'; 93][..]].concat(),
            &[b"PROXY UNKNOWN ", &[b'x'; 92][..], b"\r\n"].concat(),
        ];
        for &octets in wrong {
            let text = octets.escape_ascii();
            assert!(matches!(read(octets), Step::Wrong(_)), "{text}");
            // What was wrong does not get right by what follows.
            let more = [octets, b"\r\nPROXY UNKNOWN\r\n"].concat();
            assert_eq!(read(&more), read(octets), "{text}");
        }
    }
}
