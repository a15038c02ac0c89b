//! Repairing: a decision that ends in a rewritten value, beside the check that
//! std makes and beside a copy, which any rewrite costs at least.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use headguard::policy::Rule;
use headguard::{FindingKind, Policy};
use std::hint::black_box;

mod values;

fn by_length(criterion: &mut Criterion) {
    let repairable = FindingKind::ALL
        .iter()
        .copied()
        .filter(|kind| kind.is_repairable());
    let policy = Policy::builder()
        .rule(Rule::for_fields(["CompanyName"]).normalize(repairable))
        .build()
        .unwrap_or_default();
    let damaged = "SociÃ©tÃ© GÃ©nÃ©rale dâ€™Ã‰lectricitÃ©, ".as_bytes();
    let contents = values::CONTENTS
        .into_iter()
        .chain([("double-encoded", damaged)]);
    for (content, piece) in contents {
        let mut group = criterion.benchmark_group(format!("normalize/{content}"));
        for length in values::LENGTHS {
            let value = values::of_length(piece, length);
            group.throughput(Throughput::Bytes(value.len() as u64));
            group.bench_with_input(BenchmarkId::new("std", length), &value, |b, value| {
                b.iter(|| black_box(std::str::from_utf8(black_box(value)).is_ok()));
            });
            group.bench_with_input(BenchmarkId::new("copy", length), &value, |b, value| {
                b.iter(|| black_box(black_box(value).clone()));
            });
            group.bench_with_input(BenchmarkId::new("decide", length), &value, |b, value| {
                b.iter(|| policy.decide("CompanyName", black_box(value)));
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
