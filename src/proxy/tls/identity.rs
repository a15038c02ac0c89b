//! A certificate with its chain and its private key, as one side shows it to the
//! other.

use super::error::TlsError;
use super::fault::span;
use super::pem;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{CertificateError, Error, InconsistentKeys, RootCertStore, client};

pub(super) struct Identity {
    pub(super) certified: Arc<SingleCertAndKey>,
    /// What will keep others from accepting it, though it can be used.
    pub(super) warning: Option<String>,
}

impl Identity {
    /// The certificates of one file and the private key of another, or the same.
    ///
    /// # Errors
    ///
    /// When either cannot be used, or the key is not the first certificate's.
    pub(super) fn load(
        certificate: &Path,
        key: &Path,
        provider: &CryptoProvider,
    ) -> Result<Self, TlsError> {
        let chain = pem::certificates(certificate)?;
        let signing = provider
            .key_provider
            .load_private_key(pem::private_key(key)?)
            .map_err(|_| TlsError::Key { file: key.into() })?;
        check_issuers(&chain, certificate)?;

        let warning = warning(&chain, certificate, provider);
        let certified = CertifiedKey::new(chain, signing);
        match certified.keys_match() {
            // A key that cannot tell its public half may fit.
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(Self {
                certified: Arc::new(certified.into()),
                warning,
            }),
            Err(Error::InconsistentKeys(_)) => Err(misfit(&certified, certificate, key)),
            Err(error) => Err(unusable(certificate, 1, &error)),
        }
    }
}

/// Those behind the first are sent without being looked at; clients would be the
/// first to see that one is broken.
fn check_issuers(chain: &[CertificateDer<'static>], file: &Path) -> Result<(), TlsError> {
    for (index, issuer) in chain.iter().enumerate().skip(1) {
        RootCertStore::empty()
            .add(issuer.clone())
            .map_err(|error| unusable(file, index + 1, &error))?;
    }
    Ok(())
}

/// The key fits another certificate of the chain, or none.
fn misfit(certified: &CertifiedKey, certificate: &Path, key: &Path) -> TlsError {
    let fits = |one: &CertificateDer<'static>| {
        CertifiedKey::new(vec![one.clone()], Arc::clone(&certified.key))
            .keys_match()
            .is_ok()
    };
    match certified.cert.iter().position(fits) {
        Some(index) => TlsError::Order {
            file: certificate.into(),
            position: index + 1,
        },
        None => TlsError::Mismatch {
            certificate: certificate.into(),
            key: key.into(),
        },
    }
}

pub(super) fn unusable(file: &Path, position: usize, error: &Error) -> TlsError {
    let cause = match error {
        Error::InvalidCertificate(CertificateError::BadEncoding) => "it is damaged".into(),
        Error::InvalidCertificate(error) => error.to_string(),
        error => error.to_string(),
    };
    TlsError::Certificate {
        file: file.into(),
        position,
        cause,
    }
}

