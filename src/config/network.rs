//! Networks of peers: CIDR, written as RFC 4632 and RFC 4291 §2.3 do.
//!
//! The only file that names the `ipnet` crate.

use super::report::Complaint;
use crate::preview::Preview;
use ipnet::{IpNet, Ipv4Net};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// All IP addresses that start alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpNet);

impl Network {
    /// Whether `ip` is one of them. An IPv4 address is the same one when it is
    /// written in IPv6 (`::ffff:192.0.2.1`), as sockets for both report it.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.0.contains(&ip.to_canonical())
    }

    /// The addresses with which a machine talks to itself.
    pub(super) fn loopback() -> Vec<Self> {
        let networks = [
            (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
            (IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
        ];
        networks
            .into_iter()
            .filter_map(|(ip, prefix)| IpNet::new(ip, prefix).ok().map(Self))
            .collect()
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Network({self})")
    }
}

/// As in the configuration: `10.0.0.0/8`.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads a network, or an address as the network of it alone.
pub(super) fn network(text: &str) -> Result<Network, Complaint> {
    let shown = Preview::new(text.as_bytes()).up_to(80);
    let net = match text.parse::<IpAddr>() {
        Ok(ip) => IpNet::from(ip),
        Err(_) => text.parse::<IpNet>().map_err(|_| {
            Complaint::new(format!(
                "\"{shown}\" is neither a network nor an IP address"
            ))
            .help("write for example 10.0.0.0/8, 192.0.2.1 or fd00::/8; names are not looked up")
        })?,
    };
    if net != net.trunc() {
        let (ip, network) = (net.addr(), net.trunc());
        return Err(
            Complaint::new(format!("\"{shown}\" has bits set behind its prefix")).help(format!(
                "write {network} for the network, {ip} for the address alone"
            )),
        );
    }
    Ok(Network(canonical(net)))
}

/// A network of IPv4 addresses in their IPv6 form is one of IPv4.
fn canonical(net: IpNet) -> IpNet {
    const MAPPED: u8 = 96;
    let IpNet::V6(v6) = net else { return net };
    let prefix = v6.prefix_len().checked_sub(MAPPED);
    match (v6.addr().to_ipv4_mapped(), prefix) {
        (Some(ip), Some(prefix)) => Ipv4Net::new(ip, prefix).map_or(net, IpNet::V4),
        _ => net,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        for (text, read) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("192.0.2.1", "192.0.2.1/32"),
            ("::1", "::1/128"),
            ("FD00::/8", "fd00::/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:192.0.2.1", "192.0.2.1/32"),
        ] {
            let network = network(text).map(|network| network.to_string());
            assert_eq!(network.ok().as_deref(), Some(read), "{text}");
        }
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "10.0.0.0/",
            "10.0.0/8",
            "localhost",
            "10.0.0.0/255.0.0.0",
            "[::1]",
            "::1%eth0",
        ] {
            assert!(network(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_the_same_in_both_forms() {
        let contains = |text: &str, ip: &str| match (network(text), ip.parse()) {
            (Ok(network), Ok(ip)) => network.contains(ip),
            _ => panic!("{text} {ip}"),
        };
        assert!(contains("127.0.0.0/8", "127.1.2.3"));
        assert!(contains("127.0.0.0/8", "::ffff:127.0.0.1"));
        assert!(contains("::ffff:127.0.0.0/104", "127.0.0.1"));
        assert!(!contains("127.0.0.0/8", "::1"));
        assert!(!contains("::/0", "127.0.0.1"));
        assert!(!contains("::/0", "::ffff:127.0.0.1"));
    }

    #[test]
    fn loopback_is_two_networks() {
        let networks: Vec<_> = Network::loopback()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(networks, ["127.0.0.0/8", "::1/128"]);
    }
}
