//! Deciding about a request of 13 fields, as it comes and with a fault in it.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use headguard::policy::{Preset, Rule};
use headguard::{FindingKind, Policy};
use std::hint::black_box;

mod values;

fn request(criterion: &mut Criterion) {
    let octets: usize = values::REQUEST.iter().map(|(_, value)| value.len()).sum();
    let latin1 = with_company_name(b"T\xE9l\xE9bec LP");
    let references = with_company_name(b"T&#233;l&#233;bec LP");
    let right = with_company_name("Télébec LP".as_bytes());
    let rules = Policy::builder()
        .rule(
            Rule::for_fields(["CompanyName", "X-Company-*"])
                .normalize([
                    FindingKind::Latin1,
                    FindingKind::CharRef,
                    FindingKind::DoubleEncoded,
                ])
                .reject([FindingKind::InvalidUtf8, FindingKind::Control])
                .max_octets(200),
        )
        .build()
        .unwrap_or_default();

    let mut group = criterion.benchmark_group("decide/request");
    group.throughput(Throughput::Bytes(octets as u64));
    group.bench_function("nothing", |b| {
        b.iter(|| {
            for (name, value) in &right {
                black_box((name, value.first()));
            }
        });
    });
    group.bench_function("std", |b| {
        b.iter(|| {
            for (_, value) in &right {
                let _ = black_box(std::str::from_utf8(black_box(value)).is_ok());
            }
        });
    });
    let cases = [
        ("right, log", &right, preset(Preset::Log)),
        ("right, strict", &right, preset(Preset::Strict)),
        ("right, a rule with a limit", &right, rules),
        ("latin1, log", &latin1, preset(Preset::Log)),
        ("latin1, repair", &latin1, preset(Preset::Repair)),
        ("references, repair", &references, preset(Preset::Repair)),
    ];
    for (name, request, policy) in cases {
        group.bench_function(name, |b| {
            b.iter(|| {
                for (name, value) in request {
                    black_box(policy.decide(black_box(name), black_box(value)));
                }
            });
        });
    }
    group.finish();
}

fn with_company_name(company: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let field = |(name, value): (&'static str, &str)| match name {
        "CompanyName" => (name, company.to_vec()),
        _ => (name, value.as_bytes().to_vec()),
    };
    values::REQUEST.into_iter().map(field).collect()
}

fn preset(preset: Preset) -> Policy {
    Policy::builder().preset(preset).build().unwrap_or_default()
}

criterion_group! {
    name = benches;
    config = values::quick();
    targets = request
}
criterion_main!(benches);
