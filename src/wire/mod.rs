//! HTTP/1.1 and 1.0 on the wire: heads, framing, bodies, connections.
//!
//! What arrives is kept as it arrived: a head is octets and the places of its
//! fields in them, so that it can be judged in place and passed on in runs.
//! What can be read in two ways is refused. This room knows nothing of policy,
//! and nothing of where a request goes.

pub(crate) mod chunked;
pub(crate) mod framing;
pub(crate) mod head;
pub(crate) mod pipe;
pub(crate) mod scratch;
pub(crate) mod stream;
pub(crate) mod syntax;
pub(crate) mod timer;
pub(crate) mod transfer;
