//! `/debug/shards`: the share of work, stall, poll and idle of each shard over the last seconds, and its tasks.

use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use corelog_model::ShardId;
use corelog_runtime::{ActivityReport, TimeSpent};
use futures_util::future::join_all;

use crate::metrics::ShardMetrics;
use crate::shard::Shards;

/// Tasks and long polls that are listed of a shard.
const LISTED_MAX: usize = 12;

/// Asks every shard.
pub(super) async fn page(shards: &Shards) -> String {
    let asked: Vec<_> = shards
        .all()
        .map(|to| {
            shards.submit_to(to, move |metrics: Rc<ShardMetrics>| {
                std::future::ready((to, metrics.activity.report()))
            })
        })
        .collect();
    let mut page = String::from(
        "work: in tasks; stall: of it, in polls longer than 1 ms; poll: the driver (rings, timers, other shards);\n\
         idle: asleep; rest: the scheduler and waiting for the processor\n",
    );
    for (id, report) in join_all(asked).await {
        print(&mut page, id, &report);
    }
    page
}

fn print(page: &mut String, id: ShardId, report: &ActivityReport) {
    let share =
        |part: Duration| 100.0 * part.as_secs_f64() / report.window.as_secs_f64().max(f64::MIN_POSITIVE);
    let TimeSpent {
        work,
        stall,
        poll,
        idle,
    } = report.recent;
    let rest = report.window.saturating_sub(work + poll + idle);
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        page,
        "\nshard {id}, the last {:.1} s: work {:.1} %  stall {:.1} %  poll {:.1} %  idle {:.1} %  rest {:.1} %",
        report.window.as_secs_f64(),
        share(work),
        share(stall),
        share(poll),
        share(idle),
        share(rest)
    );
    let total = report.total.work.as_secs_f64().max(f64::MIN_POSITIVE);
    let _ = writeln!(
        page,
        "  {:<24} {:>7} {:>12} {:>12} {:>12}",
        "task", "share %", "polls", "mean µs", "longest ms"
    );
    for task in report.tasks.iter().take(LISTED_MAX) {
        let mean = task.total.as_nanos() / u128::from(task.polls.max(1));
        let _ = writeln!(
            page,
            "  {:<24} {:>7.1} {:>12} {:>9}.{:02} {:>12.3}",
            task.name,
            100.0 * task.total.as_secs_f64() / total,
            task.polls,
            mean / 1000,
            mean % 1000 / 10,
            task.longest.as_secs_f64() * 1e3
        );
    }
    for long in report.long.iter().take(LISTED_MAX) {
        let _ = writeln!(
            page,
            "  {:.1} s ago {} held the shard for {:.3} ms",
            long.ago.as_secs_f64(),
            long.name,
            long.took.as_secs_f64() * 1e3
        );
    }
}

#[cfg(test)]
mod tests {
    use corelog_runtime::{LongPoll, TaskTime};

    use super::*;

    #[test]
    fn a_shard_is_a_line_and_its_tasks() {
        let ms = Duration::from_millis;
        let spent = TimeSpent {
            work: ms(500),
            stall: ms(100),
            poll: ms(200),
            idle: ms(1200),
        };
        let report = ActivityReport {
            total: spent,
            window: ms(2000),
            recent: spent,
            tasks: vec![TaskTime {
                name: "fetch",
                polls: 4,
                total: ms(250),
                longest: ms(100),
            }],
            long: vec![LongPoll {
                name: "fetch",
                ago: ms(1500),
                took: ms(100),
            }],
        };
        let mut page = String::new();
        print(&mut page, ShardId::new(3), &report);
        for part in [
            "shard 3, the last 2.0 s: work 25.0 %  stall 5.0 %  poll 10.0 %  idle 60.0 %  rest 5.0 %",
            "  fetch                       50.0            4     62500.00      100.000",
            "  1.5 s ago fetch held the shard for 100.000 ms",
        ] {
            assert!(page.contains(part), "{page}");
        }
        print(&mut page, ShardId::new(4), &ActivityReport::default());
        assert!(page.contains("shard 4, the last 0.0 s: work 0.0 %"), "{page}");
    }
}
