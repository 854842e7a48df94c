//! The admin port as HTTP clients see it.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use corelog_broker::admin;
use corelog_protocol::messages::api_versions::ApiVersionsRequest;
use corelog_runtime::descriptors::ADMIN_CONNECTIONS_MAX;
use corelog_runtime::{Connection, ListenOptions, WorkClass, local};

use crate::support::{Broker, TOPIC, with_broker};

/// What was answered.
#[derive(Debug)]
struct Answer {
    status: u16,
    /// In small letters, with their values.
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A connection to the admin port.
struct Http {
    connection: Rc<dyn Connection>,
    received: RefCell<BytesMut>,
}

impl Http {
    async fn send(&self, text: &str) {
        let bytes = Bytes::from(text.to_owned());
        self.connection.send(vec![bytes]).await.expect("a sent request");
    }

    /// Receives until `found` finds something in what has come; `None` at the end of the stream.
    async fn until<T>(&self, found: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        loop {
            if let Some(found) = found(&self.received.borrow()) {
                return Some(found);
            }
            match self.connection.receive().await {
                Ok(piece) if !piece.is_empty() => self.received.borrow_mut().extend_from_slice(&piece),
                Ok(_) | Err(_) => return None,
            }
        }
    }

    fn take(&self, count: usize) -> String {
        let bytes = self.received.borrow_mut().split_to(count);
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    async fn line(&self) -> Option<String> {
        let end = self.until(|bytes| bytes.windows(2).position(|pair| pair == b"\r\n"));
        let line = self.take(end.await? + 2);
        Some(line.trim_end().to_owned())
    }

    async fn exactly(&self, count: usize) -> String {
        let come = self.until(|bytes| (bytes.len() >= count).then_some(()));
        come.await.expect("the whole body");
        self.take(count)
    }

    async fn answer(&self, has_body: bool) -> Option<Answer> {
        let first = self.line().await?;
        let status = first.split(' ').nth(1).expect("a status").parse();
        let mut answer = Answer {
            status: status.expect("a number"),
            headers: Vec::new(),
            body: String::new(),
        };
        loop {
            let line = self.line().await.expect("a header");
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            answer.headers.push((name.to_lowercase(), value.to_owned()));
        }
        if !has_body {
            return Some(answer);
        }
        if let Some(length) = answer.header("content-length") {
            answer.body = self.exactly(length.parse().expect("a length")).await;
            return Some(answer);
        }
        assert_eq!(answer.header("transfer-encoding"), Some("chunked"), "{answer:?}");
        loop {
            let size = self.line().await.expect("a chunk");
            let size = usize::from_str_radix(&size, 16).expect("a size");
            answer.body += &self.exactly(size).await;
            assert_eq!(self.line().await.as_deref(), Some(""));
            if size == 0 {
                return Some(answer);
            }
        }
    }

    async fn ask(&self, method: &str, target: &str) -> Answer {
        self.ask_with(method, target, "").await
    }

    /// `more` are further headers, each with its line's end.
    async fn ask_with(&self, method: &str, target: &str, more: &str) -> Answer {
        self.send(&format!(
            "{method} {target} HTTP/1.1\r\nHost: admin\r\n{more}\r\n"
        ))
        .await;
        self.answer(method != "HEAD").await.expect("an answer")
    }
}

/// A served admin port.
struct Admin {
    broker: Broker,
    address: SocketAddr,
}

impl Admin {
    async fn of(broker: Broker) -> Admin {
        let any = "127.0.0.1:0".parse().expect("an address");
        let handle = &broker.shard.handle;
        let listener = handle.net.listen(any, ListenOptions::default()).await;
        let listener = listener.expect("a listener");
        let address = listener.local_address();
        let serve = admin::serve(Rc::clone(&broker.shard), listener);
        handle.spawn(WorkClass::Normal, "admin", serve);
        Admin { broker, address }
    }

    async fn connect(&self) -> Http {
        let connection = self.broker.shard.handle.net.connect(self.address).await;
        Http {
            connection: connection.expect("a connection"),
            received: RefCell::default(),
        }
    }

