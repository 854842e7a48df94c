//! One shard's part of a run: its share of the producers and consumers, phase by phase.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use corelog_runtime::local::{Either, select, timeout};
use corelog_runtime::{Monotonic, Shard, WorkClass};

use super::barrier::{Abandoned, Control, meet};
use super::monitor::Event;
use crate::client::{ClientError, Cluster};
use crate::consumer::{Assigned, ConsumedPartition, ConsumerSeat, Crew, Fetcher, Gate, ReadPosition};
use crate::deck::Deck;
use crate::measure::{Live, Measured, Recorder, Seconds, Window};
use crate::number::{round_to_u64, to_usize};
use crate::producer::{ProducedTally, Producer, ProducerSeat, Share, begin_idle, build_backlog, run_traffic};
use crate::task::TaskGroup;
use crate::workload::Workload;

/// What every shard is told.
pub(super) struct Job {
    pub(super) run: u64,
    pub(super) shards: u16,
    pub(super) cluster: Arc<Cluster>,
    pub(super) workload: Workload,
    /// The messages' bodies, read by all shards.
    pub(super) deck: Arc<Deck>,
    pub(super) live: Vec<Arc<Live>>,
    /// Those who want to know of the phases.
    pub(super) events: Vec<Sender<Event>>,
}

/// What a shard has to say at the end.
pub(super) struct Outcome {
    pub(super) measured: Measured,
    pub(super) seconds: Option<Seconds>,
    pub(super) produced: Vec<ProducedTally>,
    pub(super) consumed: Vec<ConsumedPartition>,
    /// Messages of the schedule that were never taken on.
    pub(super) unsent: u64,
    pub(super) failure: Option<Failure>,
}

/// Why a shard gave up.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Abandoned(#[from] Abandoned),
}

/// Runs a shard's part.
pub(super) async fn run_shard(shard: Shard<Control>, job: Arc<Job>) -> Outcome {
    let index = usize::from(shard.id.get());
    let mut part = Part {
        recorder: Rc::new(Recorder::new(Arc::clone(&job.live[index]))),
        workload: Rc::new(job.workload.clone()),
        gate: Gate::default(),
        crew: Crew::default(),
        producers: Vec::new(),
        fetchers: Vec::new(),
        shard,
        job,
    };
    let failure = part.go().await.err();
    if failure.is_some() {
        part.shard.shutdown.stopper().stop();
    }
    let (measured, seconds, produced, unsent) = part.finish(failure.is_some());
    Outcome {
        measured,
        seconds,
        produced,
        consumed: part.gate.take_seen(),
        unsent,
        failure,
    }
}

struct Part {
    shard: Shard<Control>,
    job: Arc<Job>,
    workload: Rc<Workload>,
    recorder: Rc<Recorder>,
    gate: Gate,
    crew: Crew,
    producers: Vec<Rc<Producer>>,
    fetchers: Vec<Fetcher>,
}

impl Part {
    async fn go(&mut self) -> Result<(), Failure> {
        let crew = self.crew.clone();
        match select(self.phases(), crew.failed()).await {
            Either::Left(result) => result,
            Either::Right(error) => Err(error.into()),
        }
    }

    async fn phases(&mut self) -> Result<(), Failure> {
        self.open().await?;
        meet(&self.shard).await?;
        let producing = TaskGroup::new();
        for producer in &self.producers {
            producer.start(&producing);
        }
        self.build_backlog(&producing).await?;
        let traffic = meet(&self.shard).await?;
        let window = self.window(traffic);
        self.recorder.begin(window);
        self.announce(window);
        let handle = self.shard.handle.clone();
        let consuming = TaskGroup::new();
        for fetcher in self.fetchers.drain(..) {
            consuming.spawn(&handle, "consume", fetcher.run());
        }
        for producer in &self.producers {
            let share = Share {
                index: producer.number(),
                of: self.workload.producers(),
            };
            producing.spawn(&handle, "pump", run_traffic(Rc::clone(producer), window, share));
        }
        let drain = Duration::from_secs_f64(self.workload.drain_s);
        self.until(window.end + drain, &producing, Some(&consuming))
            .await?;
        // A run without producers lasts as long as any other.
        handle.clock.sleep_until(window.end).await;
        let drained_by = meet(&self.shard).await? + drain;
        self.gate.drain();
        self.until(drained_by, &consuming, None).await?;
        self.crew.close().await;
        meet(&self.shard).await?;
        self.crew.leave().await;
        Ok(())
    }

    /// Connects this shard's producers and consumers.
    async fn open(&mut self) -> Result<(), Failure> {
        self.open_producers().await?;
        let (first, step) = (u32::from(self.shard.id.get()), u32::from(self.job.shards));
        begin_idle(&self.shard.handle, &self.job.cluster, &self.workload, first, step).await?;
        let seats = self.consumer_seats();
        let assigned = if self.workload.consumer_groups {
            let members = to_usize(self.workload.consumers_per_subscription);
            for seat in seats {
                let (handle, cluster) = (&self.shard.handle, &self.job.cluster);
                self.crew.join(handle, cluster, seat, members);
            }
            // Its members may be on other shards, one of which may have failed.
            match select(self.crew.joined(), self.shard.shutdown.requested()).await {
                Either::Left(assigned) => assigned,
                Either::Right(()) => return Err(Abandoned.into()),
            }
        } else {
            seats.into_iter().map(|seat| self.assign(seat)).collect()
        };
        for assigned in assigned {
            let fetchers = Fetcher::open_all(
                &self.shard.handle,
                &self.job.cluster,
                &self.workload,
                &assigned,
                &self.recorder,
                &self.gate,
            );
            self.fetchers.extend(fetchers.await?);
        }
        Ok(())
    }

