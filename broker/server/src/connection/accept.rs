//! Accepts clients on the first shard and spreads them evenly: each goes to the shard that serves the fewest, or to the
//! one whose own listener it came to.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_model::ShardId;
use corelog_runtime::{Accepted, Listener, Monotonic};

use crate::connection;
use crate::metrics::Counter;
use crate::shard::Shard;

/// How long to wait after the kernel refused to give a connection, for want of descriptors say.
const PAUSE: Duration = Duration::from_millis(100);
/// How often a refusal is told: a crowd of clients that come back at once must not fill the log.
const TELL_INTERVAL: Duration = Duration::from_secs(1);

/// Connections that are open, as the acceptor knows them.
pub(crate) struct Spread {
    by_shard: Vec<u32>,
    by_address: HashMap<IpAddr, u32, foldhash::fast::RandomState>,
    open: u32,
    /// What the process's descriptors allow, whatever `max.connections` says.
    possible_max: u32,
    told_last: Option<Monotonic>,
}

impl Spread {
    /// No connections, and never more than `possible_max`.
    pub(crate) fn new(shards: u16, possible_max: u32) -> Spread {
        Spread {
            by_shard: vec![0; usize::from(shards)],
            by_address: HashMap::default(),
            open: 0,
            possible_max,
            told_last: None,
        }
    }

    /// Whether it is time to tell of something again.
    fn may_tell(&mut self, now: Monotonic) -> bool {
        let is_due = self.told_last.is_none_or(|told| now.since(told) >= TELL_INTERVAL);
        if is_due {
            self.told_last = Some(now);
        }
        is_due
    }

    /// The shard to serve one more connection of `address`, `only` if that is given; `None` when a limit is reached.
    fn place(
        &mut self,
        address: IpAddr,
        only: Option<ShardId>,
        open_max: u32,
        by_address_max: u32,
    ) -> Option<usize> {
        let of_address = self.by_address.get(&address).copied().unwrap_or(0);
        if self.open >= open_max.min(self.possible_max) || of_address >= by_address_max {
            return None;
        }
        let fewest = || (0..self.by_shard.len()).min_by_key(|shard| self.by_shard[*shard]);
        let shard = only.map(|only| usize::from(only.get())).or_else(fewest)?;
        self.open += 1;
        self.by_shard[shard] += 1;
        self.by_address.insert(address, of_address + 1);
        Some(shard)
    }

    fn closed(&mut self, shard: usize, address: IpAddr) {
        self.open -= 1;
        self.by_shard[shard] -= 1;
        let of_address = self.by_address.get_mut(&address).expect("placed before");
        *of_address -= 1;
        if *of_address == 0 {
            self.by_address.remove(&address);
        }
    }
}

/// A socket to accept from.
pub(crate) struct Door {
    /// The listener's name.
    pub(crate) name: Arc<str>,
    /// The socket.
    pub(crate) listener: Rc<dyn Listener>,
    /// The shard whose own it is, if it is one's.
    pub(crate) only: Option<ShardId>,
}

/// Accepts until the process ends. All acceptors share `spread`.
pub(crate) async fn serve(shard: Rc<Shard>, door: Door, spread: Rc<RefCell<Spread>>) {
    loop {
        match door.listener.accept().await {
            Ok(accepted) => hand_over(&shard, &spread, &door, accepted),
            // The seam has done again what can be done at once. It goes on as soon as the kernel has what it lacks.
            Err(error) => {
                let now = shard.handle.clock.now();
                if spread.borrow_mut().may_tell(now) {
                    tracing::warn!(%error, "cannot accept a connection; it is tried again");
                }
                shard.handle.clock.sleep_until(now + PAUSE).await;
            }
        }
    }
}

fn hand_over(shard: &Rc<Shard>, spread: &Rc<RefCell<Spread>>, door: &Door, accepted: Accepted) {
    let config = shard.metadata.config();
    let (address, peer) = (accepted.peer.ip(), accepted.peer);
    let (open_max, by_address_max) = (
        config.network.connections_max,
        config.network.connections_per_ip_max,
    );
    let Some(to) = spread
        .borrow_mut()
        .place(address, door.only, open_max, by_address_max)
    else {
        shard.metrics.add(Counter::RefusedConnections, 1);
        let mut spread = spread.borrow_mut();
        if spread.may_tell(shard.handle.clock.now()) {
            let (open, possible_max) = (spread.open, spread.possible_max);
            tracing::warn!(
                %peer, open, possible_max,
                "refused: max.connections, max.connections.per.ip or what descriptors allow is reached"
            );
        }
        return;
    };
    let target = ShardId::new(u16::try_from(to).expect("there are at most 65535 shards"));
    let name = Arc::clone(&door.name);
    // The call lasts as long as the connection, so its end tells that the place is free.
    let served = shard
        .shards
        .submit_to(target, move |shard: Rc<Shard>| async move {
            match shard.handle.net.adopt(accepted) {
                Ok(connection) => connection::serve(shard, connection, name).await,
                Err(error) => tracing::warn!(%peer, %error, "cannot serve the connection"),
            }
        });
    let spread = Rc::clone(spread);
    shard.handle.spawn(
        corelog_runtime::WorkClass::Normal,
        "connection's place",
        async move {
            served.await;
            spread.borrow_mut().closed(to, address);
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_connections_are_spread_evenly() {
        let mut spread = Spread::new(4, 100);
        let address = IpAddr::from([127, 0, 0, 1]);
        let places: Vec<_> = (0..8)
            .map(|_| spread.place(address, None, 100, 100).unwrap())
            .collect();
        assert_eq!(places, [0, 1, 2, 3, 0, 1, 2, 3]);
        spread.closed(2, address);
        assert_eq!(spread.place(address, None, 100, 100), Some(2));
    }

    #[test]
    fn limits_hold_in_all_and_for_each_address() {
        let mut spread = Spread::new(1, 100);
        let [a, b] = [[127, 0, 0, 1], [127, 0, 0, 2]].map(IpAddr::from);
        assert!(spread.place(a, None, 3, 2).is_some());
        assert!(spread.place(a, None, 3, 2).is_some());
        assert!(spread.place(a, None, 3, 2).is_none(), "two of one address");
        assert!(spread.place(b, None, 3, 2).is_some());
        assert!(spread.place(b, None, 3, 2).is_none(), "three in all");
        spread.closed(0, a);
        assert!(spread.place(a, None, 3, 2).is_some());
    }

    #[test]
    fn descriptors_bound_what_the_configuration_does_not() {
        let mut spread = Spread::new(2, 3);
        let address = IpAddr::from([127, 0, 0, 1]);
        let unbounded = u32::MAX;
        for _ in 0..3 {
            assert!(spread.place(address, None, unbounded, unbounded).is_some());
        }
        assert!(spread.place(address, None, unbounded, unbounded).is_none());
        spread.closed(0, address);
        assert!(spread.place(address, None, unbounded, unbounded).is_some());
    }
}
