//! A request's head is read, and refused where it is none.

use super::{After, write_all};
use crate::proxy::connection::Client;
use crate::proxy::limits;
use crate::proxy::reply::{self, Afterwards, Asker, Fault};
use crate::proxy::request_id::{RequestId, X_REQUEST_ID};
use crate::proxy::{Shared, trace};
use crate::wire::head::{self, Parsed, RequestLine};
use crate::wire::scratch::{FIRST_READ, Scratch, make_room};
use crate::wire::stream::poll_read_onto;
use crate::wire::syntax::SyntaxError;
use std::future::poll_fn;
use std::task::Poll;

/// Reads a whole head. Nothing, where the client is gone.
pub(super) async fn read_head(
    client: &mut Client,
    scratch: &mut Scratch,
    shared: &Shared,
) -> Result<Option<RequestLine>, Fault> {
    let limits = &shared.config.limits;
    let Scratch {
        inbound, fields, ..
    } = scratch;
    let mut searched = 0usize;
    loop {
        // An empty line before a request is old clients' habit (RFC 9112 §2.2).
        let empty = inbound.chunks(2).take_while(|line| line == b"\r\n");
        let empty = 2 * empty.count();
        inbound.drain(..empty);
        // Parsed at once, and again only when its end is there.
        if searched == 0 || head::end(inbound, searched.saturating_sub(2)).is_some() {
            match head::request(inbound, limits.fields.max(LEAST_FIELDS), fields) {
                Ok(Parsed::Complete(line)) => return Ok(Some(line)),
                Ok(Parsed::Partial) => {}
                Err(SyntaxError::TooManyFields) => {
                    return Err(Fault::Exceeded(limits::too_many_fields(inbound, limits)));
                }
                Err(error) => return Err(Fault::Syntax(error)),
            }
        }
        if inbound.len() > limits.head {
            return Err(Fault::Exceeded(limits::of_unfinished(inbound, limits)));
        }
        searched = inbound.len();
        make_room(inbound, FIRST_READ);
        let read = poll_fn(|cx| {
            if client.timer.is_over(cx) {
                return Poll::Ready(Err(Fault::HeadStalled));
            }
            poll_read_onto(&mut client.stream, cx, inbound).map(Ok)
        });
        if !matches!(read.await?, Ok(1..)) {
            return Ok(None);
        }
    }
}

/// Answers a head that cannot be read: there is no request to tell of.
pub(super) async fn refuse_head(
    client: &mut Client,
    scratch: &mut Scratch,
    shared: &Shared,
    fault: &Fault,
) -> After {
    match fault {
        Fault::HeadStalled => trace::head_stalled(client.peer),
        Fault::Syntax(_) if scratch.inbound.first() == Some(&TLS_HANDSHAKE) => {
            trace::tls(client.peer);
            return After::Linger;
        }
        _ => trace::head_malformed(client.peer, fault),
    }
    let head = &scratch.inbound[..];
    let id = RequestId::of(raw_values(head, X_REQUEST_ID));
    let level = shared.config.detail_level;
    let asker = Asker::new(
        &id,
        level,
        raw_values(head, "Accept"),
        head.starts_with(b"HEAD "),
    );
    reply::write(fault, &asker, Afterwards::Close, &mut scratch.reply);
    client.timer.arm(shared.config.timeouts.body);
    match write_all(&mut client.stream, &client.timer, &scratch.reply).await {
        Ok(()) => After::Linger,
        Err(_) => After::Gone,
    }
}

/// The values of a field in a head that cannot be read, as far as lines can be
/// told apart in it: what the answer looks like depends on it, nothing else.
fn raw_values<'h>(head: &'h [u8], name: &'static str) -> impl Iterator<Item = &'h [u8]> {
    let lines = head.split(|&octet| octet == b'\n');
    lines.filter_map(move |line| {
        let (sent, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":")?;
        sent.eq_ignore_ascii_case(name.as_bytes())
            .then(|| value.trim_ascii())
    })
}

/// The first octet of a TLS handshake (RFC 8446 §5.1); no method starts so.
const TLS_HANDSHAKE: u8 = 22;

/// So many fields are read before they are too many: a request that has a few
/// more than it may need not cost its connection.
const LEAST_FIELDS: usize = 128;
