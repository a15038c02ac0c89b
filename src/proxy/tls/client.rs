//! TLS towards the upstream.
//!
//! The upstream's certificate is always verified: there is no way to turn that
//! off. Whose certificate is to be accepted, be it self-signed, is said by
//! naming it as the authority.

use super::error::TlsError;
use super::identity::{Identity, unusable};
use super::{H2, HTTP_1_1, fault, pem, provider};
use rustls_native_certs::CertificateResult;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A connection to the upstream.
pub(in super::super) type ClientStream<IO> = tokio_rustls::client::TlsStream<IO>;

/// How to speak TLS with the upstream.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Options<'a> {
    /// The only authorities to trust, instead of the system's.
    pub(in super::super) ca: Option<&'a Path>,
    /// The certificate and the private key to show when asked for.
    pub(in super::super) client: Option<(&'a Path, &'a Path)>,
    /// The name or the IP address that the upstream's certificate must have.
    pub(in super::super) server_name: &'a str,
    /// Whether to speak HTTP/2, and nothing else.
    pub(in super::super) h2: bool,
}

/// Makes TLS of connections to the upstream. Clones are one and the same.
#[derive(Clone)]
pub(in super::super) struct Connector {
    tls: TlsConnector,
    name: ServerName<'static>,
    h2: bool,
    /// Who says which authorities are trusted.
    trusted: Arc<str>,
    warning: Option<Arc<str>>,
}

impl Connector {
    /// With what the files and, unless a file is named, the system have now.
    ///
    /// Files are read at once: on a runtime it is a thing for `spawn_blocking`.
    ///
    /// # Errors
    ///
    /// [`TlsError`] when any of it cannot be used.
    pub(in super::super) fn load(options: &Options<'_>) -> Result<Self, TlsError> {
        let name = ServerName::try_from(options.server_name.to_owned()).map_err(|_| {
            TlsError::ServerName {
                name: options.server_name.to_owned(),
            }
        })?;
        let (roots, trusted) = match options.ca {
            Some(file) => (roots_in(file)?, file.display().to_string()),
            None => (
                system_roots(rustls_native_certs::load_native_certs())?,
                "the system".to_owned(),
            ),
        };
        let provider = provider();
        let identity = options
            .client
            .map(|(certificate, key)| Identity::load(certificate, key, &provider))
            .transpose()?;

        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Setup {
                cause: error.to_string(),
            })?
            .with_root_certificates(roots);
        let (mut config, warning) = match identity {
            Some(Identity { certified, warning }) => {
                (config.with_client_cert_resolver(certified), warning)
            }
            None => (config.with_no_client_auth(), None),
        };
        config.alpn_protocols = vec![if options.h2 { H2 } else { HTTP_1_1 }.to_vec()];
        Ok(Self {
            tls: Arc::new(config).into(),
            name,
            h2: options.h2,
            trusted: trusted.into(),
            warning: warning.map(Into::into),
        })
    }

    /// What will make the upstream refuse us though the connector works: a
    /// client certificate that has expired or is not valid yet.
    pub(in super::super) fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// The handshake with the upstream.
    ///
    /// In TLS 1.3 the upstream judges our certificate, or that there is none,
    /// after this: its refusal is the error of the first read. See
    /// [`explain`](fault::explain).
    ///
    /// # Errors
    ///
    /// What kept it from being done, in words; also when HTTP/2 is wanted and
    /// the upstream did not agree to it.
    pub(in super::super) async fn connect<IO>(&self, io: IO) -> io::Result<ClientStream<IO>>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let connected = self.tls.connect(self.name.clone(), io).await;
        let stream = connected.map_err(|error| fault::of_handshake(error, Some(&self.trusted)))?;
        // An upstream that has never heard of ALPN says nothing, and speaks HTTP/1.
        if self.h2 && stream.get_ref().1.alpn_protocol() != Some(H2) {
            return Err(fault::not_h2());
        }
        Ok(stream)
    }
}

fn roots_in(file: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for (index, certificate) in pem::certificates(file)?.into_iter().enumerate() {
        roots
            .add(certificate)
            .map_err(|error| unusable(file, index + 1, &error))?;
    }
    Ok(roots)
}

