//! Where the proxy listens.

use super::authority::decimal_port;
use super::report::Complaint;
use crate::preview::Preview;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// A place where connections are accepted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Listen {
    /// An IP address and a port; port 0 is any free port.
    Tcp(SocketAddr),
    /// A unix socket, by its absolute path.
    Unix(PathBuf),
}

impl Listen {
    /// Whether two sockets cannot both be had, or would take each other's
    /// connections. Any free port is nobody's.
    pub(super) fn collides_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(one), Self::Tcp(other)) => {
                let (ip, other_ip) = (one.ip(), other.ip());
                one.port() == other.port()
                    && one.port() != 0
                    && ip.is_ipv4() == other_ip.is_ipv4()
                    && (ip == other_ip || ip.is_unspecified() || other_ip.is_unspecified())
            }
            (Self::Unix(one), Self::Unix(other)) => one == other,
            (Self::Tcp(_), Self::Unix(_)) | (Self::Unix(_), Self::Tcp(_)) => false,
        }
    }
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

/// As in the configuration: `127.0.0.1:8080`, `unix:/run/headguard.sock`.
impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Reads one place to listen at.
pub(super) fn listen(text: &str) -> Result<Listen, Complaint> {
    if let Some(path) = unix(text) {
        return socket_path(path).map(Listen::Unix);
    }
    tcp(text).map(Listen::Tcp)
}

fn tcp(text: &str) -> Result<SocketAddr, Complaint> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    let shown = Preview::new(text.as_bytes()).up_to(80);
    let complaint = Complaint::new(format!("\"{shown}\" is not IP:port"));
    if text.starts_with('/') {
        return Err(complaint.help(format!("a unix socket is written unix:{shown}")));
    }
    if ["http://", "https://"]
        .iter()
        .any(|scheme| after(text, scheme).is_some())
    {
        return Err(complaint.help("write IP:port without a scheme, such as 127.0.0.1:8080"));
    }
    if let Some(port) = decimal_port(text) {
        return Err(complaint.help(format!(
            "write 127.0.0.1:{port} for this machine only, 0.0.0.0:{port} for every interface"
        )));
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(complaint.help("write IP:port, such as 127.0.0.1:8080, or unix:/path"));
    };
    let Some(port) = decimal_port(port) else {
        return Err(complaint.help("ports are 0 to 65535"));
    };
    if host.eq_ignore_ascii_case("localhost") {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    Err(if host.is_empty() || host == "*" {
        complaint.help(format!(
            "write 0.0.0.0:{port} for every interface, [::]:{port} with IPv6"
        ))
    } else if host.parse::<Ipv6Addr>().is_ok() {
        complaint.help(format!("IPv6 goes in brackets: [{host}]:{port}"))
    } else {
        complaint.help(format!(
            "names are not looked up: write an IP address, such as 127.0.0.1:{port}"
        ))
    })
}

/// What follows `unix:`.
pub(super) fn unix(text: &str) -> Option<&str> {
    after(text, "unix:")
}

fn after<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Reads the path of a socket.
pub(super) fn socket_path(text: &str) -> Result<PathBuf, Complaint> {
    // `unix:///run/x` is how a URL says it (RFC 8089, for files).
    let path = match text.strip_prefix("//") {
        Some(path) if path.starts_with('/') => path,
        _ => text,
    };
    let shown = Preview::new(path.as_bytes()).up_to(80);
    let such_as = "write an absolute path, such as unix:/run/headguard.sock";
    let wrong = if path.is_empty() {
        "unix: has no path".to_owned()
    } else if !path.starts_with('/') || path.starts_with("//") {
        format!("\"{shown}\" is not an absolute path")
    } else if path.ends_with('/') {
        format!("\"{shown}\" is a directory's path")
    } else if path.chars().any(char::is_control) {
        format!("\"{shown}\" has a control character")
    } else if path.len() > LONGEST_PATH {
        let message = format!("the socket's path has {} octets", path.len());
        let help = format!("systems take about {LONGEST_PATH}: choose a shorter one");
        return Err(Complaint::new(message).help(help));
    } else {
        return Ok(PathBuf::from(path));
    };
    Err(Complaint::new(wrong).help(such_as))
}

/// An address of a unix socket has room for 108 octets on Linux and 104
/// elsewhere, the NUL at its end included.
const LONGEST_PATH: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listened_at() {
        for (text, read) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("[::]:0", "[::]:0"),
            ("LocalHost:1", "127.0.0.1:1"),
            ("unix:/run/headguard.sock", "unix:/run/headguard.sock"),
            ("UNIX:/run/a b", "unix:/run/a b"),
            ("unix:///run/x", "unix:/run/x"),
        ] {
            let address = listen(text).map(|address| address.to_string());
            assert_eq!(address.ok().as_deref(), Some(read), "{text}");
        }
        let long = format!("unix:/{}", "x".repeat(100));
        for (text, remedy) in [
            ("8080", "127.0.0.1:8080"),
            (":8080", "0.0.0.0:8080"),
            ("*:8080", "0.0.0.0:8080"),
            ("::1:80", "[::1]:80"),
            ("example.com:80", "names are not looked up"),
            ("http://127.0.0.1:80", "without a scheme"),
            ("127.0.0.1:99999", "ports are"),
            ("127.0.0.1", "IP:port"),
            ("", "IP:port"),
            ("/run/headguard.sock", "unix:/run/headguard.sock"),
            ("unix:", "an absolute path"),
            ("unix:run/x", "an absolute path"),
            ("unix:@name", "an absolute path"),
            ("unix://run/x", "an absolute path"),
            ("unix:/run/", "an absolute path"),
            ("unix:/run/\0", "an absolute path"),
            (&long, "shorter"),
        ] {
            let help = listen(text).err().and_then(|complaint| complaint.help);
            assert!(help.is_some_and(|help| help.contains(remedy)), "{text}");
        }
    }

    #[test]
    fn what_collides() {
        let collide = |one: &str, other: &str| match (listen(one), listen(other)) {
            (Ok(one), Ok(other)) => {
                assert_eq!(one.collides_with(&other), other.collides_with(&one));
                one.collides_with(&other)
            }
            _ => panic!("{one} {other}"),
        };
        assert!(collide("127.0.0.1:80", "127.0.0.1:80"));
        assert!(collide("127.0.0.1:80", "0.0.0.0:80"));
        assert!(collide("unix:/run/x", "unix:/run//x"));
        assert!(!collide("127.0.0.1:0", "127.0.0.1:0"));
        assert!(!collide("127.0.0.1:80", "127.0.0.1:81"));
        assert!(!collide("127.0.0.1:80", "[::]:80"));
        assert!(!collide("127.0.0.1:80", "unix:/run/x"));
    }
}
