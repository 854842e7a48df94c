//! Each primitive polled by hand, with wakers that count.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::*;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A future and its own waker.
struct Task<F> {
    future: Pin<Box<F>>,
    count: Arc<Count>,
}

impl<F: Future> Task<F> {
    fn new(future: F) -> Task<F> {
        Task {
            future: Box::pin(future),
            count: Arc::default(),
        }
    }

    fn poll(&mut self) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(&self.count));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    fn wakes(&self) -> usize {
        self.count.0.load(Ordering::Relaxed)
    }
}

#[track_caller]
fn pending<F: Future>(task: &mut Task<F>) {
    assert!(task.poll().is_pending());
}

#[track_caller]
fn ready<F: Future>(task: &mut Task<F>) -> F::Output {
    let Poll::Ready(output) = task.poll() else {
        panic!("not ready")
    };
    output
}

#[test]
fn oneshot_delivers_once_and_tells_of_its_ends() {
    let (sender, receiver) = oneshot::channel();
    let mut receiver = Task::new(receiver);
    pending(&mut receiver);
    assert_eq!(sender.send(7), Ok(()));
    assert_eq!(receiver.wakes(), 1);
    assert_eq!(ready(&mut receiver), Ok(7));

    let (sender, receiver) = oneshot::channel::<i32>();
    let mut receiver = Task::new(receiver);
    pending(&mut receiver);
    drop(sender);
    assert_eq!(receiver.wakes(), 1);
    assert_eq!(ready(&mut receiver), Err(oneshot::Canceled));

    let (sender, receiver) = oneshot::channel();
    drop(receiver);
    assert_eq!(sender.send(7), Err(7));
}

#[test]
fn notify_is_not_lost_between_taking_and_polling() {
    let notify = Notify::new();
    let mut early = Task::new(notify.notified());
    notify.notify_all();
    ready(&mut early);

    let (mut a, mut b) = (Task::new(notify.notified()), Task::new(notify.notified()));
    pending(&mut a);
    pending(&mut a);
    pending(&mut b);
    notify.notify_all();
    assert_eq!((a.wakes(), b.wakes()), (1, 1));
    ready(&mut a);
    ready(&mut b);
    let mut late = Task::new(notify.notified());
    pending(&mut late);
}

