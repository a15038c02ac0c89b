//! Values made to be expensive, at 4 and at 64 KiB: what costs more than 16
//! times as much at 16 times the length is not linear.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use headguard::policy::Rule;
use headguard::{FindingKind, Policy, scan};
use std::hint::black_box;

mod values;

/// What the value is repeated from.
const PIECES: [(&str, &[u8]); 26] = [
    ("ampersands", b"&"),
    ("percents", b"%"),
    ("encoded word openings", b"=?"),
    ("encoded words without end", b"=?utf-8?q?"),
    ("encoded words", b"=?utf-8?q?=C3=A9?= "),
    ("E9", b"\xE9"),
    ("E9 and a letter", b"\xE9t"),
    ("references", b"&#233;"),
    ("references without semicolon", b"&#233"),
    ("nested references", b"&amp;amp;"),
    ("percent-encoded", b"%C3%A9"),
    ("percent-encoded percents", b"%2525"),
    ("escapes", b"\\u00e9"),
    ("double-encoded", "Ã©".as_bytes()),
    ("double-encoded lead", "Ã".as_bytes()),
    ("UTF-8 and Latin-1", b"\xC3\xA9\xE9"),
    ("UTF-8 and Latin-1 in parts", b"\xC3\xA9l\xE9t;"),
    ("guillemets", b"\xC2\xABa\xBB \xABa "),
    ("Shift_JIS or anything", b"\x83\x5C"),
    ("lead octets", b"\xE1\x80"),
    ("windows-1251", b"\xCC\xEE"),
    ("windows-1252 and signs", b"\xE9;"),
    ("GB18030 of four octets", b"\x81\x30\x81\x30"),
    ("overlong forms", b"\xC0\xAF"),
    ("references in references", b"&amp;lt"),
    ("ext-values", b" utf-8''%C3%A9"),
];

fn by_length(criterion: &mut Criterion) {
    let repairable = FindingKind::ALL
        .iter()
        .copied()
        .filter(|kind| kind.is_repairable());
    let policy = Policy::builder()
        .rule(Rule::for_fields(["CompanyName"]).normalize(repairable))
        .build()
        .unwrap_or_default();
    for (content, piece) in PIECES {
        let mut group = criterion.benchmark_group(format!("worst/{content}"));
        for length in [4 << 10, 64 << 10] {
            let value = values::of_length(piece, length);
            group.throughput(Throughput::Bytes(value.len() as u64));
            group.bench_with_input(BenchmarkId::new("decide", length), &value, |b, value| {
                b.iter(|| policy.decide("CompanyName", black_box(value)));
            });
            group.bench_with_input(BenchmarkId::new("reading", length), &value, |b, value| {
                b.iter(|| scan(black_box(value)).reading());
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = values::quick();
    targets = by_length
}
criterion_main!(benches);
