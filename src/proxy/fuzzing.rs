//! The wire and the exchange for the fuzz targets, which cannot reach what is
//! the package's own. Compiled for them alone (`--cfg fuzzing`).
//!
//! Messages are read here as the exchange reads them, into what can be compared
//! with what another reader makes of the same octets.

#![allow(
    missing_docs,
    missing_debug_implementations,
    reason = "its names are for the fuzz targets alone"
)]
#![allow(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::result_unit_err,
    reason = "a law that is broken is to stop the fuzzer"
)]

use super::Shared;
use super::connection;
use super::event::Peer;
use super::forwarded::{Client, Hop, Scheme, Settings, Trust};
use super::forwarding::{self, HostLine};
use super::listener::{Accepted, Speaks};
use super::worker::{Counted, Load, Worker};
use crate::config::Config;
use crate::policy::Policy;
use crate::wire::chunked::{self, Decoder, Step};
use crate::wire::framing::{self, Framing};
use crate::wire::head::{self, Field, Known, Parsed, RequestLine, Version};
use crate::wire::stream::Stream;
use crate::wire::syntax::SyntaxError;
use crate::wire::transfer::Coding;
use arc_swap::ArcSwap;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::DuplexStream;

/// A field line: its name and its value.
pub type Line = (String, Vec<u8>);

/// A request as the wire read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub is_http_11: bool,
    pub fields: Vec<Line>,
    pub body: Vec<u8>,
    pub trailers: Vec<Line>,
    /// What `framing` made of it; nothing where it refused.
    pub accepted: Option<Accept>,
    /// Its body and its trailers have come.
    pub complete: bool,
}

/// What is known of a request that may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept {
    pub authority: String,
    pub path_and_query: String,
    pub is_chunked: bool,
    pub keep_alive: bool,
    /// The head for the next hop.
    pub forwarded: Vec<u8>,
}

/// Reads requests one after the other from octets that come in these pieces, up
/// to the first whose end is not known or that has not come whole.
pub fn requests<'p>(pieces: impl IntoIterator<Item = &'p [u8]>, most: usize) -> Vec<Request> {
    let mut reader = Reader {
        most,
        ..Reader::default()
    };
    for piece in pieces {
        reader.input.extend_from_slice(piece);
        while reader.go_on() {}
        if reader.over {
            break;
        }
    }
    if let Some((request, _)) = reader.body.take() {
        reader.read.push(request);
    }
    reader.read
}

#[derive(Default)]
struct Reader {
    input: Vec<u8>,
    most: usize,
    searched: usize,
    body: Option<(Request, Body)>,
    read: Vec<Request>,
    over: bool,
}

enum Body {
    Chunked(Decoder),
    Length(u64),
    UntilClose,
}

impl Reader {
    /// Takes one more step. False where more must come, or nothing will.
    fn go_on(&mut self) -> bool {
        match self.body.take() {
            _ if self.over => false,
            Some((request, body)) => self.go_on_in_body(request, body),
            None => self.go_on_in_head(),
        }
    }

    fn go_on_in_head(&mut self) -> bool {
        while self.input.starts_with(b"\r\n") {
            self.input.drain(..2);
        }
        if self.searched > 0 && head::end(&self.input, self.searched.saturating_sub(2)).is_none() {
            self.searched = self.input.len();
            return false;
        }
        let mut fields = Vec::new();
        let line = match head::request(&self.input, self.most, &mut fields) {
            Ok(Parsed::Complete(line)) => line,
            Ok(Parsed::Partial) => {
                self.searched = self.input.len();
                return false;
            }
            Err(error) => {
                has_its_place(&error, &self.input);
                self.over = true;
                return false;
            }
        };
        self.searched = 0;
        let octets = &self.input[..line.octets];
        assert_eq!(head::end(octets, 0), Some(octets.len()));
        tile(octets, &fields);
        let (request, framing) = request(&line, octets, &fields);
        self.input.drain(..line.octets);
        match framing {
            Some(framing) => self.body = Some((request, Body::of(framing))),
            None => {
                self.over = true;
                self.read.push(request);
            }
        }
        true
    }

