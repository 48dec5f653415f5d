//! Test support: Apache Kafka for the tests. Included by path, so that a crate's tests need no other crate for it.
//!
//! `Broker::shared()` is one broker for a whole test process (or the one that `AUSCULT_TEST_KAFKA=HOST:PORT` names); tests keep
//! apart by topic prefix. `Broker::start` makes one of its own, to be killed, or with three nodes, or with TLS and rights. A broker
//! ends with the test process however that ends: the runner watches its pid.

#![allow(
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    reason = "included where tests are: each uses a part of it, and a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a broker of one's own is to be like.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shape {
    /// Three nodes (replication 3, `min.insync.replicas` 2) instead of one.
    pub three: bool,
    /// A second listener with mutual TLS, and certificates for the principals `collector` and `soc`.
    pub tls: bool,
    /// Rights by certificate.
    pub acl: bool,
}

/// A running Kafka.
#[derive(Debug)]
pub struct Broker {
    dir: Option<PathBuf>,
    env: BTreeMap<String, String>,
}

impl Broker {
    /// The broker that this process's tests share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Broker> = OnceLock::new();
        SHARED.get_or_init(|| match std::env::var("AUSCULT_TEST_KAFKA") {
            Ok(bootstrap) => Self {
                dir: None,
                env: BTreeMap::from([("BOOTSTRAP".to_owned(), bootstrap)]),
            },
            Err(_) => Self::start(Shape::default()),
        })
    }

    /// Starts one. Fails the test with the installer's own words when it cannot.
    pub fn start(shape: Shape) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let dir = std::env::temp_dir().join(format!(
            "auscult-kafka-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        let mut arguments = vec!["--watch".to_owned(), std::process::id().to_string()];
        if shape.three {
            arguments.extend(["--brokers".to_owned(), "3".to_owned()]);
        }
        if shape.tls {
            arguments.push("--tls".to_owned());
        }
        if shape.acl {
            arguments.push("--acl".to_owned());
        }
        run("start", &dir, &arguments);
        let env = read_env(&dir);
        Self {
            dir: Some(dir),
            env,
        }
    }

    /// `HOST:PORT[,...]` of the plain listener.
    pub fn bootstrap(&self) -> &str {
        self.value("BOOTSTRAP")
    }

    /// One value of the runner's `env` file.
    pub fn value(&self, key: &str) -> &str {
        self.env
            .get(key)
            .unwrap_or_else(|| panic!("the runner's env file has no {key}"))
    }

    /// Kills node 1, 2 or 3 with SIGKILL.
    pub fn kill9(&self, node: u32) {
        self.node("kill9", node);
    }

    /// Starts a killed node again and waits until it answers.
    pub fn restart(&self, node: u32) {
        self.node("restart-node", node);
    }

    fn node(&self, command: &str, node: u32) {
        let dir = self
            .dir
            .as_ref()
            .expect("a broker of the test's own, not a shared one");
        run(command, dir, &["--node".to_owned(), node.to_string()]);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(dir) = &self.dir {
            run("stop", dir, &["--now".to_owned(), "--delete".to_owned()]);
        }
    }
}

/// A topic prefix of its own for a test: `name` with what makes it unique in a broker that several processes share.
pub fn prefix(name: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    format!(
        "{name}-{}-{now}-{}.",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

fn script() -> PathBuf {
    // Any crate of the workspace: walk up to the folder that holds tests/kafka.
    let mut dir = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    loop {
        let script = dir.join("tests/kafka/kafka");
        if script.is_file() {
            return script;
        }
        assert!(
            dir.pop(),
            "tests/kafka/kafka is not above CARGO_MANIFEST_DIR"
        );
    }
}

fn run(command: &str, dir: &Path, arguments: &[String]) {
    let output = Command::new(script())
        .arg(command)
        .arg("--dir")
        .arg(dir)
        .args(arguments)
        .output()
        .expect("tests/kafka/kafka could not be run");
    assert!(
        output.status.success(),
        "tests/kafka/kafka {command}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn read_env(dir: &Path) -> BTreeMap<String, String> {
    std::fs::read_to_string(dir.join("env"))
        .expect("the runner wrote no env file")
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
