//! hyper's HTTP/1, reading octets that are all there already.

#![allow(dead_code, reason = "no target uses all of it")]

use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version, header};
use std::cell::RefCell;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A message as hyper read it.
#[derive(Debug)]
pub struct Message<S> {
    pub start: S,
    pub version: Version,
    pub fields: HeaderMap,
    pub body: Vec<u8>,
    pub trailers: HeaderMap,
}

/// The method and the target.
pub type Requested = (Method, Uri);

/// The requests that hyper's server reads, each with its whole body.
pub fn requests(octets: &[u8]) -> Vec<Message<Requested>> {
    let read = Rc::new(RefCell::new(Vec::new()));
    let service = service_fn(|request: Request<Incoming>| {
        let read = Rc::clone(&read);
        async move {
            let (parts, body) = request.into_parts();
            if let Some((body, trailers)) = whole(body).await {
                read.borrow_mut().push(Message {
                    start: (parts.method, parts.uri),
                    version: parts.version,
                    fields: parts.headers,
                    body,
                    trailers,
                });
            }
            Ok::<_, Infallible>(Response::new(String::new()))
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .half_close(true)
        .serve_connection(Memory::answering(octets, Speaks::First), service);
    finish(connection);
    read.take()
}

/// The response that hyper's client reads to a request with this method.
pub fn response(octets: &[u8], method: Method) -> Option<Message<StatusCode>> {
    let memory = Memory::answering(octets, Speaks::WhenAsked);
    let read = finish(async {
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .handshake::<_, String>(memory)
            .await
            .ok()?;
        let mut connection = pin!(connection);
        let request = Request::builder()
            .method(method)
            .uri("/")
            .header(header::HOST, "origin.example")
            .header(header::TE, "trailers")
            .body(String::new())
            .expect("it is a request");
        let mut asked = pin!(async {
            let response = sender.send_request(request).await.ok()?;
            let (parts, body) = response.into_parts();
            let (body, trailers) = whole(body).await?;
            Some(Message {
                start: parts.status,
                version: parts.version,
                fields: parts.headers,
                body,
                trailers,
            })
        });
        let mut is_over = false;
        poll_fn(|cx| {
            if let Poll::Ready(read) = asked.as_mut().poll(cx) {
                return Poll::Ready(read);
            }
            if !is_over {
                is_over = connection.as_mut().poll(cx).is_ready();
            }
            Poll::Pending
        })
        .await
    });
    read.flatten()
}

async fn whole(mut body: Incoming) -> Option<(Vec<u8>, HeaderMap)> {
    let (mut data, mut trailers) = (Vec::new(), HeaderMap::new());
    loop {
        let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        match frame.map(|frame| frame.map(Frame::<Bytes>::into_data)) {
            None => return Some((data, trailers)),
            Some(Err(_)) => return None,
            Some(Ok(Ok(more))) => data.extend_from_slice(&more),
            Some(Ok(Err(frame))) => trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
}

/// Polls as often as a connection of a few KiB can need.
fn finish<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..20_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Some(output);
        }
    }
    None
}

/// The other end of hyper's connection: it has said everything it will say, and
/// listens to nothing.
struct Memory {
    rest: Vec<u8>,
    speaks: Speaks,
}

#[derive(PartialEq)]
enum Speaks {
    First,
    WhenAsked,
}

impl Memory {
    fn answering(octets: &[u8], speaks: Speaks) -> Self {
        let rest = octets.to_vec();
        Self { rest, speaks }
    }
}

impl Read for Memory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.speaks == Speaks::WhenAsked {
            return Poll::Pending;
        }
        let length = buffer.remaining().min(self.rest.len());
        let octets: Vec<u8> = self.rest.drain(..length).collect();
        buffer.put_slice(&octets);
        Poll::Ready(Ok(()))
    }
}

impl Write for Memory {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.speaks = Speaks::First;
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