    fn go_on_in_body(&mut self, mut request: Request, mut body: Body) -> bool {
        match body.read(&mut self.input, &mut request.body, self.most) {
            Progress::More => {
                self.body = Some((request, body));
                return false;
            }
            Progress::End(trailers) => {
                request.trailers = trailers;
                request.complete = true;
            }
            Progress::Wrong => self.over = true,
        }
        self.read.push(request);
        true
    }
}

fn request(line: &RequestLine, octets: &[u8], fields: &[Field]) -> (Request, Option<Framing>) {
    let read = framing::request(line, octets, fields, false);
    let framing = match &read {
        Ok(read) => Some(read.framing),
        Err(malformed) if malformed.leaves_framing_clear() => {
            framing::body_of(line, octets, fields)
        }
        Err(_) => None,
    };
    let request = Request {
        method: line.method(octets).to_owned(),
        target: line.target(octets).to_owned(),
        is_http_11: line.version == Version::Http11,
        fields: lines(octets, fields),
        body: Vec::new(),
        trailers: Vec::new(),
        accepted: read.ok().map(|read| Accept {
            authority: read.target.authority.to_owned(),
            path_and_query: read.target.path_and_query.to_owned(),
            is_chunked: read.framing == Framing::Chunked,
            keep_alive: read.keep_alive,
            forwarded: forwarded(line, octets, fields, &read),
        }),
        complete: false,
    };
    (request, framing)
}

fn forwarded(
    line: &RequestLine,
    head: &[u8],
    fields: &[Field],
    read: &framing::Request<'_>,
) -> Vec<u8> {
    let mut out = Vec::new();
    forwarding::write_request(
        &forwarding::Request {
            line,
            head,
            fields,
            read,
            repairs: &[],
            policy: &Policy::default(),
            hop: &hop(),
            host: HostLine::AsSent {
                otherwise: "origin.example",
            },
        },
        &mut out,
    );
    out
}

fn hop() -> Hop {
    let settings = Settings {
        x_forwarded: true,
        forwarded: true,
        via: true,
    };
    Hop::new(
        settings,
        &Client {
            peer: Some(client_address()),
            scheme: Scheme::Http,
            trust: Trust::Trusted,
        },
    )
}

fn client_address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 1234))
}

/// How far a body is.
enum Progress {
    More,
    End(Vec<Line>),
    Wrong,
}

impl Body {
    const fn of(framing: Framing) -> Self {
        match framing {
            Framing::Chunked => Self::Chunked(Decoder::new(64 << 10)),
            Framing::Length(octets) => Self::Length(octets),
            Framing::None => Self::Length(0),
            Framing::UntilClose => Self::UntilClose,
        }
    }

    /// Takes what is there of a body out of `input`.
    fn read(&mut self, input: &mut Vec<u8>, body: &mut Vec<u8>, most: usize) -> Progress {
        let decoder = match self {
            Self::Chunked(decoder) => decoder,
            Self::Length(left) => {
                let here = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(input.len());
                body.extend(input.drain(..here));
                *left -= here as u64;
                return match left {
                    0 => Progress::End(Vec::new()),
                    _ => Progress::More,
                };
            }
            Self::UntilClose => {
                body.append(input);
                return Progress::More;
            }
        };
        loop {
            match decoder.step(input) {
                Err(_) => return Progress::Wrong,
                Ok(Step::Data { data, used }) => {
                    body.extend_from_slice(data);
                    input.drain(..used);
                }
                Ok(Step::More { used }) => {
                    input.drain(..used);
                    return Progress::More;
                }
                Ok(Step::End { used }) => {
                    input.drain(..used);
                    return Progress::End(Vec::new());
                }
                Ok(Step::Trailers { section, used }) => {
                    let mut fields = Vec::new();
                    if let Err(error) = head::trailers(section, most, &mut fields) {
                        has_its_place(&error, section);
                        return Progress::Wrong;
                    }
                    let trailers = lines(section, &fields);
                    let used = used + section.len();
                    input.drain(..used);
                    return Progress::End(trailers);
                }
            }
        }
    }
}

fn lines(octets: &[u8], fields: &[Field]) -> Vec<Line> {
    fields
        .iter()
        .map(|field| (field.name(octets).to_owned(), field.value(octets).to_vec()))
        .collect()
}

