//! `log copy`: from the log on disk to Kafka.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use auscult_log::admin::{self, Finding, TopicPlan};
use auscult_log::copy::{Progress, copy};
use auscult_log::{EmbeddedLog, EmbeddedOptions, KafkaLog, KafkaOptions, Log, Topic, embedded};
use auscult_process::exit;

use crate::Failure;
use crate::cli::CopyArgs;
use crate::cli::output::Output;
use crate::config::{CollectorConfig, LogChoice};

const TELL_EVERY: Duration = Duration::from_secs(2);

/// Copies everything.
///
/// # Errors
/// When either side cannot be used; run again, it goes on.
pub(super) fn run(config: &CollectorConfig, args: &CopyArgs) -> Result<(), Failure> {
    let dir = source(config, args)?;
    if !embedded::is_log(&dir)? {
        let message = format!(
            "there is no log in {}: name its folder with --from",
            dir.display()
        );
        return Err(Failure::new(exit::UNAVAILABLE, message));
    }
    let from = EmbeddedLog::open(&dir, EmbeddedOptions::default())?;
    let to = KafkaLog::connect(target(config, args))?;
    let mut out = Output::new();
    create_missing(config, &from, &to, &mut out)?;
    let mut told = Instant::now();
    let mut tell = |progress: Progress| {
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            let line = format!("{} of {} records", progress.copied, progress.of);
            // Progress that nobody reads is no reason to stop.
            drop(out.line(&line).and_then(|()| out.flush()));
        }
    };
    let copied = copy(&from, &to, &mut tell)?;
    let mut out = Output::new();
    out.line(&if copied.already {
        "everything had been copied before".to_owned()
    } else {
        let how = if copied.resumed {
            ", the rest of an earlier copy"
        } else {
            ""
        };
        format!("{} records copied{how}", copied.records)
    })?;
    out.line(&format!(
        "next: write [kafka] with bootstrap = \"{}\" into the configuration and start the collector; {} is no longer needed then",
        args.to_kafka,
        dir.display()
    ))?;
    Ok(out.flush()?)
}

fn source(config: &CollectorConfig, args: &CopyArgs) -> Result<PathBuf, Failure> {
    match (&args.from, &config.log) {
        (Some(dir), _) => Ok(dir.clone()),
        (None, LogChoice::Embedded(embedded)) => Ok(embedded.dir.clone()),
        (None, LogChoice::Kafka(_)) => Err(Failure::new(
            exit::USAGE,
            "the configuration names Kafka: say with --from DIR where the log on disk is",
        )),
    }
}

fn target(config: &CollectorConfig, args: &CopyArgs) -> KafkaOptions {
    match &config.log {
        LogChoice::Kafka(options) => KafkaOptions {
            bootstrap: args.to_kafka.clone(),
            ..options.clone()
        },
        LogChoice::Embedded(_) => KafkaOptions::new(&args.to_kafka),
    }
}

/// Creates the topics that are not there, with the log's partition counts: records keep their partitions.
fn create_missing(
    config: &CollectorConfig,
    from: &EmbeddedLog,
    to: &KafkaLog,
    out: &mut Output,
) -> Result<(), Failure> {
    let mut plan = TopicPlan {
        partitions: std::collections::BTreeMap::new(),
        ..config.topics.clone()
    };
    for topic in Topic::ALL {
        plan.partitions.insert(topic, from.partitions(topic)?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::FAILURE, format!("no runtime: {error}")))?;
    let reports = runtime.block_on(admin::check(to, &plan))?;
    let missing = |findings: &[Finding]| findings.contains(&Finding::Missing);
    if !reports.iter().any(|report| missing(&report.findings)) {
        return Ok(());
    }
    for report in runtime.block_on(admin::apply(to, &plan))? {
        for finding in &report.findings {
            out.line(&format!("{}: {finding}", report.name))?;
        }
    }
    Ok(out.flush()?)
}