#[test]
fn a_notified_that_is_dropped_leaves_no_waker() {
    let notify = Notify::new();
    let mut stays = Task::new(notify.notified());
    pending(&mut stays);
    for _ in 0..1000 {
        let mut leaves = Task::new(notify.notified());
        pending(&mut leaves);
        assert_eq!(notify.waiting(), 2);
    }
    assert_eq!(notify.waiting(), 1);
    // Polled by another task than before: the one that polled last is woken.
    let waker = Waker::from(Arc::<Count>::default());
    assert!(
        stays
            .future
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    pending(&mut stays);
    assert_eq!(notify.waiting(), 1);
    notify.notify_all();
    assert_eq!((stays.wakes(), notify.waiting()), (1, 0));
}

#[test]
fn a_notified_of_an_earlier_generation_takes_nobodys_place() {
    let notify = Notify::new();
    let mut old = Task::new(notify.notified());
    pending(&mut old);
    notify.notify_all();
    let mut new = Task::new(notify.notified());
    pending(&mut new);
    drop(old);
    assert_eq!(notify.waiting(), 1);
    notify.notify_all();
    assert_eq!(new.wakes(), 1);
    ready(&mut new);
}

#[test]
fn notified_may_be_dropped_by_the_waker_of_another() {
    struct Holder(RefCell<Option<Notified>>);
    // The future lies in the waker, as a task that is dropped when it is woken for the last time would have it.
    thread_local!(static HELD: Holder = const { Holder(RefCell::new(None)) });
    struct DropsHeld;
    impl Wake for DropsHeld {
        fn wake(self: Arc<Self>) {
            HELD.with(|held| held.0.take());
        }
    }
    let notify = Notify::new();
    let mut first = Box::pin(notify.notified());
    let waker = Waker::from(Arc::new(DropsHeld));
    assert!(first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let mut second = notify.notified();
    assert!(
        Pin::new(&mut second)
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    HELD.with(|held| held.0.replace(Some(second)));
    notify.notify_all();
    assert_eq!(notify.waiting(), 0);
    HELD.with(|held| assert!(held.0.take().is_none()));
}

#[test]
fn a_permit_gives_back_what_it_does_not_need() {
    let semaphore = Semaphore::new(10);
    let mut permit = ready(&mut Task::new(semaphore.acquire(10)));
    let mut next = Task::new(semaphore.acquire(4));
    pending(&mut next);
    permit.shrink_to(10);
    permit.shrink_to(7);
    assert_eq!((next.wakes(), semaphore.free()), (0, 3));
    permit.shrink_to(3);
    permit.shrink_to(9);
    assert_eq!((next.wakes(), permit.amount()), (1, 3));
    let next = ready(&mut next);
    assert_eq!(semaphore.free(), 3);
    drop((permit, next));
    assert_eq!(semaphore.free(), 10);
}

#[test]
fn budget_serves_in_arrival_order() {
    let semaphore = Semaphore::new(10);
    let first = ready(&mut Task::new(semaphore.acquire(8)));
    let mut large = Task::new(semaphore.acquire(9));
    let mut small = Task::new(semaphore.acquire(1));
    pending(&mut large);
    pending(&mut small);
    assert!(semaphore.try_acquire(1).is_none(), "nobody overtakes");
    drop(first);
    assert_eq!((large.wakes(), small.wakes()), (1, 0));
    pending(&mut small);
    let large = ready(&mut large);
    assert_eq!(large.amount(), 9);
    assert_eq!(small.wakes(), 1);
    let small = ready(&mut small);
    assert_eq!(semaphore.free(), 0);
    drop((large, small));
    assert_eq!(semaphore.free(), 10);
    assert_eq!(ready(&mut Task::new(semaphore.acquire(99))).amount(), 10);
}

#[test]
fn a_dropped_acquire_makes_way() {
    let semaphore = Semaphore::new(4);
    let held = ready(&mut Task::new(semaphore.acquire(2)));
    let mut large = Task::new(semaphore.acquire(4));
    let mut small = Task::new(semaphore.acquire(2));
    pending(&mut large);
    pending(&mut small);
    drop(large);
    assert_eq!(small.wakes(), 1);
    let small = ready(&mut small);

    // Woken, and dropped before it could take: the next one is woken in its place.
    let mut woken = Task::new(semaphore.acquire(1));
    let mut next = Task::new(semaphore.acquire(1));
    pending(&mut woken);
    pending(&mut next);
    drop(held);
    assert_eq!((woken.wakes(), next.wakes()), (1, 0));
    drop(woken);
    assert_eq!(next.wakes(), 1);
    drop((ready(&mut next), small));
    assert_eq!(semaphore.free(), 4);
}

#[test]
fn queue_keeps_order_and_ends() {
    let queue = Queue::new();
    let mut pop = Task::new(queue.pop());
    pending(&mut pop);
    queue.push(1);
    queue.push(2);
    assert_eq!(pop.wakes(), 1);
    // A pop that is woken and dropped takes nothing along.
    drop(pop);
    assert_eq!(queue.len(), 2);
    assert_eq!(ready(&mut Task::new(queue.pop())), Some(1));
    queue.close();
    queue.push(3);
    assert_eq!(ready(&mut Task::new(queue.pop())), Some(2));
    assert_eq!(ready(&mut Task::new(queue.pop())), None);
    assert!(queue.is_empty() && queue.try_pop().is_none());
}

#[test]
fn select_takes_the_first_and_drops_the_other() {
    let (sender, receiver) = oneshot::channel::<i32>();
    let queue = Queue::new();
    let mut race = Task::new(select(receiver, queue.pop()));
    pending(&mut race);
    queue.push("b");
    assert_eq!(race.wakes(), 1);
    assert_eq!(ready(&mut race), Either::Right(Some("b")));
    drop(race);
    assert_eq!(sender.send(1), Err(1));
    let mut tie = Task::new(select(std::future::ready(1), std::future::ready(2)));
    assert_eq!(ready(&mut tie), Either::Left(1));
}

#[test]
fn those_who_gave_up_waiting_are_forgotten() {
    let notify = Notify::new();
    for _ in 0..3 {
        let mut waiting = Task::new(notify.notified());
        pending(&mut waiting);
        assert_eq!(notify.waiting(), 1);
    }
    assert_eq!(notify.waiting(), 0);
}
