//! One performance: the plan played on the stage, and the verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use auscult_collector::engine::inventory::SiteSettings;
use auscult_collector::engine::site::SiteState;
use auscult_log::Topic;
use auscult_proto::wire;
use prost::Message as _;

use super::findings;
use super::judge::{self, Account, Output};
use super::plan::{Fault, plan};
use super::rows::{self, Row};
use super::stage::{Stage, can_jump};
use crate::bench::bare_loop::{drain, producer, send};
use crate::fault_proxy::Behaviour;
use crate::generate::Mix;
use crate::process::eventually;

/// What to play.
#[derive(Debug, Clone, Copy)]
pub struct Play {
    /// Of the plan.
    pub seed: u64,
    /// How many faults.
    pub faults: usize,
    /// Sites, one sensor each.
    pub sites: usize,
    /// Observations per second and sensor.
    pub rate: u64,
    /// Said on standard error while it runs.
    pub verbose: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Faults by kind.
    pub faults: BTreeMap<&'static str, usize>,
    /// Faults this machine could not play, by kind.
    pub impossible: BTreeMap<&'static str, usize>,
    /// Observations spooled.
    pub spooled: u64,
    /// Distinct observations in the log.
    pub logged: u64,
    /// Observations that came to the log more than once.
    pub repeated: u64,
    /// Observations the sensors reported lost, by their own account.
    pub reported_lost: u64,
    /// Public records read with `read_committed`.
    pub public_records: usize,
    /// Findings read, every telling.
    pub findings: usize,
    /// What is wrong. Empty: the guarantee held.
    pub wrong: Vec<String>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, count) in &self.faults {
            writeln!(f, "{count:>6}  {kind}")?;
        }
        for (kind, count) in &self.impossible {
            writeln!(f, "{count:>6}  {kind}: NOT POSSIBLE on this machine")?;
        }
        writeln!(
            f,
            "spooled {}, in the log {} (+{} repeated), reported lost {}, public records {}, findings {}",
            self.spooled,
            self.logged,
            self.repeated,
            self.reported_lost,
            self.public_records,
            self.findings
        )?;
        for wrong in self.wrong.iter().filter(|wrong| !wrong.is_empty()) {
            writeln!(f, "WRONG: {wrong}")?;
        }
        write!(f, "{} contradictions", self.wrong.len())
    }
}

impl Verdict {
    /// Whether anything was there to be judged.
    #[must_use]
    pub fn is_of_something(&self) -> bool {
        !self.faults.is_empty() && self.spooled > 0 && self.public_records > 0
    }

    /// The scoreboard's table.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text =
            String::from("| fault | played | not possible on this machine |\n|---|---|---|\n");
        let kinds: BTreeSet<&str> = self
            .faults
            .keys()
            .chain(self.impossible.keys())
            .copied()
            .collect();
        for kind in kinds {
            let of = |tally: &BTreeMap<&'static str, usize>| tally.get(kind).copied().unwrap_or(0);
            text += &format!(
                "| {kind} | {} | {} |\n",
                of(&self.faults),
                of(&self.impossible)
            );
        }
        text += "\n| what became of the observations | |\n|---|---|\n";
        for (what, count) in [
            ("spooled by the sensors", self.spooled),
            ("in the log, each once", self.logged),
            ("came to the log again and were recognised", self.repeated),
            (
                "reported lost by the sensors, with the reason",
                self.reported_lost,
            ),
        ] {
            text += &format!("| {what} | {count} |\n");
        }
        text += &format!(
            "| public records read with read_committed | {} |\n",
            self.public_records
        );
        text += &format!(
            "| contradictions to the guarantee | {} |\n",
            self.wrong.len()
        );
        for wrong in self.wrong.iter().filter(|wrong| !wrong.is_empty()) {
            text += &format!("\nWRONG: {}\n", wrong.replace('\n', " "));
        }
        text
    }
}

