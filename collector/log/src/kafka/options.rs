//! What a Kafka log is opened with, and the client configurations made of it.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;

/// How to reach Kafka.
#[derive(Debug, Clone)]
pub struct KafkaOptions {
    /// `HOST:PORT[,HOST:PORT...]`.
    pub bootstrap: String,
    /// Put before every topic name, transactional id and the engine group; empty in production.
    pub topic_prefix: String,
    /// The engine's consumer group, and the start of its transactional ids.
    pub group: String,
    /// librdkafka settings passed through as they are: `ssl.*`, `sasl.*`, `security.protocol`, tuning. What the delivery guarantee
    /// rests on cannot be set ([`RESERVED`]).
    pub client: BTreeMap<String, String>,
    /// After how long the broker aborts the transaction of an engine that is gone. Readers of the touched partitions, and the
    /// engine that takes over, wait that long after a crash (not after a restart under the same name).
    pub transaction_timeout: Duration,
    /// After how long without a heartbeat an engine's partitions go to others.
    pub session_timeout: Duration,
    /// How long a blocking call tries before it says `Unavailable`.
    pub operation_timeout: Duration,
}

impl KafkaOptions {
    /// Options with the defaults for production.
    #[must_use]
    pub fn new(bootstrap: &str) -> Self {
        Self {
            bootstrap: bootstrap.to_owned(),
            topic_prefix: String::new(),
            group: "auscult-collector".to_owned(),
            client: BTreeMap::new(),
            transaction_timeout: Duration::from_secs(20),
            session_timeout: Duration::from_secs(10),
            operation_timeout: Duration::from_secs(15),
        }
    }
}

/// Settings that the guarantee rests on: not for pass-through.
pub const RESERVED: [&str; 17] = [
    "acks",
    "auto.offset.reset",
    "bootstrap.servers",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "group.id",
    "isolation.level",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "message.timeout.ms",
    "metadata.broker.list",
    "request.required.acks",
    "transaction.timeout.ms",
    "transactional.id",
];

impl KafkaOptions {
    /// Settings of every client.
    pub(crate) fn base(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap)
            .set("client.id", "auscult")
            .set("allow.auto.create.topics", "false")
            .set("socket.nagle.disable", "true")
            // librdkafka's 100 ms is paid in full when transactions follow each other closely.
            .set("retry.backoff.ms", "10")
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "2000")
            .set("log.connection.close", "false");
        config
    }

    /// Lays the pass-through settings over `config`: last, so that they win over defaults; never over what [`RESERVED`] names.
    fn with_client(&self, mut config: ClientConfig) -> ClientConfig {
        for (key, value) in &self.client {
            config.set(key, value);
        }
        config
    }

    /// A client that asks, and neither reads nor writes.
    pub(crate) fn asking(&self) -> ClientConfig {
        let mut config = self.base();
        // The end as asked for is the high watermark, transactions not yet decided included.
        config.set("isolation.level", "read_uncommitted");
        self.with_client(config)
    }

    fn producing(&self) -> ClientConfig {
        let mut config = self.base();
        config
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("compression.codec", "lz4")
            .set("batch.size", "524288")
            .set("message.max.bytes", "1048576");
        config
    }

    /// Ingest's producer.
    pub(crate) fn appending(&self) -> ClientConfig {
        let mut config = self.producing();
        config
            .set("linger.ms", "3")
            // Without end: a record that gives up while its successor is delivered leaves a gap in the sensor's sequence.
            .set("message.timeout.ms", "0")
            .set("queue.buffering.max.messages", "200000")
            .set("queue.buffering.max.kbytes", "131072");
        self.with_client(config)
    }

    /// The engine's producer.
    pub(crate) fn transacting(&self, transactional_id: &str) -> ClientConfig {
        let timeout = self.transaction_timeout.as_millis().to_string();
        let mut config = self.producing();
        config
            // Not 0: with five requests of a partition under way, librdkafka's broker thread then computes a wake-up in the past and
            // polls without waiting, which took most of an engine's CPU. What a transaction writes to a partition goes in few requests.
            .set("linger.ms", "10")
            .set("transactional.id", transactional_id)
            .set("transaction.timeout.ms", &timeout)
            .set("message.timeout.ms", &timeout)
            .set("queue.buffering.max.messages", "500000")
            .set("queue.buffering.max.kbytes", "262144");
        self.with_client(config)
    }

    fn consuming(&self) -> ClientConfig {
        let mut config = self.base();
        config
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("fetch.queue.backoff.ms", "20")
            .set("queued.max.messages.kbytes", "32768");
        config
    }

    /// The engine's group member.
    pub(crate) fn group_member(&self) -> ClientConfig {
        let mut config = self.consuming();
        let session = self.session_timeout.as_millis();
        config
            .set("group.id", self.group_id())
            .set("partition.assignment.strategy", "range")
            .set("session.timeout.ms", session.to_string())
            .set("heartbeat.interval.ms", (session / 4).max(100).to_string())
            .set("auto.offset.reset", "error");
        self.with_client(config)
    }

    /// A reader without membership. librdkafka wants a group name for assigned partitions all the same. `wait`: how long a broker
    /// may hold the request that finds nothing more, which is when the end of a partition becomes known.
    pub(crate) fn reading(&self, wait: Duration) -> ClientConfig {
        let mut config = self.consuming();
        config
            .set("fetch.wait.max.ms", wait.as_millis().to_string())
            .set("group.id", format!("{}-reader", self.group_id()))
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "earliest");
        self.with_client(config)
    }

    pub(crate) fn group_id(&self) -> String {
        format!("{}{}", self.topic_prefix, self.group)
    }

    pub(crate) fn transactional_id(&self, member: &str) -> String {
        format!("{}-{member}", self.group_id())
    }
}
