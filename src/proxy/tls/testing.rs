//! Authorities, certificates, folders and the other side, for tests.

use super::provider;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{
    ALL_VERSIONS, ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion,
};

/// Somebody who issues certificates.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as PEM.
pub(super) struct Leaf {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = named(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(super) fn leaf(&self, name: &str) -> Leaf {
        self.issue(&[name], |_| ())
    }

    /// A certificate for both sides with one more wish.
    pub(super) fn issue(&self, names: &[&str], wish: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let mut params = named("leaf", names);
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        wish(&mut params);
        let key = KeyPair::generate().unwrap();
        Leaf {
            certificate: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

impl Leaf {
    /// Issued by itself, and no authority.
    pub(super) fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        Self {
            certificate: named("itself", &[name]).self_signed(&key).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

fn named(name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// A folder that goes when the test does.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("headguard-tls-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// The path of a file in it; of the folder itself for no name.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn write(&self, name: &str, octets: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, octets).unwrap();
        path
    }

    /// The two files of a leaf.
    pub(super) fn leaf(&self, name: &str, leaf: &Leaf) -> (PathBuf, PathBuf) {
        (
            self.write(&format!("{name}.pem"), &leaf.certificate),
            self.write(&format!("{name}.key"), &leaf.key),
        )
    }
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is the system's to clean.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// An upstream; with an authority it asks for a client certificate of it.
pub(super) fn server_config(leaf: &Leaf, clients: Option<&Authority>) -> ServerConfig {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        Some(authority) => builder.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(roots(authority).into(), provider())
                .build()
                .unwrap(),
        ),
        None => builder.with_no_client_auth(),
    };
    let chain = vec![CertificateDer::from_pem_slice(leaf.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(leaf.key.as_bytes()).unwrap();
    builder.with_single_cert(chain, key).unwrap()
}

/// A client that trusts one authority and offers these protocols.
pub(super) fn client_config(authority: &Authority, offered: &[&str]) -> Arc<ClientConfig> {
    client_config_of(ALL_VERSIONS, authority, offered)
}

/// The same of some versions of TLS.
pub(super) fn client_config_of(
    versions: &[&'static SupportedProtocolVersion],
    authority: &Authority,
    offered: &[&str],
) -> Arc<ClientConfig> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots(authority))
        .with_no_client_auth();
    config.alpn_protocols = offered.iter().map(|name| name.as_bytes().into()).collect();
    Arc::new(config)
}

/// The client's side of a handshake with localhost.
pub(super) async fn dialled<IO>(
    config: &Arc<ClientConfig>,
    io: IO,
) -> io::Result<super::client::ClientStream<IO>>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let name = "localhost".try_into().unwrap();
    TlsConnector::from(Arc::clone(config))
        .connect(name, io)
        .await
}

fn roots(authority: &Authority) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(authority.0.der().clone()).unwrap();
    roots
}
