//! Takes one case so many times, for `perf/instructions`: `corelog-perf NAME COUNT`. Without arguments it lists them.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut cases = corelog_perf::cases();
    let (name, count) = match (arguments.next(), arguments.next()) {
        (None, _) => {
            cases.iter().for_each(|case| println!("{}", case.name));
            return ExitCode::SUCCESS;
        }
        (Some(name), count) => (name, count.and_then(|count| count.parse::<u64>().ok())),
    };
    let case = cases.iter_mut().find(|case| case.name == name);
    let (Some(case), Some(count)) = (case, count) else {
        eprintln!("usage: corelog-perf NAME COUNT");
        return ExitCode::from(2);
    };
    (0..count).for_each(|number| case.once(number));
    ExitCode::SUCCESS
}
