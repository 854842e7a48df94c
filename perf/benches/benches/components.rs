//! The cases by the clock: `cargo bench -p corelog-perf`, `cargo bench -p corelog-perf -- crc`.

use std::time::Duration;

use corelog_perf::{cases, round_trips};
use criterion::{Criterion, criterion_group, criterion_main};

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

criterion_group!(benches, components, hops);
criterion_main!(benches);
