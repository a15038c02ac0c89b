//! Why TLS cannot be set up: which file, what is wrong with it, what to do.

use std::io;
use std::path::PathBuf;

/// Why certificates, keys or names cannot be used for TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A certificate cannot be used.
    #[error("certificate {position} in {} cannot be used: {cause}", file.display())]
    Certificate {
        /// Where it is.
        file: PathBuf,
        /// Which one of that file, from 1.
        position: usize,
        /// What is wrong with it.
        cause: String,
    },
    /// A file has PEM in it that is damaged.
    #[error("damaged PEM in {}: {cause}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// A private key is protected by a passphrase.
    #[error("the private key in {} is encrypted", file.display())]
    EncryptedKey {
        /// Where it is.
        file: PathBuf,
    },
    /// A private key is of a kind that is not known, or damaged.
    #[error("the private key in {} cannot be used", file.display())]
    Key {
        /// Where it is.
        file: PathBuf,
    },
    /// A private key belongs to another certificate.
    #[error(
        "the private key in {} does not fit the certificate in {}",
        key.display(),
        certificate.display()
    )]
    Mismatch {
        /// Where the certificate is.
        certificate: PathBuf,
        /// Where the key is.
        key: PathBuf,
    },
    /// A file has no certificate in it.
    #[error("no certificate in {}: {found}", file.display())]
    NoCertificate {
        /// The file.
        file: PathBuf,
        /// What it has instead.
        found: String,
    },
    /// A file has no private key in it.
    #[error("no private key in {}: {found}", file.display())]
    NoKey {
        /// The file.
        file: PathBuf,
        /// What it has instead.
        found: String,
    },
    /// A file is in the binary form of what is wanted.
    #[error("{} is not PEM but binary", file.display())]
    NotPem {
        /// The file.
        file: PathBuf,
    },
    /// The system has no certificate authorities to trust.
    #[error("no trusted certificate authorities on this system{}", after(cause.as_deref()))]
    NoSystemRoots {
        /// What went wrong when they were looked for.
        cause: Option<String>,
    },
    /// The certificate that the key belongs to is not the first of its file.
    #[error(
        "the private key fits certificate {position} in {}, not the first",
        file.display()
    )]
    Order {
        /// The file.
        file: PathBuf,
        /// Which one is the key's, from 1.
        position: usize,
    },
    /// A file cannot be read.
    #[error("cannot read {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A name is neither a DNS name nor an IP address.
    #[error("{name:?} is neither a DNS name nor an IP address")]
    ServerName {
        /// The name.
        name: String,
    },
    /// TLS itself cannot be had, for want of random numbers, say.
    #[error("cannot set up TLS: {cause}")]
    Setup {
        /// Why not.
        cause: String,
    },
}

impl TlsError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Certificate { .. } => Some(
                "see what it is with `openssl x509 -noout -text -in FILE`; it must be of X.509 version 3",
            ),
            Self::Damaged { .. } => Some(
                "copy the file again, whole, from -----BEGIN to -----END, each on a line of its own",
            ),
            Self::EncryptedKey { .. } => Some(
                "nobody is there to type its passphrase: decrypt it with `openssl pkey -in FILE -out PLAIN` and let only headguard read the result",
            ),
            Self::Key { .. } => Some(
                "use RSA of 2048 bits or more, ECDSA on P-256 or P-384, or Ed25519, in PKCS #8, PKCS #1 or SEC 1",
            ),
            Self::Mismatch { .. } => Some(
                "compare what `openssl x509 -noout -pubkey -in CERTIFICATE` and `openssl pkey -pubout -in KEY` print",
            ),
            Self::NoCertificate { .. } => Some(
                "name the file that has a line -----BEGIN CERTIFICATE-----, with nothing in front of it",
            ),
            Self::NoKey { .. } => Some(
                "name the file that has a line -----BEGIN PRIVATE KEY-----, with nothing in front of it",
            ),
            Self::NotPem { .. } => Some(
                "convert DER with `openssl x509 -inform der` or `openssl pkey -inform der`, PKCS #12 with `openssl pkcs12 -nodes`",
            ),
            Self::NoSystemRoots { .. } => {
                Some("install the package ca-certificates, or name a file of trusted certificates")
            }
            Self::Order { .. } => Some(
                "put the server's own certificate first, then the one that issued it, and so on",
            ),
            Self::Read { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => {
                    Some("check the path; a relative one starts where headguard was started")
                }
                io::ErrorKind::PermissionDenied => {
                    Some("let the user that headguard runs as read it")
                }
                io::ErrorKind::IsADirectory => Some("name a file in it"),
                _ => None,
            },
            Self::ServerName { .. } => {
                Some("write a name as in a certificate, without scheme, port and brackets")
            }
            Self::Setup { .. } => None,
        }
    }
}

fn after(cause: Option<&str>) -> String {
    cause.map_or_else(String::new, |cause| format!(": {cause}"))
}