/// What the system has may be old and odd: one that cannot be used is left out.
fn system_roots(found: CertificateResult) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(TlsError::NoSystemRoots {
            cause: found.errors.first().map(ToString::to_string),
        });
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Authority, Folder, Leaf, server_config};
    use super::super::{explain, is_not_tls};
    use super::*;
    use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;

    const _: fn() = || {
        fn shared<T: Clone + Send + Sync>() {}
        shared::<Connector>();
    };

    const PLAIN: Options<'_> = Options {
        ca: None,
        client: None,
        server_name: "localhost",
        h2: false,
    };

    fn trusting(authority: &Authority, options: Options<'_>) -> Connector {
        let folder = Folder::new();
        let ca = folder.write("ca.pem", authority.pem());
        let connector = Connector::load(&Options {
            ca: Some(&ca),
            ..options
        });
        Connector {
            trusted: "ca.pem".into(),
            ..connector.unwrap()
        }
    }

    async fn connected(
        connector: &Connector,
        config: ServerConfig,
    ) -> io::Result<ClientStream<DuplexStream>> {
        let (near, far) = duplex(1 << 14);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let serve = async {
            // What the upstream is sent is sent back.
            let mut stream = acceptor.accept(far).await?;
            let mut octets = [0; 4];
            stream.read_exact(&mut octets).await?;
            stream.write_all(&octets).await?;
            stream.flush().await
        };
        let ask = async {
            let mut stream = connector.connect(near).await?;
            stream.write_all(b"ping").await?;
            let mut octets = [0; 4];
            stream.read_exact(&mut octets).await.map_err(explain)?;
            assert_eq!(&octets, b"ping");
            Ok(stream)
        };
        // The upstream's own failure is the other half of ours.
        let (_, asked): (io::Result<()>, _) = tokio::join!(serve, ask);
        asked
    }

    async fn refused(connector: &Connector, config: ServerConfig) -> String {
        connected(connector, config).await.unwrap_err().to_string()
    }

    fn serving(leaf: &Leaf) -> ServerConfig {
        server_config(leaf, None)
    }

    #[tokio::test]
    async fn each_version_of_http_is_asked_for_alone() {
        let authority = Authority::new("ca");
        let leaf = authority.issue(&["localhost", "127.0.0.1", "::1"], |_| ());
        for server_name in ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "::1"] {
            for h2 in [false, true] {
                let connector = trusting(
                    &authority,
                    Options {
                        server_name,
                        h2,
                        ..PLAIN
                    },
                );
                let mut config = serving(&leaf);
                config.alpn_protocols = vec![HTTP_1_1.to_vec(), H2.to_vec()];
                let stream = connected(&connector, config).await.unwrap();
                let chosen = stream.get_ref().1.alpn_protocol();
                assert_eq!(
                    chosen,
                    Some(if h2 { H2 } else { HTTP_1_1 }),
                    "{server_name}"
                );
            }
        }
    }

    #[tokio::test]
    async fn http_1_needs_no_alpn_and_http_2_does() {
        let authority = Authority::new("ca");
        let leaf = authority.leaf("localhost");
        let one = trusting(&authority, PLAIN);
        connected(&one, serving(&leaf)).await.unwrap();

        let two = trusting(&authority, Options { h2: true, ..PLAIN });
        assert_eq!(
            refused(&two, serving(&leaf)).await,
            "HTTP/2 was asked for (ALPN h2) and not agreed to"
        );
        let mut config = serving(&leaf);
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        assert_eq!(
            refused(&two, config).await,
            "the other side refused: no HTTP version in common (ALPN)"
        );
    }

    #[tokio::test]
    async fn the_wrong_certificate_is_told_in_words() {
        let authority = Authority::new("ca");
        let connector = trusting(&authority, PLAIN);
        let cases = [
            (
                authority.issue(&["a.test", "*.b.test", "10.0.0.1"], |_| ()),
                "the certificate is not for localhost but for a.test, *.b.test, 10.0.0.1",
            ),
            (
                authority.issue(&[], |_| ()),
                "the certificate is not for localhost but for no name at all (it has no subjectAltName)",
            ),
            (
                Authority::new("another").leaf("localhost"),
                "the certificate has no issuer that is trusted (by ca.pem), or an intermediate certificate was not sent",
            ),
            (
                Authority::new("ca").leaf("localhost"),
                "the certificate is signed with another key than its issuer has that is trusted (by ca.pem)",
            ),
            (
                authority.issue(&["localhost"], |params| {
                    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                }),
                "the certificate is an authority's (CA:TRUE), which a server must not use",
            ),
            (
                authority.issue(&["localhost"], |params| {
                    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
                }),
                "the certificate is not meant for this side of a connection (extended key usage)",
            ),
        ];
        for (leaf, expected) in cases {
            assert_eq!(refused(&connector, serving(&leaf)).await, expected);
        }
    }

    #[tokio::test]
    async fn a_certificate_out_of_its_time_is_told_in_words() {
        let authority = Authority::new("ca");
        let connector = trusting(&authority, PLAIN);
        let expired = authority.issue(&["localhost"], |params| {
            params.not_after = date_time_ymd(2001, 1, 1);
        });
        let told = refused(&connector, serving(&expired)).await;
        assert!(told.starts_with("the certificate expired "), "{told}");
        assert!(told.ends_with(" days ago"), "{told}");

        let early = authority.issue(&["localhost"], |params| {
            params.not_before = date_time_ymd(4001, 1, 1);
        });
        let told = refused(&connector, serving(&early)).await;
        assert!(
            told.starts_with("the certificate is not valid for another "),
            "{told}"
        );
    }

    #[tokio::test]
    async fn a_self_signed_certificate_is_its_own_authority() {
        let folder = Folder::new();
        let leaf = Leaf::self_signed("localhost");
        let ca = folder.write("ca.pem", &leaf.certificate);
        let options = Options {
            ca: Some(&ca),
            ..PLAIN
        };
        let connector = Connector::load(&options).unwrap();
        connected(&connector, serving(&leaf)).await.unwrap();
    }

    #[tokio::test]
    async fn a_client_certificate_is_shown_when_asked_for() {
        let authority = Authority::new("ca");
        let folder = Folder::new();
        let leaf = authority.leaf("localhost");
        let ours = authority.leaf("headguard");
        let (certificate, key) = folder.leaf("client", &ours);
        let client = Some((&*certificate, &*key));

        let showing = trusting(&authority, Options { client, ..PLAIN });
        assert_eq!(showing.warning(), None);
        connected(&showing, server_config(&leaf, Some(&authority)))
            .await
            .unwrap();
        // Nobody asks, nobody is told.
        connected(&showing, serving(&leaf)).await.unwrap();

        let without = trusting(&authority, PLAIN);
        assert_eq!(
            refused(&without, server_config(&leaf, Some(&authority))).await,
            "the other side refused: it asks for a client certificate"
        );
        let another = Authority::new("another");
        assert_eq!(
            refused(&showing, server_config(&leaf, Some(&another))).await,
            "the other side refused: it does not know who issued the certificate"
        );
    }

    #[tokio::test]
    async fn an_upstream_without_tls_is_told_apart() {
        let connector = trusting(&Authority::new("ca"), PLAIN);
        let (near, mut far) = duplex(1 << 14);
        far.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        let error = connector.connect(near).await.unwrap_err();
        assert!(is_not_tls(&error), "{error}");
    }

    #[tokio::test]
    async fn a_response_that_is_cut_is_not_complete() {
        let authority = Authority::new("ca");
        let connector = trusting(&authority, PLAIN);
        let acceptor = TlsAcceptor::from(Arc::new(serving(&authority.leaf("localhost"))));
        for whole in [true, false] {
            let (near, far) = duplex(1 << 14);
            let (client, server) = tokio::join!(connector.connect(near), acceptor.accept(far));
            let (mut client, mut server) = (client.unwrap(), server.unwrap());
            server.write_all(b"HTTP/1.0 200 OK\r\n\r\n").await.unwrap();
            server.flush().await.unwrap();
            if whole {
                server.shutdown().await.unwrap();
            }
            drop(server);
            let mut read = Vec::new();
            let end = client
                .read_to_end(&mut read)
                .await
                .map_err(|error| error.kind());
            assert_eq!(read, b"HTTP/1.0 200 OK\r\n\r\n");
            let expected = if whole {
                Ok(19)
            } else {
                Err(io::ErrorKind::UnexpectedEof)
            };
            assert_eq!(end, expected);
        }
    }

    #[test]
    fn names_that_are_none_are_refused() {
        for server_name in [
            "",
            "https://localhost",
            "localhost:443",
            "[::1]",
            "caf\u{E9}.test",
            "a b",
        ] {
            let error = Connector::load(&Options {
                server_name,
                ..PLAIN
            })
            .err()
            .unwrap();
            assert!(error.help().is_some());
            assert_eq!(
                error.to_string(),
                format!("{server_name:?} is neither a DNS name nor an IP address")
            );
        }
    }

    #[test]
    fn every_authority_of_a_file_counts() {
        let folder = Folder::new();
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let text = Authority::new("ca").pem() + broken;
        let ca = folder.write("ca.pem", text);
        let error = Connector::load(&Options {
            ca: Some(&ca),
            ..PLAIN
        })
        .err()
        .unwrap();
        assert!(error.help().is_some());
        assert_eq!(
            error.to_string(),
            format!(
                "certificate 2 in {} cannot be used: it is damaged",
                ca.display()
            )
        );
    }

    #[test]
    fn a_system_without_authorities_is_an_error() {
        let folder = Folder::new();
        let missing = folder.path("missing");
        let empty = rustls_native_certs::load_certs_from_paths(None, Some(folder.as_ref()));
        let error = system_roots(empty).unwrap_err();
        assert!(error.help().is_some());
        assert_eq!(
            error.to_string(),
            "no trusted certificate authorities on this system"
        );
        let unread = rustls_native_certs::load_certs_from_paths(Some(&missing), None);
        let told = system_roots(unread).unwrap_err().to_string();
        assert!(told.starts_with("no trusted certificate authorities on this system: "));
        assert!(told.contains("missing"), "{told}");
    }

    #[test]
    fn odd_certificates_of_the_system_are_left_out() {
        let folder = Folder::new();
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let bundle = folder.write("bundle.pem", Authority::new("ca").pem() + broken);
        let found = rustls_native_certs::load_certs_from_paths(Some(&bundle), None);
        assert_eq!(system_roots(found).unwrap().len(), 1);
    }
}
