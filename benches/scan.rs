//! `scan` and what it finds, beside std's UTF-8 check and beside doing nothing.
//!
//! Deciding whether a value is worth a second look is the work of nearly every
//! value, so it is measured by itself; finding comes on top where it is.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use headguard::scan;
use std::hint::black_box;

mod values;

fn by_length(criterion: &mut Criterion) {
    for (content, piece) in values::CONTENTS {
        let mut group = criterion.benchmark_group(format!("scan/{content}"));
        for length in values::LENGTHS {
            let value = values::of_length(piece, length);
            group.throughput(Throughput::Bytes(value.len() as u64));
            group.bench_with_input(BenchmarkId::new("nothing", length), &value, |b, value| {
                b.iter(|| black_box(black_box(&value[..]).first().copied()));
            });
            group.bench_with_input(BenchmarkId::new("std", length), &value, |b, value| {
                b.iter(|| black_box(std::str::from_utf8(black_box(value)).is_ok()));
            });
            group.bench_with_input(BenchmarkId::new("scan", length), &value, |b, value| {
                b.iter(|| black_box(scan(black_box(value)).facts()));
            });
            group.bench_with_input(BenchmarkId::new("findings", length), &value, |b, value| {
                b.iter(|| scan(black_box(value)).findings().count());
            });
        }
        group.finish();
    }
}

/// Lengths no predictor has seen: values of a head as they come, one after another.
fn head(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scan/head");
    let octets: usize = values::REQUEST.iter().map(|(_, value)| value.len()).sum();
    group.throughput(Throughput::Bytes(octets as u64));
    let request = || values::REQUEST.map(|(_, value)| value.as_bytes());
    group.bench_function("std", |b| {
        b.iter_batched_ref(
            request,
            |request| {
                for value in request {
                    let _ = black_box(std::str::from_utf8(black_box(value)).is_ok());
                }
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("scan", |b| {
        b.iter_batched_ref(
            request,
            |request| {
                for value in request {
                    black_box(scan(black_box(value)).facts());
                }
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = values::quick();
    targets = by_length, head
}
criterion_main!(benches);
