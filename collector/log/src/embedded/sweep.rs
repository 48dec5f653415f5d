//! Removes what is past its time: records of topics kept for a time, by age and by bytes, and old tombstones.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use super::codec::{self, Extent, record_key};
use super::commit::{Job, topic_bytes};
use super::plan::buried_ms;
use super::shared::{Shared, now_ms};
use super::tables::{StoreError, Tables};
use crate::topics::Topic;

/// Removals at once: a write of removals must not hold up appends.
const STEP: usize = 2048;

/// Runs until the log is closed.
pub(crate) fn run(shared: &Arc<Shared>) {
    while !shared.closing.wait(shared.options.sweep) {
        sweep(shared);
    }
}

fn sweep(shared: &Shared) {
    if shared.tables().is_none() {
        // Any job makes the committer try to open the store again.
        submit(shared, |reply| Job::Bury {
            tombstones: Vec::new(),
            reply,
        });
        return;
    }
    for topic in Topic::ALL {
        let outcome = match shared.options.retention(topic) {
            Some(retention) => expire(shared, topic, retention),
            None => bury(shared, topic),
        };
        if let Err(error) = outcome {
            tracing::warn!(topic = topic.name(), %error, "old records stay for now");
        }
    }
}

/// Hands a job to the committer and waits for its end; `false` once the log is closed.
fn submit(shared: &Shared, job: impl FnOnce(std::sync::mpsc::SyncSender<()>) -> Job) -> bool {
    let (reply, done) = sync_channel(1);
    shared.queue.push(job(reply)).is_ok() && done.recv().is_ok()
}

fn expire(shared: &Shared, topic: Topic, retention: Duration) -> Result<(), StoreError> {
    let age = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
    let horizon = now_ms().saturating_sub(age);
    for partition in 0..shared.partitions(topic) {
        while let Some(old) = aged(shared, topic, partition, horizon)? {
            if !remove(shared, topic, partition, old) {
                return Ok(());
            }
        }
    }
    loop {
        let excess = {
            let state = shared.state();
            topic_bytes(&state.extents, topic).saturating_sub(shared.options.topic_bytes)
        };
        if excess == 0 {
            return Ok(());
        }
        let Some((partition, old)) = oldest(shared, topic, excess)? else {
            return Ok(());
        };
        if !remove(shared, topic, partition, old) {
            return Ok(());
        }
    }
}

/// Records to remove, and the offset the partition then begins at.
struct Old {
    first: u64,
    records: Vec<(u64, u64)>,
}

fn remove(shared: &Shared, topic: Topic, partition: u32, old: Old) -> bool {
    submit(shared, |reply| Job::Expire {
        topic,
        partition,
        first: old.first,
        records: old.records,
        reply,
    })
}

/// From where on records of a partition may go: none that the engine has not read.
fn removable(shared: &Shared, topic: Topic, partition: u32) -> (Extent, u64) {
    let state = shared.state();
    let extent = state.extent(topic, partition);
    let end = match topic {
        Topic::Observations => state.committed.get(&partition).copied().unwrap_or(0),
        _ => extent.next,
    };
    (extent, end.min(extent.next))
}

fn aged(
    shared: &Shared,
    topic: Topic,
    partition: u32,
    horizon: i64,
) -> Result<Option<Old>, StoreError> {
    let (extent, end) = removable(shared, topic, partition);
    collect(
        shared,
        topic,
        partition,
        extent.first,
        end,
        |accepted, _| accepted < horizon,
    )
}

/// The start of the partition whose first record is the oldest, up to `excess` bytes of it.
fn oldest(shared: &Shared, topic: Topic, excess: u64) -> Result<Option<(u32, Old)>, StoreError> {
    let mut first_records: BTreeMap<(i64, u32), (u64, u64)> = BTreeMap::new();
    for partition in 0..shared.partitions(topic) {
        let (extent, end) = removable(shared, topic, partition);
        let guard = shared.tables();
        let Some(tables) = guard.as_ref() else {
            return Ok(None);
        };
        if let Some((_, accepted, _)) = head(tables, topic, partition, extent.first, end)? {
            first_records.insert((accepted, partition), (extent.first, end));
        }
    }
    let Some(((_, partition), (first, end))) = first_records.pop_first() else {
        return Ok(None);
    };
    let old = collect(shared, topic, partition, first, end, |_, before| {
        before < excess
    })?;
    Ok(old.map(|old| (partition, old)))
}

type Head = Option<(u64, i64, u64)>;

fn head(
    tables: &Tables,
    topic: Topic,
    partition: u32,
    from: u64,
    to: u64,
) -> Result<Head, StoreError> {
    let range = record_key(topic, partition, from)..record_key(topic, partition, to.max(from));
    match tables.records.range(range).next() {
        Some(entry) => parse(entry).map(Some),
        None => Ok(None),
    }
}

/// Offset, time of acceptance, bytes.
fn parse(entry: fjall::Guard) -> Result<(u64, i64, u64), StoreError> {
    let (key, value) = entry.into_inner()?;
    let (_, _, offset) = codec::parse_record_key(&key).ok_or(codec::Damaged("record key"))?;
    let bytes = u64::try_from(value.len()).unwrap_or(u64::MAX);
    Ok((offset, codec::accepted_ms(&value)?, bytes))
}

/// The longest start of a stretch all of whose records are `old` (told their time, and the bytes before them), at most a step.
fn collect(
    shared: &Shared,
    topic: Topic,
    partition: u32,
    from: u64,
    to: u64,
    old: impl Fn(i64, u64) -> bool,
) -> Result<Option<Old>, StoreError> {
    if from >= to {
        return Ok(None);
    }
    let guard = shared.tables();
    let Some(tables) = guard.as_ref() else {
        return Ok(None);
    };
    let range = record_key(topic, partition, from)..record_key(topic, partition, to);
    let mut records = Vec::new();
    let mut before = 0_u64;
    let mut first = from;
    for entry in tables.records.range(range) {
        let (offset, accepted, bytes) = parse(entry)?;
        if records.len() >= STEP || !old(accepted, before) {
            break;
        }
        before = before.saturating_add(bytes);
        first = offset.saturating_add(1);
        records.push((offset, bytes));
    }
    Ok((!records.is_empty()).then_some(Old { first, records }))
}

fn bury(shared: &Shared, topic: Topic) -> Result<(), StoreError> {
    let kept = i64::try_from(shared.options.tombstones(topic).as_millis()).unwrap_or(i64::MAX);
    let horizon = now_ms().saturating_sub(kept);
    for partition in 0..shared.partitions(topic) {
        loop {
            let tombstones = buried(shared, topic, partition, horizon)?;
            if tombstones.is_empty() {
                break;
            }
            if !submit(shared, |reply| Job::Bury { tombstones, reply }) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The oldest tombstones of a partition that are past their time, at most a step.
fn buried(
    shared: &Shared,
    topic: Topic,
    partition: u32,
    horizon: i64,
) -> Result<Vec<(Topic, u32, u64)>, StoreError> {
    let mut found = Vec::new();
    let guard = shared.tables();
    let Some(tables) = guard.as_ref() else {
        return Ok(found);
    };
    let range = record_key(topic, partition, 0)..record_key(topic, partition, u64::MAX);
    for entry in tables.tombstones.range(range).take(STEP) {
        let (key, value) = entry.into_inner()?;
        if buried_ms(&value).ok_or(codec::Damaged("tombstone"))? >= horizon {
            break;
        }
        found.push(codec::parse_record_key(&key).ok_or(codec::Damaged("tombstone"))?);
    }
    Ok(found)
}
