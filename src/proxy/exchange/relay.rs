//! The upstream's answer goes on: its head, and both bodies past each other, or
//! a tunnel after a 101.

use super::refuse::Refused;
use super::{After, Answer, Exchange, Plan, drained, is_gone};
use crate::headers::lines::Repair;
use crate::proxy::connection::Client;
use crate::proxy::event::{Ending, Told};
use crate::proxy::upstream::{Connected, chain};
use crate::proxy::worker::Stage;
use crate::proxy::{forwarding, judge, tunnel};
use crate::wire::framing::Framing;
use crate::wire::head::Version;
use crate::wire::scratch::Scratch;
use crate::wire::stream::Stream;
use crate::wire::transfer::{Broken, Coding, Transfer, Waiting};
use std::future::poll_fn;
use std::io;
use std::task::Poll;

impl Exchange<'_> {
    /// Passes the response on, and what is left of the request. Says whether
    /// the upstream's connection can be used again.
    pub(super) async fn relay(
        &mut self,
        plan: &Plan<'_>,
        answer: &Answer,
        upload: &mut Transfer,
        upstream: &mut Connected,
        scratch: &mut Scratch,
        record: &mut Told,
    ) -> Result<(After, bool), Refused> {
        let shared = self.shared;
        let repairs = judge::response(
            shared,
            record,
            plan.response_policy.as_ref(),
            &scratch.answer,
            &scratch.answer_fields,
        );
        let repairs = repairs.map_err(|fault| Refused {
            fault,
            drained: drained(upload),
        })?;
        // A response that comes early may leave a body that nobody reads.
        let leaving = self.client.worker.stage() > Stage::Serving;
        let mut closes = !plan.keep_alive || leaving || !upload.is_read();
        let coding = match (answer.read.framing, plan.version) {
            (Framing::Chunked | Framing::UntilClose, Version::Http11) => Coding::Chunked,
            (Framing::Chunked | Framing::UntilClose, Version::Http10) => {
                closes = true;
                Coding::Identity
            }
            (Framing::Length(_) | Framing::None, _) => Coding::Identity,
        };
        self.write_head(answer, coding, &repairs, closes, scratch);
        self.client.answering = true;
        if let Some(record) = record {
            record.relayed(answer.line.status);
        }
        let mut download = Transfer::new(
            answer.read.framing,
            shared.config.limits.head,
            coding,
            answer.line.octets,
            false,
        );
        let ended = self
            .pass(
                plan,
                upload,
                &mut download,
                &mut upstream.stream,
                scratch,
                record,
            )
            .await;
        if let Err(ended) = ended {
            // A body that its length or its last chunk ends shows that it is cut.
            let shows =
                matches!(answer.read.framing, Framing::Length(_)) || coding == Coding::Chunked;
            return Ok((if shows { ended } else { After::Abort }, false));
        }
        if let Some(record) = record {
            record.ended(Ending::Complete);
        }
        let reusable =
            answer.read.keep_alive && upload.is_done() && scratch.answer.len() == download.at();
        let after = match (closes, upload.is_read()) {
            (false, _) => After::Again,
            (true, true) => After::Close,
            (true, false) => After::Linger,
        };
        if after == After::Again {
            self.next(upload.at(), scratch);
        }
        Ok((after, reusable))
    }

    /// Writes the head of a response for the client.
    pub(super) fn write_head(
        &self,
        answer: &Answer,
        coding: Coding,
        repairs: &[Repair],
        closes: bool,
        scratch: &mut Scratch,
    ) {
        forwarding::write_response(
            &forwarding::Response {
                line: &answer.line,
                head: &scratch.answer,
                fields: &scratch.answer_fields,
                read: &answer.read,
                coding,
                repairs,
                hop: &self.client.hop,
                closes,
            },
            &mut scratch.reply,
        );
    }

    /// Moves both bodies until the response is complete.
    async fn pass(
        &mut self,
        plan: &Plan<'_>,
        upload: &mut Transfer,
        download: &mut Transfer,
        upstream: &mut Stream,
        scratch: &mut Scratch,
        record: &mut Told,
    ) -> Result<(), After> {
        let shared = self.shared;
        let limit = shared.config.timeouts.body;
        let Client { stream, timer, .. } = &mut *self.client;
        let Scratch {
            inbound,
            outbound,
            answer,
            reply,
            ..
        } = scratch;
        let mut upload_failed = false;
        let mut before = None;
        poll_fn(|cx| {
            if !upload.is_done() && !upload_failed {
                let mut on_trailers = |section: &[u8], out: &mut Vec<u8>| {
                    judge::trailers(shared, record, Some(&plan.policy), section, out).is_ok()
                };
                let from = (&mut *stream, &mut *inbound);
                let to = (&mut *upstream, &mut *outbound);
                let moved = upload.poll(cx, from, to, &mut on_trailers);
                upload_failed = matches!(moved, Poll::Ready(Err(_)));
            }
            let mut on_trailers = |section: &[u8], out: &mut Vec<u8>| {
                let policy = plan.response_policy.as_ref();
                judge::trailers(shared, record, policy, section, out).is_ok()
            };
            let from = (&mut *upstream, &mut *answer);
            let to = (&mut *stream, &mut *reply);
            match download.poll(cx, from, to, &mut on_trailers) {
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
                Poll::Ready(Err(Broken::Sink(_))) => return Poll::Ready(Err(After::Gone)),
                Poll::Ready(Err(broken)) => {
                    broken_off(record, Ending::UpstreamCut, cause_of(&broken));
                    return Poll::Ready(Err(After::Close));
                }
                Poll::Pending => {}
            }
            let now = (upload.moved(), download.moved());
            if before != Some(now) {
                before = Some(now);
                timer.arm(limit);
            }
            if timer.is_over(cx) {
                if download.waiting() == Waiting::Source {
                    let cause = format!("no octet of the response within {limit:?}");
                    broken_off(record, Ending::UpstreamStalled, cause);
                }
                return Poll::Ready(Err(After::Close));
            }
            if upload.is_read() && is_gone(stream, cx, inbound) {
                return Poll::Ready(Err(After::Gone));
            }
            Poll::Pending
        })
        .await
    }

    /// Becomes a tunnel, after the upstream's 101.
    pub(super) async fn switch(
        &mut self,
        plan: &Plan<'_>,
        answer: &Answer,
        mut upstream: Stream,
        upload: &Transfer,
        scratch: &mut Scratch,
        record: &mut Told,
    ) -> Result<After, Refused> {
        let policy = plan.response_policy.as_ref();
        let (head, fields) = (&scratch.answer, &scratch.answer_fields);
        let repairs = judge::response(self.shared, record, policy, head, fields)?;
        self.write_head(answer, Coding::Identity, &repairs, false, scratch);
        self.client.answering = true;
        if let Some(record) = record {
            record.relayed(answer.line.status);
            record.ended(Ending::Complete);
        }
        scratch
            .inbound
            .drain(..upload.at().min(scratch.inbound.len()));
        let early = answer.line.octets.min(scratch.answer.len());
        let early = scratch.answer.get(early..).unwrap_or_default();
        scratch.reply.extend_from_slice(early);
        tunnel::run(
            self.client,
            &mut upstream,
            &scratch.inbound,
            &scratch.reply,
            self.shared.config.timeouts.tunnel,
        )
        .await;
        Ok(After::Close)
    }
}

fn broken_off(record: &mut Told, ending: Ending, cause: String) {
    if let Some(record) = record {
        record.broken_off(ending, cause);
    }
}

fn cause_of(broken: &Broken) -> String {
    match broken {
        Broken::Malformed(error) => error.to_string(),
        Broken::Source(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it closed the connection in the middle of its body".to_owned()
        }
        Broken::Sink(error) | Broken::Source(error) => chain(error),
        Broken::Trailers => "its trailers were refused".to_owned(),
    }
}