/// Plays on real processes in `dir` and judges.
///
/// # Errors
/// The stage itself broke (a process that did not start or end, a broker that does not answer).
pub async fn perform<S: SiteState>(
    dir: &Path,
    play: Play,
    settings: S::Settings,
) -> Result<Verdict> {
    let mut stage = Stage::start(dir, play.sites, play.rate).await?;
    let mut verdict = Verdict::default();
    let started = Instant::now();
    for (number, fault) in plan(play.seed, play.faults, play.sites)
        .into_iter()
        .enumerate()
    {
        if play.verbose {
            say(&format!(
                "[{:>4}s] fault {}: {}",
                started.elapsed().as_secs(),
                number + 1,
                fault.kind()
            ));
        }
        let played = inject(&mut stage, fault)
            .await
            .with_context(|| format!("{fault:?}\n{}", stage.last_words()))?;
        let tally = if played {
            &mut verdict.faults
        } else {
            &mut verdict.impossible
        };
        *tally.entry(fault.kind()).or_default() += 1;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    tokio::task::block_in_place(|| -> Result<()> {
        stage.finish_sensors(Duration::from_secs(180))?;
        settled(&stage)?;
        stage.end_engine(1, false)?;
        judge_all::<S>(&stage, settings, &mut verdict)
    })?;
    Ok(verdict)
}

#[expect(clippy::print_stderr, reason = "progress of a long run")]
fn say(text: &str) {
    eprintln!("{text}");
}

async fn inject(stage: &mut Stage, fault: Fault) -> Result<bool> {
    let pause = |milliseconds| tokio::time::sleep(Duration::from_millis(milliseconds));
    match fault {
        Fault::KillSensor(number) => stage.restart_sensor(number)?,
        Fault::KillIngest => stage.restart_ingest()?,
        Fault::KillEngine => {
            stage.end_engine(1, true)?;
            stage.start_engine(1)?;
        }
        Fault::CutLinks => stage.proxy.cut(),
        Fault::DelayLinks => {
            behave(
                stage,
                Behaviour {
                    delay: Duration::from_millis(120),
                    ..Behaviour::default()
                },
                1_200,
            )
            .await
        }
        Fault::SilenceLinks => {
            behave(
                stage,
                Behaviour {
                    silent: true,
                    ..Behaviour::default()
                },
                1_000,
            )
            .await
        }
        Fault::RefuseLinks => {
            stage.proxy.behave(Behaviour {
                refuse: true,
                ..Behaviour::default()
            });
            stage.proxy.cut();
            pause(800).await;
            stage.proxy.behave(Behaviour::default());
        }
        Fault::KillBroker => tokio::task::block_in_place(|| stage.broker.bounce(true))?,
        Fault::StopBroker => tokio::task::block_in_place(|| stage.broker.bounce(false))?,
        Fault::ScaleEngines => tokio::task::block_in_place(|| scale(stage))?,
        Fault::FillDisk(number) => {
            let Some(disk) = stage
                .sensors
                .get(number)
                .and_then(|sensor| sensor.disk.as_ref())
            else {
                return Ok(false);
            };
            disk.fill()?;
            pause(1_200).await;
            disk.free()?;
        }
        Fault::JumpClock(number) => {
            if !can_jump() {
                return Ok(false);
            }
            let name = if number == 0 {
                "ingest".to_owned()
            } else {
                format!("site-{number}")
            };
            stage.set_clock(&name, if number % 2 == 0 { "+1d" } else { "-1d" })?;
            pause(800).await;
            stage.set_clock(&name, "+0")?;
        }
        Fault::RepeatRecords => tokio::task::block_in_place(|| repeat(stage))?,
    }
    Ok(true)
}

async fn behave(stage: &Stage, behaviour: Behaviour, milliseconds: u64) {
    stage.proxy.behave(behaviour);
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    stage.proxy.behave(Behaviour::default());
}

fn scale(stage: &mut Stage) -> Result<()> {
    stage.start_engine(2)?;
    stage.start_engine(3)?;
    stage.engine_ready(2)?;
    stage.engine_ready(3)?;
    stage.end_engine(2, false)?;
    stage.end_engine(3, true)
}

/// Appends the latest records of the observations topic once more, newest first.
fn repeat(stage: &Stage) -> Result<()> {
    let bootstrap = &stage.broker.bootstrap;
    let topic = stage.trial.topic(Topic::Observations.name());
    let rows = rows::read_all(bootstrap, &topic)?;
    let producer = producer(bootstrap)?;
    for row in rows.iter().rev().take(20) {
        send(
            &producer,
            &topic,
            row.partition,
            &row.key,
            row.value.as_deref().unwrap_or_default(),
        )?;
    }
    drain(&producer);
    Ok(())
}

/// Waits until the engine has committed everything that is in the observations topic.
fn settled(stage: &Stage) -> Result<()> {
    let bootstrap = &stage.broker.bootstrap;
    let topic = stage.trial.topic(Topic::Observations.name());
    let group = stage.trial.topic("auscult-collector");
    let ends = rows::ends(bootstrap, &topic)?;
    let done = || {
        let committed = rows::committed(bootstrap, &group, &topic).ok()?;
        let reached = |(partition, end): (&i32, &i64)| {
            *end == 0 || committed.get(partition).is_some_and(|offset| offset >= end)
        };
        ends.iter().all(reached).then_some(())
    };
    let settled = eventually(
        "the engine has committed the whole observations topic",
        Duration::from_secs(120),
        done,
    );
    settled.with_context(|| {
        let committed = rows::committed(bootstrap, &group, &topic);
        format!(
            "ends {ends:?}, committed {committed:?}\n{}",
            stage.last_words()
        )
    })
}

fn judge_all<S: SiteState>(
    stage: &Stage,
    settings: S::Settings,
    verdict: &mut Verdict,
) -> Result<()> {
    let bootstrap = &stage.broker.bootstrap;
    let read = |topic: Topic| rows::read_all(bootstrap, &stage.trial.topic(topic.name()));
    let observations = read(Topic::Observations)?;
    let number = |site: &str| {
        stage
            .sensors
            .iter()
            .position(|sensor| sensor.site == site)
            .and_then(|at| u32::try_from(at).ok())
    };
    match judge::audit(&observations, Mix::SMALL, number) {
        Ok(accounts) => judge_accounts(stage, &accounts, &read(Topic::State)?, verdict)?,
        Err(contradiction) => verdict.wrong.push(format!("{contradiction:#}")),
    }
    let should = judge::straight_run::<S>(settings, &observations)?;
    let mut is = Output::new();
    for topic in [
        Topic::State,
        Topic::Inventory,
        Topic::Lifecycle,
        Topic::Health,
        Topic::Quarantine,
    ] {
        let mut rows = read(topic)?;
        if topic == Topic::State {
            // What assessments remember is judged with what they told.
            rows.retain(|row| !S::is_ledger_key(&row.key));
        } else {
            verdict.public_records += rows.len();
        }
        is.extend(judge::published(topic, &rows));
        verdict
            .wrong
            .extend(judge::differences(topic, &is, &should, 5));
    }
    let findings = read(Topic::Findings)?;
    verdict.findings = findings.len();
    verdict.wrong.extend(findings::contradictions(
        &findings,
        &read(Topic::FindingsOpen)?,
        &read(Topic::State)?,
        &read(Topic::Inventory)?,
    ));
    if verdict.public_records == 0 {
        verdict
            .wrong
            .push("nothing was published: the oracle has nothing to judge".to_owned());
    }
    if verdict.findings == 0 {
        verdict
            .wrong
            .push("no finding was told: the oracle has no finding to judge".to_owned());
    }
    Ok(())
}

/// Spooled = logged + reported lost, and the inventory folded exactly what is logged.
fn judge_accounts(
    stage: &Stage,
    accounts: &BTreeMap<judge::SensorLife, Account>,
    state: &[Row],
    verdict: &mut Verdict,
) -> Result<()> {
    let positions = positions(state);
    for (number, sensor) in stage.sensors.iter().enumerate() {
        let last = stage.last_sequence(number)?;
        verdict.spooled += last;
        let lives: Vec<_> = accounts
            .iter()
            .filter(|((site, ..), _)| *site == sensor.site)
            .collect();
        let [((site, name, incarnation), account)] = lives.as_slice() else {
            verdict.wrong.push(format!(
                "{}: {} spool lives in the log instead of one",
                sensor.site,
                lives.len()
            ));
            continue;
        };
        verdict.logged += account.distinct;
        verdict.repeated += account.repeated;
        verdict.reported_lost += account.reported_lost;
        let holes = last - account.distinct.min(last);
        if account.distinct > last || holes > account.reported_lost {
            verdict.wrong.push(format!(
                "{site}: {last} spooled, but the log has {:?} and {} reported lost",
                account.ranges, account.reported_lost
            ));
        }
        match positions.get(&(site.clone(), name.clone(), *incarnation)) {
            None => verdict
                .wrong
                .push(format!("{site}: no position in the state")),
            Some(position) => {
                let counts = (
                    position.last_seq,
                    position.folded,
                    position.digest,
                    position.missing,
                );
                if counts != (last, account.distinct, account.digest, 0) {
                    verdict.wrong.push(format!(
                        "{site}: position (last, folded, digest, missing) {counts:x?} where the log has {:x?}",
                        (last, account.distinct, account.digest, 0)
                    ));
                }
            }
        }
    }
    Ok(())
}

fn positions(state: &[Row]) -> BTreeMap<judge::SensorLife, wire::SensorPosition> {
    let mut positions = BTreeMap::new();
    for row in state {
        let key = String::from_utf8_lossy(&row.key).into_owned();
        let Some((site, _)) = key.split_once("/sensor/") else {
            continue;
        };
        if let Some(position) = row
            .value
            .clone()
            .and_then(|value| wire::SensorPosition::decode(value).ok())
        {
            positions.insert(
                (
                    site.to_owned(),
                    position.sensor.clone(),
                    position.incarnation,
                ),
                position,
            );
        }
    }
    positions
}

/// The settings of the engines on the stage: all defaults.
#[must_use]
pub fn settings() -> SiteSettings {
    SiteSettings {
        policy: auscult_inventory::Policy::default(),
        context: auscult_ocsf::Context {
            cluster: "trial".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            tenant: None,
        },
    }
}
