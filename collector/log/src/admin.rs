//! Creating and checking the topics on Kafka.

mod report;

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigResource, ConfigSource, NewPartitions, NewTopic,
    ResourceSpecifier, TopicReplication,
};
use rdkafka::consumer::Consumer;
use rdkafka::types::RDKafkaErrorCode;

pub use report::{Finding, TopicReport};

use crate::kafka::classify::{Class, classify, log_error};
use crate::kafka::context::Context;
use crate::kafka::{KafkaLog, reader};
use crate::seam::LogError;
use crate::topics::{Cleanup, Topic};

/// What the topics are to be like on a cluster.
#[derive(Debug, Clone)]
pub struct TopicPlan {
    /// Copies of every partition; `None`: the cluster's default.
    pub replication: Option<u32>,
    /// Copies that have to hold a record before it counts as written; `None`: 2 with at least three copies, else 1.
    pub min_insync: Option<u32>,
    /// Partition counts other than [`Topic::spec`]'s.
    pub partitions: BTreeMap<Topic, u32>,
    /// How long to wait for the cluster.
    pub timeout: Duration,
}

impl Default for TopicPlan {
    fn default() -> Self {
        Self {
            replication: None,
            min_insync: None,
            partitions: BTreeMap::new(),
            timeout: Duration::from_secs(30),
        }
    }
}

impl TopicPlan {
    /// Partitions of a topic.
    #[must_use]
    pub fn partitions(&self, topic: Topic) -> u32 {
        self.partitions
            .get(&topic)
            .copied()
            .unwrap_or_else(|| topic.spec().partitions)
    }

    /// Refuses a plan that cannot work.
    ///
    /// # Errors
    /// `Fatal`, with everything that is wrong.
    pub fn check(&self) -> Result<(), LogError> {
        let mut faults = Vec::new();
        let observations = self.partitions(Topic::Observations);
        let state = self.partitions(Topic::State);
        if observations != state {
            faults.push(format!(
                "observations ({observations}) and state ({state}) must have equal partition counts"
            ));
        }
        for topic in Topic::ALL {
            if !(1..=1024).contains(&self.partitions(topic)) {
                faults.push(format!("{} takes 1 to 1024 partitions", topic.name()));
            }
        }
        if let (Some(copies), Some(least)) = (self.replication, self.min_insync)
            && least > copies
        {
            faults.push(format!(
                "min.insync.replicas {least} is more than the {copies} copies: nothing could be written"
            ));
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(LogError::Fatal(faults.join("; ")))
        }
    }

    /// The settings a topic is to have.
    fn settings(&self, topic: Topic, copies: u32) -> BTreeMap<&'static str, String> {
        let least = self.min_insync.unwrap_or(if copies >= 3 { 2 } else { 1 });
        let mut settings = BTreeMap::from([
            ("message.timestamp.type", "LogAppendTime".to_owned()),
            ("min.insync.replicas", least.to_string()),
            // Records without an end in sight are worse than none: an unclean leader would take back what was acknowledged.
            ("unclean.leader.election.enable", "false".to_owned()),
        ]);
        match topic.spec().cleanup {
            Cleanup::Delete { retention } => {
                settings.insert("cleanup.policy", "delete".to_owned());
                settings.insert("retention.ms", retention.as_millis().to_string());
            }
            Cleanup::Compact {
                min_lag,
                max_lag,
                tombstones,
            } => {
                settings.insert("cleanup.policy", "compact".to_owned());
                settings.insert("delete.retention.ms", tombstones.as_millis().to_string());
                if !min_lag.is_zero() {
                    settings.insert("min.compaction.lag.ms", min_lag.as_millis().to_string());
                }
                if let Some(lag) = max_lag {
                    settings.insert("max.compaction.lag.ms", lag.as_millis().to_string());
                }
                // The segment being written is never cleaned: smaller ones keep what a restart has to read small.
                settings.insert("segment.bytes", (64 * 1024 * 1024).to_string());
                settings.insert("min.cleanable.dirty.ratio", "0.2".to_owned());
            }
        }
        settings
    }
}

/// Lists every difference between the cluster and the plan.
///
/// # Errors
/// `LogError` when the cluster cannot be asked.
pub async fn check(log: &KafkaLog, plan: &TopicPlan) -> Result<Vec<TopicReport>, LogError> {
    Run::new(log, plan, false)?.all().await
}

/// Creates what is missing, adds partitions, sets settings. Never removes anything; settings not in the plan stay as they are.
///
/// # Errors
/// `LogError` when the cluster cannot be asked. A topic that could not be put right says so in its report.
pub async fn apply(log: &KafkaLog, plan: &TopicPlan) -> Result<Vec<TopicReport>, LogError> {
    let run = Run::new(log, plan, true)?;
    let reports = run.all().await?;
    run.settle(&reports).await?;
    Ok(reports)
}

struct Existing {
    partitions: u32,
    copies: u32,
}

