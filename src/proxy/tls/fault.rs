//! What goes wrong on a connection, in an operator's words, on one line.

use super::identity::validity;
use std::fmt;
use std::io;
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible,
};

/// Whether a handshake failed because what came is no TLS at all; plain HTTP,
/// most likely.
pub(in super::super) fn is_not_tls(error: &io::Error) -> bool {
    error
        .get_ref()
        .and_then(|inner| inner.downcast_ref())
        .is_some_and(|fault| matches!(fault, Fault::NotTls))
}

/// The same error of a stream, told in words if TLS has a part in it. Its kind
/// is kept.
pub(in super::super) fn explain(error: io::Error) -> io::Error {
    told(
        error,
        None,
        "closed without close_notify: it may have been cut off",
    )
}

/// The same for an error of a handshake; `trusted` is whose certificates are.
pub(super) fn of_handshake(error: io::Error, trusted: Option<&str>) -> io::Error {
    told(error, trusted, "closed before TLS was agreed on")
}

/// What the other side chose, or did not, where HTTP/2 was asked for.
pub(super) fn not_h2() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        Fault::Told("HTTP/2 was asked for (ALPN h2) and not agreed to".into()),
    )
}

fn told(error: io::Error, trusted: Option<&str>, eof: &str) -> io::Error {
    let kind = error.kind();
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    let fault = match tls {
        Some(Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        )) => Fault::NotTls,
        Some(Error::InvalidCertificate(error)) => Fault::Told(certificate(error, trusted)),
        Some(error) => Fault::Told(words(error)),
        // rustls and its stream have messages of their own, not errors, for this.
        None if kind == io::ErrorKind::UnexpectedEof => Fault::Told(eof.into()),
        None => return error,
    };
    io::Error::new(kind, fault)
}

#[derive(Debug)]
enum Fault {
    NotTls,
    Told(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotTls => "what was received is not TLS; plain HTTP, perhaps",
            Self::Told(words) => words,
        })
    }
}

impl std::error::Error for Fault {}

/// What is wrong with the certificate of the other side.
fn certificate(error: &CertificateError, trusted: Option<&str>) -> String {
    if let Some(validity) = validity(error) {
        return format!("the certificate {validity}");
    }
    match error {
        CertificateError::UnknownIssuer => format!(
            "the certificate has no issuer that is trusted{}, or an intermediate certificate was not sent",
            among(trusted)
        ),
        // As it is when an authority was made anew and kept its name.
        CertificateError::BadSignature => format!(
            "the certificate is signed with another key than its issuer has that is trusted{}",
            among(trusted)
        ),
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => format!(
            "the certificate is not for {} but for {}",
            expected.to_str(),
            names(presented)
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the certificate is not meant for this side of a connection (extended key usage)".into()
        }
        // Verification has this error, but not as one of those with a name.
        CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => {
            "the certificate is an authority's (CA:TRUE), which a server must not use".into()
        }
        error => format!("the certificate cannot be accepted: {error}"),
    }
}

fn among(trusted: Option<&str>) -> String {
    trusted.map_or_else(String::new, |trusted| format!(" (by {trusted})"))
}

/// The names of a certificate, as far as they fit on a line.
fn names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "no name at all (it has no subjectAltName)".into();
    }
    let mut names: Vec<_> = presented
        .iter()
        .take(MOST_NAMES)
        .map(|name| bare(name))
        .collect();
    let more = presented.len().saturating_sub(MOST_NAMES).to_string();
    if presented.len() > MOST_NAMES {
        names.push(&more);
        return names.join(", ") + " more";
    }
    names.join(", ")
}

const MOST_NAMES: usize = 5;

/// A name without what the library says about its kind.
fn bare(name: &str) -> &str {
    let inner = |kind, end| name.strip_prefix(kind)?.strip_suffix(end);
    inner("DnsName(\"", "\")")
        .or_else(|| inner("IpAddress(", ")"))
        .unwrap_or(name)
}

fn words(error: &Error) -> String {
    match error {
        Error::AlertReceived(alert) => format!("the other side refused: {}", refusal(*alert)),
        Error::NoApplicationProtocol => "no HTTP version in common (ALPN)".into(),
        Error::NoCertificatesPresented => "no certificate was sent".into(),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::SupportedVersionsExtensionRequired,
        ) => "the other side speaks neither TLS 1.2 nor TLS 1.3".into(),
        Error::PeerIncompatible(
            PeerIncompatible::NoCipherSuitesInCommon
            | PeerIncompatible::NoKxGroupsInCommon
            | PeerIncompatible::NoSignatureSchemesInCommon,
        ) => "no cipher, group or signature in common".into(),
        error => format!("TLS failed: {error}"),
    }
}

fn refusal(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate => "it does not accept the certificate".into(),
        AlertDescription::CertificateExpired => "the certificate is not valid now".into(),
        AlertDescription::CertificateRequired => "it asks for a client certificate".into(),
        AlertDescription::CertificateRevoked => "the certificate is revoked".into(),
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            "no cipher, group or signature in common, or it asks for a client certificate".into()
        }
        AlertDescription::NoApplicationProtocol => "no HTTP version in common (ALPN)".into(),
        AlertDescription::ProtocolVersion => "no TLS version in common".into(),
        AlertDescription::UnknownCA => "it does not know who issued the certificate".into(),
        AlertDescription::UnrecognisedName => "it serves no such name".into(),
        alert => format!("{alert:?}"),
    }
}

/// A length of time, as exact as anybody needs it.
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_counted() {
        let presented: Vec<_> = (0..7).map(|n| format!("DnsName(\"{n}.test\")")).collect();
        assert_eq!(
            names(&presented),
            "0.test, 1.test, 2.test, 3.test, 4.test, 2 more"
        );
        assert_eq!(names(&presented[..2]), "0.test, 1.test");
        assert_eq!(names(&[]), "no name at all (it has no subjectAltName)");
        assert_eq!(
            names(&["IpAddress(::1)".into(), "DirectoryName".into()]),
            "::1, DirectoryName"
        );
    }

    #[test]
    fn time_is_told_in_units_that_fit() {
        for (seconds, expected) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7_200, "2 h"),
            (172_800, "2 days"),
        ] {
            assert_eq!(span(seconds), expected);
        }
    }

    #[test]
    fn what_is_not_of_tls_stays_as_it_is() {
        let reset = explain(io::ErrorKind::ConnectionReset.into());
        assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
        assert!(reset.get_ref().is_none());
        assert!(!is_not_tls(&reset));
    }
}
