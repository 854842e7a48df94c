//! Starting and stopping the shards of a process.

use std::any::Any;
use std::fs::File;
use std::future::Future;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use corelog_model::ShardId;
use glommio::{LocalExecutor, LocalExecutorBuilder, Placement};

use super::watchdog::Watchdog;
use super::{
    Activity, Followers, Heartbeat, Herald, Hub, Liveness, News, Pollable, Pulse, ShutdownSignal, Slices,
    Spin, Stopper, now,
};
use crate::huge_pages;
use crate::local::oneshot;
use crate::mailbox::{Mailbox, Mesh, MeshMailbox, MeshSeat, Parking};
use crate::pool;
use crate::real::{
    FilesystemSyncs, Queues, RealClock, RealDisk, RealNet, RealRng, RealSpawn, Spawner, Timers,
};
use crate::ring::{Offload, Ring, RingLimits};
use crate::seams::{Handle, WorkClass};

/// Bytes of glommio's own I/O buffers a ring, which nothing of ours uses; its least.
const GLOMMIO_IO_MEMORY: usize = 64 * 1024;
/// Entries of each of glommio's three rings, which carry wake-ups and timers alone.
const GLOMMIO_RING_DEPTH: usize = 64;
/// Glommio's own preemption, which `slice` replaces.
const PREEMPT_TIMER: Duration = Duration::from_secs(3600);

/// How to start the shards.
#[derive(Clone, Debug)]
pub struct ShardsOptions {
    /// How many; at least one.
    pub shards: u16,
    /// The cores to pin them to, in order; none means all that this process may use.
    pub cores: Vec<usize>,
    /// Start more shards than there are cores, not pinned. For tests.
    pub allow_more_shards_than_cores: bool,
    /// Open files buffered where the file system refuses O_DIRECT; without it that is an error.
    pub allow_buffered: bool,
    /// Messages of each queue from a shard to another; the next sender waits.
    pub mailbox_messages_max: usize,
    /// How long after traffic between shards a shard looks for more before it sleeps; zero never looks. Taken as zero
    /// when there are more shards than cores.
    pub mailbox_spin: Duration,
    /// How long after a completion of the network or the disk a shard looks for more before it sleeps; zero never looks.
    /// Taken as zero when there are more shards than cores.
    pub io_spin: Duration,
    /// Report a shard that makes no step for longer, be it that a task holds it or that its thread does not run.
    pub stall_limit: Duration,
    /// File operations in flight a shard; more wait.
    pub disk_operations_max: u32,
    /// Socket operations in flight a shard, two a connection at most; more wait.
    pub network_operations_max: u32,
    /// A file that each shard's ring keeps open until its last operation has ended, even when the process is killed: a
    /// lock on it outlives every write.
    pub held_until_idle: Option<Arc<File>>,
    /// Buffers of 16 KiB a shard that received bytes pass through, a power of two.
    pub receive_buffers: u16,
}

impl Default for ShardsOptions {
    fn default() -> ShardsOptions {
        ShardsOptions {
            shards: 1,
            cores: Vec::new(),
            allow_more_shards_than_cores: false,
            allow_buffered: false,
            mailbox_messages_max: 1024,
            mailbox_spin: Duration::from_micros(20),
            io_spin: Duration::ZERO,
            stall_limit: Duration::from_secs(1),
            disk_operations_max: 1024,
            network_operations_max: 30 * 1024,
            held_until_idle: None,
            receive_buffers: 64,
        }
    }
}

impl ShardsOptions {
    fn limits(&self) -> RingLimits {
        RingLimits {
            disk_max: self.disk_operations_max,
            network_max: self.network_operations_max,
            receive_buffers: self.receive_buffers,
        }
    }
}

/// Why the shards did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// `shards` is zero.
    #[error("a process needs at least one shard")]
    NoShards,
    /// There are more shards than cores, and that was not allowed.
    #[error("{shards} shards need {shards} cores, and there are {cores}")]
    TooFewCores {
        /// Shards asked for.
        shards: u16,
        /// Cores given or found.
        cores: usize,
    },
    /// The wake-up descriptor could not be made.
    #[error("cannot make an eventfd: {source}")]
    Eventfd {
        /// The cause.
        source: io::Error,
    },
    /// A thread could not be started.
    #[error("cannot start a thread: {source}")]
    Thread {
        /// The cause.
        source: io::Error,
    },
    /// A shard's executor could not be made.
    #[error("cannot make the executor of shard {shard}: {source}")]
    Executor {
        /// The shard.
        shard: ShardId,
        /// The cause.
        source: io::Error,
    },
    /// A shard's ring could not be made.
    #[error("cannot make the io_uring of shard {shard}: {source}")]
    Ring {
        /// The shard.
        shard: ShardId,
        /// The cause.
        source: io::Error,
    },
    /// The kernel gave no random bytes.
    #[error("cannot seed the random numbers of shard {shard}: {source}")]
    Random {
        /// The shard.
        shard: ShardId,
        /// The cause.
        source: io::Error,
    },
}

