//! Time, order, fairness, and that a seed is a run.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_model::ShardId;
use corelog_runtime::{OpenOptions, WorkClass};
use corelog_sim::{FaultChances, Options, RunError, Simulation};

/// Two shards that write, sync and talk on a disk that fails, and a crash in the middle; the log and the hash of it.
fn busy_run(seed: u64) -> (String, u64) {
    let options = Options {
        keep_log: true,
        ..Options::default()
    };
    let sim = Simulation::new(seed, options);
    let machine = sim.machine(0);
    machine.set_fault_chances(FaultChances {
        write_fail: 20_000,
        sync_fail: 20_000,
        read_rot: 20_000,
        ..FaultChances::default()
    });
    for life in 0..3u64 {
        let mailboxes = machine.mailboxes::<u64>(2, 4);
        for (shard, mailbox) in (0u16..).zip(mailboxes) {
            let handle = machine.handle_for(ShardId::new(shard));
            let task = handle.clone();
            handle.spawn(WorkClass::Normal, "writer", async move {
                let path = format!("/{shard}.log");
                let create = OpenOptions {
                    write: true,
                    create: true,
                    ..OpenOptions::default()
                };
                let file = task.disk.open(Path::new(&path), create).await.unwrap();
                for round in 0.. {
                    let position = task.rng.next_u64() % 64 * 512;
                    drop(file.write_at(position, Bytes::from(vec![1; 700])).await);
                    drop(file.sync().await);
                    mailbox.send(ShardId::new(1 - shard), life * 1_000 + round).await;
                    mailbox.receive().await;
                    task.clock
                        .sleep_until(task.clock.now() + Duration::from_micros(300))
                        .await;
                }
            });
        }
        sim.run_for(Duration::from_millis(200));
        if life % 2 == 0 {
            machine.lose_power(None);
        } else {
            machine.kill();
        }
    }
    (sim.trace_log(), sim.trace_hash())
}

#[test]
fn the_same_seed_is_the_same_run_and_another_is_another() {
    let (log, hash) = busy_run(11);
    assert!(log.lines().count() > 1_000);
    assert_eq!((log, hash), busy_run(11));
    assert_ne!(hash, busy_run(12).1);
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "shows that virtual time does not take real time"
)]
fn time_jumps_to_the_next_timer_and_wall_time_may_jump_besides() {
    let sim = Simulation::new(1, Options::default());
    let machine = sim.machine(0);
    let handle = machine.handle_for(ShardId::new(0));
    let started = std::time::Instant::now();
    let wall = handle.clock.wall();
    sim.block_on(
        handle
            .clock
            .sleep_until(handle.clock.now() + Duration::from_secs(3_600)),
    );
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(sim.now().as_nanos() >= 3_600_000_000_000);
    assert_eq!(handle.clock.wall().get() - wall.get(), 3_600_000);
    machine.jump_wall_clock(-7_200_000);
    assert_eq!(handle.clock.wall().get() - wall.get(), -3_600_000);
}

#[test]
fn a_run_says_when_nothing_can_happen_and_when_its_time_is_up() {
    let sim = Simulation::new(2, Options::default());
    let idle = sim.run_until(std::future::pending::<()>(), Duration::from_secs(1));
    assert_eq!(
        idle,
        Err(RunError::Idle(
            Duration::ZERO + Duration::from_nanos(sim.now().as_nanos())
        ))
    );
    let sleep = sim.sleep(Duration::from_secs(5));
    let late = sim.run_until(sleep, Duration::from_secs(1));
    assert!(
        matches!(late, Err(RunError::TimedOut(at)) if at >= Duration::from_secs(1)),
        "{late:?}"
    );
}

#[test]
fn every_ready_task_gets_its_turn() {
    let sim = Simulation::new(3, Options::default());
    let machine = sim.machine(0);
    let turns: Rc<RefCell<[u64; 4]>> = Rc::default();
    for index in 0..4 {
        let turns = Rc::clone(&turns);
        machine
            .handle_for(ShardId::new(0))
            .spawn(WorkClass::Normal, "spinner", async move {
                loop {
                    turns.borrow_mut()[index] += 1;
                    let mut yielded = false;
                    std::future::poll_fn(|cx| {
                        if yielded {
                            return std::task::Poll::Ready(());
                        }
                        yielded = true;
                        cx.waker().wake_by_ref();
                        std::task::Poll::Pending
                    })
                    .await;
                }
            });
    }
    // Spinning makes time pass, too: 200 ns a poll.
    sim.run_for(Duration::from_millis(2));
    let turns = turns.borrow();
    let total: u64 = turns.iter().sum();
    assert!(total > 9_000, "{turns:?}");
    assert!(
        turns.iter().all(|count| (2_000..3_000).contains(count)),
        "{turns:?}"
    );
}

