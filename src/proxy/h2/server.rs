//! Clients that speak HTTP/2.

use crate::proxy::event::Peer;
use crate::proxy::worker::Worker;
use crate::wire::stream::Stream;
use std::rc::Rc;

/// Serves a client's connection until it is closed.
pub(in crate::proxy) async fn serve(
    _worker: Rc<Worker>,
    _stream: Stream,
    _peer: Peer,
    _secure: bool,
    _first: Vec<u8>,
) {
}
