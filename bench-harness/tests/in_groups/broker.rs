//! A broker in this process, with its data in a directory of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use corelog_bench::run::{GiveUp, RunOptions};
use corelog_broker::start::{ServeError, ServiceManager, serve};
use corelog_client::{Address, Client, ClientOptions};
use corelog_config::BrokerConfig;
use corelog_runtime::Stopper;
use tempfile::TempDir;

/// Between two looks at something that tells nothing by itself.
pub(crate) const INTERVAL: Duration = Duration::from_millis(50);

pub(crate) struct Broker {
    address: SocketAddr,
    stopper: Receiver<Stopper>,
    thread: JoinHandle<Result<(), ServeError>>,
    _data: TempDir,
}

impl Broker {
    /// Starts a broker of two shards with these settings, and waits until it listens.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Broker {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = free.local_addr().expect("bound");
        drop(free);
        let data = tempfile::tempdir().expect("a directory");
        let path = data.path().to_str().expect("a plain path").to_owned();
        let listener = format!("PLAINTEXT://{address}");
        let common = [
            ("log.dirs", path.as_str()),
            ("admin.listener", "127.0.0.1:0"),
            ("listeners", &listener),
            ("shards", "2"),
            ("allow.shard.oversubscription", "true"),
            ("allow.buffered.io", "true"),
            ("memory.bytes", "134217728"),
            ("journal.file.bytes", "8388608"),
        ];
        let pairs: Vec<(&str, &str)> = common.into_iter().chain(settings.iter().copied()).collect();
        let config = BrokerConfig::from_pairs(&pairs).expect("a good configuration");
        let (sender, stopper) = channel();
        let (ended, end) = channel::<()>();
        let thread = std::thread::spawn(move || {
            // Dropped at the end, which whoever waits for the broker notices.
            let _ended = ended;
            serve(config, &ServiceManager::default(), |running| {
                sender.send(running.stopper).expect("the test waits for it");
            })
        });
        while TcpStream::connect(address).is_err() {
            let gone = end
                .recv_timeout(INTERVAL)
                .is_err_and(|error| matches!(error, std::sync::mpsc::RecvTimeoutError::Disconnected));
            assert!(!gone, "the broker ended: {:?}", thread.join());
        }
        Broker {
            address,
            stopper,
            thread,
            _data: data,
        }
    }

    pub(crate) fn stop(self) {
        self.stopper.recv().expect("it runs").stop();
        self.thread.join().expect("no panic").expect("a good end");
    }

    pub(crate) fn client(&self) -> Client {
        let bootstrap = Address::parse_list(&self.address.to_string()).expect("an address");
        Client::connect(ClientOptions::new(bootstrap)).expect("the broker answers")
    }

    /// A run with two threads that leaves its topics there to be looked at.
    pub(crate) fn options(&self) -> RunOptions {
        RunOptions {
            bootstrap: self.address.to_string(),
            threads: 2,
            cores: Vec::new(),
            server_pid: None,
            keeps_topics: true,
            is_quiet: true,
            gives_up: GiveUp::Never,
        }
    }
}
