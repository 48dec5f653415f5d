//! The judgement: what the log holds against what was spooled, and what the public topics hold against a straight run over the log.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use auscult_collector::engine::fold::{Fold, Folded};
use auscult_collector::engine::site::SiteState;
use auscult_log::{Message, Stored, Topic};
use auscult_proto::observation::Body;
use auscult_proto::{convert, digest, wire};
use bytes::Bytes;
use prost::Message as _;

use super::rows::Row;
use crate::generate::{self, Mix};

/// One life of one sensor's spool.
pub type SensorLife = (String, String, u64);

/// What a sensor's records in the log amount to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Account {
    /// Sequences in the log, as disjoint ranges (first, last).
    pub ranges: Vec<(u64, u64)>,
    /// Observations in the log, duplicates aside.
    pub distinct: u64,
    /// Observations that were in the log more than once.
    pub repeated: u64,
    /// Sequences the sensor itself reported lost.
    pub reported_lost: u64,
    /// Wrapping sum of the hashes of the distinct observations.
    pub digest: u64,
}

/// Reads the observations topic as an auditor: every sequence once, every repetition identical, every generated observation what its
/// generator makes of its sequence. `site_number` gives the generator's number of a site.
///
/// # Errors
/// The first contradiction found.
pub fn audit(
    rows: &[Row],
    mix: Mix,
    site_number: impl Fn(&str) -> Option<u32>,
) -> Result<BTreeMap<SensorLife, Account>> {
    let mut seen: BTreeMap<SensorLife, BTreeMap<u64, u64>> = BTreeMap::new();
    let mut accounts: BTreeMap<SensorLife, Account> = BTreeMap::new();
    for row in rows {
        let value = row
            .value
            .clone()
            .context("an observations record without a value")?;
        let logged =
            wire::LoggedBatch::decode(value).context("an undecodable observations record")?;
        let life = (
            logged.site.clone(),
            logged.sensor.clone(),
            logged.incarnation,
        );
        let hashes = digest::hashes(logged.first_seq, &logged.body)?;
        let observations = convert::decode_body(logged.body.clone(), logged.count)?;
        let number =
            site_number(&logged.site).with_context(|| format!("unknown site {}", logged.site))?;
        let (seen, account) = (
            seen.entry(life.clone()).or_default(),
            accounts.entry(life).or_default(),
        );
        for (seq, (observation, hash)) in (logged.first_seq..).zip(observations.iter().zip(hashes))
        {
            match seen.insert(seq, hash) {
                Some(before) => {
                    anyhow::ensure!(
                        before == hash,
                        "sequence {seq} of {} has two bodies",
                        logged.sensor
                    );
                    account.repeated += 1;
                }
                None => {
                    account.distinct += 1;
                    account.digest = account.digest.wrapping_add(hash);
                    match &observation.body {
                        Body::Loss(loss) => account.reported_lost += loss.count,
                        _ => anyhow::ensure!(
                            *observation == generate::observation(number, seq, mix),
                            "sequence {seq} of {} is not what its generator made",
                            logged.sensor
                        ),
                    }
                }
            }
        }
    }
    for (life, seqs) in seen {
        accounts.entry(life).or_default().ranges = ranges(seqs.keys().copied());
    }
    Ok(accounts)
}

fn ranges(seqs: impl Iterator<Item = u64>) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for seq in seqs {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == seq => *last = seq,
            _ => ranges.push((seq, seq)),
        }
    }
    ranges
}

/// A published record without its place in the topic.
type Published = (Option<Bytes>, Vec<(String, Bytes)>);

/// Everything published per topic and key, in order.
pub type Output = BTreeMap<(Topic, Bytes), Vec<Published>>;

/// What one uninterrupted engine would have written for these observations.
///
/// # Errors
/// The program failed on a record.
pub fn straight_run<S: SiteState>(settings: S::Settings, rows: &[Row]) -> Result<Output> {
    let mut fold: Fold<S> = Fold::new(settings);
    let partitions: BTreeSet<i32> = rows.iter().map(|row| row.partition).collect();
    for partition in partitions {
        fold.restore(u32::try_from(partition)?, 0, Default::default())?;
    }
    let mut output = Output::new();
    for row in rows {
        let folded = fold.fold(&stored(row)?);
        anyhow::ensure!(
            !matches!(folded, Folded::Failed),
            "folding offset {} failed",
            row.offset
        );
        if fold.uncommitted().observations > 10_000 {
            collect(&mut output, fold.take().0.records);
            fold.committed();
        }
    }
    collect(&mut output, fold.take().0.records);
    fold.committed();
    Ok(output)
}

