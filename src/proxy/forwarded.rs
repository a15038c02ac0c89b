//! What this hop says of itself: `X-Forwarded-*`, `Forwarded` (RFC 7239) and
//! `Via` (RFC 9110 §7.6.3), and what it believes of what others said.
//!
//! An origin takes these fields for the word of its own proxies. So what a
//! client says in them goes no further unless the client is a proxy that is
//! trusted; of one that is, the chain is carried on. All that can be made once
//! a connection is made in [`Hop::new`].

use crate::fields::{same_name, starts_with};
use crate::octet;
use std::net::SocketAddr;

/// Which fields are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// `X-Forwarded-For`, `-Proto` and `-Host`.
    pub(super) x_forwarded: bool,
    /// `Forwarded`.
    pub(super) forwarded: bool,
    /// `Via`, in both directions.
    pub(super) via: bool,
}

/// What is known of a client as long as its connection lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client {
    /// Nothing on a Unix socket.
    pub(super) peer: Option<SocketAddr>,
    pub(super) scheme: Scheme,
    pub(super) trust: Trust,
}

/// How the client spoke to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

/// Whether what the client says of those before it is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    Trusted,
    Untrusted,
}

/// A field in which a hop speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Forwarded,
    Via,
    XForwardedFor,
    XForwardedHost,
    XForwardedProto,
}

/// What becomes of one field line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// Our element is appended to the last line of this field; the others stay.
    Append(Field),
    /// It does not go on.
    Drop,
    /// It goes on as it is.
    Keep,
    /// It goes on as it is, and we add no line of this field.
    Stand(Field),
}

/// The fields that a message has already, each with its last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    forwarded: Option<usize>,
    via: Option<usize>,
    x_forwarded_for: Option<usize>,
    x_forwarded_host: Option<usize>,
    x_forwarded_proto: Option<usize>,
}

impl Seen {
    /// Remembers what becomes of the line at this place. Lines are noted in
    /// their order.
    pub(super) const fn note(&mut self, line: usize, treatment: Treatment) {
        if let Treatment::Append(field) | Treatment::Stand(field) = treatment {
            let last = match field {
                Field::Forwarded => &mut self.forwarded,
                Field::Via => &mut self.via,
                Field::XForwardedFor => &mut self.x_forwarded_for,
                Field::XForwardedHost => &mut self.x_forwarded_host,
                Field::XForwardedProto => &mut self.x_forwarded_proto,
            };
            *last = Some(line);
        }
    }

    /// Whether the line at this place is the last of its field.
    pub(super) fn is_last(&self, field: Field, line: usize) -> bool {
        self.last(field) == Some(line)
    }

    const fn last(&self, field: Field) -> Option<usize> {
        match field {
            Field::Forwarded => self.forwarded,
            Field::Via => self.via,
            Field::XForwardedFor => self.x_forwarded_for,
            Field::XForwardedHost => self.x_forwarded_host,
            Field::XForwardedProto => self.x_forwarded_proto,
        }
    }
}

/// What we say of one client's connection.
#[derive(Clone, Debug)]
pub(super) struct Hop {
    settings: Settings,
    trust: Trust,
    /// The lines of a request that has none of them, but those with a host.
    lines: Box<[u8]>,
    /// The element of `X-Forwarded-For`, if the client has an address.
    address: Option<Box<[u8]>>,
    scheme: &'static [u8],
    /// The element of `Forwarded`, without the host.
    element: Box<[u8]>,
}

impl Hop {
    pub(super) fn new(settings: Settings, client: &Client) -> Self {
        // A client that came over IPv4 is one, whatever the socket is.
        let ip = client.peer.map(|peer| peer.ip().to_canonical());
        let node = match ip {
            Some(ip) if ip.is_ipv6() => format!("\"[{ip}]\""),
            Some(ip) => ip.to_string(),
            None => "unknown".to_owned(),
        };
        let scheme = match client.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        let mut hop = Self {
            settings,
            trust: client.trust,
            lines: Box::default(),
            address: ip.map(|ip| ip.to_string().into_bytes().into()),
            scheme: scheme.as_bytes(),
            element: format!("for={node};proto={scheme}").into_bytes().into(),
        };
        let mut lines = Vec::new();
        hop.lines_without_host(&mut lines, Seen::default());
        hop.lines = lines.into();
        hop
    }

