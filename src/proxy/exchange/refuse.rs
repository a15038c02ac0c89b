//! A request that is answered by ourselves: what of its body is read, the
//! answer, and whether the connection can be used again.

use super::{After, Exchange, request_id, sent, write_all};
use crate::proxy::event::{Ending, Told};
use crate::proxy::memo::{Asking, Refusal};
use crate::proxy::reply::{self, Afterwards, Asker, Fault};
use crate::proxy::worker::Stage;
use crate::wire::framing::{self, Framing};
use crate::wire::head::{Known, Version};
use crate::wire::scratch::Scratch;
use crate::wire::stream::Stream;
use crate::wire::transfer::{Drain, Drained};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// A request that is answered by us, and whether its body is out of the way.
pub(super) struct Refused {
    pub(super) fault: Fault,
    pub(super) drained: Drained,
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            drained: Drained::Part,
        }
    }
}

/// What follows an answer of our own.
pub(super) struct Answered {
    /// Whether the connection can be used again.
    keeps: bool,
    drained: Drained,
}

impl Exchange<'_> {
    /// Reads what is left of a small body, so that the connection can be used
    /// again. A client that waits to be told to send is not told.
    pub(super) async fn drain(
        &mut self,
        scratch: &mut Scratch,
        fault: &Fault,
        framing: Framing,
        expects_continue: bool,
    ) -> Drained {
        // A stream of HTTP/2 carries one request; nothing comes after it.
        let is_alone = matches!(self.client.stream, Stream::Pipe(_));
        if is_alone || !fault.leaves_framing_clear() {
            return Drained::Part;
        }
        let mut drain = Drain::new(framing, self.line.octets);
        let timer = &self.client.timer;
        timer.arm(LONGEST_DRAIN);
        let stream = &mut self.client.stream;
        poll_fn(|cx| {
            if timer.is_over(cx) {
                return Poll::Ready(Drained::Part);
            }
            let may_read = !expects_continue;
            drain.poll(cx, stream, &mut scratch.inbound, may_read)
        })
        .await
    }

    /// Writes an answer of our own.
    pub(super) fn answer(
        &mut self,
        scratch: &mut Scratch,
        record: &mut Told,
        Refused { fault, drained }: Refused,
    ) -> Answered {
        if let Some(record) = record {
            record.answered(&fault);
        }
        let leaving = self.client.worker.stage() > Stage::Serving;
        let keeps = drained != Drained::Part
            && fault.leaves_framing_clear()
            && !leaving
            && self.keeps_alive(scratch);
        let afterwards = match keeps {
            true => Afterwards::KeepOpen,
            false => Afterwards::Close,
        };
        let mut reply = std::mem::take(&mut scratch.reply);
        reply.clear();
        let id = match &record {
            Some(record) => record.id().clone(),
            None => request_id(scratch),
        };
        // What is repeated is told as it was.
        let is_new = !matches!(fault, Fault::Repeated(_));
        let accept = is_new.then(|| sent(scratch, Known::Accept));
        let asker = Asker::new(
            &id,
            self.shared.config.detail_level,
            accept.into_iter().flatten(),
            self.line.method(&scratch.inbound) == "HEAD",
        );
        let fault = match fault {
            Fault::Rejected(rejected) => {
                let refusal = Rc::new(Refusal::new(&rejected, asker.level, asker.as_text));
                let asking = Asking::of(self.shared.id, &scratch.inbound, &scratch.fields);
                if let Some(asking) = asking {
                    self.client.worker.memo.keep(asking, &rejected, &refusal);
                }
                Fault::Repeated(refusal)
            }
            fault => fault,
        };
        reply::write(&fault, &asker, afterwards, &mut reply);
        scratch.reply = reply;
        self.client.answering = true;
        Answered { keeps, drained }
    }

    /// Sends the answer that was written.
    pub(super) async fn send(
        &mut self,
        scratch: &mut Scratch,
        mut record: Told,
        Answered { keeps, drained }: Answered,
    ) -> After {
        let timer = &self.client.timer;
        timer.arm(self.shared.config.timeouts.body);
        let sent = write_all(&mut self.client.stream, timer, &scratch.reply).await;
        if sent.is_err() {
            return After::Gone;
        }
        if let Some(record) = &mut record {
            record.ended(Ending::Complete);
        }
        match (keeps, drained) {
            (true, Drained::Whole { next }) => {
                self.next(next, scratch);
                After::Again
            }
            _ => After::Linger,
        }
    }

    /// Whether the client may go on after this request.
    fn keeps_alive(&self, scratch: &Scratch) -> bool {
        let mut seen = framing::Connection::default();
        for value in sent(scratch, Known::Connection) {
            seen.read(value);
        }
        self.line.version == Version::Http11 && !seen.close
    }
}

/// How long a refused request's body may take to be read.
const LONGEST_DRAIN: Duration = Duration::from_secs(1);
