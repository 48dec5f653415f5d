//! `intel import`: files read, compared with what the topic holds, and what differs appended.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use auscult_log::{Appender, StartAt, Topic};
use auscult_process::exit;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::held;
use crate::Failure;
use crate::cli::append::{append_one, now_ms};
use crate::cli::output::{Output, note};
use crate::cli::source;
use crate::config::CollectorConfig;
use crate::intel::files::{self, Became};
use crate::intel::record::Record;
use crate::intel::{Library, Taken};

const TELL_EVERY: Duration = Duration::from_secs(2);
/// Touched vulnerabilities that are held before their records are appended.
const BATCH: usize = 20_000;
/// Records under way to the log.
const IN_FLIGHT: usize = 512;
/// Files named one by one among those that could not be used.
const NAMED: usize = 20;

/// What an import came to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) files: BTreeMap<String, u64>,
    statements: usize,
    older: u64,
    other: u64,
    appended: u64,
    changed: BTreeMap<String, u64>,
    pub(super) faults: Vec<String>,
}

pub(super) fn run(
    config: &CollectorConfig,
    paths: &[PathBuf],
    dry_run: bool,
    json: bool,
) -> Result<(), Failure> {
    for path in paths {
        if path.to_string_lossy().contains("://") {
            let message = format!(
                "{}: files are not downloaded; fetch it (curl knows your proxy) and import the file",
                path.display()
            );
            return Err(Failure::new(exit::USAGE, message));
        }
    }
    let files =
        files::list(paths).map_err(|fault| Failure::new(exit::NO_INPUT, fault.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::FAILURE, format!("no runtime: {error}")))?;
    let log = source::open_to_write(config, Topic::Intel, "intel import ...")?;
    let mut library = Library::following();
    let held = held(
        &mut *log.reader(Topic::Intel, StartAt::Beginning)?,
        &mut library,
    )?;
    library.settle();
    note(&format!(
        "the topic holds {held} records; reading {} files",
        files.len()
    ));
    let appender = log.appender()?;
    let mut outcome = Outcome::default();
    let mut put = |library: &mut Library, outcome: &mut Outcome| -> Result<(), Failure> {
        let records = library.changes();
        if dry_run {
            outcome.count(&records);
            return Ok(());
        }
        runtime.block_on(append(&*appender, &records, outcome))
    };
    read_all(&mut library, &files, &mut outcome, &mut put)?;
    drop(appender);
    drop(log);
    let mut out = Output::new();
    for line in outcome.lines(dry_run, json) {
        out.line(&line)?;
    }
    out.flush()?;
    outcome.end(files.len())
}

type Put<'a> = dyn FnMut(&mut Library, &mut Outcome) -> Result<(), Failure> + 'a;

fn read_all(
    library: &mut Library,
    files: &[PathBuf],
    outcome: &mut Outcome,
    put: &mut Put<'_>,
) -> Result<(), Failure> {
    let mut told = Instant::now();
    for (at, path) in files.iter().enumerate() {
        outcome.take(path, files::take(library, path));
        if library.touched() >= BATCH {
            put(library, outcome)?;
        }
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            note(&format!(
                "{} of {} files, {} statements, {} records appended",
                at + 1,
                files.len(),
                outcome.statements,
                outcome.appended
            ));
        }
    }
    put(library, outcome)
}

impl Outcome {
    fn take(&mut self, path: &Path, became: Result<Became, files::FileFault>) {
        match became {
            Ok(Became::Document {
                taken: Taken::Older,
                ..
            }) => {
                self.older += 1;
                note(&format!(
                    "{}: older than what is there of the same source, passed over",
                    path.display()
                ));
            }
            Ok(Became::Document {
                format,
                statements,
                skipped,
                ..
            }) => {
                *self.files.entry(format.to_string()).or_default() += 1;
                self.statements = self.statements.saturating_add(statements);
                if !skipped.is_empty() {
                    note(&format!("{}: passed over {skipped}", path.display()));
                }
            }
            Ok(Became::Bundle(_)) => *self.files.entry("bundle".to_owned()).or_default() += 1,
            Ok(Became::Other) => self.other += 1,
            Err(fault) => self.faults.push(fault.to_string()),
        }
    }

    fn count(&mut self, records: &[Record]) {
        for record in records {
            self.appended += 1;
            for aspect in &record.changed {
                let name = serde_json::to_value(aspect).unwrap_or_default();
                let name = name.as_str().unwrap_or_default().to_owned();
                *self.changed.entry(name).or_default() += 1;
            }
        }
    }

    fn lines(&self, dry_run: bool, json: bool) -> Vec<String> {
        if json {
            let value = json!({
                "files": self.files,
                "files_older": self.older,
                "files_of_other_kinds": self.other,
                "files_broken": self.faults,
                "statements": self.statements,
                "dry_run": dry_run,
                "records": self.appended,
                "changed": self.changed,
            });
            return vec![value.to_string()];
        }
        let files: Vec<String> = self
            .files
            .iter()
            .map(|(format, count)| format!("{count} {format}"))
            .collect();
        let mut lines = vec![format!(
            "read: {}; {} statements; {} files of other kinds and {} older ones passed over",
            if files.is_empty() {
                "nothing".to_owned()
            } else {
                files.join(", ")
            },
            self.statements,
            self.other,
            self.older
        )];
        let would = if dry_run { "would be " } else { "" };
        lines.push(format!("{} records {would}appended", self.appended));
        if !self.changed.is_empty() {
            let changed: Vec<String> = self
                .changed
                .iter()
                .map(|(aspect, count)| format!("{aspect} {count}"))
                .collect();
            lines.push(format!("changed: {}", changed.join(", ")));
        }
        lines
    }

    pub(super) fn end(&self, files: usize) -> Result<(), Failure> {
        let faults = self.faults.len();
        if faults > 0 {
            let mut lines = vec![format!("{faults} of {files} could not be used:")];
            lines.extend(
                self.faults
                    .iter()
                    .take(NAMED)
                    .map(|fault| format!("  {fault}")),
            );
            if faults > NAMED {
                lines.push(format!("  and {} more", faults - NAMED));
            }
            return Err(Failure::new(exit::DATA, lines.join("\n")));
        }
        if self.files.is_empty() && self.older == 0 {
            let message = format!(
                "none of {files} files has a format that is read; `auscult-collector intel import --help` lists them"
            );
            return Err(Failure::new(exit::DATA, message));
        }
        Ok(())
    }
}

async fn append(
    appender: &dyn Appender,
    records: &[Record],
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let now = now_ms();
    let mut large = Vec::new();
    let messages = records
        .iter()
        .filter_map(|record| match record.message(now) {
            Ok(message) => Some(message),
            Err(error) => {
                large.push(error.to_string());
                None
            }
        });
    stream::iter(messages)
        .map(|message| {
            append_one(
                appender,
                message,
                "run the import again, it goes on where it was",
            )
        })
        .buffer_unordered(IN_FLIGHT)
        .try_for_each(|()| std::future::ready(Ok(())))
        .await?;
    outcome.count(records);
    outcome.appended = outcome.appended.saturating_sub(large.len() as u64);
    outcome.faults.extend(large);
    Ok(())
}