#[test]
fn a_mailbox_is_bounded_and_keeps_the_order_of_the_calls() {
    let sim = Simulation::new(4, Options::default());
    let machine = sim.machine(0);
    let mut mailboxes = machine.mailboxes::<u32>(3, 2);
    let receiver = mailboxes.remove(0);
    let sent = Rc::new(Cell::new(0));
    for (shard, mailbox) in (1u32..).zip(mailboxes) {
        let sent = Rc::clone(&sent);
        let handle = machine.handle_for(mailbox.shard());
        handle.spawn(WorkClass::Normal, "sender", async move {
            // All called before any is awaited, and awaited in the wrong order.
            let mut sends: Vec<_> = (0..10)
                .map(|n| mailbox.send(ShardId::new(0), shard * 100 + n))
                .collect();
            while let Some(send) = sends.pop() {
                send.await;
                sent.set(sent.get() + 1);
            }
        });
    }
    sim.run_for(Duration::from_millis(1));
    assert_eq!(sent.get(), 0, "the last of ten cannot be in a queue of two");
    let received = sim.block_on(async {
        let mut received = Vec::new();
        for _ in 0..20 {
            received.push(receiver.receive().await);
        }
        received
    });
    for shard in [1u16, 2] {
        let of = |from: &ShardId| from.get() == shard;
        let numbers: Vec<u32> = received
            .iter()
            .filter(|(from, _)| of(from))
            .map(|(_, n)| *n)
            .collect();
        let first = u32::from(shard) * 100;
        assert_eq!(numbers, (first..first + 10).collect::<Vec<_>>());
    }
    sim.run_for(Duration::from_millis(1));
    assert_eq!(sent.get(), 20);
}

/// How long each of a thousand messages from one shard to another takes, one after the other.
fn message_times(seed: u64) -> Vec<Duration> {
    let sim = Simulation::new(seed, Options::default());
    let mut mailboxes = sim.machine(0).mailboxes::<u32>(2, 2);
    let (sender, receiver) = (mailboxes.remove(0), mailboxes.remove(0));
    let mut times = Vec::new();
    for number in 0..1_000 {
        let sent = sim.now();
        let received = sim.block_on(async {
            sender.send(ShardId::new(1), number).await;
            receiver.receive().await
        });
        assert_eq!(received, (ShardId::new(0), number));
        times.push(sim.now().since(sent));
    }
    times
}

#[test]
fn a_message_takes_microseconds_and_to_some_shards_at_times_milliseconds() {
    let (soon, late) = (Duration::from_micros(10), Duration::from_millis(1));
    let mut with_late = 0;
    for seed in 0..16 {
        let times = message_times(seed);
        let of = |is_it: &dyn Fn(&Duration) -> bool| times.iter().filter(|time| is_it(time)).count();
        assert!(of(&|time| *time < soon) > 700, "seed {seed}: most are soon there");
        assert!(
            of(&|time| *time < Duration::from_micros(1)) > 100,
            "seed {seed}: some at once"
        );
        assert!(
            times.iter().max() < Some(&Duration::from_millis(5)),
            "seed {seed}"
        );
        with_late += usize::from(of(&|time| *time > late) > 0);
    }
    assert!((4..16).contains(&with_late), "{with_late} of 16 shards come late");
    assert_eq!(message_times(3), message_times(3));
}

#[test]
fn a_task_that_kills_its_own_machine_never_runs_again() {
    let sim = Simulation::new(5, Options::default());
    let machine = sim.machine(0);
    let after = Rc::new(Cell::new(false));
    let (own, flag) = (machine.clone(), Rc::clone(&after));
    let handle = machine.handle_for(ShardId::new(0));
    let clock = Rc::clone(&handle.clock);
    handle.spawn(WorkClass::Normal, "suicide", async move {
        own.kill();
        clock.sleep_until(clock.now()).await;
        std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            std::task::Poll::<()>::Pending
        })
        .await;
        flag.set(true);
    });
    sim.run_for(Duration::from_millis(10));
    assert!(!after.get());
    assert_eq!(sim.task_count(), 0);
    // What the dead process's handle starts is void.
    handle.spawn(WorkClass::Normal, "ghost", async {});
    assert_eq!(sim.task_count(), 0);
}