    /// Whether a producer or a consumer is this shard's; they are dealt out one by one, producers first.
    fn is_mine(&self, number: u32) -> bool {
        number % u32::from(self.job.shards) == u32::from(self.shard.id.get())
    }

    async fn open_producers(&mut self) -> Result<(), ClientError> {
        let job = Arc::clone(&self.job);
        let handle = self.shard.handle.clone();
        let producers_per_topic = self.workload.producers_per_topic;
        for number in 0..self.workload.producers() {
            if !self.is_mine(number) {
                continue;
            }
            let seat = ProducerSeat {
                run: job.run,
                number,
                topic: number / producers_per_topic,
            };
            let producer = Producer::open(
                &handle,
                &job.cluster,
                &self.workload,
                seat,
                &job.deck,
                &self.recorder,
            );
            self.producers.push(producer.await?);
        }
        Ok(())
    }

    fn consumer_seats(&self) -> Vec<ConsumerSeat> {
        let members = self.workload.consumers_per_subscription;
        let groups = self.workload.subscriptions_per_topic;
        let after_producers = self.workload.producers();
        let mine = (0..self.workload.consumers()).filter(|number| self.is_mine(after_producers + *number));
        mine.map(|number| ConsumerSeat {
            run: self.job.run,
            topic: number / (members * groups),
            group: number / members % groups,
            member: number % members,
        })
        .collect()
    }

    /// The partitions of a consumer that is in no group: every `consumers_per_subscription`-th of its topic.
    fn assign(&self, seat: ConsumerSeat) -> Assigned {
        let topic = &self.job.cluster.topics[to_usize(seat.topic)];
        let partitions = (0i32..).zip(&topic.leaders).map(|(partition, _)| partition);
        let mine = partitions
            .skip(to_usize(seat.member))
            .step_by(to_usize(self.workload.consumers_per_subscription));
        Assigned {
            seat,
            positions: mine.map(ReadPosition::new).collect(),
        }
    }

    async fn build_backlog(&self, producing: &TaskGroup) -> Result<(), Failure> {
        if self.workload.backlog_bytes == 0 || self.workload.producers() == 0 {
            return Ok(());
        }
        let bytes = self.workload.backlog_bytes as f64 / f64::from(self.workload.producers());
        let messages = round_to_u64(bytes / self.job.deck.mean_message_size());
        let building = TaskGroup::new();
        for producer in &self.producers {
            let task = build_backlog(Rc::clone(producer), messages);
            building.spawn(&self.shard.handle, "backlog", task);
        }
        // No deadline: how long it takes is the target's affair, and each answer is progress.
        let built = select(building.join(), producing.failed());
        match select(built, self.shard.shutdown.requested()).await {
            Either::Left(Either::Left(result)) => Ok(result?),
            Either::Left(Either::Right(error)) => Err(error.into()),
            Either::Right(()) => Err(Abandoned.into()),
        }
    }

    fn window(&self, traffic: Monotonic) -> Window {
        let start = traffic + Duration::from_secs_f64(self.workload.warm_up_s);
        Window {
            traffic,
            start,
            end: start + Duration::from_secs_f64(self.workload.duration_s),
        }
    }

    /// Shard 0 tells the monitor when the measurement begins and ends.
    fn announce(&self, window: Window) {
        if self.shard.id.get() != 0 {
            return;
        }
        let events = self.job.events.clone();
        let clock = Rc::clone(&self.shard.handle.clock);
        self.shard
            .handle
            .spawn(WorkClass::Latency, "announce", async move {
                for (time, event) in [
                    (window.traffic, Event::Traffic),
                    (window.start, Event::Measuring),
                    (window.end, Event::Draining),
                ] {
                    clock.sleep_until(time).await;
                    for listener in &events {
                        // One that has gone needs no news.
                        let _gone = listener.send(event);
                    }
                }
            });
    }

    /// Waits for `tasks`, and gives up waiting at the deadline, which is no error: what is missing will be counted.
    async fn until(
        &self,
        deadline: Monotonic,
        tasks: &TaskGroup,
        others: Option<&TaskGroup>,
    ) -> Result<(), Failure> {
        let clock = &*self.shard.handle.clock;
        let failed = async {
            match others {
                Some(others) => others.failed().await,
                None => std::future::pending().await,
            }
        };
        let waited = select(timeout(clock, deadline, tasks.join()), failed);
        match select(waited, self.shard.shutdown.requested()).await {
            Either::Left(Either::Left(Ok(result))) => Ok(result?),
            Either::Left(Either::Left(Err(_deadline))) => Ok(()),
            Either::Left(Either::Right(error)) => Err(error.into()),
            Either::Right(()) => Err(Abandoned.into()),
        }
    }

    fn finish(&self, is_broken_off: bool) -> (Measured, Option<Seconds>, Vec<ProducedTally>, u64) {
        let mut unsent_total = 0;
        let mut produced = Vec::with_capacity(self.producers.len());
        for producer in &self.producers {
            let (tally, unsent) = producer.finish(is_broken_off);
            unsent_total += unsent;
            produced.push(tally);
        }
        let (measured, seconds) = self.recorder.finish();
        (measured, seconds, produced, unsent_total)
    }
}

/// The live counters of as many shards.
pub(super) fn live(shards: u16) -> Vec<Arc<Live>> {
    (0..to_usize(u32::from(shards)))
        .map(|_| Arc::new(Live::default()))
        .collect()
}
