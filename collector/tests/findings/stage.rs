//! A running engine with what it reads and writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use auscult_collector::engine::inventory::SiteSettings;
use auscult_collector::engine::run::{EngineFault, Member, Pace};
use auscult_collector::engine::vitals::Vitals;
use auscult_collector::findings::assessor::{Assessors, Means};
use auscult_collector::findings::intelligence::Intelligence;
use auscult_findings::Weights;
use auscult_inventory::{Policy, SiteInventory};
use auscult_log::{Log, Message, Reader, StartAt, Topic};
use auscult_ocsf::Context;
use auscult_process::{Readiness, Trigger, shutdown};
use bytes::Bytes;
use serde_json::Value;

/// Nothing may come for so long before a step counts as over: several times what an assessment and a transaction take.
const QUIET: Duration = Duration::from_millis(1_500);
const PATIENCE: Duration = Duration::from_secs(60);

/// The engine's threads.
pub(crate) struct Engine {
    stop: Trigger,
    member: JoinHandle<Result<(), EngineFault>>,
    follower: JoinHandle<()>,
}

impl Engine {
    pub(crate) fn start(log: &Arc<dyn Log>) -> Self {
        let (stopping, stop) = shutdown::token();
        let context = Context {
            cluster: "test".to_owned(),
            version: "0".to_owned(),
            tenant: None,
        };
        let intelligence = Arc::new(Intelligence::default());
        let means = Means {
            intelligence: Arc::clone(&intelligence),
            weights: Weights::new(auscult_risk::Policy::published().unwrap()),
            context: context.clone(),
        };
        let member = Member::<SiteInventory> {
            name: "engine-0".to_owned(),
            beside: Some(Box::new(Assessors::start("0", means).unwrap())),
            settings: SiteSettings {
                policy: Policy::default(),
                context,
            },
            pace: Pace::default(),
            latch: Readiness::new().register("engine"),
            vitals: Arc::new(Vitals::default()),
            shutdown: stopping.clone(),
        };
        let follower = {
            let log = Arc::clone(log);
            std::thread::spawn(move || intelligence.follow(log.as_ref(), &stopping))
        };
        let log = Arc::clone(log);
        let member = std::thread::spawn(move || member.run(log.as_ref()));
        Self {
            stop,
            member,
            follower,
        }
    }

    pub(crate) fn stop(self) {
        self.stop.fire();
        self.member.join().unwrap().unwrap();
        self.follower.join().unwrap();
    }
}

/// One record of a findings topic.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) key: String,
    pub(crate) headers: BTreeMap<String, String>,
    /// `None`: a tombstone.
    pub(crate) value: Option<Value>,
}

impl Finding {
    pub(crate) fn get(&self, pointer: &str) -> &Value {
        self.value
            .as_ref()
            .and_then(|value| value.pointer(pointer))
            .unwrap_or(&Value::Null)
    }

    pub(crate) fn activity(&self) -> &str {
        self.get("/activity_name").as_str().unwrap()
    }

    /// The first change named as its cause.
    pub(crate) fn cause(&self) -> &Value {
        let of_pair = self.get("/unmapped/auscult/cause/changes/0");
        if of_pair.is_null() {
            self.get("/evidences/0/data/cause/changes/0")
        } else {
            of_pair
        }
    }

    pub(crate) fn words(&self) -> String {
        format!("{} {} {}", self.activity(), self.key, self.cause())
    }
}

/// A log, and readers of what is told.
pub(crate) struct Stage {
    pub(crate) log: Arc<dyn Log>,
    findings: Box<dyn Reader>,
    open: Box<dyn Reader>,
    /// What a reader of the compacted topic holds.
    pub(crate) held: BTreeMap<String, Finding>,
    runtime: tokio::runtime::Runtime,
}

impl Stage {
    pub(crate) fn new(log: Arc<dyn Log>) -> Self {
        Self {
            findings: log.reader(Topic::Findings, StartAt::Beginning).unwrap(),
            open: log.reader(Topic::FindingsOpen, StartAt::Beginning).unwrap(),
            held: BTreeMap::new(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            log,
        }
    }

    pub(crate) fn append(&self, messages: impl IntoIterator<Item = Message>) {
        let appender = self.log.appender().unwrap();
        for message in messages {
            self.runtime.block_on(appender.append(message)).unwrap();
        }
    }

    /// What is told until nothing comes any more; at least `least` records.
    pub(crate) fn told(&mut self, least: usize) -> Vec<Finding> {
        let mut told = Vec::new();
        let began = Instant::now();
        let mut last = Instant::now();
        while told.len() < least || last.elapsed() < QUIET {
            assert!(
                began.elapsed() < PATIENCE,
                "{} of {least}: {told:#?}",
                told.len()
            );
            if let Some(finding) = next(&mut *self.findings) {
                told.push(finding);
                last = Instant::now();
            }
            while let Some(open) = next(&mut *self.open) {
                match open.value {
                    Some(_) => drop(self.held.insert(open.key.clone(), open)),
                    None => drop(self.held.remove(&open.key)),
                }
                last = Instant::now();
            }
        }
        told
    }
}

fn next(reader: &mut dyn Reader) -> Option<Finding> {
    let stored = reader.next(Duration::from_millis(20)).unwrap()?;
    let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    Some(Finding {
        key: text(&stored.message.key),
        headers: stored
            .message
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
        value: stored
            .message
            .value
            .map(|value| serde_json::from_slice(&value).unwrap()),
    })
}