    /// What becomes of a line of a request.
    ///
    /// A hop that speaks in none of these fields leaves what others said alone.
    /// One that speaks in any drops all that an untrusted client says in the
    /// others too: an origin may look at those first.
    pub(super) fn treatment(&self, name: &str) -> Treatment {
        let Settings {
            x_forwarded,
            forwarded,
            ..
        } = self.settings;
        let Some(named) = Named::of(name) else {
            return Treatment::Keep;
        };
        if named == Named::Field(Field::Via) {
            return self.response_treatment(name);
        }
        if !x_forwarded && !forwarded {
            return Treatment::Keep;
        }
        // No proxy writes these with `_`: whoever is trusted passed on what
        // its own client sent, and an origin may take it for the field.
        if self.trust == Trust::Untrusted || name.contains('_') {
            return Treatment::Drop;
        }
        match named {
            Named::Field(Field::XForwardedFor) if x_forwarded => match self.address {
                Some(_) => Treatment::Append(Field::XForwardedFor),
                None => Treatment::Stand(Field::XForwardedFor),
            },
            Named::Field(Field::Forwarded) if forwarded => Treatment::Append(Field::Forwarded),
            Named::Field(field) => Treatment::Stand(field),
            Named::Other => Treatment::Keep,
        }
    }

    /// What becomes of a line of a response.
    pub(super) fn response_treatment(&self, name: &str) -> Treatment {
        if self.settings.via && name.eq_ignore_ascii_case("Via") {
            Treatment::Append(Field::Via)
        } else {
            Treatment::Keep
        }
    }

    /// Writes what is appended to the last line of `field`, whose value so far
    /// is `value`.
    pub(super) fn append(&self, out: &mut Vec<u8>, field: Field, value: &[u8], host: &[u8]) {
        if !value.trim_ascii().is_empty() {
            out.extend_from_slice(b", ");
        }
        match field {
            Field::Forwarded => self.write_element(out, host),
            Field::Via => out.extend_from_slice(VIA),
            Field::XForwardedFor => out.extend_from_slice(self.address.as_deref().unwrap_or(b"")),
            Field::XForwardedProto => out.extend_from_slice(self.scheme),
            Field::XForwardedHost => out.extend_from_slice(host),
        }
    }

