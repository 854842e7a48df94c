//! Starting, stopping, watching; timers and tasks.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use corelog_runtime::local::{Elapsed, timeout};
use corelog_runtime::{Clock, ListenOptions, Shard, ShardsOptions, StartError, WorkClass, start_shards};
use futures_util::FutureExt;

use crate::common::{all, on_one_shard, options};

#[test]
fn refuses_impossible_numbers() {
    let start = |options: &ShardsOptions| {
        start_shards(options, |_: Shard<()>| async {})
            .map(drop)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(start(&options(0)), StartError::NoShards.to_string());
    let strict = ShardsOptions {
        shards: 3,
        cores: vec![0, 1],
        ..ShardsOptions::default()
    };
    assert_eq!(start(&strict), "3 shards need 3 cores, and there are 2");
}

#[test]
fn a_stop_reaches_parked_shards() {
    let shards = start_shards(&options(3), |shard: Shard<()>| async move {
        let leaked = Rc::new(RefCell::new(0));
        let held = Rc::clone(&leaked);
        // Tasks that would wait for ever are dropped at the end.
        let receive = shard.mailbox.receive();
        shard.handle.spawn(WorkClass::Background, "waits", async move {
            let _held = held;
            receive.await;
        });
        shard.shutdown.requested().await;
        shard.shutdown.requested().await;
        Rc::strong_count(&leaked)
    });
    let shards = shards.unwrap();
    shards.stopper().stop();
    shards.stopper().stop();
    assert_eq!(shards.join(), [2, 2, 2]);
}

/// Sleeps of several lengths that begin together: how long each was, in the order of their ends, and whether none took so
/// long that the next one's time had come.
async fn sleeps(clock: &Rc<dyn Clock>) -> (Vec<u64>, bool) {
    let start = clock.now();
    let ends = Rc::new(RefCell::new(Vec::new()));
    let sleeps = [30u64, 10, 20, 10].map(|ms| {
        let sleep = clock.sleep_until(start + Duration::from_millis(ms));
        let (ends, clock) = (Rc::clone(&ends), Rc::clone(clock));
        async move {
            sleep.await;
            let slept = clock.now().since(start);
            assert!(slept >= Duration::from_millis(ms));
            ends.borrow_mut()
                .push((ms, slept < Duration::from_millis(ms + 10)));
        }
    });
    all(sleeps.into()).await;
    let ends = ends.borrow();
    (
        ends.iter().map(|(ms, _)| *ms).collect(),
        ends.iter().all(|(_, is_on_time)| *is_on_time),
    )
}

#[test]
fn timers_fire_in_order_and_can_be_dropped() {
    on_one_shard(async |handle| {
        let clock = &handle.clock;
        let start = clock.now();
        let mut never = clock.sleep_until(start + Duration::from_secs(3600));
        assert!((&mut never).now_or_never().is_none());
        // On a machine with much to do several are due at once, and any may come first.
        let order = loop {
            match sleeps(clock).await {
                (order, true) => break order,
                (_, false) => assert!(
                    clock.now().since(start) < Duration::from_secs(60),
                    "never on time"
                ),
            }
        };
        assert_eq!(order, [10, 10, 20, 30]);
        clock.sleep_until(start).await;
        drop(never);
        // 2020-01-01: the wall clock counts from 1970.
        assert!(clock.wall().get() > 1_577_836_800_000);
    });
}

#[test]
fn every_class_runs() {
    on_one_shard(async |handle| {
        let (sender, receiver) = (0..3)
            .map(|_| corelog_runtime::local::oneshot::channel())
            .unzip::<_, _, Vec<_>, Vec<_>>();
        let classes = [WorkClass::Background, WorkClass::Normal, WorkClass::Latency];
        for (class, sender) in classes.into_iter().zip(sender) {
            handle.spawn(class, "sends", async move { sender.send(class).unwrap() });
        }
        let mut ran = Vec::new();
        for receiver in receiver {
            ran.push(receiver.await.unwrap());
        }
        assert_eq!(ran, classes);
    });
}

#[test]
fn news_reach_parked_shards_once_each() {
    let shards = start_shards(&options(3), |shard: Shard<()>| async move {
        shard.news.next().await;
        assert!(shard.news.next().now_or_never().is_none());
        shard.shutdown.requested().await;
    });
    let shards = shards.unwrap();
    shards.herald().tell();
    shards.stopper().stop();
    shards.join();
}

#[test]
fn idle_shards_answer_and_a_held_one_does_not() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(Some(held));
    let shards = start_shards(&options(2), move |shard: Shard<()>| {
        let is_held = shard.id.get() == 1;
        let held = is_held.then(|| held.lock().unwrap().take().unwrap());
        async move {
            shard.shutdown.requested().await;
            if let Some(held) = held {
                // Blocks the shard's thread, as no task should.
                held.recv().unwrap();
                shard.news.next().await;
            }
        }
    });
    let shards = shards.unwrap();
    let mut liveness = shards.liveness();
    let mut ask_until = |wanted: Option<u16>| {
        for _ in 0..1000 {
            liveness.ask();
            // That a shard does not answer shows in time alone.
            std::thread::park_timeout(Duration::from_millis(10));
            if liveness.silent().map(|shard| shard.get()) == wanted {
                return;
            }
        }
        panic!("silent: {:?}, not {wanted:?}", liveness.silent());
    };
    ask_until(None);
    shards.stopper().stop();
    ask_until(Some(1));
    release.send(()).unwrap();
    ask_until(None);
    shards.herald().tell();
    shards.join();
}

