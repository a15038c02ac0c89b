//! An upstream that speaks HTTP/2.

use crate::proxy::worker::Worker;
use crate::wire::stream::Stream;
use std::future::Future;
use std::io;
use tokio::io::DuplexStream;

/// A worker's connections.
#[derive(Debug, Default)]
pub(in crate::proxy) struct Connections {}

/// A pipe to the upstream.
pub(in crate::proxy) async fn pipe<'w, F>(
    _upstream: u64,
    _worker: &'w Worker,
    _reach: impl FnOnce(&'w Worker) -> F,
) -> io::Result<DuplexStream>
where
    F: Future<Output = io::Result<Stream>> + 'w,
{
    Err(io::ErrorKind::Unsupported.into())
}
