//! The one thread that writes. It takes everything that waits, writes it as one batch with one fsync, and answers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::plan::Plan;
use super::shared::{Shared, now_ms};
use super::tables::{StoreError, Tables};
use crate::metrics as names;
use crate::record;
use crate::seam::{AppendError, CommitError, Message, Transaction};
use crate::topics::Topic;

/// Bounds of one batch: what is written at once, and lost at once when a write fails.
const BATCH_RECORDS: usize = 4096;
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// How often a store that failed is tried again.
const REOPEN: Duration = Duration::from_millis(250);

pub(crate) enum Job {
    Append {
        message: Message,
        reply: oneshot::Sender<Result<u64, AppendError>>,
    },
    Commit {
        transaction: Transaction,
        epoch: u64,
        reply: SyncSender<Result<(), CommitError>>,
    },
    /// Records past their time: (offset, bytes) each, all before `first`.
    Expire {
        topic: Topic,
        partition: u32,
        first: u64,
        records: Vec<(u64, u64)>,
        reply: SyncSender<()>,
    },
    /// Tombstones past their time.
    Bury {
        tombstones: Vec<(Topic, u32, u64)>,
        reply: SyncSender<()>,
    },
}

impl Job {
    fn size(&self) -> (usize, usize) {
        match self {
            Self::Append { message, .. } => (1, record::size(message)),
            Self::Commit { transaction, .. } => {
                let bytes = transaction.records.iter().map(record::size);
                (
                    transaction.records.len(),
                    bytes.fold(0, usize::saturating_add),
                )
            }
            Self::Expire { records, .. } => (records.len(), 0),
            Self::Bury { tombstones, .. } => (tombstones.len(), 0),
        }
    }
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    records: usize,
    bytes: usize,
    closed: bool,
}

/// What waits to be written, bounded.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
    max_records: usize,
    max_bytes: usize,
}