/// The first certificate that is not valid today.
fn warning(
    chain: &[CertificateDer<'static>],
    file: &Path,
    provider: &CryptoProvider,
) -> Option<String> {
    chain.iter().enumerate().find_map(|(index, certificate)| {
        let when = untimely(certificate, provider)?;
        Some(format!(
            "certificate {} in {} {when}: it will be refused",
            index + 1,
            file.display()
        ))
    })
}

/// Whether a certificate is out of its time, in words.
///
/// No library here tells the dates of a certificate. A verification tells them
/// when they are wrong: it looks at them before it looks for an issuer, which it
/// cannot find among no roots.
fn untimely(certificate: &CertificateDer<'static>, provider: &CryptoProvider) -> Option<String> {
    let verified = client::verify_server_cert_signed_by_trust_anchor(
        &ParsedCertificate::try_from(certificate).ok()?,
        &RootCertStore::empty(),
        &[],
        UnixTime::now(),
        provider.signature_verification_algorithms.all,
    );
    match verified {
        Err(Error::InvalidCertificate(error)) => validity(&error),
        _ => None,
    }
}

/// When a certificate is valid, if that is what is wrong.
pub(super) fn validity(error: &CertificateError) -> Option<String> {
    match error {
        CertificateError::ExpiredContext { time, not_after } => Some(format!(
            "expired {} ago",
            span(time.as_secs().saturating_sub(not_after.as_secs()))
        )),
        CertificateError::NotValidYetContext { time, not_before } => Some(format!(
            "is not valid for another {}",
            span(not_before.as_secs().saturating_sub(time.as_secs()))
        )),
        CertificateError::Expired => Some("expired".into()),
        CertificateError::NotValidYet => Some("is not valid yet".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::provider;
    use super::super::testing::{Authority, Folder, Leaf};
    use super::*;
    use rcgen::date_time_ymd;

    /// The folder's path is not of interest.
    fn told(error: &TlsError, folder: &Folder) -> String {
        assert!(error.help().is_some(), "{error}");
        let path = folder.path("").display().to_string();
        error.to_string().replace(&path, "")
    }

    fn load(leaf: &Leaf) -> Result<Identity, String> {
        let folder = Folder::new();
        let (certificate, key) = folder.leaf("f", leaf);
        Identity::load(&certificate, &key, &provider()).map_err(|error| told(&error, &folder))
    }

    #[test]
    fn the_key_must_fit_the_first_certificate() {
        let authority = Authority::new("ca");
        let leaf = authority.leaf("localhost");
        assert_eq!(load(&leaf).unwrap().warning, None);
        let another = Leaf {
            key: authority.leaf("localhost").key,
            certificate: leaf.certificate.clone(),
        };
        assert_eq!(
            load(&another).err().unwrap(),
            "the private key in f.key does not fit the certificate in f.pem"
        );
        let turned = Leaf {
            certificate: authority.pem() + &leaf.certificate,
            key: leaf.key,
        };
        assert_eq!(
            load(&turned).err().unwrap(),
            "the private key fits certificate 2 in f.pem, not the first"
        );
    }

    #[test]
    fn every_certificate_of_a_chain_is_looked_at() {
        let leaf = Authority::new("ca").leaf("localhost");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (certificate, position) in [
            (broken.to_owned() + &leaf.certificate, 1),
            (leaf.certificate.clone() + broken, 2),
        ] {
            let chain = Leaf {
                certificate,
                key: leaf.key.clone(),
            };
            assert_eq!(
                load(&chain).err().unwrap(),
                format!("certificate {position} in f.pem cannot be used: it is damaged")
            );
        }
    }

    #[test]
    fn a_key_of_no_known_kind_is_told() {
        let leaf = Leaf {
            key: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".into(),
            ..Authority::new("ca").leaf("localhost")
        };
        assert_eq!(
            load(&leaf).err().unwrap(),
            "the private key in f.key cannot be used"
        );
    }

    #[test]
    fn a_certificate_out_of_its_time_is_used_with_a_warning() {
        let authority = Authority::new("ca");
        let folder = Folder::new();
        let warned = |leaf: &Leaf| {
            let (certificate, key) = folder.leaf("f", leaf);
            let path = folder.path("").display().to_string();
            let identity = Identity::load(&certificate, &key, &provider()).unwrap();
            identity.warning.unwrap().replace(&path, "")
        };
        let expired = authority.issue(&["localhost"], |params| {
            params.not_after = date_time_ymd(2001, 1, 1);
        });
        let told = warned(&expired);
        assert!(
            told.starts_with("certificate 1 in f.pem expired "),
            "{told}"
        );
        assert!(told.ends_with(" days ago: it will be refused"), "{told}");

        let early = authority.issue(&["localhost"], |params| {
            params.not_before = date_time_ymd(4001, 1, 1);
        });
        let told = warned(&early);
        assert!(
            told.starts_with("certificate 1 in f.pem is not valid for another "),
            "{told}"
        );
    }
}
