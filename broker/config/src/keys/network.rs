//! Listeners, connections and their limits.

use crate::key::ConfigKey as K;
use crate::key::Kind::{Int, List, Long};
use crate::key::Unit::{Bytes, Milliseconds};
use crate::key::Valid::{AtLeast, Listeners};

keys! {
    LISTENERS = K::fixed("listeners", List, "The addresses to listen on, as NAME://host:port. An empty host is every interface; port 0 takes a free one. The dev profile listens on 127.0.0.1 alone.")
        .default("PLAINTEXT://:9092").valid(Listeners);
    ADVERTISED_LISTENERS = K::fixed("advertised.listeners", List, "The addresses that clients are told, as NAME://host:port, one for each name in listeners: whoever came to a listener is told the address of its name. If it is not given, it is listeners, with this host's name where the host is empty or means every interface (0.0.0.0, ::). Port 0 is the one that the listener of that name takes, if that one has port 0, too.")
        .valid(Listeners);
    SOCKET_REQUEST_MAX_BYTES = K::fixed("socket.request.max.bytes", Int, "The largest request; a longer one closes its connection.").default("104857600").unit(Bytes).valid(AtLeast(1));
    SOCKET_LISTEN_BACKLOG_SIZE = K::fixed("socket.listen.backlog.size", Int, "The connections that the kernel keeps before they are accepted.").default("1024").valid(AtLeast(1));
    SOCKET_SEND_BUFFER_BYTES = K::fixed("socket.send.buffer.bytes", Int, "The socket's send buffer; -1 leaves it to the kernel, which sizes it by itself. Kafka's default is 102400.").default("-1").unit(Bytes).valid(AtLeast(-1));
    SOCKET_RECEIVE_BUFFER_BYTES = K::fixed("socket.receive.buffer.bytes", Int, "The socket's receive buffer; -1 leaves it to the kernel, which sizes it by itself. Kafka's default is 102400.").default("-1").unit(Bytes).valid(AtLeast(-1));
    MAX_CONNECTIONS = K::dynamic("max.connections", Int, "The connections at a time; further ones are closed at once. Never more than the process's descriptors allow (RLIMIT_NOFILE; `corelog doctor` says how many).").default("2147483647").valid(AtLeast(0));
    MAX_CONNECTIONS_PER_IP = K::dynamic("max.connections.per.ip", Int, "The connections at a time from one address.").default("2147483647").valid(AtLeast(0));
    CONNECTIONS_MAX_IDLE_MS = K::fixed("connections.max.idle.ms", Long, "The time after which a connection without a request is closed; a negative one never closes.").default("600000").unit(Milliseconds);
    QUEUED_MAX_REQUESTS = K::fixed("queued.max.requests", Int, "The requests of one connection that are worked on at a time; the next is read when one of them is answered.").default("500").valid(AtLeast(1));
    QUEUED_MAX_REQUEST_BYTES = K::fixed("queued.max.request.bytes", Long, "The bytes of requests that one shard holds at a time; further reading waits. -1: a quarter of memory.bytes.").default("-1").unit(Bytes).valid(AtLeast(-1));
    REQUEST_TIMEOUT_MS = K::fixed("request.timeout.ms", Int, "The longest that the broker waits for another broker.").default("30000").unit(Milliseconds).valid(AtLeast(1))
        .inert("there is no other broker to wait for");
}