/// What a shard's main function is given.
pub struct Shard<M> {
    /// Its number.
    pub id: ShardId,
    /// Its seams.
    pub handle: Handle,
    /// Its end of the queues between shards.
    pub mailbox: Rc<dyn Mailbox<M>>,
    /// Tells when to stop.
    pub shutdown: ShutdownSignal,
    /// Tells of what is new outside of the shards.
    pub news: News,
    /// How it spends its time.
    pub activity: Rc<Activity>,
}

/// What a thread takes along to become a shard.
struct Seed<M> {
    id: ShardId,
    placement: Option<usize>,
    seat: MeshSeat<M>,
    parking: Arc<Parking>,
    pulse: Arc<Pulse>,
    stopper: Stopper,
    herald: Herald,
    options: ShardsOptions,
    filesystem: Arc<FilesystemSyncs>,
    spin: Spin,
}

/// The running shards.
pub struct ShardsHandle<T> {
    threads: Vec<JoinHandle<Option<T>>>,
    stopper: Stopper,
    herald: Herald,
    watched: Vec<(Arc<Pulse>, Arc<Parking>)>,
    watchdog: Watchdog,
}

impl<T> ShardsHandle<T> {
    /// Asks all shards to stop; their main functions see it by [`Shard::shutdown`].
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Tells all shards of something new; they hear it by [`Shard::news`].
    pub fn herald(&self) -> Herald {
        self.herald.clone()
    }

    /// Asks the shards whether they go on.
    pub fn liveness(&self) -> Liveness {
        Liveness::new(&self.watched)
    }

    /// How often the watchdog has reported a stalled shard.
    pub fn stalls(&self) -> u64 {
        self.watchdog.stalls()
    }

    /// Waits until all shards' main functions have returned, and gives what they returned, in order.
    pub fn join(self) -> Vec<T> {
        self.threads
            .into_iter()
            .map(|thread| {
                let value = thread.join().expect("a shard that panics ends the process");
                value.expect("a shard that was started has run")
            })
            .collect()
    }
}

