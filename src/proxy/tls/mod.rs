//! TLS on both sides of the proxy: [`Acceptor`] for clients, [`Connector`] for
//! the upstream. rustls is named in this folder only.
//!
//! Versions 1.2 and 1.3, with the cryptography of *ring*, handed over each time:
//! what the process may have for a default is not asked. Nothing here waits or
//! watches. Handshakes have no time limit of their own; whoever starts one gives
//! it one. To reload is to call `load` again and to use the result for what
//! connects next; `load` reads files and does nothing else, so that a failed one
//! changes nothing.
//!
//! # The end of a stream
//!
//! A peer that is done says so with `close_notify`; then a read gives no octets,
//! the end of a file as everywhere. A connection that ends without it may have
//! been cut by anybody on the way: what had come is read first, and then every
//! read is an error of the kind [`UnexpectedEof`](std::io::ErrorKind). A message
//! that ends where its connection ends is complete after the first and never
//! after the second. Between messages the difference does not matter, and not
//! all clients say goodbye. To say it is `poll_shutdown`.

mod client;
mod error;
mod fault;
mod identity;
mod pem;
mod server;
#[cfg(test)]
mod testing;

pub(super) use client::{Connector, Options};
pub use error::TlsError;
pub(super) use fault::{explain, is_not_tls};
pub(super) use server::{Acceptor, is_h2};

use std::sync::Arc;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

const H2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";
const HTTP_1_0: &[u8] = b"http/1.0";

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