struct Run<'a> {
    log: &'a KafkaLog,
    plan: &'a TopicPlan,
    change: bool,
    admin: AdminClient<Context>,
    options: AdminOptions,
}

impl<'a> Run<'a> {
    fn new(log: &'a KafkaLog, plan: &'a TopicPlan, change: bool) -> Result<Self, LogError> {
        plan.check()?;
        let admin = log
            .options()
            .asking()
            .create_with_context(Context::default())
            .map_err(|error| log_error(&error, "opening an admin client"))?;
        let options = AdminOptions::new()
            .request_timeout(Some(plan.timeout))
            .operation_timeout(Some(plan.timeout));
        Ok(Self {
            log,
            plan,
            change,
            admin,
            options,
        })
    }

    async fn all(&self) -> Result<Vec<TopicReport>, LogError> {
        let existing = self.existing()?;
        let settings = self.settings(&existing).await?;
        let mut reports = Vec::new();
        for topic in Topic::ALL {
            let name = self.log.topic_name(topic);
            let findings = match existing.get(&topic) {
                None if self.change => self.create(topic, &name).await,
                None => vec![Finding::Missing],
                Some(state) => {
                    let mut findings = self.compare_shape(topic, &name, state).await;
                    if let Some(resource) = settings.get(&topic) {
                        findings.extend(self.compare_settings(topic, &name, state, resource).await);
                    }
                    findings
                }
            };
            reports.push(TopicReport {
                topic,
                name,
                findings,
            });
        }
        Ok(reports)
    }

    fn existing(&self) -> Result<BTreeMap<Topic, Existing>, LogError> {
        let metadata = self
            .log
            .asking()
            .fetch_metadata(None, self.plan.timeout)
            .map_err(|error| log_error(&error, "asking Kafka for its topics"))?;
        let mut existing = BTreeMap::new();
        for topic in Topic::ALL {
            let name = self.log.topic_name(topic);
            let found = metadata
                .topics()
                .iter()
                .find(|known| known.name() == name && known.error().is_none());
            if let Some(found) = found {
                let copies = found.partitions().iter().map(|p| p.replicas().len()).min();
                existing.insert(
                    topic,
                    Existing {
                        partitions: u32::try_from(found.partitions().len()).unwrap_or(u32::MAX),
                        copies: u32::try_from(copies.unwrap_or(0)).unwrap_or(u32::MAX),
                    },
                );
            }
        }
        Ok(existing)
    }

    async fn settings(
        &self,
        existing: &BTreeMap<Topic, Existing>,
    ) -> Result<BTreeMap<Topic, ConfigResource>, LogError> {
        if existing.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: Vec<(Topic, String)> = existing
            .keys()
            .map(|topic| (*topic, self.log.topic_name(*topic)))
            .collect();
        let specifiers: Vec<ResourceSpecifier<'_>> = names
            .iter()
            .map(|(_, name)| ResourceSpecifier::Topic(name))
            .collect();
        let answers = self
            .admin
            .describe_configs(&specifiers, &self.options)
            .await
            .map_err(|error| log_error(&error, "asking for the topics' settings"))?;
        let mut settings = BTreeMap::new();
        for ((topic, name), answer) in names.iter().zip(answers) {
            match answer {
                Ok(resource) => {
                    settings.insert(*topic, resource);
                }
                Err(code) => {
                    return Err(refused(code, &format!("asking for the settings of {name}")));
                }
            }
        }
        Ok(settings)
    }