fn collect(output: &mut Output, records: Vec<Message>) {
    for record in records {
        // The changelog keeps only the last value of a key within a transaction, so its history depends on where transactions end;
        // its final content does not.
        let history = output.entry((record.topic, record.key)).or_default();
        if record.topic == Topic::State {
            history.clear();
        }
        history.push((record.value, record.headers));
    }
}

fn stored(row: &Row) -> Result<Stored> {
    Ok(Stored {
        partition: u32::try_from(row.partition)?,
        offset: u64::try_from(row.offset)?,
        message: Message {
            topic: Topic::Observations,
            partition: Some(u32::try_from(row.partition)?),
            key: row.key.clone(),
            value: row.value.clone(),
            headers: row.headers.clone(),
            timestamp_ms: 0,
        },
    })
}

/// What a topic really holds, in the same form.
#[must_use]
pub fn published(topic: Topic, rows: &[Row]) -> Output {
    let mut output = Output::new();
    for row in rows {
        let history = output.entry((topic, row.key.clone())).or_default();
        if topic == Topic::State {
            history.clear();
        }
        history.push((row.value.clone(), row.headers.clone()));
    }
    output
}

/// Whether what a topic holds of one key is what a straight run wrote of it. A compacted topic may have forgotten superseded records,
/// the tombstone aside nothing else: what is left is in the order written, without repetition, and ends with the latest.
fn as_written(topic: Topic, is: Option<&Vec<Published>>, should: Option<&Vec<Published>>) -> bool {
    if is == should {
        return true;
    }
    let (Some(is), Some(should)) = (is, should) else {
        return false;
    };
    let mut written = should.iter();
    topic.compacted()
        && is.last() == should.last()
        && is.iter().all(|record| written.any(|other| other == record))
}

/// The differences between what is and what should be for one topic, at most `limit` of them described.
#[must_use]
pub fn differences(topic: Topic, is: &Output, should: &Output, limit: usize) -> Vec<String> {
    let keys: BTreeSet<&Bytes> = is
        .keys()
        .chain(should.keys())
        .filter(|(of, _)| *of == topic)
        .map(|(_, key)| key)
        .collect();
    let mut found = Vec::new();
    for key in keys {
        let place = (topic, key.clone());
        let (is, should) = (is.get(&place), should.get(&place));
        let gone = |history: Option<&Vec<Published>>| {
            history.is_none_or(|history| history.iter().all(|(value, _)| value.is_none()))
        };
        // A tombstone and a key that was never written are the same state.
        if as_written(topic, is, should) || (topic == Topic::State && gone(is) && gone(should)) {
            continue;
        }
        if found.len() < limit {
            let count = |history: Option<&Vec<Published>>| history.map_or(0, Vec::len);
            found.push(format!(
                "{} {}: {} records where a straight run writes {}",
                topic.name(),
                String::from_utf8_lossy(key),
                count(is),
                count(should)
            ));
        } else {
            found.push(String::new());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compacted_topic_may_have_forgotten_what_was_superseded_and_no_more() {
        let record = |text: &'static str| (Some(Bytes::from_static(text.as_bytes())), Vec::new());
        let should = vec![record("1"), record("2"), record("3")];
        let holds = |topic, is: &[&'static str]| {
            let is: Vec<Published> = is.iter().map(|text| record(text)).collect();
            as_written(topic, Some(&is), Some(&should))
        };
        assert!(holds(Topic::Inventory, &["1", "2", "3"]));
        assert!(holds(Topic::Inventory, &["2", "3"]));
        assert!(
            !holds(Topic::Inventory, &["1", "2"]),
            "the latest is missing"
        );
        assert!(!holds(Topic::Inventory, &["2", "2", "3"]), "repeated");
        assert!(!holds(Topic::Inventory, &["2", "1", "3"]), "out of order");
        assert!(!holds(Topic::Lifecycle, &["2", "3"]), "not compacted");
        assert!(!as_written(Topic::Inventory, None, Some(&should)));
    }
}
