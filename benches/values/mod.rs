//! What is measured: values as browsers and programs send them.

#![allow(dead_code, reason = "no benchmark uses all of it")]
#![allow(clippy::indexing_slicing, reason = "a benchmark may panic")]

use criterion::Criterion;
use std::time::Duration;

/// Below 16, 64 and above: where the ways through the code part.
pub(crate) const LENGTHS: [usize; 5] = [8, 32, 64, 256, 4096];

/// What values hold, as pieces that are repeated to the length.
pub(crate) const CONTENTS: [(&str, &[u8]); 5] = [
    (
        "ascii",
        b"Acme Widgets and Gears Incorporated of Springfield, ",
    ),
    (
        "utf-8",
        "Société Générale d’Électricité, Łódź — 東京支店, ".as_bytes(),
    ),
    (
        "latin1",
        b"Soci\xE9t\xE9 G\xE9n\xE9rale d'\xC9lectricit\xE9 et de Chaleur, ",
    ),
    (
        "references",
        b"Soci&eacute;t&#233; G&#xE9;n&eacute;rale &amp; Fils, ",
    ),
    (
        "mixed",
        b"Soci\xE9t&eacute; G\xE9n&#233;rale & Fils, 100% AT&T, ",
    ),
];

/// A value of about `length` octets, cut where a piece of text may be cut.
pub(crate) fn of_length(piece: &[u8], length: usize) -> Vec<u8> {
    let mut value: Vec<u8> = piece.iter().copied().cycle().take(length).collect();
    // Neither half a character nor half a reference at the end, nor a space.
    let mut end = value.len();
    if let Err(error) = std::str::from_utf8(&value)
        && std::str::from_utf8(piece).is_ok()
    {
        end = error.valid_up_to();
    }
    if let Some(start) = value[..end].iter().rposition(|&octet| octet == b'&')
        && !value[start..end].contains(&b';')
    {
        end = start;
    }
    value[end..].fill(b'x');
    if let Some(last) = value.last_mut()
        && (*last == b' ' || *last >= 0x80 && std::str::from_utf8(piece).is_err())
    {
        *last = b'x';
    }
    value
}

/// What a browser sends to an API behind a proxy, with a company name in UTF-8:
/// 13 fields, 466 octets of values.
pub(crate) const REQUEST: [(&str, &str); 13] = [
    ("Host", "api.example.com"),
    (
        "User-Agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    ),
    ("Accept", "application/json, text/plain, */*"),
    ("Accept-Language", "fr-CA,fr;q=0.8,en-US;q=0.5,en;q=0.3"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Referer", "https://app.example.com/orders?page=2&sort=name"),
    ("Content-Type", "application/json"),
    ("Content-Length", "348"),
    (
        "Authorization",
        "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJleGFtcGxlIiwiaWF0IjoxNzYzNjAwMDAwfQ.c2lnbmF0dXJl",
    ),
    ("X-Request-Id", "123e4567-e89b-12d3-a456-426614174000"),
    (
        "Traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ),
    ("CompanyName", "Télébec LP"),
    ("Cookie", "sid=38afes7a8; theme=dark; lang=fr"),
];

/// Short enough that all benchmarks together take a minute or two.
pub(crate) fn quick() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300))
        .sample_size(20)
        .without_plots()
}
