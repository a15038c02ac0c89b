//! What the wire takes for a whole response, hyper's client reads as the same
//! response with the same body; and so it does with what the client is sent of
//! it. How the octets were cut changes nothing.

#![no_main]

use headguard::proxy::fuzzing::{self, Line, Response};
use hyper::{HeaderMap, Method, StatusCode, Version};
use libfuzzer_sys::fuzz_target;

#[path = "../oracle.rs"]
mod oracle;
#[path = "../pieces.rs"]
mod pieces;

// The responses come first; of the last octets one chooses the method, and one
// where the responses are cut.
fuzz_target!(|input: &[u8]| {
    let [octets @ .., method, choice] = input else {
        return;
    };
    let to_head = method & 1 == 1;
    let ours = fuzzing::responses([octets], to_head);
    assert_eq!(
        fuzzing::responses(pieces::cut(octets, *choice), to_head),
        ours
    );
    let Some((ours, interim)) = ours.as_deref().and_then(<[_]>::split_last) else {
        return;
    };
    assert!(interim.iter().all(|response| response.status < 200));
    if ours.is_interim {
        // It is another protocol from here on.
        return;
    }
    let method = if to_head { Method::HEAD } else { Method::GET };
    let theirs = oracle::response(octets, method.clone());
    let theirs = theirs.unwrap_or_else(|| panic!("hyper does not read {ours:?}"));
    same(ours, &theirs);
    assert_eq!(ours.is_http_11, theirs.version == Version::HTTP_11);
    same_fields(&ours.fields, &theirs.fields);
    same_fields(&ours.trailers, &theirs.trailers);

    let sent: Vec<u8> = interim
        .iter()
        .flat_map(|response| response.written.clone())
        .collect();
    let sent = [&sent[..], &ours.written].concat();
    let again = oracle::response(&sent, method);
    let again = again.unwrap_or_else(|| panic!("hyper does not read {}", sent.escape_ascii()));
    same(ours, &again);
    assert_eq!(again.version, Version::HTTP_11);
    assert!(
        !again.fields.contains_key("content-length")
            || !again.fields.contains_key("transfer-encoding")
    );
});

fn same(ours: &Response, theirs: &oracle::Message<StatusCode>) {
    assert_eq!(ours.status, theirs.start.as_u16());
    assert_eq!(ours.body, theirs.body);
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
