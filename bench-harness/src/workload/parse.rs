//! Reads a workload: a TOML text, then `key=value` settings over it. Unknown keys are refused with the nearest name.

use toml::{Table, Value};

use super::{Acks, MessageSize, Mode, Workload};
use crate::payload::HEADER_SIZE;

/// Partitions, producers, consumers and keys, each at most: beyond it is a slip of the finger.
const COUNT_MAX: u32 = 10_000_000;
/// Most bytes of a batch or a request: what brokers accept by default is far below.
const REQUEST_SIZE_MAX: u32 = 100 * 1024 * 1024;
/// Half of what a transaction may last, Java's `transaction.timeout.ms`, in milliseconds.
const TRANSACTION_MS_MAX: f64 = 30_000.0;
/// A year: longer is a slip of the finger, and would overflow a duration.
const SECONDS_MAX: f64 = 366.0 * 86_400.0;

/// Why a workload is not one.
#[derive(Debug, thiserror::Error)]
pub enum WorkloadError {
    /// The text is not TOML.
    #[error("the workload is not TOML: {0}")]
    Syntax(#[from] Box<toml::de::Error>),
    /// No such key.
    #[error("there is no key {key:?}{}", nearest.as_ref().map(|name| format!("; did you mean {name:?}?")).unwrap_or_default())]
    UnknownKey {
        /// As it was written.
        key: String,
        /// One that looks like it.
        nearest: Option<String>,
    },
    /// A setting without a value.
    #[error("{0:?} is not of the form key=value")]
    Setting(String),
    /// A value of the wrong type, or an unknown name.
    #[error("{key} = {value} is not possible: {source}")]
    Value {
        /// The key.
        key: String,
        /// What it was to be.
        value: String,
        /// What is wrong.
        source: Box<toml::de::Error>,
    },
    /// A value outside its bounds.
    #[error("{key} = {value} is not possible: it has to be {bounds}")]
    Bounds {
        /// The key.
        key: &'static str,
        /// What it was to be.
        value: String,
        /// What it may be.
        bounds: &'static str,
    },
    /// Two values that contradict each other.
    #[error("{0}")]
    Contradiction(&'static str),
}

/// Reads `text` and then `settings`, each `key=value` with the value in TOML's form; quotes around text may be left out.
///
/// # Errors
/// See `WorkloadError`.
pub fn parse(text: &str, settings: &[String]) -> Result<Workload, WorkloadError> {
    let mut table: Table = toml::from_str(text).map_err(Box::new)?;
    for setting in settings {
        let (key, value) = setting
            .split_once('=')
            .ok_or_else(|| WorkloadError::Setting(setting.clone()))?;
        table.insert(key.trim().to_owned(), setting_value(value.trim()));
    }
    let known = Table::try_from(Workload::default()).expect("the default can be written");
    for (key, value) in &table {
        if !known.contains_key(key) {
            return Err(unknown(key, &known));
        }
        // One at a time, so that the message names the key.
        let alone = Table::from_iter([(key.clone(), value.clone())]);
        alone
            .try_into::<Workload>()
            .map_err(|source| WorkloadError::Value {
                key: key.clone(),
                value: value.to_string(),
                source: Box::new(source),
            })?;
    }
    let workload: Workload = table.try_into().map_err(Box::new)?;
    check(&workload)?;
    Ok(workload)
}

/// Letters after a number of bytes, and what they multiply it by.
const UNITS: [(&str, i64); 6] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("kb", 1 << 10),
    ("mb", 1 << 20),
    ("gb", 1 << 30),
];

/// A number with a unit, such as 10kb, which is 10,240 as in the names of OMB's workloads.
fn bytes(text: &str) -> Option<i64> {
    let text = text.to_ascii_lowercase();
    let (number, factor) = UNITS
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))?;
    number.trim().parse::<i64>().ok()?.checked_mul(factor)
}