    async fn create(&self, topic: Topic, name: &str) -> Vec<Finding> {
        // Without a planned number the cluster decides; three is what its default should be.
        let settings = self.plan.settings(
            topic,
            self.plan.replication.unwrap_or(self.brokers().min(3)),
        );
        let copies = self
            .plan
            .replication
            .and_then(|copies| i32::try_from(copies).ok())
            .unwrap_or(-1);
        let partitions = i32::try_from(self.plan.partitions(topic)).unwrap_or(i32::MAX);
        let mut new = NewTopic::new(name, partitions, TopicReplication::Fixed(copies));
        for (key, value) in &settings {
            new = new.set(key, value);
        }
        let answers = self.admin.create_topics([&new], &self.options).await;
        match answers.map(|mut answers| answers.pop()) {
            Ok(Some(Ok(_))) => vec![Finding::Created],
            // Somebody else was faster; the next `check` tells whether it is as planned.
            Ok(Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists)))) => vec![Finding::Created],
            Ok(Some(Err((_, code)))) => vec![Finding::Refused(code.to_string())],
            Ok(None) => vec![Finding::Refused("no answer".to_owned())],
            Err(error) => vec![Finding::Refused(error.to_string())],
        }
    }

    fn brokers(&self) -> u32 {
        self.log
            .asking()
            .fetch_metadata(None, self.plan.timeout)
            .ok()
            .and_then(|metadata| u32::try_from(metadata.brokers().len()).ok())
            .unwrap_or(1)
    }

    async fn compare_shape(&self, topic: Topic, name: &str, state: &Existing) -> Vec<Finding> {
        let mut findings = Vec::new();
        let planned = self.plan.partitions(topic);
        if state.partitions != planned {
            let reason = self.why_not(topic, name, state.partitions, planned);
            let mut applied = false;
            let mut reason = reason.map(str::to_owned);
            if self.change && reason.is_none() {
                match self.grow(name, planned).await {
                    Ok(()) => applied = true,
                    Err(refusal) => reason = Some(refusal),
                }
            }
            findings.push(Finding::Partitions {
                is: state.partitions,
                planned,
                applied,
                reason,
            });
        }
        if let Some(planned) = self.plan.replication
            && planned != state.copies
        {
            findings.push(Finding::Replication {
                is: state.copies,
                planned,
            });
        }
        findings
    }

    fn why_not(&self, topic: Topic, name: &str, is: u32, planned: u32) -> Option<&'static str> {
        if is > planned {
            return Some("Kafka cannot take partitions away");
        }
        if topic.by_site() && !self.is_empty(name, is) {
            return Some(
                "it has records: with more partitions a site would move to another one, away from its state",
            );
        }
        None
    }

    fn is_empty(&self, name: &str, partitions: u32) -> bool {
        (0..partitions).all(|partition| {
            reader::ends(self.log.asking(), name, partition, self.plan.timeout)
                .is_ok_and(|(_, end)| end == 0)
        })
    }

    async fn grow(&self, name: &str, planned: u32) -> Result<(), String> {
        let count = usize::try_from(planned).unwrap_or(usize::MAX);
        let new = NewPartitions::new(name, count);
        let answers = self.admin.create_partitions([&new], &self.options).await;
        match answers.map(|mut answers| answers.pop()) {
            Ok(Some(Ok(_))) => Ok(()),
            Ok(Some(Err((_, code)))) => Err(code.to_string()),
            Ok(None) => Err("no answer".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn compare_settings(
        &self,
        topic: Topic,
        name: &str,
        state: &Existing,
        resource: &ConfigResource,
    ) -> Vec<Finding> {
        let planned = self.plan.settings(topic, state.copies);
        let is = |key: &str| {
            resource
                .get(key)
                .and_then(|entry| entry.value.clone())
                .unwrap_or_default()
        };
        let differing: Vec<(&str, String, &String)> = planned
            .iter()
            .map(|(key, value)| (*key, is(key), value))
            .filter(|(_, is, planned)| is != *planned)
            .collect();
        if differing.is_empty() {
            return Vec::new();
        }
        let mut refusal = None;
        if self.change {
            refusal = self.alter(name, resource, &planned).await.err();
        }
        let applied = self.change && refusal.is_none();
        let mut findings: Vec<Finding> = differing
            .into_iter()
            .map(|(name, is, planned)| Finding::Setting {
                name: name.to_owned(),
                is,
                planned: planned.clone(),
                applied,
            })
            .collect();
        findings.extend(refusal.map(Finding::Refused));
        findings
    }

    /// Kafka's call replaces all settings of a topic, so those that are nobody's plan are sent along as they are.
    async fn alter(
        &self,
        name: &str,
        resource: &ConfigResource,
        planned: &BTreeMap<&'static str, String>,
    ) -> Result<(), String> {
        let mut all: BTreeMap<&str, &str> = resource
            .entries
            .iter()
            .filter(|entry| entry.source == ConfigSource::DynamicTopic)
            .filter_map(|entry| Some((entry.name.as_str(), entry.value.as_deref()?)))
            .collect();
        for (key, value) in planned {
            all.insert(key, value);
        }
        let mut config = AlterConfig::new(ResourceSpecifier::Topic(name));
        for (key, value) in all {
            config = config.set(key, value);
        }
        let answers = self.admin.alter_configs([&config], &self.options).await;
        match answers.map(|mut answers| answers.pop()) {
            Ok(Some(Ok(_))) => Ok(()),
            Ok(Some(Err((_, code)))) => Err(code.to_string()),
            Ok(None) => Err("no answer".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Waits until a client sees what was created: metadata travels.
    async fn settle(&self, reports: &[TopicReport]) -> Result<(), LogError> {
        let deadline = tokio::time::Instant::now() + self.plan.timeout;
        let created: Vec<Topic> = reports
            .iter()
            .filter(|report| report.findings.contains(&Finding::Created))
            .map(|report| report.topic)
            .collect();
        loop {
            let seen = self.existing()?;
            if created.iter().all(|topic| seen.contains_key(topic)) {
                return Ok(());
            }
            if tokio::time::Instant::now() >= deadline {
                return Err(LogError::Unavailable(
                    "the topics were created and are not seen yet: run `auscult-collector topics check`"
                        .to_owned(),
                ));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn refused(code: RDKafkaErrorCode, doing: &str) -> LogError {
    let text = format!("{doing}: {code}");
    match classify(code) {
        Class::Retry => LogError::Unavailable(text),
        Class::Fenced => LogError::Fenced(text),
        Class::Fatal => LogError::Fatal(text),
    }
}