/// Starts the shards, each on a thread of its own, and runs `main` on each.
///
/// The process has huge pages for pooled buffers alone from then on. A shard lives until its `main` returns; then its
/// remaining tasks are dropped and its operations canceled. When a shard panics, the process ends with a message: its
/// partitions are owned by nobody else.
///
/// # Errors
/// When any shard cannot be set up; then none has run `main`.
pub fn start_shards<M, T, F, Fut>(options: &ShardsOptions, main: F) -> Result<ShardsHandle<T>, StartError>
where
    M: Send + 'static,
    T: Send + 'static,
    F: Fn(Shard<M>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = T> + 'static,
{
    huge_pages::only_where_advised();
    pool::prepare_huge_pages();
    let seeds = seeds::<M>(options)?;
    let (stopper, herald) = (seeds[0].stopper.clone(), seeds[0].herald.clone());
    let watched: Vec<_> = seeds
        .iter()
        .map(|seed| (Arc::clone(&seed.pulse), Arc::clone(&seed.parking)))
        .collect();
    let watchdog = Watchdog::start(watched.clone(), options.stall_limit)
        .map_err(|source| StartError::Thread { source })?;

    let main = Arc::new(main);
    let (ready, set_up) = sync_channel(seeds.len());
    let (mut threads, mut gates) = (Vec::new(), Vec::new());
    for seed in seeds {
        let (gate, open) = sync_channel::<()>(1);
        gates.push(gate);
        let (ready, main) = (ready.clone(), Arc::clone(&main));
        let thread = thread::Builder::new()
            .name(format!("shard-{}", seed.id))
            .spawn(move || shard_thread(seed, &ready, &open, &*main));
        threads.push(thread.map_err(|source| StartError::Thread { source })?);
    }
    drop(ready);
    for _ in 0..threads.len() {
        // A thread that ends without a word has panicked, and that ends the process.
        set_up.recv().expect("each shard reports")?;
    }
    for gate in gates {
        gate.send(()).expect("a shard that is set up waits for this");
    }
    Ok(ShardsHandle {
        threads,
        stopper,
        herald,
        watched,
        watchdog,
    })
}

/// Runs one shard on the calling thread, not pinned, until `main` returns. For tools and tests; panics pass through.
///
/// # Errors
/// When it cannot be set up.
pub fn run_shard_here<M, T, Fut>(
    options: &ShardsOptions,
    main: impl FnOnce(Shard<M>) -> Fut,
) -> Result<T, StartError>
where
    M: Send + 'static,
    T: 'static,
    Fut: Future<Output = T> + 'static,
{
    let mut options = options.clone();
    options.shards = 1;
    options.allow_more_shards_than_cores = true;
    let mut seed = seeds::<M>(&options)?.swap_remove(0);
    seed.placement = None;
    let executor = make_executor(&seed)?;
    executor.run(async move {
        let parts = Parts::new(seed)?;
        Ok(parts.run(main).await)
    })
}

fn seeds<M>(options: &ShardsOptions) -> Result<Vec<Seed<M>>, StartError> {
    if options.shards == 0 {
        return Err(StartError::NoShards);
    }
    let mut cores = options.cores.clone();
    if cores.is_empty() {
        cores = core_affinity::get_core_ids()
            .unwrap_or_default()
            .iter()
            .map(|core| core.id)
            .collect();
    }
    let count = usize::from(options.shards);
    let crowded = count > cores.len();
    if crowded && !options.allow_more_shards_than_cores {
        return Err(StartError::TooFewCores {
            shards: options.shards,
            cores: cores.len(),
        });
    }
    let parkings: Vec<Arc<Parking>> = (0..count)
        .map(|_| Parking::new().map(Arc::new))
        .collect::<io::Result<_>>()
        .map_err(|source| StartError::Eventfd { source })?;
    let stopper = Stopper::new(parkings.clone());
    let herald = Herald::new(parkings.clone());
    let filesystem = Arc::<FilesystemSyncs>::default();
    let seats = MeshSeat::all(&parkings, options.mailbox_messages_max);
    let seeds = seats.into_iter().zip(parkings).zip(0u16..);
    Ok(seeds
        .map(|((seat, parking), id)| Seed {
            id: ShardId::new(id),
            placement: if crowded {
                None
            } else {
                Some(cores[usize::from(id)])
            },
            seat,
            parking,
            pulse: Arc::new(Pulse::default()),
            stopper: stopper.clone(),
            herald: herald.clone(),
            options: options.clone(),
            filesystem: Arc::clone(&filesystem),
            // One who spins keeps the other from the core that it waits for.
            spin: if crowded {
                Spin::default()
            } else {
                Spin {
                    mailbox: options.mailbox_spin,
                    io: options.io_spin,
                }
            },
        })
        .collect())
}

/// The life of one shard's thread.
fn shard_thread<M, T, F, Fut>(
    seed: Seed<M>,
    ready: &SyncSender<Result<(), StartError>>,
    gate: &Receiver<()>,
    main: &F,
) -> Option<T>
where
    M: Send + 'static,
    T: 'static,
    F: Fn(Shard<M>) -> Fut,
    Fut: Future<Output = T> + 'static,
{
    let id = seed.id;
    let life = AssertUnwindSafe(|| {
        let executor = match make_executor(&seed) {
            Ok(executor) => executor,
            Err(error) => {
                // Whoever starts the shards has given up if it does not listen.
                let _gone = ready.send(Err(error));
                return None;
            }
        };
        executor.run(async {
            let parts = match Parts::new(seed) {
                Ok(parts) => parts,
                Err(error) => {
                    let _gone = ready.send(Err(error));
                    return None;
                }
            };
            let _gone = ready.send(Ok(()));
            // Closed without a word when another shard could not be set up.
            gate.recv().ok()?;
            Some(parts.run(main).await)
        })
    });
    match catch_unwind(life) {
        Ok(value) => value,
        Err(panic) => end_process(id, panic.as_ref()),
    }
}

/// Ends the process: what the shard owned is in nobody's hands, and others would wait for it for ever.
fn end_process(id: ShardId, panic: &(dyn Any + Send)) -> ! {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(shard = id.get(), message, "a shard panicked; ending the process");
    // Past the test harness's capture, and whether or not logging is set up.
    let _closed = writeln!(io::stderr(), "shard {id} panicked: {message}; ending the process");
    std::process::abort()
}

fn make_executor<M>(seed: &Seed<M>) -> Result<LocalExecutor, StartError> {
    let build = |placement| {
        LocalExecutorBuilder::new(placement)
            .name(&format!("shard-{}", seed.id))
            .io_memory(GLOMMIO_IO_MEMORY)
            .ring_depth(GLOMMIO_RING_DEPTH)
            .preempt_timer(PREEMPT_TIMER)
            .make()
    };
    if let Some(core) = seed.placement {
        match build(Placement::Fixed(core)) {
            Ok(executor) => return Ok(executor),
            Err(error) => {
                tracing::warn!(shard = seed.id.get(), core, %error, "cannot pin the shard; it runs on any core");
            }
        }
    }
    build(Placement::Unbound).map_err(|error| StartError::Executor {
        shard: seed.id,
        source: io::Error::from(error),
    })
}

/// A shard on its thread, set up and not yet running.
struct Parts<M> {
    id: ShardId,
    ring: Rc<Ring>,
    offload: Rc<Offload>,
    timers: Rc<Timers>,
    mesh: Rc<Mesh<M>>,
    tasks: Rc<RealSpawn>,
    heartbeat: Rc<Heartbeat>,
    queues: Queues,
    hub: Rc<Hub>,
    activity: Rc<Activity>,
    shutdown: ShutdownSignal,
    news: News,
    handle: Handle,
}

impl<M: Send + 'static> Parts<M> {
    /// Sets the shard up on this thread's executor.
    fn new(seed: Seed<M>) -> Result<Parts<M>, StartError> {
        let shard = seed.id;
        let queues = Queues::new();
        let ring = Ring::new(
            seed.options.limits(),
            seed.parking.eventfd(),
            seed.options.held_until_idle.as_deref(),
        )
        .map_err(|source| StartError::Ring { shard, source })?;
        let rng = RealRng::new().map_err(|source| StartError::Random { shard, source })?;
        let offload = Offload::new(Arc::clone(&seed.parking));
        let slices = Rc::new(Slices::new());
        let timers = Rc::new(Timers::default());
        let mesh = Mesh::new(seed.seat);
        let shutdown = ShutdownSignal::new(seed.stopper);
        let news = News::new(seed.herald);
        let heartbeat = Heartbeat::new(seed.pulse);
        let activity = Activity::new(now());
        let tasks = RealSpawn::new(
            queues,
            Rc::clone(&heartbeat),
            Rc::clone(&slices),
            Rc::clone(&activity),
        );
        let others: Vec<Rc<dyn Pollable>> = vec![
            Rc::clone(&mesh) as _,
            Rc::clone(&offload) as _,
            Rc::new(shutdown.clone()),
            Rc::new(news.clone()),
        ];
        let hub = Hub::new(
            Rc::clone(&ring),
            Rc::clone(&timers),
            others,
            seed.parking,
            seed.spin,
            Followers {
                slices,
                heartbeat: Rc::clone(&heartbeat),
                activity: Rc::clone(&activity),
                runnable: tasks.runnable(),
            },
        );
        let disk = RealDisk::new(
            Rc::clone(&ring),
            Rc::clone(&offload),
            seed.options.allow_buffered,
            seed.filesystem,
        );
        let handle = Handle {
            spawner: Rc::new(Spawner(Rc::clone(&tasks))),
            clock: Rc::new(RealClock(Rc::clone(&timers))),
            disk: Rc::new(disk),
            net: Rc::new(RealNet::new(Rc::clone(&ring))),
            rng: Rc::new(rng),
        };
        Ok(Parts {
            id: shard,
            ring,
            offload,
            timers,
            mesh,
            tasks,
            heartbeat,
            queues,
            hub,
            activity,
            shutdown,
            news,
            handle,
        })
    }

    /// Runs `main` to its end and takes the shard down.
    async fn run<T, Fut>(self, main: impl FnOnce(Shard<M>) -> Fut) -> T
    where
        T: 'static,
        Fut: Future<Output = T> + 'static,
    {
        let spawn = |future| {
            let spawned = glommio::spawn_local_into(future, self.queues.latency);
            spawned.expect("the queue lives as long as its executor").detach()
        };
        let driver = spawn(Box::pin(Rc::clone(&self.hub).drive()) as crate::LocalFuture<()>);
        let watcher = spawn(Box::pin(Rc::clone(&self.hub).watch()));
        let future = main(Shard {
            id: self.id,
            handle: self.handle.clone(),
            mailbox: Rc::new(MeshMailbox(Rc::clone(&self.mesh))),
            shutdown: self.shutdown.clone(),
            news: self.news.clone(),
            activity: Rc::clone(&self.activity),
        });
        let (sender, receiver) = oneshot::channel();
        let hub = Rc::clone(&self.hub);
        let task = Box::pin(async move {
            let value = future.await;
            hub.ends();
            // The receiver is below and waits.
            drop(sender.send(value));
        });
        self.tasks.begin(WorkClass::Latency, "main", task);
        let value = receiver.await.expect("main ends before the tasks are stopped");

        self.tasks.stop().await;
        self.heartbeat.end();
        self.mesh.close();
        self.timers.close();
        self.offload.close().await;
        self.ring.close();
        self.hub.finish();
        driver.await;
        watcher.await;
        value
    }
}
