//! All listeners and connections of a simulation, and what befalls them.
//!
//! Invariants:
//! - A connection's two ends each belong to one life of one process; when that life ends, so does the connection.
//! - While two machines are parted, nothing crosses; what is sent is tried again until a timeout cuts the connection.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use corelog_runtime::local::oneshot;
use corelog_runtime::{Accepted, AcceptedSocket};

use crate::exec::{Core, Process, nanos};
use crate::rng::SimRng;
use crate::trace::TraceKind;

use super::pipe::{Ended, Pipe, Segment};

/// The most bytes that one receive returns (the seam's contract).
pub(crate) const RECEIVE_MAX: usize = 16 * 1024;

/// How the network behaves. Chances are in parts per million.
#[derive(Clone, Debug)]
pub struct NetOptions {
    /// What a segment takes from end to end.
    pub latency: Range<Duration>,
    /// Sends whose data is split into random pieces rather than the largest ones.
    pub split: u32,
    /// Sends that cut their connection after a random prefix of their data.
    pub cut: u32,
    /// Connects that are refused though somebody listens.
    pub refuse: u32,
    /// Connects that time out though the way is free.
    pub lose_connect: u32,
    /// After what time a connect gives up and an established connection across a partition is cut.
    pub timeout: Duration,
    /// Bytes under way in one direction before a send waits.
    pub window: usize,
}

impl Default for NetOptions {
    fn default() -> NetOptions {
        NetOptions {
            latency: Duration::from_micros(10)..Duration::from_micros(300),
            split: 300_000,
            cut: 0,
            refuse: 0,
            lose_connect: 0,
            timeout: Duration::from_secs(10),
            window: 256 * 1024,
        }
    }
}

/// One end of a connection.
pub(crate) struct End {
    pub(crate) process: Rc<Process>,
    pub(crate) address: SocketAddr,
    /// Towards this end.
    pub(crate) inbox: Pipe,
    /// Closed or shut down from here.
    pub(crate) shut: bool,
    adopted: bool,
    /// Since when the first segment towards this end has been held up by a partition.
    held_since: Option<u64>,
}

impl End {
    fn new(process: &Rc<Process>, address: SocketAddr) -> End {
        End {
            process: Rc::clone(process),
            address,
            inbox: Pipe::default(),
            shut: false,
            adopted: false,
            held_since: None,
        }
    }
}

/// A connection; side 0 has connected, side 1 has accepted.
pub(crate) struct Link {
    pub(crate) number: u64,
    pub(crate) ends: [End; 2],
}

pub(crate) struct Backlog {
    pub(crate) waiting: VecDeque<(u64, SocketAddr)>,
    pub(crate) acceptors: Vec<Waker>,
    process: Rc<Process>,
}

struct State {
    options: NetOptions,
    random: SimRng,
    listeners: BTreeMap<(u16, u16), Rc<RefCell<Backlog>>>,
    links: BTreeMap<u64, Rc<RefCell<Link>>>,
    parted: BTreeSet<(u16, u16)>,
    next_link: u64,
    next_port: u16,
    slow: u64,
}

/// The network of a simulation.
pub(crate) struct Network {
    pub(crate) core: Rc<Core>,
    state: RefCell<State>,
}

/// The address of a machine: 10.x.y.1 and up.
pub(crate) fn address_of(machine: u16) -> IpAddr {
    let [high, low] = machine.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(10, high, low, 1))
}

fn machine_of(address: IpAddr, own: u16) -> Option<u16> {
    match address {
        address if address.is_loopback() || address.is_unspecified() => Some(own),
        IpAddr::V4(v4) => match v4.octets() {
            [10, high, low, 1] => Some(u16::from_be_bytes([high, low])),
            _ => None,
        },
        IpAddr::V6(_) => None,
    }
}

fn pair(a: u16, b: u16) -> (u16, u16) {
    (a.min(b), a.max(b))
}

impl Network {
    pub(crate) fn new(core: &Rc<Core>, options: NetOptions, random: SimRng) -> Rc<Network> {
        Rc::new(Network {
            core: Rc::clone(core),
            state: RefCell::new(State {
                options,
                random,
                listeners: BTreeMap::new(),
                links: BTreeMap::new(),
                parted: BTreeSet::new(),
                next_link: 0,
                next_port: 40_000,
                slow: 1,
            }),
        })
    }