    /// Writes the lines of a request that it has not, each with its line end.
    /// `host` is what the client asked for; one that cannot stand in a list or
    /// in a quoted string is left out.
    pub(super) fn lines(&self, out: &mut Vec<u8>, host: &[u8], seen: Seen) {
        if seen == Seen::default() {
            out.extend_from_slice(&self.lines);
        } else {
            self.lines_without_host(out, seen);
        }
        let is_missing = |field| seen.last(field).is_none();
        if self.settings.x_forwarded && is_missing(Field::XForwardedHost) && is_plain_host(host) {
            write_line(out, b"X-Forwarded-Host: ", host);
        }
        if self.settings.forwarded && is_missing(Field::Forwarded) {
            out.extend_from_slice(b"Forwarded: ");
            self.write_element(out, host);
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Writes the lines of a response that it has not.
    pub(super) fn response_lines(&self, out: &mut Vec<u8>, seen: Seen) {
        if self.settings.via && seen.via.is_none() {
            write_line(out, b"Via: ", VIA);
        }
    }

    fn lines_without_host(&self, out: &mut Vec<u8>, seen: Seen) {
        self.response_lines(out, seen);
        if !self.settings.x_forwarded {
            return;
        }
        if let (None, Some(address)) = (seen.x_forwarded_for, &self.address) {
            write_line(out, b"X-Forwarded-For: ", address);
        }
        if seen.x_forwarded_proto.is_none() {
            write_line(out, b"X-Forwarded-Proto: ", self.scheme);
        }
    }

    /// `for=192.0.2.1;proto=http;host=example.com` (RFC 7239 §4).
    fn write_element(&self, out: &mut Vec<u8>, host: &[u8]) {
        out.extend_from_slice(&self.element);
        // value = token / quoted-string
        if host.is_empty() || !host.iter().all(|octet| matches!(octet, b' '..=b'~')) {
            return;
        }
        out.extend_from_slice(b";host=");
        if host.iter().all(|&octet| octet::is_token(octet)) {
            out.extend_from_slice(host);
        } else {
            out.push(b'"');
            for &octet in host {
                if matches!(octet, b'"' | b'\\') {
                    out.push(b'\\');
                }
                out.push(octet);
            }
            out.push(b'"');
        }
    }
}

/// The version in which messages are received, and a name for us.
const VIA: &[u8] = b"1.1 headguard";

fn write_line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for part in [name, value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

/// Whether a host can stand in `X-Forwarded-Host`, which has no quotes: what
/// RFC 3986 has in an authority, except the comma, which would make two of it.
fn is_plain_host(host: &[u8]) -> bool {
    let is_plain =
        |octet: &u8| octet.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=:[]".contains(octet);
    !host.is_empty() && host.iter().all(is_plain)
}

/// Whether this is a field in which hops speak. `Connection` cannot nominate
/// it: a client must not be able to strip what was said of it.
pub(super) fn is_of_hops(name: &str) -> bool {
    Named::of(name).is_some()
}

/// What a name of such a field names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Field(Field),
    /// One that we do not write, but origins read.
    Other,
}

impl Named {
    fn of(name: &str) -> Option<Self> {
        let is = |known| same_name(name, known);
        let of_us = |known, field| is(known).then_some(Self::Field(field));
        // Nearly every name ends here or, with another word after `X-`, soon.
        match name.as_bytes().first()? {
            b'f' | b'F' => of_us("Forwarded", Field::Forwarded),
            b'v' | b'V' => of_us("Via", Field::Via),
            b'x' | b'X' if starts_with(name, "X-Forwarded-") => {
                let known = match name.len() {
                    15 => of_us("X-Forwarded-For", Field::XForwardedFor),
                    16 => of_us("X-Forwarded-Host", Field::XForwardedHost),
                    17 => of_us("X-Forwarded-Proto", Field::XForwardedProto),
                    _ => None,
                };
                known.or(Some(Self::Other))
            }
            b'x' | b'X' if is("X-Forwarded") || is("X-Real-IP") => Some(Self::Other),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Settings = Settings {
        x_forwarded: true,
        forwarded: true,
        via: true,
    };
    const NONE: Settings = Settings {
        x_forwarded: false,
        forwarded: false,
        via: false,
    };
    const X_FORWARDED: Settings = Settings {
        x_forwarded: true,
        ..NONE
    };
    const FORWARDED: Settings = Settings {
        forwarded: true,
        ..NONE
    };
    const VIA_ONLY: Settings = Settings { via: true, ..NONE };

    fn hop(settings: Settings, peer: &str, scheme: Scheme, trust: Trust) -> Hop {
        let peer = (peer != "unix").then(|| peer.parse().expect("an address"));
        let client = Client {
            peer,
            scheme,
            trust,
        };
        Hop::new(settings, &client)
    }

    fn http(settings: Settings, trust: Trust) -> Hop {
        hop(settings, "192.0.2.1:5000", Scheme::Http, trust)
    }

    /// A request's lines, and what of them goes on together with ours.
    fn forwards(hop: &Hop, host: &str, lines: &[(&str, &str)]) -> String {
        let mut seen = Seen::default();
        for (line, (name, _)) in lines.iter().enumerate() {
            seen.note(line, hop.treatment(name));
        }
        let mut out = Vec::new();
        for (line, (name, value)) in lines.iter().enumerate() {
            let treatment = hop.treatment(name);
            if treatment == Treatment::Drop {
                continue;
            }
            out.extend_from_slice(format!("{name}: {value}").as_bytes());
            if let Treatment::Append(field) = treatment
                && seen.is_last(field, line)
            {
                hop.append(&mut out, field, value.as_bytes(), host.as_bytes());
            }
            out.extend_from_slice(b"\r\n");
        }
        hop.lines(&mut out, host.as_bytes(), seen);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn what_becomes_of_each_name() {
        use Field::{Forwarded, Via, XForwardedFor, XForwardedHost, XForwardedProto};
        use Treatment::{Append, Drop, Keep, Stand};
        let hops = [
            http(ALL, Trust::Untrusted),
            http(ALL, Trust::Trusted),
            http(X_FORWARDED, Trust::Untrusted),
            http(X_FORWARDED, Trust::Trusted),
            http(FORWARDED, Trust::Untrusted),
            http(FORWARDED, Trust::Trusted),
            http(VIA_ONLY, Trust::Untrusted),
            http(NONE, Trust::Trusted),
        ];
        let (for_, host, proto) = (XForwardedFor, XForwardedHost, XForwardedProto);
        #[rustfmt::skip]
        let table: &[(&str, [Treatment; 8])] = &[
            ("X-Forwarded-For", [Drop, Append(for_), Drop, Append(for_), Drop, Stand(for_), Keep, Keep]),
            ("x-forwarded-FOR", [Drop, Append(for_), Drop, Append(for_), Drop, Stand(for_), Keep, Keep]),
            ("X-Forwarded-Proto", [Drop, Stand(proto), Drop, Stand(proto), Drop, Stand(proto), Keep, Keep]),
            ("X-Forwarded-Host", [Drop, Stand(host), Drop, Stand(host), Drop, Stand(host), Keep, Keep]),
            ("X-Forwarded-Port", [Drop, Keep, Drop, Keep, Drop, Keep, Keep, Keep]),
            ("X-Forwarded-Prefix", [Drop, Keep, Drop, Keep, Drop, Keep, Keep, Keep]),
            ("X-Forwarded-Server", [Drop, Keep, Drop, Keep, Drop, Keep, Keep, Keep]),
            ("X-Forwarded-Whatever", [Drop, Keep, Drop, Keep, Drop, Keep, Keep, Keep]),
            ("X-Forwarded-", [Drop, Keep, Drop, Keep, Drop, Keep, Keep, Keep]),
            ("X-Forwarded", [Drop, Keep, Drop, Keep, Drop, Keep, Keep, Keep]),
            ("x-real-ip", [Drop, Keep, Drop, Keep, Drop, Keep, Keep, Keep]),
            ("X_Forwarded_For", [Drop, Drop, Drop, Drop, Drop, Drop, Keep, Keep]),
            ("X-Forwarded_Proto", [Drop, Drop, Drop, Drop, Drop, Drop, Keep, Keep]),
            ("X_Real_IP", [Drop, Drop, Drop, Drop, Drop, Drop, Keep, Keep]),
            ("Forwarded", [Drop, Append(Forwarded), Drop, Stand(Forwarded), Drop, Append(Forwarded), Keep, Keep]),
            ("FORWARDED", [Drop, Append(Forwarded), Drop, Stand(Forwarded), Drop, Append(Forwarded), Keep, Keep]),
            ("Via", [Append(Via), Append(Via), Keep, Keep, Keep, Keep, Append(Via), Keep]),
            ("via", [Append(Via), Append(Via), Keep, Keep, Keep, Keep, Append(Via), Keep]),
        ];
        for (name, treatments) in table {
            let treated = hops.each_ref().map(|hop| hop.treatment(name));
            assert_eq!(treated, *treatments, "{name}");
            assert!(is_of_hops(name), "{name}");
        }
        for name in [
            "",
            "X",
            "X-",
            "F",
            "V",
            "Host",
            "Vary",
            "From",
            "Forwarde",
            "Forwarded-For",
            "Forwarded_",
            "X-Forwarder",
            "X-Forward-For",
            "XX-Forwarded-For",
            "X-Request-Id",
            "X-Real-IPs",
            "Company-Name",
        ] {
            for hop in &hops {
                assert_eq!(hop.treatment(name), Keep, "{name}");
            }
            assert!(!is_of_hops(name), "{name}");
        }
    }

    #[test]
    fn a_request_that_says_nothing() {
        let x_forwarded = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: example.com\r\n";
        let forwarded = "Forwarded: for=192.0.2.1;proto=http;host=example.com\r\n";
        for trust in [Trust::Trusted, Trust::Untrusted] {
            for (settings, lines) in [
                (
                    ALL,
                    format!("Via: 1.1 headguard\r\n{x_forwarded}{forwarded}"),
                ),
                (X_FORWARDED, x_forwarded.to_owned()),
                (FORWARDED, forwarded.to_owned()),
                (VIA_ONLY, "Via: 1.1 headguard\r\n".to_owned()),
                (NONE, String::new()),
            ] {
                let hop = http(settings, trust);
                assert_eq!(forwards(&hop, "example.com", &[]), lines, "{settings:?}");
            }
        }
    }

    #[test]
    fn who_the_client_is() {
        for (peer, scheme, x_forwarded, element) in [
            (
                "192.0.2.1:1",
                Scheme::Https,
                "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n",
                "for=192.0.2.1;proto=https",
            ),
            (
                "[2001:db8::1]:1",
                Scheme::Http,
                "X-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: http\r\n",
                "for=\"[2001:db8::1]\";proto=http",
            ),
            (
                "[::ffff:192.0.2.1]:1",
                Scheme::Http,
                "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\n",
                "for=192.0.2.1;proto=http",
            ),
            (
                "unix",
                Scheme::Http,
                "X-Forwarded-Proto: http\r\n",
                "for=unknown;proto=http",
            ),
        ] {
            let hop = hop(ALL, peer, scheme, Trust::Untrusted);
            assert_eq!(
                forwards(&hop, "", &[]),
                format!("Via: 1.1 headguard\r\n{x_forwarded}Forwarded: {element}\r\n")
            );
        }
    }

    #[test]
    fn the_chain_of_a_trusted_client_is_carried_on() {
        let hop = http(ALL, Trust::Trusted);
        let sent = [
            ("x-forwarded-for", "198.51.100.1"),
            ("Forwarded", "for=198.51.100.1"),
            ("Accept", "*/*"),
            ("X-Forwarded-For", "198.51.100.2"),
            ("Via", "1.0 fred"),
            ("X_Forwarded_For", "203.0.113.1"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Port", "443"),
        ];
        assert_eq!(
            forwards(&hop, "example.com", &sent),
            "x-forwarded-for: 198.51.100.1\r\n\
             Forwarded: for=198.51.100.1, for=192.0.2.1;proto=http;host=example.com\r\n\
             Accept: */*\r\n\
             X-Forwarded-For: 198.51.100.2, 192.0.2.1\r\n\
             Via: 1.0 fred, 1.1 headguard\r\n\
             X-Forwarded-Proto: https\r\n\
             X-Forwarded-Port: 443\r\n\
             X-Forwarded-Host: example.com\r\n"
        );
        let empty = [("X-Forwarded-For", ""), ("X-Forwarded-Host", "a.example")];
        assert_eq!(
            forwards(&http(X_FORWARDED, Trust::Trusted), "example.com", &empty),
            "X-Forwarded-For: 192.0.2.1\r\n\
             X-Forwarded-Host: a.example\r\n\
             X-Forwarded-Proto: http\r\n"
        );
    }

    #[test]
    fn a_client_without_address_adds_none() {
        let unix = hop(X_FORWARDED, "unix", Scheme::Http, Trust::Trusted);
        assert_eq!(
            forwards(&unix, "h", &[("X-Forwarded-For", "192.0.2.9")]),
            "X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n"
        );
    }

    #[test]
    fn what_an_untrusted_client_says_does_not_go_on() {
        let hop = http(ALL, Trust::Untrusted);
        let sent = [
            ("X-Forwarded-For", "127.0.0.1"),
            ("x_forwarded_for", "127.0.0.1"),
            ("X-Real-IP", "127.0.0.1"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "evil.example"),
            ("Forwarded", "for=127.0.0.1;proto=https"),
            ("Via", "1.1 a"),
            ("Via", "1.1 b"),
        ];
        assert_eq!(
            forwards(&hop, "example.com", &sent),
            "Via: 1.1 a\r\n\
             Via: 1.1 b, 1.1 headguard\r\n\
             X-Forwarded-For: 192.0.2.1\r\n\
             X-Forwarded-Proto: http\r\n\
             X-Forwarded-Host: example.com\r\n\
             Forwarded: for=192.0.2.1;proto=http;host=example.com\r\n"
        );
    }

    #[test]
    fn hosts() {
        let both = Settings { via: false, ..ALL };
        let hop = http(both, Trust::Untrusted);
        for (host, x_forwarded, forwarded) in [
            ("example.com", Some("example.com"), Some("example.com")),
            ("a_b.example.", Some("a_b.example."), Some("a_b.example.")),
            ("h:8080", Some("h:8080"), Some("\"h:8080\"")),
            ("[::1]:80", Some("[::1]:80"), Some("\"[::1]:80\"")),
            ("a,b", None, Some("\"a,b\"")),
            ("a;b=c", Some("a;b=c"), Some("\"a;b=c\"")),
            ("a\"b", None, Some("\"a\\\"b\"")),
            ("a\\b", None, Some("\"a\\\\b\"")),
            ("a b", None, Some("\"a b\"")),
            ("a\tb", None, None),
            ("a\r\nX: 1", None, None),
            ("a\0", None, None),
            ("a\x7F", None, None),
            ("é.example", None, None),
            ("", None, None),
        ] {
            let x_forwarded = x_forwarded.map_or(String::new(), |host| {
                format!("X-Forwarded-Host: {host}\r\n")
            });
            let forwarded = forwarded.map_or(String::new(), |host| format!(";host={host}"));
            let lines = forwards(&hop, host, &[]);
            let fixed = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\n";
            assert_eq!(
                lines,
                format!("{fixed}{x_forwarded}Forwarded: for=192.0.2.1;proto=http{forwarded}\r\n"),
                "{host:?}"
            );
        }
    }

    #[test]
    fn responses() {
        let hop = http(ALL, Trust::Untrusted);
        let mut out = Vec::new();
        hop.response_lines(&mut out, Seen::default());
        assert_eq!(out, b"Via: 1.1 headguard\r\n");
        // Of a response the upstream's words stay, whoever the client is.
        assert_eq!(hop.response_treatment("X-Forwarded-For"), Treatment::Keep);
        let via = hop.response_treatment("VIA");
        assert_eq!(via, Treatment::Append(Field::Via));
        let mut seen = Seen::default();
        seen.note(3, via);
        assert!(seen.is_last(Field::Via, 3) && !seen.is_last(Field::Via, 2));
        out.clear();
        hop.append(&mut out, Field::Via, b"1.1 origin", b"");
        hop.response_lines(&mut out, seen);
        assert_eq!(out, b", 1.1 headguard");
        out.clear();
        let silent = http(X_FORWARDED, Trust::Untrusted);
        silent.response_lines(&mut out, Seen::default());
        assert!(out.is_empty());
        assert_eq!(silent.response_treatment("Via"), Treatment::Keep);
    }
}
