//! `risk accept` and `risk withdraw`: people carry the risk of a weakness on a device until a day, or no longer.

use std::path::Path;

use auscult_findings::DecisionRecord;
use auscult_log::{Message, Topic};
use auscult_process::exit;
use auscult_proto::ids::SiteId;
use auscult_risk::document::{DecisionEntry, DecisionKind};
use bytes::Bytes;

use super::asked::Asked;
use super::print;
use super::show::number;
use super::what_if::device_and;
use crate::Failure;
use crate::cli::append::{append_one, now_ms};
use crate::cli::described::Assessed;
use crate::cli::source;
use crate::config::CollectorConfig;

const DAY_MS: i64 = 86_400_000;

/// A weakness on a device.
struct About {
    site: SiteId,
    device: String,
    shown: String,
    weakness: String,
}

fn about(assessed: &Assessed, option: &str, what: &str) -> Result<About, Failure> {
    let (device, weakness) = device_and(assessed, option, what, "DEVICE/WEAKNESS")?;
    let site = &assessed.site.document().site;
    let site = site
        .parse()
        .map_err(|error| Failure::new(exit::FAILURE, format!("site {site}: {error}")))?;
    Ok(About {
        site,
        device: device.to_owned(),
        shown: assessed.names.shown(device).to_owned(),
        weakness: weakness.to_owned(),
    })
}

/// Accepts the risk of a weakness on a device.
///
/// # Errors
/// 64 for a weakness that the device does not have or a day that is none or past, 69 when the log cannot be written.
pub(super) fn accept(
    config: Option<&Path>,
    asked: &Asked,
    what: &str,
    until: &str,
    by: &str,
) -> Result<(), Failure> {
    let assessed = asked.with_device(config, what)?;
    let about = about(&assessed, "accept", what)?;
    let assessment = assessed.assessor.assessment();
    let own = assessment
        .pairs
        .iter()
        .filter(|pair| pair.device == about.device && pair.weakness == about.weakness);
    // Of several services the one that leads furthest counts.
    let Some(through) = own.map(|pair| pair.through).max_by(f64::total_cmp) else {
        return Err(Failure::new(
            exit::USAGE,
            format!(
                "accept {what}: {} does not have the weakness {:?}",
                about.shown, about.weakness
            ),
        ));
    };
    let known = &assessed.site.document().vulnerabilities;
    let kev = known.get(&about.weakness).is_some_and(|known| known.kev);
    let decision = DecisionEntry {
        kind: DecisionKind::Accepted,
        device: about.device.clone(),
        weakness: Some(about.weakness.clone()),
        until: until.to_owned(),
        by: Some(by.to_owned()),
        through: Some(through),
        kev,
    };
    let now = now_ms();
    let passed = decision
        .last_day()
        .is_none_or(|last| last < now.div_euclid(DAY_MS));
    if passed || until.len() != "2026-12-31".len() {
        return Err(Failure::new(
            exit::USAGE,
            format!("--until {until}: write a day to come, YYYY-MM-DD"),
        ));
    }
    let record = DecisionRecord::new(&about.site, now, decision);
    let value = serde_json::to_vec(&record)
        .map_err(|error| Failure::new(exit::FAILURE, format!("cannot write JSON: {error}")))?;
    DecisionRecord::read(&value).map_err(|fault| Failure::new(exit::USAGE, fault))?;
    append(config, "accept", record.key(), Some(value), now)?;
    print(&[
        format!(
            "{} on {} (site {}): accepted until {until} by {by}",
            about.weakness, about.shown, about.site
        ),
        format!(
            "it comes back before that day when {}what goes through it, {} now, rises 1.5 times",
            if kev { "" } else { "KEV lists it, or " },
            number(through)
        ),
    ])
}

/// Takes an acceptance back.
///
/// # Errors
/// 64 when none holds, 69 when the log cannot be written.
pub(super) fn withdraw(config: Option<&Path>, asked: &Asked, what: &str) -> Result<(), Failure> {
    let assessed = asked.with_device(config, what)?;
    let about = about(&assessed, "withdraw", what)?;
    let held = assessed.site.document().decisions.iter().find(|decision| {
        decision.device == about.device && decision.weakness.as_ref() == Some(&about.weakness)
    });
    let Some(held) = held else {
        return Err(Failure::new(
            exit::USAGE,
            format!("withdraw {what}: nobody has accepted it, or the day has passed"),
        ));
    };
    let now = now_ms();
    let key = DecisionRecord::new(&about.site, now, held.clone()).key();
    append(config, "withdraw", key, None, now)?;
    print(&[format!(
        "{} on {} (site {}): no longer accepted",
        about.weakness, about.shown, about.site
    )])
}

fn append(
    config: Option<&Path>,
    command: &str,
    key: String,
    value: Option<Vec<u8>>,
    now: i64,
) -> Result<(), Failure> {
    let config = CollectorConfig::read(config)?;
    let log = source::open_to_write(&config, Topic::Decisions, &format!("risk {command} ..."))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::FAILURE, format!("no runtime: {error}")))?;
    let message = Message {
        topic: Topic::Decisions,
        partition: None,
        key: Bytes::from(key.into_bytes()),
        value: value.map(Bytes::from),
        headers: Vec::new(),
        timestamp_ms: now,
    };
    let appender = log.appender()?;
    runtime.block_on(append_one(
        &*appender,
        message,
        "run the same again, a decision counts once however often it is written",
    ))
}