/// A task holds its shard until the watchdog has told.
#[test]
fn the_watchdog_reports_a_stall() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(Some(held));
    let options = ShardsOptions {
        stall_limit: Duration::from_millis(20),
        ..options(1)
    };
    let shards = start_shards(&options, move |_: Shard<()>| {
        let held = held.lock().unwrap().take().unwrap();
        // Blocks the shard's thread, as no task should.
        async move { held.recv().unwrap() }
    });
    let shards = shards.unwrap();
    while shards.stalls() == 0 {
        std::thread::yield_now();
    }
    release.send(()).unwrap();
    shards.join();
}

/// Time that the calling thread has spent on a CPU.
fn thread_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// Idle shards with open connections, waiting receives and a far timer take no turns.
#[test]
fn idle_shards_cost_nothing() {
    let shards = start_shards(&options(2), |shard: Shard<()>| async move {
        let handle = &shard.handle;
        let listener = handle
            .net
            .listen("127.0.0.1:0".parse().unwrap(), ListenOptions::default())
            .await
            .unwrap();
        let client = handle.net.connect(listener.local_address()).await.unwrap();
        let server = handle.net.adopt(listener.accept().await.unwrap()).unwrap();
        let mut waiting = (client.receive(), server.receive(), listener.accept());
        assert!((&mut waiting.0).now_or_never().is_none());
        assert!((&mut waiting.1).now_or_never().is_none());
        assert!((&mut waiting.2).now_or_never().is_none());
        let before = thread_cpu();
        let deadline = handle.clock.now() + Duration::from_secs(1);
        handle.clock.sleep_until(deadline).await;
        thread_cpu() - before
    });
    for used in shards.unwrap().join() {
        assert!(used < Duration::from_millis(10), "an idle second took {used:?}");
    }
}

#[test]
fn a_deadline_ends_a_wait() {
    on_one_shard(async |handle| {
        let clock = &*handle.clock;
        let soon = clock.now() + Duration::from_millis(5);
        let late = timeout(clock, soon, std::future::pending::<()>()).await;
        assert_eq!(late, Err(Elapsed));
        assert!(clock.now() >= soon);
        assert_eq!(timeout(clock, soon, async { 1 }).await, Ok(1));
    });
}

/// A task that never waits for anything but its own turn does not keep the others from theirs.
#[test]
fn a_busy_class_gives_way() {
    on_one_shard(async |handle| {
        let stop = Rc::new(std::cell::Cell::new(false));
        for class in [WorkClass::Latency, WorkClass::Normal, WorkClass::Background] {
            let stop = Rc::clone(&stop);
            handle.spawn(class, "busy", async move {
                while !stop.get() {
                    let mut polled = false;
                    std::future::poll_fn(|cx| {
                        cx.waker().wake_by_ref();
                        match std::mem::replace(&mut polled, true) {
                            true => Poll::Ready(()),
                            false => Poll::Pending,
                        }
                    })
                    .await;
                }
            });
        }
        // The timer, a file and a socket all get through.
        let deadline = handle.clock.now() + Duration::from_millis(20);
        handle.clock.sleep_until(deadline).await;
        assert!(
            !handle
                .disk
                .list_dir("/proc/self".as_ref())
                .await
                .unwrap()
                .is_empty()
        );
        stop.set(true);
    });
}