/// Every octet behind the first line is one field's or the last line's.
fn tile(head: &[u8], fields: &[Field]) {
    let mut end = None;
    for field in fields {
        let (line, value) = (field.line(), field.value_range());
        assert!(end.is_none_or(|end| end == line.start));
        assert!(line.start > 0 && head[..line.start].ends_with(b"\r\n"));
        assert!(head[line.clone()].ends_with(b"\r\n"));
        let name = field.name_octets(head);
        assert!(!name.is_empty() && head[line.clone()].starts_with(name));
        assert_eq!(field.name(head).as_bytes(), name);
        assert_eq!(head[line.start + name.len()], b':');
        assert!(line.start + name.len() < value.start && value.end + 2 <= line.end);
        let around = [
            &head[line.start + name.len() + 1..value.start],
            &head[value.end..line.end - 2],
        ];
        assert!(around.concat().iter().all(|octet| b" \t".contains(octet)));
        end = Some(line.end);
    }
    if let Some(end) = end {
        assert_eq!(end, head.len() - 2);
    }
}

/// Where something is wrong is in what was sent.
fn has_its_place(error: &SyntaxError, input: &[u8]) {
    assert!(!error.to_string().is_empty());
    let Some(place) = error.place() else { return };
    assert!(place.offset < input.len() && input.contains(&place.octet));
    assert!(place.occurrence > 0 || place.field.as_deref() == Some(b""));
    if let Some(field) = &place.field {
        assert!(field.is_empty() || input.windows(field.len()).any(|part| part == field));
    }
}

/// A response as the wire read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub is_http_11: bool,
    pub fields: Vec<Line>,
    pub body: Vec<u8>,
    pub trailers: Vec<Line>,
    /// What an HTTP/1.1 client is sent for it.
    pub written: Vec<u8>,
    /// It is not the final one.
    pub is_interim: bool,
}

/// Reads the responses to one request up to the final one, from octets that
/// come in these pieces before the connection is closed. Nothing, where any is
/// refused or is not whole.
pub fn responses<'p>(
    pieces: impl IntoIterator<Item = &'p [u8]>,
    to_head: bool,
) -> Option<Vec<Response>> {
    let mut pieces = pieces.into_iter();
    let (mut input, mut read) = (Vec::new(), Vec::new());
    loop {
        let mut searched = 0usize;
        let (line, fields) = loop {
            if !input.is_empty()
                && (searched == 0 || head::end(&input, searched.saturating_sub(2)).is_some())
            {
                let mut fields = Vec::new();
                match head::response(&input, 100, &mut fields) {
                    Ok(Parsed::Complete(line)) => break (line, fields),
                    Ok(Parsed::Partial) => {}
                    Err(error) => {
                        has_its_place(&error, &input);
                        return None;
                    }
                }
            }
            searched = input.len();
            input.extend_from_slice(pieces.next()?);
        };
        let octets: Vec<u8> = input.drain(..line.octets).collect();
        assert_eq!(head::end(&octets, 0), Some(octets.len()));
        tile(&octets, &fields);
        let framed = framing::response(&line, &octets, &fields, to_head).ok()?;
        let is_interim = line.status < 200;
        let coding = match framed.framing {
            Framing::Chunked | Framing::UntilClose => Coding::Chunked,
            Framing::Length(_) | Framing::None => Coding::Identity,
        };
        let mut response = Response {
            status: line.status,
            is_http_11: line.version == Version::Http11,
            fields: lines(&octets, &fields),
            body: Vec::new(),
            trailers: Vec::new(),
            written: Vec::new(),
            is_interim,
        };
        forwarding::write_response(
            &forwarding::Response {
                line: &line,
                head: &octets,
                fields: &fields,
                read: &framed,
                coding,
                repairs: &[],
                hop: &hop(),
                closes: false,
            },
            &mut response.written,
        );
        if is_interim {
            let ends = line.status == 101;
            read.push(response);
            if ends {
                return Some(read);
            }
            continue;
        }
        let mut body = Body::of(framed.framing);
        loop {
            match body.read(&mut input, &mut response.body, 100) {
                Progress::Wrong => return None,
                Progress::End(trailers) => {
                    response.trailers = trailers;
                    break;
                }
                Progress::More => match (pieces.next(), &body) {
                    (Some(piece), _) => input.extend_from_slice(piece),
                    (None, Body::UntilClose) => break,
                    (None, _) => return None,
                },
            }
        }
        match coding {
            Coding::Chunked => {
                chunked::encode(&response.body, &mut response.written);
                response.written.extend_from_slice(b"0\r\n\r\n");
            }
            Coding::Identity => response.written.extend_from_slice(&response.body),
        }
        read.push(response);
        return Some(read);
    }
}

