//! What an exchange works with: borrowed from the thread, and given back.
//!
//! An idle connection holds none of this.

use super::head::Field;
use std::cell::RefCell;

/// The buffers of one exchange.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// What the client sent: the head, then what came of the body.
    pub(crate) inbound: Vec<u8>,
    /// The fields of its head.
    pub(crate) fields: Vec<Field>,
    /// What goes to the upstream: the head, and the body where it is small.
    pub(crate) outbound: Vec<u8>,
    /// What the upstream sent.
    pub(crate) answer: Vec<u8>,
    /// The fields of its head.
    pub(crate) answer_fields: Vec<Field>,
    /// What goes to the client.
    pub(crate) reply: Vec<u8>,
}

/// How much is read at once, to begin with: a head and a small body in one go.
pub(crate) const FIRST_READ: usize = 32 << 10;

/// How much is read at once of a body that goes on.
pub(crate) const LARGE_READ: usize = 128 << 10;

/// A buffer that has grown beyond this is not kept for the next exchange.
const MOST_KEPT: usize = 64 << 10;

/// How many are kept for later.
const MOST_STOCKED: usize = 128;

/// A vector read may go beyond what was sent by so many octets, so that whoever
/// looks at the end of a value may load a whole register.
const SPARE: usize = 64;

thread_local! {
    #[expect(clippy::vec_box, reason = "they are moved in and out as boxes")]
    static STOCK: RefCell<Vec<Box<Scratch>>> = const { RefCell::new(Vec::new()) };
}

/// Takes one from the thread's stock.
pub(crate) fn take() -> Box<Scratch> {
    STOCK.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// Gives one back.
pub(crate) fn give_back(mut scratch: Box<Scratch>) {
    for buffer in [
        &mut scratch.inbound,
        &mut scratch.outbound,
        &mut scratch.answer,
        &mut scratch.reply,
    ] {
        buffer.clear();
        buffer.shrink_to(MOST_KEPT);
    }
    scratch.fields.clear();
    scratch.answer_fields.clear();
    STOCK.with_borrow_mut(|stock| {
        if stock.len() < MOST_STOCKED {
            stock.push(scratch);
        }
    });
}

/// Makes room to read at least `octets` more, and some to spare.
pub(crate) fn make_room(buffer: &mut Vec<u8>, octets: usize) {
    if buffer.capacity() - buffer.len() < octets / 4 + SPARE {
        buffer.reserve(octets + SPARE);
    }
}
