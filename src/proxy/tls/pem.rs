//! Certificates and private keys from PEM files.
//!
//! What a file has besides is skipped, so that one file may hold both. Whether
//! what is found can be used is for others to say.

use super::error::TlsError;
use std::fs;
use std::path::Path;
use tokio_rustls::rustls::pki_types::pem::{Error, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Every certificate of a file, in its order; there is at least one.
///
/// # Errors
///
/// When the file cannot be read, has no certificate, or is damaged anywhere: a
/// chain that lacks a link would fail later and elsewhere.
pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let octets = read(file)?;
    let certificates = CertificateDer::pem_slice_iter(text(&octets))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| damaged(file, &error))?;
    if !certificates.is_empty() {
        return Ok(certificates);
    }
    Err(if is_binary(&octets) {
        TlsError::NotPem { file: file.into() }
    } else {
        TlsError::NoCertificate {
            file: file.into(),
            found: found(&octets),
        }
    })
}

/// The first private key of a file.
///
/// # Errors
///
/// When the file cannot be read or has no private key that can be.
pub(super) fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let octets = read(file)?;
    let mut error = None;
    for section in PrivateKeyDer::pem_slice_iter(text(&octets)) {
        match section {
            Ok(key) => return Ok(key),
            Err(first) => error = error.or(Some(first)),
        }
    }
    let file = file.to_owned();
    Err(if is_encrypted(&octets) {
        TlsError::EncryptedKey { file }
    } else if let Some(error) = error {
        damaged(&file, &error)
    } else if is_binary(&octets) {
        TlsError::NotPem { file }
    } else {
        let found = found(&octets);
        TlsError::NoKey { file, found }
    })
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(file).map_err(|source| TlsError::Read {
        file: file.into(),
        source,
    })
}

/// Without the byte order mark that some editors begin a file with: the first
/// line would be none, and the first certificate be lost.
fn text(octets: &[u8]) -> &[u8] {
    octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets)
}

/// DER and PKCS #12 begin with a SEQUENCE whose length needs octets of its own.
fn is_binary(octets: &[u8]) -> bool {
    octets.starts_with(&[0x30]) && octets.get(1).is_some_and(|length| *length >= 0x80)
}

/// PKCS #8 says it in the label, older forms in a field below it.
fn is_encrypted(octets: &[u8]) -> bool {
    octets.split(|&octet| octet == b'\n').any(|line| {
        line.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
            || line.starts_with(b"Proc-Type: 4,ENCRYPTED")
    })
}

/// What a file has that was not looked for.
fn found(octets: &[u8]) -> String {
    if octets.is_empty() {
        return "it is empty".into();
    }
    let mut labels = Vec::new();
    for line in text(octets).split(|&octet| octet == b'\n' || octet == b'\r') {
        if let Some(label) = label(line)
            && !labels.contains(&label)
        {
            labels.push(label);
        }
    }
    labels.truncate(MOST_LABELS);
    if labels.is_empty() {
        "it is not PEM".into()
    } else {
        format!("it has {}", labels.join(", "))
    }
}

const MOST_LABELS: usize = 4;

/// What stands in a BEGIN line, if it is fit to be shown.
fn label(line: &[u8]) -> Option<&str> {
    let label = line.strip_prefix(b"-----BEGIN ")?.strip_suffix(b"-----")?;
    let is_plain = |octet: &u8| octet.is_ascii_uppercase() || b" 0123456789".contains(octet);
    (label.len() <= 32 && label.iter().all(is_plain))
        .then(|| str::from_utf8(label).ok())
        .flatten()
}

