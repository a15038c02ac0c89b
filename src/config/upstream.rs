//! The origin behind the proxy, and how it is spoken to.

use super::authority::{Authority, authority, bracketed};
use super::listen::{Listen, socket_path, unix};
use super::nearest::nearest;
use super::report::Complaint;
use crate::named::named;
use crate::preview::Preview;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

/// How the upstream is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// HTTP/1.1 over TCP.
    Http,
    /// HTTP/1.1 over TLS.
    Https,
    /// HTTP/2 over TCP, with prior knowledge (RFC 9113 §3.3).
    H2c,
    /// HTTP/2 over TLS.
    H2,
    /// HTTP/1.1 over a unix socket.
    Unix,
}

named!(Scheme, "scheme", {
    Http "http",
    Https "https",
    H2c "h2c",
    H2 "h2",
    Unix "unix",
});

impl Scheme {
    /// The port where none is written; 0 for a unix socket.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http | Self::H2c => 80,
            Self::Https | Self::H2 => 443,
            Self::Unix => 0,
        }
    }

    /// Whether it speaks TLS.
    #[must_use]
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::Https | Self::H2)
    }

    /// Whether it speaks HTTP/2.
    #[must_use]
    pub const fn is_h2(self) -> bool {
        matches!(self, Self::H2c | Self::H2)
    }
}

/// The origin behind the proxy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Upstream {
    scheme: Scheme,
    /// Empty for a unix socket.
    host: String,
    port: u16,
    /// That of the unix socket.
    path: Option<PathBuf>,
}

impl Upstream {
    /// How it is spoken to.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The name or the IP address, which for IPv6 is without brackets; empty
    /// for a unix socket.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the scheme's where none was written; 0 for a unix socket.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The path of the unix socket, if it is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether it is spoken to over TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.scheme.is_tls()
    }

    /// Whether it is spoken to in HTTP/2.
    #[must_use]
    pub const fn is_h2(&self) -> bool {
        self.scheme.is_h2()
    }

    /// What a `Host` field that names it holds: the host, and the port unless
    /// it is the scheme's own; `localhost` for a unix socket.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = bracketed(&self.host);
        if self.path.is_some() {
            "localhost".to_owned()
        } else if self.port == self.scheme.default_port() {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }

    /// Whether connecting to this arrives at `listener`, as far as the name tells.
    pub(super) fn is(&self, listener: &Listen) -> bool {
        match (listener, &self.path) {
            (Listen::Unix(listener), Some(path)) => listener == path,
            (Listen::Tcp(listener), None) => {
                let here = listener.ip().is_loopback() || listener.ip().is_unspecified();
                let same_host = match self.ip() {
                    Host::This => here,
                    Host::Ip(ip) if ip.is_loopback() => {
                        ip == listener.ip() || listener.ip().is_unspecified()
                    }
                    Host::Ip(ip) => ip == listener.ip(),
                    Host::Name => false,
                };
                same_host && self.port == listener.port()
            }
            _ => false,
        }
    }

    fn ip(&self) -> Host {
        match self.host.parse::<IpAddr>() {
            // Connecting to no address in particular arrives at this machine.
            Ok(ip) if ip.is_unspecified() => Host::This,
            Ok(ip) => Host::Ip(ip.to_canonical()),
            Err(_) if self.host.eq_ignore_ascii_case("localhost") => Host::This,
            Err(_) => Host::Name,
        }
    }
}

/// What a host's name tells of where it is.
enum Host {
    /// This machine, by some address of its own.
    This,
    Ip(IpAddr),
    Name,
}

impl Default for Upstream {
    /// `http://127.0.0.1:3000`
    fn default() -> Self {
        Self {
            scheme: Scheme::Http,
            host: Ipv4Addr::LOCALHOST.to_string(),
            port: 3000,
            path: None,
        }
    }
}

/// As in the configuration: `http://127.0.0.1:3000`.
impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, port, .. } = self;
        match &self.path {
            Some(path) => write!(f, "unix:{}", path.display()),
            None => write!(f, "{scheme}://{}:{port}", bracketed(&self.host)),
        }
    }
}

/// Reads `scheme://host[:port]` or `unix:/path`.
pub(super) fn upstream(text: &str) -> Result<Upstream, Complaint> {
    if let Some(path) = unix(text) {
        return Ok(Upstream {
            scheme: Scheme::Unix,
            host: String::new(),
            port: 0,
            path: Some(socket_path(path)?),
        });
    }
    let shown = Preview::new(text.as_bytes()).up_to(80);
    let Some((scheme, rest)) = text.split_once("://") else {
        let help = if text.starts_with('/') {
            format!("a unix socket is written unix:{shown}")
        } else if authority(text).is_ok() {
            format!("write http://{shown}")
        } else {
            "write http://host:port".to_owned()
        };
        return Err(Complaint::new(format!("\"{shown}\" has no scheme")).help(help));
    };
    let scheme = known(scheme)?;
    // `/` alone is the empty path (RFC 3986 §6.2.3).
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    for (mark, part) in [
        ('?', "query"),
        ('#', "fragment"),
        ('/', "path"),
        ('@', "credentials"),
    ] {
        if rest.contains(mark) {
            return Err(
                Complaint::new(format!("an upstream has no {part}")).help(format!(
                    "write {scheme}://host:port; the request's own path is passed on"
                )),
            );
        }
    }
    let Authority { host, port } = authority(rest)?;
    Ok(Upstream {
        scheme,
        host: host.to_owned(),
        port: port.unwrap_or(scheme.default_port()),
        path: None,
    })
}

