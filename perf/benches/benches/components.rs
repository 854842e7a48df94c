//! The cases by the clock: `cargo bench -p corelog-perf`, `cargo bench -p corelog-perf -- crc`.

use std::time::Duration;

use corelog_model::batch::Compression;
use corelog_perf::{Checked, Validation, cases, round_trips};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn components(criterion: &mut Criterion) {
    for mut case in cases() {
        criterion.bench_function(case.name, |bencher| {
            let mut number = 0;
            bencher.iter(|| {
                case.once(number);
                number += 1;
            });
        });
    }
}

/// Between two shards that sleep, and between two that look for more first.
fn hops(criterion: &mut Criterion) {
    for (name, spin) in [
        ("hop-parked", Duration::ZERO),
        ("hop-spinning", Duration::from_micros(50)),
    ] {
        criterion.bench_function(name, |bencher| {
            bencher.iter_custom(|count| round_trips(count, spin).expect("two shards start"));
        });
    }
}

/// Of a produced batch: its checksum alone, and its records as well.
fn validation(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("validation");
    let codecs = [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];
    for codec in codecs {
        for value_bytes in [100, 1024] {
            for batch_bytes in [16 << 10, 128 << 10, 1 << 20] {
                let batch = Validation::new(codec, batch_bytes, value_bytes);
                group.throughput(Throughput::Bytes(batch.size()));
                for checked in [Checked::Checksum, Checked::Records] {
                    let name = format!("{codec:?}-{value_bytes}-{}k-{checked:?}", batch_bytes >> 10);
                    group.bench_function(name.to_lowercase(), |bencher| {
                        bencher.iter(|| batch.once(checked));
                    });
                }
            }
        }
    }
}

criterion_group!(benches, components, hops, validation);
criterion_main!(benches);
