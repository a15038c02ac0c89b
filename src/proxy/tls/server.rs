//! TLS towards clients.
//!
//! Sessions are resumed by tickets that only this acceptor can read, with keys
//! of its own that change every six hours; nothing is kept per client, and all
//! workers take what one has given. Clients are not asked for a certificate and
//! nothing is read before the handshake is done (no 0-RTT: it can be replayed).

use super::error::TlsError;
use super::identity::Identity;
use super::{H2, HTTP_1_0, HTTP_1_1, fault, provider};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::Ticketer;

/// A connection of a client.
pub(in super::super) type ServerStream<IO> = tokio_rustls::server::TlsStream<IO>;

/// Makes TLS of connections that clients opened. Clones are one and the same.
#[derive(Clone)]
pub(in super::super) struct Acceptor {
    tls: TlsAcceptor,
    warning: Option<Arc<str>>,
}

impl Acceptor {
    /// With the certificates and the private key of two files, or of one.
    ///
    /// Files are read at once: on a runtime it is a thing for `spawn_blocking`.
    ///
    /// # Errors
    ///
    /// [`TlsError`] when either cannot be used.
    pub(in super::super) fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let provider = provider();
        let identity = Identity::load(certificate, key, &provider)?;
        let setup = |error: tokio_rustls::rustls::Error| TlsError::Setup {
            cause: error.to_string(),
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(setup)?
            .with_no_client_auth()
            .with_cert_resolver(identity.certified);
        // HTTP/1.0 for clients that offer nothing else: a list in which they
        // find nothing refuses them, and without TLS they are served.
        config.alpn_protocols = [H2, HTTP_1_1, HTTP_1_0].map(<[u8]>::to_vec).into();
        config.ticketer = Ticketer::new().map_err(setup)?;
        Ok(Self {
            tls: Arc::new(config).into(),
            warning: identity.warning.map(Into::into),
        })
    }

    /// What will keep clients away though the acceptor works: a certificate that
    /// has expired or is not valid yet.
    pub(in super::super) fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// The handshake with a client.
    ///
    /// # Errors
    ///
    /// What kept it from being done, in words; see [`is_not_tls`](fault::is_not_tls).
    pub(in super::super) async fn accept<IO>(&self, io: IO) -> io::Result<ServerStream<IO>>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let accepted = self.tls.accept(io).await;
        accepted.map_err(|error| fault::of_handshake(error, None))
    }
}

/// Whether the client chose HTTP/2. It speaks HTTP/1 if not, whether it said so
/// or nothing.
pub(in super::super) fn is_h2<IO>(stream: &ServerStream<IO>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(H2)
}

#[cfg(test)]
mod tests {
    use super::super::client::ClientStream;
    use super::super::testing::{Authority, Folder, client_config, client_config_of, dialled};
    use super::super::{explain, is_not_tls};
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio_rustls::rustls::{ClientConfig, HandshakeKind, ProtocolVersion, version};

    const _: fn() = || {
        fn shared<T: Clone + Send + Sync>() {}
        shared::<Acceptor>();
    };

    fn acceptor(authority: &Authority) -> Acceptor {
        let folder = Folder::new();
        let (certificate, key) = folder.leaf("server", &authority.leaf("localhost"));
        Acceptor::load(&certificate, &key).unwrap()
    }

    /// Both ends of a connection on which the handshake is done.
    async fn connected(
        acceptor: &Acceptor,
        config: &Arc<ClientConfig>,
    ) -> (ServerStream<DuplexStream>, ClientStream<DuplexStream>) {
        let (near, far) = duplex(1 << 14);
        let (server, client) = tokio::join!(acceptor.accept(near), dialled(config, far));
        (server.unwrap(), client.unwrap())
    }

    #[tokio::test]
    async fn the_client_chooses_the_version_of_http() {
        let authority = Authority::new("ca");
        let acceptor = acceptor(&authority);
        let cases: [(&[&str], Option<&[u8]>); 5] = [
            (&["h2", "http/1.1"], Some(H2)),
            (&["http/1.1", "h2"], Some(H2)),
            (&["http/1.1"], Some(HTTP_1_1)),
            (&["http/1.0"], Some(HTTP_1_0)),
            (&[], None),
        ];
        for (offered, chosen) in cases {
            let (server, client) = connected(&acceptor, &client_config(&authority, offered)).await;
            assert_eq!(client.get_ref().1.alpn_protocol(), chosen, "{offered:?}");
            assert_eq!(is_h2(&server), chosen == Some(H2));
        }
    }

    #[tokio::test]
    async fn a_client_of_another_protocol_is_refused() {
        let authority = Authority::new("ca");
        let (near, far) = duplex(1 << 14);
        let config = client_config(&authority, &["imap"]);
        let acceptor = acceptor(&authority);
        let (server, client) = tokio::join!(acceptor.accept(near), dialled(&config, far));
        assert_eq!(
            server.unwrap_err().to_string(),
            "no HTTP version in common (ALPN)"
        );
        assert_eq!(
            explain(client.unwrap_err()).to_string(),
            "the other side refused: no HTTP version in common (ALPN)"
        );
    }