    pub(crate) fn edit_options(&self, edit: impl FnOnce(&mut NetOptions)) {
        edit(&mut self.state.borrow_mut().options);
    }

    pub(crate) fn set_slow(&self, factor: u64) {
        self.state.borrow_mut().slow = factor.max(1);
    }

    pub(crate) fn part(&self, a: u16, b: u16) {
        self.state.borrow_mut().parted.insert(pair(a, b));
    }

    pub(crate) fn heal(&self) {
        self.state.borrow_mut().parted.clear();
    }

    pub(crate) fn window(&self) -> usize {
        self.state.borrow().options.window
    }

    /// Connections that are not closed at both ends.
    pub(crate) fn connection_count(&self) -> usize {
        self.state.borrow().links.len()
    }

    fn is_parted(&self, a: u16, b: u16) -> bool {
        self.state.borrow().parted.contains(&pair(a, b))
    }

    fn latency(&self) -> u64 {
        let mut state = self.state.borrow_mut();
        let range = nanos(state.options.latency.start)..nanos(state.options.latency.end);
        let drawn = state.random.within(range).max(1);
        drawn.saturating_mul(state.slow)
    }

    pub(crate) fn listen(
        &self,
        process: &Rc<Process>,
        address: SocketAddr,
    ) -> io::Result<(SocketAddr, Rc<RefCell<Backlog>>)> {
        let machine = process.machine();
        if machine_of(address.ip(), machine) != Some(machine) {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let mut state = self.state.borrow_mut();
        let port = if address.port() == 0 {
            let taken = |port: &u16| state.listeners.contains_key(&(machine, *port));
            (20_000..40_000)
                .find(|port| !taken(port))
                .ok_or(io::ErrorKind::AddrInUse)?
        } else {
            address.port()
        };
        if state.listeners.contains_key(&(machine, port)) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let backlog = Rc::new(RefCell::new(Backlog {
            waiting: VecDeque::new(),
            acceptors: Vec::new(),
            process: Rc::clone(process),
        }));
        state.listeners.insert((machine, port), Rc::clone(&backlog));
        let ip = if address.ip().is_loopback() {
            address.ip()
        } else {
            address_of(machine)
        };
        Ok((SocketAddr::new(ip, port), backlog))
    }

    /// A listener goes; whoever it has not accepted is cut off.
    pub(crate) fn unlisten(self: &Rc<Self>, machine: u16, port: u16, backlog: &Rc<RefCell<Backlog>>) {
        let waiting: Vec<u64> = {
            let mut state = self.state.borrow_mut();
            let is_own = |current: &Rc<RefCell<Backlog>>| Rc::ptr_eq(current, backlog);
            if state.listeners.get(&(machine, port)).is_some_and(is_own) {
                state.listeners.remove(&(machine, port));
            }
            backlog
                .borrow_mut()
                .waiting
                .drain(..)
                .map(|(number, _)| number)
                .collect()
        };
        for number in waiting {
            self.cut(number);
        }
    }

    /// Sets out to connect; answers when the other machine has, or has not.
    pub(crate) fn connect(
        self: &Rc<Self>,
        process: &Rc<Process>,
        address: SocketAddr,
        answer: oneshot::Sender<io::Result<Rc<RefCell<Link>>>>,
    ) {
        let own = process.machine();
        let Some(target) = machine_of(address.ip(), own) else {
            let _ = answer.send(Err(io::ErrorKind::HostUnreachable.into()));
            return;
        };
        let (refused, lost, timeout) = {
            let mut state = self.state.borrow_mut();
            let state = &mut *state;
            let refused = state.random.chance(state.options.refuse);
            let lost = state.random.chance(state.options.lose_connect);
            (refused, lost, nanos(state.options.timeout))
        };
        let now = self.core.now();
        if lost || self.is_parted(own, target) {
            self.core.schedule(now + timeout, move || {
                let _ = answer.send(Err(io::ErrorKind::TimedOut.into()));
            });
            return;
        }
        let (there, back) = (self.latency(), self.latency());
        let (net, process) = (Rc::clone(self), Rc::clone(process));
        self.core.schedule(now + there, move || {
            let result = if refused {
                Err(io::ErrorKind::ConnectionRefused.into())
            } else {
                net.establish(&process, target, address)
            };
            net.core.trace(
                TraceKind::Net,
                own,
                u64::from(address.port()),
                u64::from(result.is_err()),
                "connect",
            );
            net.core.clone().schedule(net.core.now() + back, move || {
                if let Err(Ok(link)) = answer.send(result) {
                    net.close(&link, 0);
                }
            });
        });
    }

    fn establish(
        &self,
        process: &Rc<Process>,
        target: u16,
        address: SocketAddr,
    ) -> io::Result<Rc<RefCell<Link>>> {
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let backlog = state
            .listeners
            .get(&(target, address.port()))
            .ok_or_else(refused)?;
        let mut backlog = backlog.borrow_mut();
        if !process.is_alive() || !backlog.process.is_alive() {
            return Err(refused());
        }
        let number = state.next_link;
        state.next_link += 1;
        let port = state.next_port;
        state.next_port = if port == u16::MAX { 40_000 } else { port + 1 };
        let client = SocketAddr::new(address_of(process.machine()), port);
        let link = Rc::new(RefCell::new(Link {
            number,
            ends: [End::new(process, client), End::new(&backlog.process, address)],
        }));
        state.links.insert(number, Rc::clone(&link));
        backlog.waiting.push_back((number, client));
        for waker in backlog.acceptors.drain(..) {
            waker.wake();
        }
        Ok(link)
    }

    /// Takes an accepted connection over for good.
    pub(crate) fn adopt(&self, process: &Process, accepted: &Accepted) -> io::Result<Rc<RefCell<Link>>> {
        let number = match &accepted.socket {
            AcceptedSocket::Simulated(number) => *number,
            AcceptedSocket::Descriptor(_) => return Err(io::ErrorKind::InvalidInput.into()),
        };
        let link = self.state.borrow().links.get(&number).cloned();
        // It was cut between accept and adoption, and both ends have let go of it.
        let link = link.ok_or(io::ErrorKind::NotConnected)?;
        {
            let mut borrowed = link.borrow_mut();
            let end = &mut borrowed.ends[1];
            assert!(!end.adopted, "connection {number} is adopted twice");
            assert_eq!(
                end.process.machine(),
                process.machine(),
                "a socket stays on its machine"
            );
            end.adopted = true;
        }
        Ok(link)
    }

    /// Sends `data` from side `from`; it is on its way when this returns.
    pub(crate) fn send(
        self: &Rc<Self>,
        link: &Rc<RefCell<Link>>,
        from: usize,
        data: Vec<Bytes>,
    ) -> io::Result<()> {
        {
            let link = link.borrow();
            let own = &link.ends[from];
            if own.shut || link.ends[1 - from].shut || own.inbox.ended() == Some(Ended::Reset) {
                let kind = if own.shut {
                    io::ErrorKind::BrokenPipe
                } else {
                    io::ErrorKind::ConnectionReset
                };
                return Err(kind.into());
            }
        }
        let total: usize = data.iter().map(Bytes::len).sum();
        let (split, cut_after) = {
            let mut state = self.state.borrow_mut();
            let state = &mut *state;
            let cut = state.random.chance(state.options.cut);
            let split = state.random.chance(state.options.split);
            (split, cut.then(|| state.random.index(total + 1)))
        };
        let mut left = cut_after.unwrap_or(total);
        for mut piece in data {
            piece.truncate(left);
            left -= piece.len();
            while !piece.is_empty() {
                let limit = piece.len().min(RECEIVE_MAX);
                let size = if split {
                    self.state.borrow_mut().random.index(limit) + 1
                } else {
                    limit
                };
                self.push(link, 1 - from, Segment::Data(piece.split_to(size)));
            }
        }
        if cut_after.is_some() {
            self.push(link, 1 - from, Segment::Reset);
            self.push(link, from, Segment::Reset);
            if self.state.borrow_mut().random.coin() {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
        Ok(())
    }

    fn push(self: &Rc<Self>, link: &Rc<RefCell<Link>>, to: usize, segment: Segment) {
        let at = self.core.now() + self.latency();
        if link.borrow_mut().ends[to].inbox.push(at, segment) {
            self.await_arrival(link, to);
        }
    }

    fn await_arrival(self: &Rc<Self>, link: &Rc<RefCell<Link>>, to: usize) {
        if let Some(at) = link.borrow().ends[to].inbox.next_arrival() {
            let (net, link) = (Rc::clone(self), Rc::clone(link));
            self.core.schedule(at, move || net.arrive(&link, to));
        }
    }

    fn arrive(self: &Rc<Self>, link: &Rc<RefCell<Link>>, to: usize) {
        let now = self.core.now();
        let (parted, since) = {
            let mut link = link.borrow_mut();
            let machines = [0, 1].map(|side: usize| link.ends[side].process.machine());
            let parted = self.is_parted(machines[0], machines[1]);
            let end = &mut link.ends[to];
            if end.inbox.next_arrival().is_none() {
                return; // Reset while it was on its way.
            }
            let since = *end.held_since.get_or_insert(now);
            if !parted {
                end.held_since = None;
            }
            (parted, since)
        };
        if parted {
            let (timeout, retry) = {
                let mut state = self.state.borrow_mut();
                (
                    nanos(state.options.timeout),
                    state.random.within(50_000_000..400_000_000),
                )
            };
            if now - since > timeout {
                self.reset(link);
            } else {
                let (net, link) = (Rc::clone(self), Rc::clone(link));
                self.core.schedule(now + retry, move || net.arrive(&link, to));
            }
            return;
        }
        let (number, size) = {
            let mut link = link.borrow_mut();
            (link.number, link.ends[to].inbox.arrive())
        };
        self.core
            .trace(TraceKind::Net, u16::MAX, number, size as u64, "arrive");
        self.await_arrival(link, to);
        self.forget_if_over(link);
    }

    /// Both ends find the connection reset, now.
    fn reset(&self, link: &Rc<RefCell<Link>>) {
        for end in &mut link.borrow_mut().ends {
            end.inbox.end(Ended::Reset);
        }
        self.forget_if_over(link);
    }

    fn cut(&self, number: u64) {
        let link = self.state.borrow().links.get(&number).cloned();
        if let Some(link) = link {
            link.borrow_mut().ends[1].shut = true;
            self.reset(&link);
        }
    }

    /// Side `side` ends both directions.
    pub(crate) fn close(self: &Rc<Self>, link: &Rc<RefCell<Link>>, side: usize) {
        {
            let mut link = link.borrow_mut();
            let end = &mut link.ends[side];
            if end.shut {
                return;
            }
            end.shut = true;
            end.inbox.wake_both();
            link.ends[1 - side].inbox.wake_both();
        }
        self.push(link, 1 - side, Segment::Fin);
        self.forget_if_over(link);
    }

    fn forget_if_over(&self, link: &Rc<RefCell<Link>>) {
        let link = link.borrow();
        if link.ends.iter().all(|end| end.shut) {
            self.state.borrow_mut().links.remove(&link.number);
        }
    }

    /// A process has ended: its listeners are gone, and its peers learn it, after a while if the power went.
    pub(crate) fn end_process(self: &Rc<Self>, process: &Process, power_lost: bool) {
        let same = |other: &Process| {
            other.machine() == process.machine() && other.incarnation() == process.incarnation()
        };
        let (dead, links) = {
            let mut state = self.state.borrow_mut();
            let dead: Vec<_> = state
                .listeners
                .iter()
                .filter(|(_, backlog)| same(&backlog.borrow().process))
                .map(|(key, backlog)| (*key, Rc::clone(backlog)))
                .collect();
            for (key, _) in &dead {
                state.listeners.remove(key);
            }
            let links: Vec<_> = state.links.values().cloned().collect();
            (dead, links)
        };
        drop(dead);
        for link in links {
            for side in 0..2 {
                if !same(&link.borrow().ends[side].process) {
                    continue;
                }
                link.borrow_mut().ends[side].shut = true;
                let delay = if power_lost {
                    self.state.borrow_mut().random.within(0..3_000_000_000)
                } else {
                    0
                };
                let at = self.core.now() + delay + self.latency();
                if link.borrow_mut().ends[1 - side].inbox.push(at, Segment::Reset) {
                    self.await_arrival(&link, 1 - side);
                }
            }
            self.forget_if_over(&link);
        }
    }
}