fn damaged(file: &Path, error: &Error) -> TlsError {
    let cause = match error {
        Error::MissingSectionEnd { .. } => "a section without its END line",
        Error::IllegalSectionStart { .. } => "a BEGIN line that is not whole",
        Error::Base64Decode(_) => "a section that is not base64",
        Error::SectionTooLarge => "a section that is too long",
        // Of readers only, and of those that want exactly one.
        _ => "it cannot be read",
    };
    TlsError::Damaged {
        file: file.into(),
        cause: cause.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Authority, Folder};
    use super::*;

    fn told(error: &TlsError, folder: &Folder) -> String {
        assert!(error.help().is_some(), "{error}");
        error
            .to_string()
            .replace(&folder.path("").display().to_string(), "")
    }

    #[test]
    fn both_may_be_in_one_file() {
        let folder = Folder::new();
        let leaf = Authority::new("ca").leaf("localhost");
        // A note in front, and the curve that openssl writes before such a key.
        let both = format!(
            "note\r\n-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{}{}",
            leaf.key, leaf.certificate
        );
        let file = folder.write("both.pem", both);
        assert_eq!(certificates(&file).unwrap().len(), 1);
        private_key(&file).unwrap();
    }

    #[test]
    fn a_byte_order_mark_costs_no_certificate() {
        let folder = Folder::new();
        let leaf = Authority::new("ca").leaf("localhost");
        let twice = format!("\u{FEFF}{0}{0}", leaf.certificate);
        let file = folder.write("marked.pem", twice);
        assert_eq!(certificates(&file).unwrap().len(), 2);
    }

    #[test]
    fn what_a_file_has_instead_is_told() {
        let folder = Folder::new();
        let leaf = Authority::new("ca").leaf("localhost");
        let cases: [(&str, &[u8], &str, &str); 5] = [
            ("empty", b"", "no certificate in empty: it is empty", "no private key in empty: it is empty"),
            ("notes.txt", b"hello\n", "no certificate in notes.txt: it is not PEM", "no private key in notes.txt: it is not PEM"),
            ("der", &[0x30, 0x82, 1, 0xF5], "der is not PEM but binary", "der is not PEM but binary"),
            (
                "params",
                b"-----BEGIN DH PARAMETERS-----\nAA==\n-----END DH PARAMETERS-----\n-----BEGIN X-----\nAA==\n-----END X-----\n",
                "no certificate in params: it has DH PARAMETERS, X",
                "no private key in params: it has DH PARAMETERS, X",
            ),
            (
                "cut",
                b"-----BEGIN CERTIFICATE-----\nAAAA\n",
                "damaged PEM in cut: a section without its END line",
                "damaged PEM in cut: a section without its END line",
            ),
        ];
        for (name, octets, certificate, key) in cases {
            let file = folder.write(name, octets);
            assert_eq!(
                told(&certificates(&file).unwrap_err(), &folder),
                certificate
            );
            assert_eq!(told(&private_key(&file).unwrap_err(), &folder), key);
        }
        let exchanged = folder.write("exchanged", &leaf.key);
        assert_eq!(
            told(&certificates(&exchanged).unwrap_err(), &folder),
            "no certificate in exchanged: it has PRIVATE KEY"
        );
    }

    #[test]
    fn damage_is_told_from_absence() {
        let folder = Folder::new();
        let cases = [
            (
                "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
                "damaged PEM in f: a section that is not base64",
            ),
            (
                "-----BEGIN CERTIFICATE\nAAAA\n-----END CERTIFICATE-----\n",
                "damaged PEM in f: a BEGIN line that is not whole",
            ),
        ];
        for (text, expected) in cases {
            let file = folder.write("f", text);
            assert_eq!(told(&certificates(&file).unwrap_err(), &folder), expected);
        }
    }

    #[test]
    fn encrypted_keys_are_known_in_both_forms() {
        let folder = Folder::new();
        for text in [
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-256-CBC,00\r\n\r\nAAAA\r\n-----END RSA PRIVATE KEY-----\r\n",
        ] {
            let file = folder.write("key", text);
            assert_eq!(
                told(&private_key(&file).unwrap_err(), &folder),
                "the private key in key is encrypted"
            );
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_keeps_its_cause() {
        let folder = Folder::new();
        for (file, kind) in [
            (folder.path("missing"), std::io::ErrorKind::NotFound),
            #[cfg(unix)]
            (folder.path(""), std::io::ErrorKind::IsADirectory),
        ] {
            for error in [
                certificates(&file).unwrap_err(),
                private_key(&file).unwrap_err(),
            ] {
                assert!(error.help().is_some());
                let TlsError::Read { source, .. } = error else {
                    panic!("{error}");
                };
                assert_eq!(source.kind(), kind);
            }
        }
    }
}