    /// Whether the other side has closed the connection within a few seconds.
    async fn is_closed(&self, http: &Http) -> bool {
        let clock = &*self.broker.shard.handle.clock;
        let deadline = clock.now() + Duration::from_secs(5);
        let line = local::timeout(clock, deadline, http.line()).await;
        line.is_ok_and(|line| line.is_none())
    }
}

#[test]
fn one_connection_carries_many_requests() {
    with_broker(|broker| async move {
        let admin = Admin::of(broker).await;
        let http = admin.connect().await;
        for _ in 0..3 {
            let live = http.ask("GET", "/health/live").await;
            assert_eq!((live.status, live.body.as_str()), (200, "live\n"));
            assert_eq!(live.header("content-type"), Some("text/plain; charset=utf-8"));
            assert!(
                live.header("date").is_some_and(|date| date.ends_with(" GMT")),
                "{live:?}"
            );
            let metrics = http.ask("GET", "/metrics").await;
            assert!(metrics.body.contains("corelog_partitions 0"), "{metrics:?}");
        }
        let last = http
            .ask_with("GET", "/health/live", "Connection: close\r\n")
            .await;
        assert_eq!((last.status, last.header("connection")), (200, Some("close")));
        assert!(admin.is_closed(&http).await);
    });
}

#[test]
fn a_head_is_answered_as_a_get_without_a_body() {
    with_broker(|broker| async move {
        let admin = Admin::of(broker).await;
        let http = admin.connect().await;
        for target in [
            "/metrics",
            "/health/live",
            "/health/ready",
            "/debug/shards",
            "/debug/connections",
            "/debug/profile?seconds=120",
            "/debug/profile?seconds=0",
            "/nothing",
        ] {
            let head = http.ask("HEAD", target).await;
            let expected = match target {
                "/debug/profile?seconds=0" => 400,
                "/nothing" => 404,
                // The shard of these tests was not opened for clients.
                "/health/ready" => 503,
                _ => 200,
            };
            assert_eq!(head.status, expected, "{target}: {head:?}");
            assert!(head.header("content-type").is_some(), "{head:?}");
            // Were there a body, it would be taken for the beginning of this answer.
            let live = http.ask("GET", "/health/live").await;
            assert_eq!(
                (live.status, live.body.as_str()),
                (200, "live\n"),
                "after {target}"
            );
            if target == "/health/live" {
                assert_eq!(head.header("content-length"), live.header("content-length"));
            }
        }
    });
}

#[test]
fn other_methods_and_paths_are_refused_and_the_connection_goes_on() {
    with_broker(|broker| async move {
        let admin = Admin::of(broker).await;
        let http = admin.connect().await;
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            for target in [
                "/metrics",
                "/health/live",
                "/debug/shards",
                "/debug/connections",
                "/debug/profile",
            ] {
                let more = "Content-Length: 5\r\n\r\nabcde";
                http.send(&format!("{method} {target} HTTP/1.1\r\nHost: admin\r\n{more}"))
                    .await;
                let answer = http.answer(true).await.expect("an answer");
                assert_eq!(answer.status, 405, "{method} {target}");
                assert_eq!(answer.header("allow"), Some("GET, HEAD"));
            }
        }
        for target in ["/", "/metric", "/metrics/", "/health", "/debug/", "/debug/shard"] {
            assert_eq!(http.ask("GET", target).await.status, 404, "{target}");
            assert_eq!(http.ask("POST", target).await.status, 404, "{target}");
        }
        let shards = http.ask("GET", "/debug/shards").await;
        assert!(
            shards.status == 200 && shards.body.contains("shard 0"),
            "{shards:?}"
        );
    });
}

#[test]
fn what_is_too_large_or_no_http_is_refused_and_ends_the_connection() {
    with_broker(|broker| async move {
        let admin = Admin::of(broker).await;
        let long = "x".repeat(70_000);
        let many: String = (0..100).map(|number| format!("X-{number}: y\r\n")).collect();
        for (request, status) in [
            (
                format!("GET /health/live HTTP/1.1\r\nX: {}\r\n\r\n", &long[..9000]),
                431,
            ),
            (format!("GET /health/live HTTP/1.1\r\n{many}\r\n"), 431),
            (
                format!("POST /metrics HTTP/1.1\r\nContent-Length: 70000\r\n\r\n{long}"),
                413,
            ),
            ("hello\r\n\r\n".to_owned(), 400),
        ] {
            let http = admin.connect().await;
            http.send(&request).await;
            let answer = http.answer(true).await.expect("an answer");
            assert_eq!(answer.status, status, "{}", &request[..30.min(request.len())]);
            if status != 413 {
                assert!(admin.is_closed(&http).await, "{status}");
            }
        }
    });
}

#[test]
fn idle_connections_make_room_for_the_next() {
    with_broker(|broker| async move {
        let admin = Admin::of(broker).await;
        let mut idle = Vec::new();
        for _ in 0..2 * ADMIN_CONNECTIONS_MAX {
            let http = admin.connect().await;
            assert_eq!(http.ask("GET", "/health/live").await.status, 200);
            idle.push(http);
        }
        assert!(admin.is_closed(&idle[0]).await);
        assert_eq!(
            idle.last().expect("many").ask("GET", "/health/live").await.status,
            200
        );
    });
}

#[test]
fn metrics_come_in_the_format_that_is_asked_for() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 3, &[]).await;
        let admin = Admin::of(broker).await;
        let http = admin.connect().await;
        let open_metrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        let prometheus = "text/plain; version=0.0.4; charset=utf-8";
        for (accept, content_type) in [
            ("", prometheus),
            ("Accept: text/plain\r\n", prometheus),
            (
                "Accept: application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1\r\n",
                open_metrics,
            ),
        ] {
            let head = http.ask_with("HEAD", "/metrics", accept).await;
            let answer = http.ask_with("GET", "/metrics", accept).await;
            for answer in [&head, &answer] {
                assert_eq!(
                    (answer.status, answer.header("content-type")),
                    (200, Some(content_type))
                );
            }
            assert_eq!(answer.body.ends_with("# EOF\n"), content_type == open_metrics);
            for line in [
                "corelog_partitions 3",
                "corelog_partition_high_watermark{topic=\"topic\",partition=\"2\"} 0",
                "corelog_produced_records_total 0",
            ] {
                assert!(
                    answer.body.lines().any(|found| found == line),
                    "{line}: {answer:?}"
                );
            }
        }
    });
}

