//! What the wire takes for a whole request, hyper reads as the same request
//! with the same body, one after the other; and so it does with what goes on of
//! it. How the octets were cut changes nothing.
//!
//! The wire may read less than hyper. It reads more than hyper in one case
//! only: a target with characters that no URI has (`^`, `<`), which is the
//! origin's to refuse. Both find its end in the same place.

#![no_main]

use headguard::proxy::fuzzing::{self, Line, Request};
use hyper::{HeaderMap, Uri, Version};
use libfuzzer_sys::fuzz_target;

#[path = "../oracle.rs"]
mod oracle;
#[path = "../pieces.rs"]
mod pieces;

/// As many fields as hyper reads.
const MOST_FIELDS: usize = 100;

// The requests come first; the last octet chooses where they are cut.
fuzz_target!(|input: &[u8]| {
    let [octets @ .., choice] = input else { return };
    let mut ours = read(&[octets]);
    assert_eq!(read(&pieces::cut(octets, *choice)), ours);

    let theirs = oracle::requests(octets);
    // What comes after a target that hyper does not take, it does not read.
    let taken = ours
        .iter()
        .position(|request| request.target.parse::<Uri>().is_err());
    ours.truncate(taken.unwrap_or(ours.len()));
    assert!(
        ours.len() <= theirs.len(),
        "hyper reads {theirs:?}\nof {ours:?}"
    );
    for (ours, theirs) in ours.iter().zip(&theirs) {
        same(ours, theirs);
        goes_on(ours);
    }
});

/// The requests that are passed on, up to the first that is not.
fn read(pieces: &[&[u8]]) -> Vec<Request> {
    let mut all = fuzzing::requests(pieces.iter().copied(), MOST_FIELDS);
    let mut goes_on = true;
    all.retain(|request| {
        let Some(accept) = &request.accepted else {
            goes_on = false;
            return false;
        };
        let kept = goes_on && request.complete;
        goes_on = kept && accept.keep_alive;
        kept
    });
    all
}

fn same(ours: &Request, theirs: &oracle::Message<oracle::Requested>) {
    let (method, uri) = &theirs.start;
    assert_eq!(ours.method, method.as_str());
    assert_eq!(ours.is_http_11, theirs.version == Version::HTTP_11);
    assert_eq!(&ours.target.parse::<Uri>().expect("hyper took it"), uri);
    let accept = ours.accepted.as_ref().expect("it is passed on");
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    assert_eq!(from_root(&accept.path_and_query), from_root(path));
    if let Some(authority) = uri.authority() {
        assert_eq!(accept.authority, authority.as_str());
    }
    same_fields(&ours.fields, &theirs.fields);
    assert_eq!(ours.body, theirs.body);
    same_fields(&ours.trailers, &theirs.trailers);
}

/// A path that an absolute target may have left out.
fn from_root(path: &str) -> String {
    match path {
        "" => "/".to_owned(),
        query if query.starts_with('?') => format!("/{query}"),
        path => path.to_owned(),
    }
}

/// The same fields, and those of one name in the same order.
fn same_fields(ours: &[Line], theirs: &HeaderMap) {
    assert_eq!(ours.len(), theirs.len());
    for name in theirs.keys() {
        let values = ours
            .iter()
            .filter(|(own, _)| own.eq_ignore_ascii_case(name.as_str()));
        assert!(
            values
                .map(|(_, value)| value.as_slice())
                .eq(theirs.get_all(name).iter().map(|value| value.as_bytes())),
            "{name}"
        );
    }
}

/// What is written of a request for the next hop reads as the same request.
fn goes_on(request: &Request) {
    let accept = request.accepted.as_ref().expect("it is passed on");
    let mut wire = accept.forwarded.clone();
    if accept.is_chunked {
        fuzzing::encode(&request.body, &mut wire);
        wire.extend_from_slice(b"0\r\n\r\n");
    } else {
        wire.extend_from_slice(&request.body);
    }
    // An upgrade is the only thing that does not end where its head does.
    let all = fuzzing::requests([&wire[..]], 1000);
    let [again] = &all[..] else {
        panic!("{} reads as {all:?}", wire.escape_ascii());
    };
    let read = again.accepted.as_ref().expect("it is right");
    assert!(again.complete && again.is_http_11);
    assert_eq!(again.method, request.method);
    assert_eq!(again.body, request.body);
    assert_eq!(read.is_chunked, accept.is_chunked);
    assert!(read.path_and_query.ends_with(&accept.path_and_query));
    let framing = |name: &str| {
        let lines = again.fields.iter();
        lines
            .filter(|(own, _)| own.eq_ignore_ascii_case(name))
            .count()
    };
    let (lengths, codings) = (framing("Content-Length"), framing("Transfer-Encoding"));
    assert!(lengths + codings <= 1 && codings == usize::from(accept.is_chunked));
    assert_eq!(framing("Host"), 1);
    kept(request, again);

    let theirs = oracle::requests(&wire);
    assert_eq!(theirs.len(), 1, "{}", wire.escape_ascii());
    assert_eq!(theirs[0].body, request.body);
}

/// Of the fields that mean nothing to a proxy all are kept, in their order, but
/// those that `Connection` nominates.
fn kept(sent: &Request, forwarded: &Request) {
    let plain = |request: &Request| -> Vec<Line> {
        let lines = request.fields.iter();
        lines
            .filter(|(name, _)| !fuzzing::is_known(name))
            .cloned()
            .collect()
    };
    let nominated = |name: &str| {
        let connections = sent.fields.iter();
        connections
            .filter(|(own, _)| own.eq_ignore_ascii_case("Connection"))
            .flat_map(|(_, value)| value.split(|&octet| octet == b','))
            .any(|option| option.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
    };
    let forwarded = plain(forwarded);
    let mut rest = &forwarded[..];
    for line in plain(sent) {
        match rest.split_first() {
            Some((first, after)) if *first == line => rest = after,
            _ => assert!(nominated(&line.0), "{line:?} is lost"),
        }
    }
    assert!(rest.is_empty(), "nobody sent {rest:?}");
}