fn known(scheme: &str) -> Result<Scheme, Complaint> {
    let all = || Scheme::ALL.iter().filter(|one| **one != Scheme::Unix);
    if let Some(known) = all().find(|one| scheme.eq_ignore_ascii_case(one.name())) {
        return Ok(*known);
    }
    let shown = Preview::new(scheme.as_bytes()).up_to(20);
    let near = match scheme.to_ascii_lowercase().as_str() {
        // Upgrades are passed on, so these are spoken over HTTP.
        "ws" => Some("http"),
        "wss" => Some("https"),
        "grpc" => Some("h2c"),
        "grpcs" => Some("h2"),
        _ => nearest(scheme, all().map(|one| one.name())),
    };
    let complaint = Complaint::new(format!("\"{shown}\" is no scheme of an upstream"));
    Err(match near {
        Some(near) => complaint.help(format!("did you mean {near}://?")),
        None => complaint.help("write http://, https://, h2c:// or h2:// and host:port"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::listen::listen;
    use super::*;

    #[test]
    fn upstreams() {
        for (text, read, host) in [
            (
                "http://127.0.0.1:3000",
                "http://127.0.0.1:3000",
                "127.0.0.1:3000",
            ),
            ("HTTP://api", "http://api:80", "api"),
            (
                "http://api.internal./",
                "http://api.internal.:80",
                "api.internal.",
            ),
            ("http://[::1]:1", "http://[::1]:1", "[::1]:1"),
            ("http://[::1]", "http://[::1]:80", "[::1]"),
            (
                "http://my_service:65535",
                "http://my_service:65535",
                "my_service:65535",
            ),
            ("https://api", "https://api:443", "api"),
            ("https://api:80", "https://api:80", "api:80"),
            ("h2c://api", "h2c://api:80", "api"),
            ("h2://api/", "h2://api:443", "api"),
            ("unix:/run/x", "unix:/run/x", "localhost"),
            ("unix:///run/x", "unix:/run/x", "localhost"),
        ] {
            match upstream(text) {
                Ok(upstream) => {
                    assert_eq!(upstream.to_string(), read, "{text}");
                    assert_eq!(upstream.authority(), host, "{text}");
                    assert_eq!(upstream.path().is_some(), upstream.host().is_empty());
                }
                Err(complaint) => panic!("{text}: {complaint:?}"),
            }
        }
        for text in [
            "",
            "api",
            "/run/x",
            "unix:",
            "unix:x",
            "unix://x",
            "ftp://api",
            "http:/api",
            "http://",
            "http:///",
            "http://:80",
            "http://api/v1",
            "http://api?x",
            "http://api#x",
            "http://user:word@api",
            "http://api:",
            "http://api:0",
            "http://api:+80",
            "http://api:65536",
            "http://3000",
            "http://127.0.0.1.1",
            "http://::1",
            "http://[::1",
            "http://[::1]80",
            "http://[1.2.3.4]:80",
            "http://bücher.example",
            "http://a..b",
            "http://a b",
            "http://a\r\nb",
        ] {
            assert!(upstream(text).is_err(), "{text}");
        }
    }

    #[test]
    fn schemes_that_are_meant() {
        for (text, remedy) in [
            ("ws://api", "http://"),
            ("wss://api", "https://"),
            ("grpc://api", "h2c://"),
            ("htps://api", "https://"),
            ("ftp://api", "write http://"),
        ] {
            let help = upstream(text).err().and_then(|complaint| complaint.help);
            assert!(help.is_some_and(|help| help.contains(remedy)), "{text}");
        }
    }

    #[test]
    fn an_upstream_that_is_the_listener() {
        let is = |upstream_text: &str, listener_text: &str| match (
            upstream(upstream_text),
            listen(listener_text),
        ) {
            (Ok(upstream), Ok(listener)) => upstream.is(&listener),
            _ => panic!("{upstream_text} {listener_text}"),
        };
        assert!(is("http://127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(is("http://localhost:8080", "0.0.0.0:8080"));
        assert!(is("http://localhost:8080", "[::1]:8080"));
        assert!(is("http://0.0.0.0:8080", "127.0.0.1:8080"));
        assert!(is("http://[::1]:8080", "[::]:8080"));
        assert!(is("https://127.0.0.1", "127.0.0.1:443"));
        assert!(is("unix:/run/x", "unix:/run/x"));
        assert!(!is("unix:/run/x", "unix:/run/y"));
        assert!(!is("unix:/run/x", "127.0.0.1:8080"));
        assert!(!is("http://127.0.0.1:8081", "127.0.0.1:8080"));
        assert!(!is("http://10.0.0.1:8080", "127.0.0.1:8080"));
    }
}