/// What is not TOML is taken as a number of bytes, or as text.
fn setting_value(text: &str) -> Value {
    if let Some(bytes) = bytes(text) {
        return Value::Integer(bytes);
    }
    toml::from_str::<Table>(&format!("v = {text}"))
        .ok()
        .and_then(|mut table| table.remove("v"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn unknown(key: &str, known: &Table) -> WorkloadError {
    let nearest = known
        .keys()
        .map(|name| (strsim::jaro_winkler(key, name), name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.clone());
    WorkloadError::UnknownKey {
        key: key.to_owned(),
        nearest,
    }
}

fn check(workload: &Workload) -> Result<(), WorkloadError> {
    let count = |key, value: u32, least: u32, bounds| {
        within(key, value, (least..=COUNT_MAX).contains(&value), bounds)
    };
    count("topics", workload.topics, 1, "1 to 10,000,000")?;
    count(
        "partitions_per_topic",
        workload.partitions_per_topic,
        1,
        "1 to 10,000,000",
    )?;
    count(
        "topics x partitions_per_topic",
        workload.partitions(),
        1,
        "1 to 10,000,000",
    )?;
    count(
        "topics x producers_per_topic",
        workload.producers(),
        0,
        "0 to 10,000,000",
    )?;
    count(
        "topics x subscriptions_per_topic x consumers_per_subscription",
        workload.consumers(),
        0,
        "0 to 10,000,000",
    )?;
    count("key_count", workload.key_count, 1, "1 to 10,000,000")?;
    count("max_in_flight", workload.max_in_flight, 1, "1 to 10,000,000")?;
    count("outstanding", workload.outstanding, 1, "1 to 10,000,000")?;
    sizes(workload)?;
    let ratio = workload.random_bytes_ratio;
    within(
        "random_bytes_ratio",
        ratio,
        (0.0..=1.0).contains(&ratio),
        "0 to 1",
    )?;
    let exponent = workload.zipf_exponent;
    within(
        "zipf_exponent",
        exponent,
        (0.0..=10.0).contains(&exponent),
        "0 to 10",
    )?;
    for (key, value) in [
        ("linger_ms", workload.linger_ms / 1e3),
        ("warm_up_s", workload.warm_up_s),
        ("drain_s", workload.drain_s),
    ] {
        within(key, value, (0.0..=SECONDS_MAX).contains(&value), "0 to a year")?;
    }
    let duration = workload.duration_s;
    within(
        "duration_s",
        duration,
        duration > 0.0 && duration <= SECONDS_MAX,
        "above 0, to a year",
    )?;
    let rate = workload.producer_rate;
    within(
        "producer_rate",
        rate,
        rate > 0.0 && rate <= 1e9,
        "above 0, to 1e9",
    )?;
    if workload.idempotence && workload.acks != Acks::All {
        return Err(WorkloadError::Contradiction("idempotence needs acks = \"all\""));
    }
    if workload.idempotence && workload.max_in_flight > 5 {
        return Err(WorkloadError::Contradiction(
            "idempotence allows max_in_flight = 5 at most: the target remembers five batches",
        ));
    }
    transactions(workload)?;
    if workload.mode == Mode::Closed && workload.acks == Acks::None {
        return Err(WorkloadError::Contradiction(
            "mode = \"closed\" needs acknowledgements: acks = \"all\" or \"leader\"",
        ));
    }
    Ok(())
}

fn transactions(workload: &Workload) -> Result<(), WorkloadError> {
    let interval = workload.transaction_ms;
    within(
        "transaction_ms",
        interval,
        (0.0..=TRANSACTION_MS_MAX).contains(&interval),
        "0 to 30000: the target aborts a transaction after a minute",
    )?;
    for (key, value) in [
        ("transaction_messages", workload.transaction_messages),
        ("open_transactions", workload.open_transactions),
    ] {
        within(key, value, value <= COUNT_MAX, "0 to 10,000,000")?;
    }
    if workload.is_transactional() && !workload.idempotence {
        return Err(WorkloadError::Contradiction(
            "transaction_ms and transaction_messages need idempotence = true",
        ));
    }
    if workload.open_transactions > 0 && workload.consumers() > 0 {
        return Err(WorkloadError::Contradiction(
            "open_transactions needs subscriptions_per_topic = 0: consumers cannot tell its messages from damaged ones",
        ));
    }
    Ok(())
}

fn sizes(workload: &Workload) -> Result<(), WorkloadError> {
    let least = u32::try_from(HEADER_SIZE).expect("small");
    for share in workload.message_size.shares() {
        let fits = (least..=REQUEST_SIZE_MAX).contains(&share.bytes);
        within(
            "message_size",
            share.bytes,
            fits,
            "32 to 104857600 bytes; 32 are the check's",
        )?;
        let weight = share.weight;
        within(
            "message_size's weight",
            weight,
            weight > 0.0 && weight.is_finite(),
            "above 0",
        )?;
    }
    if let MessageSize::Mix(shares) = &workload.message_size
        && shares.is_empty()
    {
        return Err(WorkloadError::Contradiction(
            "message_size needs at least one share",
        ));
    }
    for (key, value) in [
        ("batch_size", workload.batch_size),
        ("request_size", workload.request_size),
        ("fetch_max_bytes", workload.fetch_max_bytes),
        ("fetch_partition_bytes", workload.fetch_partition_bytes),
    ] {
        within(
            key,
            value,
            (1..=REQUEST_SIZE_MAX).contains(&value),
            "1 to 104857600 bytes",
        )?;
    }
    let wait = workload.fetch_wait_ms;
    within("fetch_wait_ms", wait, wait <= 60_000, "0 to 60000")?;
    Ok(())
}

fn within(
    key: &'static str,
    value: impl Into<f64>,
    is_within: bool,
    bounds: &'static str,
) -> Result<(), WorkloadError> {
    if is_within {
        Ok(())
    } else {
        Err(WorkloadError::Bounds {
            key,
            value: value.into().to_string(),
            bounds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Codec, KeyDistributor};

    fn check_error(text: &str, settings: &[&str], expected: &str) {
        let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
        let error = parse(text, &settings).expect_err(text).to_string();
        assert!(error.contains(expected), "{error:?} does not say {expected:?}");
    }

    #[test]
    fn nothing_is_the_default() {
        assert_eq!(parse("", &[]).unwrap(), Workload::default());
    }

    #[test]
    fn settings_override_the_text() {
        let text = "topics = 2\nkey_distributor = \"zipf\"\n[topic_config]\n\"retention.ms\" = \"1000\"";
        let settings = ["topics=3", "mode=max", "compression = \"lz4\"", "linger_ms=0.5"];
        let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
        let workload = parse(text, &settings).unwrap();
        assert_eq!(workload.topics, 3);
        assert_eq!(workload.mode, Mode::Max);
        assert_eq!(workload.compression, Codec::Lz4);
        assert_eq!(workload.key_distributor, KeyDistributor::Zipf);
        assert_eq!(workload.topic_config["retention.ms"], "1000");
    }

    #[test]
    fn transactions_are_by_time_or_by_number() {
        let workload = parse("isolation = \"read_committed\"", &[]).unwrap();
        assert_eq!(workload.isolation.wire(), 1);
        assert!(!workload.is_transactional());
        for setting in ["transaction_ms=100", "transaction_messages=1"] {
            assert!(
                parse("", &[String::from(setting)]).unwrap().is_transactional(),
                "{setting}"
            );
        }
    }

    #[test]
    fn sizes_have_units_in_settings() {
        let check = |setting: &str, expected: f64| {
            let workload = parse("", &[format!("message_size={setting}")]).unwrap();
            assert_eq!(workload.message_size.mean(), expected, "{setting}");
        };
        check("100", 100.0);
        check("1kb", 1024.0);
        check("2 KiB", 2048.0);
        check("1MB", 1_048_576.0);
        check_error(
            "",
            &["message_size=1tb"],
            "message_size = \"1tb\" is not possible",
        );
    }

    #[test]
    fn sizes_may_be_mixed() {
        let text = "message_size = [{ bytes = 100, weight = 3 }, { bytes = 1000, weight = 1.0 }]";
        let workload = parse(text, &[]).unwrap();
        assert!((workload.message_size.mean() - 325.0).abs() < 1e-9);
        check_error("message_size = []", &[], "at least one share");
        check_error("message_size = [{ bytes = 100, weight = 0 }]", &[], "above 0");
    }

    #[test]
    fn unknown_keys_are_refused_with_the_nearest() {
        check_error(
            "partitons_per_topic = 3",
            &[],
            "did you mean \"partitions_per_topic\"?",
        );
        check_error("", &["rate=3"], "there is no key \"rate\"");
        check_error("", &["topics"], "not of the form key=value");
    }

    #[test]
    fn impossible_values_are_refused() {
        check_error("message_size = 31", &[], "32 to 104857600");
        check_error("topics = 0", &[], "1 to 10,000,000");
        check_error(
            "topics = 4000\npartitions_per_topic = 4000",
            &[],
            "topics x partitions",
        );
        check_error("", &["mode=fast"], "mode = \"fast\" is not possible");
        check_error("", &["duration_s=nan"], "above 0");
        check_error("", &["producer_rate=-1"], "above 0");
        check_error("", &["acks=none"], "idempotence needs acks");
        check_error("", &["max_in_flight=6"], "five batches");
        check_error("", &["transaction_ms=30001"], "aborts a transaction");
        check_error("", &["isolation=serializable"], "isolation = ");
        check_error(
            "transaction_messages = 1\nidempotence = false",
            &[],
            "need idempotence",
        );
        check_error("open_transactions = 1", &[], "needs subscriptions_per_topic = 0");
        check_error(
            "mode = \"closed\"\nacks = \"none\"\nidempotence = false",
            &[],
            "needs acknowledgements",
        );
    }

    #[test]
    fn what_is_written_is_read() {
        let workload = Workload::default();
        let text = toml::to_string(&workload).unwrap();
        assert_eq!(parse(&text, &[]).unwrap(), workload);
    }
}