impl Queue {
    pub(crate) fn new(max_records: usize, max_bytes: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            filled: Condvar::new(),
            max_records,
            max_bytes,
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses an append that finds the queue full. The engine's and the sweeper's jobs always find room: each has
    /// at most one.
    pub(crate) fn push(&self, job: Job) -> Result<(), Refused> {
        let (records, bytes) = job.size();
        let mut waiting = self.waiting();
        if waiting.closed {
            return Err(Refused::Closed);
        }
        let full = waiting.records.saturating_add(records) > self.max_records
            || waiting.bytes.saturating_add(bytes) > self.max_bytes;
        if full && !waiting.jobs.is_empty() && matches!(job, Job::Append { .. }) {
            return Err(Refused::Full);
        }
        waiting.records = waiting.records.saturating_add(records);
        waiting.bytes = waiting.bytes.saturating_add(bytes);
        waiting.jobs.push_back(job);
        drop(waiting);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits for jobs and takes a batch of them; `None` once closed and empty.
    fn take(&self) -> Option<Vec<Job>> {
        let mut waiting = self.waiting();
        while waiting.jobs.is_empty() {
            if waiting.closed {
                return None;
            }
            waiting = self
                .filled
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let mut batch = Vec::new();
        let (mut records, mut bytes) = (0_usize, 0_usize);
        while let Some(job) = waiting.jobs.front() {
            let (more_records, more_bytes) = job.size();
            let over = records.saturating_add(more_records) > BATCH_RECORDS
                || bytes.saturating_add(more_bytes) > BATCH_BYTES;
            if over && !batch.is_empty() {
                break;
            }
            records = records.saturating_add(more_records);
            bytes = bytes.saturating_add(more_bytes);
            batch.extend(waiting.jobs.pop_front());
        }
        waiting.records = waiting.records.saturating_sub(records);
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
        Some(batch)
    }

    /// Takes no more; what waits is still written.
    pub(crate) fn close(&self) {
        self.waiting().closed = true;
        self.filled.notify_all();
    }
}

/// Why a job did not get into the queue.
pub(crate) enum Refused {
    Full,
    Closed,
}

/// An answer that waits for the disk.
enum Answer {
    Append(oneshot::Sender<Result<u64, AppendError>>, u64),
    Commit(SyncSender<Result<(), CommitError>>),
    Done(SyncSender<()>),
}

/// Runs until the queue is closed and empty.
pub(crate) fn run(shared: &Arc<Shared>) {
    let mut reopened = Instant::now();
    while let Some(jobs) = shared.queue.take() {
        if shared.tables().is_none() {
            if reopened.elapsed() >= REOPEN {
                reopened = Instant::now();
                reopen(shared);
            }
            if shared.tables().is_none() {
                refuse(jobs, "the store is being opened anew after a failed write");
                continue;
            }
        }
        let jobs = match lacking_room(shared, &jobs) {
            Some(reason) => only_removals(jobs, &reason),
            None => jobs,
        };
        if let Err(error) = batch(shared, jobs) {
            tracing::warn!(%error, no_room = error.no_room(), "a write failed; the store is opened anew, nothing acknowledged is lost");
            reopened = Instant::now();
            reopen(shared);
        }
    }
}

/// Opens the store again and reads how far everything goes: the batch whose write failed may be there or not.
fn reopen(shared: &Shared) {
    let opened = Tables::open(&shared.dir, &shared.options)
        .map_err(|error| error.to_string())
        .and_then(|tables| {
            let contents = tables
                .contents(&shared.options)
                .map_err(|error| error.to_string())?;
            Ok((tables, contents))
        });
    match opened {
        Ok((tables, contents)) => {
            metrics::counter!(names::REOPENED).increment(1);
            shared.put_tables(tables, contents);
        }
        Err(error) => tracing::warn!(%error, "the store does not open yet"),
    }
}

/// Why these jobs cannot be written now, if so. Checked before the store is: a store that runs out of room has to be opened anew.
fn lacking_room(shared: &Shared, jobs: &[Job]) -> Option<String> {
    let wanted = jobs.iter().fold(0_u64, |sum, job| {
        sum.saturating_add(u64::try_from(job.size().1).unwrap_or(u64::MAX))
    });
    let stat = rustix::fs::statvfs(&shared.dir).ok()?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let least = shared.options.reserve_bytes.saturating_add(wanted);
    (free < least).then(|| {
        format!(
            "the disk of {} has {} MiB left, and {} MiB are kept free: make room",
            shared.dir.display(),
            free >> 20,
            shared.options.reserve_bytes >> 20
        )
    })
}

/// With no room, only what makes room goes on.
fn only_removals(jobs: Vec<Job>, reason: &str) -> Vec<Job> {
    let (removals, others) = jobs
        .into_iter()
        .partition(|job| matches!(job, Job::Expire { .. } | Job::Bury { .. }));
    refuse(others, reason);
    removals
}

fn refuse(jobs: Vec<Job>, reason: &str) {
    for job in jobs {
        match job {
            Job::Append { reply, .. } => {
                metrics::counter!(names::REFUSED, "log" => "embedded", "reason" => "disk")
                    .increment(1);
                answer(reply, Err(AppendError::Retry(reason.to_owned())));
            }
            Job::Commit { reply, .. } => {
                metrics::counter!(names::ABORTED, "log" => "embedded").increment(1);
                reply_to(&reply, Err(CommitError::Aborted(reason.to_owned())));
            }
            Job::Expire { reply, .. } | Job::Bury { reply, .. } => reply_to(&reply, ()),
        }
    }
}

/// Whoever asked may be gone.
fn answer<T>(reply: oneshot::Sender<T>, value: T) {
    drop(reply.send(value));
}

fn reply_to<T>(reply: &SyncSender<T>, value: T) {
    drop(reply.try_send(value));
}

fn batch(shared: &Shared, jobs: Vec<Job>) -> Result<(), StoreError> {
    let guard = shared.tables();
    let Some(tables) = guard.as_ref() else {
        refuse(jobs, "the store is being opened anew after a failed write");
        return Ok(());
    };
    let (base, holder) = {
        let state = shared.state();
        (state.extents.clone(), state.holder.clone())
    };
    let mut plan = Plan::new(tables, &shared.partitions, &base, now_ms());
    let mut answers = Vec::new();
    let mut failed = None;
    for job in jobs {
        if failed.is_some() {
            refuse(vec![job], "the store could not be read");
            continue;
        }
        match planned(shared, &mut plan, job, &holder) {
            Ok(answer) => answers.extend(answer),
            Err((error, job)) => {
                refuse(vec![*job], "the store could not be read");
                failed = Some(error);
            }
        }
    }
    // A record that a failed plan assigned an offset to must not be written without its index.
    let written = match failed {
        Some(error) => Err(error),
        None => written(shared, plan),
    };
    drop(guard);
    match written {
        Ok(()) => {
            finish(answers, None);
            Ok(())
        }
        Err(error) => {
            // Before anybody is answered: the batch may be on disk all the same, and who asks for the committed offsets now has to wait
            // for the store that is opened anew.
            drop(shared.take_tables());
            finish(answers, Some(&error));
            Err(error)
        }
    }
}

fn written(shared: &Shared, plan: Plan<'_>) -> Result<(), StoreError> {
    if plan.is_empty() {
        return Ok(());
    }
    let removed = [
        (names::COMPACTED, plan.compacted.clone()),
        (names::EXPIRED, plan.expired.clone()),
    ];
    let change = plan.write()?;
    shared.change(|state| change.apply(state));
    for (name, counts) in removed {
        for (topic, count) in counts {
            metrics::counter!(name, "topic" => topic.name()).increment(count);
        }
    }
    Ok(())
}

fn finish(answers: Vec<Answer>, error: Option<&StoreError>) {
    let text = error.map(|error| format!("the write failed: {error}"));
    let mut appended = 0;
    for waiting in answers {
        match (waiting, &text) {
            (Answer::Append(reply, offset), None) => {
                appended += 1;
                answer(reply, Ok(offset));
            }
            (Answer::Append(reply, _), Some(text)) => {
                metrics::counter!(names::REFUSED, "log" => "embedded", "reason" => "disk")
                    .increment(1);
                answer(reply, Err(AppendError::Retry(text.clone())));
            }
            (Answer::Commit(reply), None) => {
                metrics::counter!(names::COMMITTED, "log" => "embedded").increment(1);
                reply_to(&reply, Ok(()));
            }
            (Answer::Commit(reply), Some(text)) => {
                metrics::counter!(names::ABORTED, "log" => "embedded").increment(1);
                reply_to(&reply, Err(CommitError::Aborted(text.clone())));
            }
            (Answer::Done(reply), _) => reply_to(&reply, ()),
        }
    }
    if appended > 0 {
        metrics::counter!(names::APPENDED, "log" => "embedded").increment(appended);
    }
}

type Planned = Result<Option<Answer>, (StoreError, Box<Job>)>;

fn planned(
    shared: &Shared,
    plan: &mut Plan<'_>,
    job: Job,
    holder: &super::shared::Holder,
) -> Planned {
    match job {
        Job::Append { message, reply } => {
            if let Err(error) = admissible(shared, &message) {
                answer(reply, Err(error));
                return Ok(None);
            }
            match plan.append(&message) {
                Ok((_, offset)) => Ok(Some(Answer::Append(reply, offset))),
                Err(error) => Err((error, Box::new(Job::Append { message, reply }))),
            }
        }
        Job::Commit {
            transaction,
            epoch,
            reply,
        } => {
            if epoch != holder.epoch {
                let text = format!(
                    "engine `{}` has taken over: this older instance may write no more",
                    holder.member
                );
                reply_to(&reply, Err(CommitError::Fenced(text)));
                return Ok(None);
            }
            if let Err(text) = well_formed(shared, &transaction) {
                metrics::counter!(names::ABORTED, "log" => "embedded").increment(1);
                reply_to(&reply, Err(CommitError::Fatal(text)));
                return Ok(None);
            }
            for message in &transaction.records {
                if let Err(error) = plan.append(message) {
                    let job = Job::Commit {
                        transaction,
                        epoch,
                        reply,
                    };
                    return Err((error, Box::new(job)));
                }
            }
            plan.commit(&transaction.consumed);
            Ok(Some(Answer::Commit(reply)))
        }
        Job::Expire {
            topic,
            partition,
            first,
            records,
            reply,
        } => {
            plan.expire(topic, partition, first, &records);
            Ok(Some(Answer::Done(reply)))
        }
        Job::Bury { tombstones, reply } => {
            for (topic, partition, offset) in &tombstones {
                if let Err(error) = plan.bury(*topic, *partition, *offset) {
                    return Err((error, Box::new(Job::Bury { tombstones, reply })));
                }
            }
            Ok(Some(Answer::Done(reply)))
        }
    }
}

/// Before anything of a transaction is planned: a plan takes nothing back.
fn well_formed(shared: &Shared, transaction: &Transaction) -> Result<(), String> {
    for message in &transaction.records {
        record::check(message, shared.partitions(message.topic))?;
    }
    let partitions = shared.partitions(Topic::Observations);
    match transaction.consumed.keys().find(|at| **at >= partitions) {
        Some(partition) => Err(format!(
            "a transaction has consumed partition {partition} of {partitions}"
        )),
        None => Ok(()),
    }
}

fn admissible(shared: &Shared, message: &Message) -> Result<(), AppendError> {
    let topic = message.topic;
    let refused = |reason: &'static str| {
        metrics::counter!(names::REFUSED, "log" => "embedded", "reason" => reason).increment(1);
    };
    if let Err(text) = record::check(message, shared.partitions(topic)) {
        refused("fatal");
        return Err(AppendError::Fatal(text));
    }
    if topic == Topic::Observations {
        let bytes = topic_bytes(&shared.state().extents, topic);
        if bytes > shared.options.topic_bytes.saturating_mul(2) {
            refused("overload");
            return Err(AppendError::Retry(format!(
                "{} MiB of observations wait for the engine: no more are taken until it has caught up",
                bytes >> 20
            )));
        }
    }
    Ok(())
}

/// Bytes kept of a topic.
pub(crate) fn topic_bytes(
    extents: &BTreeMap<(Topic, u32), super::codec::Extent>,
    topic: Topic,
) -> u64 {
    extents
        .range((topic, 0)..=(topic, u32::MAX))
        .fold(0, |sum, (_, extent)| sum.saturating_add(extent.bytes))
}