    #[tokio::test]
    async fn both_versions_of_tls_resume_by_ticket() {
        let authority = Authority::new("ca");
        let acceptor = acceptor(&authority);
        for (offered, expected) in [
            (&version::TLS12, ProtocolVersion::TLSv1_2),
            (&version::TLS13, ProtocolVersion::TLSv1_3),
        ] {
            let config = client_config_of(&[offered], &authority, &[]);
            for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
                let (mut server, mut client) = connected(&acceptor.clone(), &config).await;
                let session = server.get_ref().1;
                assert_eq!(session.protocol_version(), Some(expected));
                assert_eq!(session.handshake_kind(), Some(kind));
                // The ticket of TLS 1.3 comes with what is read first.
                server.write_all(b"!").await.unwrap();
                server.flush().await.unwrap();
                assert_eq!(client.read_u8().await.unwrap(), b'!');
            }
        }
    }

    #[tokio::test]
    async fn plain_http_is_told_apart() {
        let authority = Authority::new("ca");
        let (near, mut far) = duplex(1 << 14);
        far.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .unwrap();
        let error = acceptor(&authority).accept(near).await.unwrap_err();
        assert!(is_not_tls(&error));
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert_eq!(
            error.to_string(),
            "what was received is not TLS; plain HTTP, perhaps"
        );
    }

    #[tokio::test]
    async fn a_client_that_goes_away_is_no_plain_http() {
        let authority = Authority::new("ca");
        let (near, far) = duplex(1 << 14);
        drop(far);
        let error = acceptor(&authority).accept(near).await.unwrap_err();
        assert!(!is_not_tls(&error));
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(error.to_string(), "closed before TLS was agreed on");
    }

    #[tokio::test]
    async fn what_the_client_makes_of_the_certificate_is_told() {
        let (near, far) = duplex(1 << 14);
        let config = client_config(&Authority::new("another"), &[]);
        let acceptor = acceptor(&Authority::new("ca"));
        let (server, client) = tokio::join!(acceptor.accept(near), dialled(&config, far));
        client.unwrap_err();
        assert_eq!(
            server.unwrap_err().to_string(),
            "the other side refused: it does not know who issued the certificate"
        );
    }

    #[tokio::test]
    async fn a_cut_is_not_an_end() {
        let authority = Authority::new("ca");
        let acceptor = acceptor(&authority);
        let config = client_config(&authority, &[]);

        let (mut server, mut client) = connected(&acceptor, &config).await;
        client.write_all(b"all").await.unwrap();
        client.shutdown().await.unwrap();
        let mut read = Vec::new();
        assert_eq!(server.read_to_end(&mut read).await.unwrap(), 3);
        assert_eq!(server.read(&mut [0]).await.unwrap(), 0);

        let (mut server, mut client) = connected(&acceptor, &config).await;
        client.write_all(b"part").await.unwrap();
        client.flush().await.unwrap();
        drop(client);
        let mut read = [0; 16];
        assert_eq!(server.read(&mut read).await.unwrap(), 4);
        for _ in 0..2 {
            let error = server.read(&mut read).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
            let error = explain(error);
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
            assert_eq!(
                error.to_string(),
                "closed without close_notify: it may have been cut off"
            );
        }
    }

    #[test]
    fn an_expired_certificate_is_loaded_and_warned_of() {
        let folder = Folder::new();
        let authority = Authority::new("ca");
        let leaf = authority.issue(&["localhost"], |params| {
            params.not_after = rcgen::date_time_ymd(2001, 1, 1);
        });
        let (certificate, key) = folder.leaf("server", &leaf);
        let warned = Acceptor::load(&certificate, &key).unwrap();
        assert!(warned.warning().is_some());
        assert_eq!(acceptor(&authority).warning(), None);
    }

    #[tokio::test]
    async fn loading_again_gives_the_new_certificate() {
        let authority = Authority::new("ca");
        let config = client_config(&authority, &[]);
        let folder = Folder::new();
        let shown = async |acceptor: &Acceptor| {
            let (_, client) = connected(acceptor, &config).await;
            client.get_ref().1.peer_certificates().unwrap()[0].clone()
        };
        let (certificate, key) = folder.leaf("server", &authority.leaf("localhost"));
        let old = Acceptor::load(&certificate, &key).unwrap();
        let before = shown(&old).await;
        folder.leaf("server", &authority.leaf("localhost"));
        assert_eq!(shown(&old).await, before);
        let new = Acceptor::load(&certificate, &key).unwrap();
        assert_ne!(shown(&new).await, before);

        // Half of a change is an error, and changes nothing.
        folder.write("server.key", authority.leaf("localhost").key);
        assert!(matches!(
            Acceptor::load(&certificate, &key),
            Err(TlsError::Mismatch { .. })
        ));
    }
}