/// A chunked body as the wire reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunked {
    pub data: Vec<u8>,
    /// With the empty line at its end, where it has lines.
    pub trailers: Vec<u8>,
    /// So many octets were taken.
    pub octets: usize,
}

/// Decodes a body that comes in these pieces.
///
/// # Errors
///
/// When it is refused.
pub fn decode<'p>(
    pieces: impl IntoIterator<Item = &'p [u8]>,
    most_trailers: usize,
) -> Result<Option<Chunked>, ()> {
    let mut decoder = Decoder::new(most_trailers);
    let mut input = Vec::new();
    let mut chunked = Chunked {
        data: Vec::new(),
        trailers: Vec::new(),
        octets: 0,
    };
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            let (taken, is_over) = match decoder.step(&input).map_err(drop)? {
                Step::Data { data, used } => {
                    assert!(!data.is_empty() && data.len() <= used);
                    chunked.data.extend_from_slice(data);
                    (used, false)
                }
                Step::More { used } => {
                    input.drain(..used);
                    chunked.octets += used;
                    break;
                }
                Step::End { used } => (used, true),
                Step::Trailers { section, used } => {
                    chunked.trailers.extend_from_slice(section);
                    (used + section.len(), true)
                }
            };
            chunked.octets += taken;
            assert_eq!(decoder.is_done(), is_over);
            if is_over {
                return Ok(Some(chunked));
            }
            input.drain(..taken);
        }
    }
    Ok(None)
}

/// Writes one chunk.
pub fn encode(data: &[u8], out: &mut Vec<u8>) {
    chunked::encode(data, out);
}

/// Whether a field of this name says where a message ends or whom it is for, or
/// is about one connection.
#[must_use]
pub fn is_known(name: &str) -> bool {
    !matches!(Known::of(name.as_bytes()), Known::LookAlike | Known::Other)
}

/// Whether a field of this name may not stand in a trailer.
#[must_use]
pub fn is_framing_or_routing(name: &str) -> bool {
    Known::of(name.as_bytes()).is_framing_or_routing()
}

type Origin = Box<dyn FnMut() -> DuplexStream>;

thread_local! {
    static ORIGIN: RefCell<Option<Origin>> = const { RefCell::new(None) };
}

/// Opens a connection to what stands for the origin, if something does.
pub(super) fn connect() -> Option<Stream> {
    ORIGIN.with_borrow_mut(|origin| Some(Stream::Carried(Box::new(origin.as_mut()?()))))
}

/// A proxy without listeners.
pub struct Server(Arc<ArcSwap<Shared>>);

impl Server {
    /// # Errors
    ///
    /// When the configuration cannot be used.
    pub fn new(config: Config) -> Result<Self, super::TlsError> {
        Ok(Self(Arc::new(ArcSwap::from_pointee(Shared::new(
            config, None,
        )?))))
    }

    /// A thread's part of it, whose connections to the origin are opened so.
    pub fn worker(&self, origin: impl FnMut() -> DuplexStream + 'static) -> Thread {
        ORIGIN.set(Some(Box::new(origin)));
        Thread(Worker::new(
            0,
            Arc::clone(&self.0),
            Arc::new(Load::default()),
        ))
    }
}

/// What a thread of the proxy has.
#[derive(Clone)]
pub struct Thread(Rc<Worker>);

impl Thread {
    /// Serves a client until its connection is closed.
    pub async fn serve(self, client: DuplexStream) {
        let accepted = Accepted {
            stream: Stream::Carried(Box::new(client)),
            peer: Peer::Address(client_address()),
            speaks: Speaks::Plain,
        };
        let load = Arc::clone(&self.0.load);
        let counted = Counted::one(&load, |load| &load.connections, usize::MAX);
        if let Some(counted) = counted {
            connection::serve(self.0, Box::new(accepted), counted).await;
        }
    }

    /// Lets every timer know that it is so late.
    pub fn let_it_be(&self, since_start: Duration) {
        self.0.clock.sweep_at(since_start);
    }
}