/// The answer is longer than every buffer on its way, and no task holds the shard while it is made.
#[test]
fn many_partitions_are_told_of_without_holding_the_shard() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 10_000, &[]).await;
        let admin = Admin::of(broker).await;
        let http = admin.connect().await;
        let turns = Rc::new(Cell::new(0));
        let counted = Rc::clone(&turns);
        let spawner = &admin.broker.shard.handle;
        spawner.spawn(WorkClass::Normal, "turns", async move {
            while Rc::strong_count(&counted) > 1 {
                counted.set(counted.get() + 1);
                local::yield_now().await;
            }
        });
        let before = turns.get();
        let answer = http.ask("GET", "/metrics").await;
        let during = turns.get() - before;
        let series = answer
            .body
            .lines()
            .filter(|line| line.starts_with("corelog_partition_"));
        assert_eq!(series.count(), 30_000);
        // Each slice of 512 partitions or samples lets the others have a turn.
        assert!(during > 80, "{during} turns");
    });
}

#[test]
fn connections_are_listed_with_what_their_clients_told() {
    with_broker(|broker| async move {
        let request = ApiVersionsRequest {
            client_software_name: "test-client".to_owned(),
            client_software_version: "1.2".to_owned(),
            ..ApiVersionsRequest::default()
        };
        let client = broker.connect().await;
        client.call(4, &request).await;
        client.call(4, &request).await;
        let admin = Admin::of(broker).await;
        let http = admin.connect().await;
        let answer = http.ask("GET", "/debug/connections").await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("application/json"))
        );
        let page: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        let listed = page["connections"].as_array().expect("a list");
        assert_eq!((listed.len(), &page["left_out"]), (1, &0.into()));
        let found = &listed[0];
        assert_eq!(
            (&found["software_name"], &found["software_version"]),
            (&"test-client".into(), &"1.2".into())
        );
        assert_eq!((&found["requests"], &found["shard"]), (&2.into(), &0.into()));
        let bytes = |key: &str| found[key].as_u64().expect("a number");
        assert!(
            bytes("received_bytes") > 40 && bytes("sent_bytes") > 200,
            "{found}"
        );
        assert!(
            found["address"]
                .as_str()
                .is_some_and(|address| address.starts_with("127.0.0.1:"))
        );
    });
}

/// A log that is compacted has series of its own, and the others have none.
#[test]
fn compacted_logs_tell_what_is_dirty_and_when_they_were_cleaned() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[("cleanup.policy", "compact")]).await;
        broker.create("other", 1, &[]).await;
        let admin = Admin::of(broker).await;
        let metrics = admin.connect().await.ask("GET", "/metrics").await.body;
        let of_logs: Vec<_> = metrics
            .lines()
            .filter(|line| line.starts_with("corelog_log_"))
            .collect();
        let expected = [
            "corelog_log_dirty_bytes{topic=\"topic\",partition=\"0\"} 0",
            "corelog_log_last_cleaned_timestamp_seconds{topic=\"topic\",partition=\"0\"} 0.0",
        ];
        assert_eq!(of_logs, expected);
        for name in [
            "corelog_start_timestamp_seconds",
            "corelog_volume_size_bytes",
            "corelog_volume_usable_bytes",
        ] {
            let sample = metrics
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            let value = sample.and_then(|value| value.parse::<f64>().ok());
            assert!(value.is_some_and(|value| value > 0.0), "{name}: {sample:?}");
        }
    });
}
