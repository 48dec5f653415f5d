//! The thread that assesses the sites of one engine member.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use auscult_findings::{Activity, Said, SiteFindings, Telling, Verdict, Weights};
use auscult_inventory::SiteInventory;
use auscult_ocsf::{Context, encode_finding};
use auscult_proto::ids::SiteId;

use super::intelligence::Intelligence;
use crate::engine::beside::{Beside, Handover, Told};
use crate::engine::inventory::message;
use crate::metrics as names;

/// How often intelligence is looked at while nothing is handed over.
const LOOK: Duration = Duration::from_millis(20);
/// Records of one part of a verdict: a transaction that other things have to fit into as well.
const PART: usize = 1_000;
/// Parts that may wait to be told.
const PARTS: usize = 4;
/// Devices whose graphs are kept in memory, over all sites of the member; about 10 KiB each. The graphs of the sites that were assessed
/// longest ago are given up first, and built again when they are needed.
const DEVICES: usize = 100_000;
/// After an assessment the thread rests this many times as long as it took: the fold needs the machine as well.
const LIVE: u32 = 1;
/// The same while the fold catches up.
const BEHIND: u32 = 5;
/// How much the thread steps back for the fold and the log when all cores are busy (`nice` of the thread, as Linux has it).
const NICE: i32 = 10;
/// Shortest and longest rest after an assessment. What it tells is a transaction more, which what sensors say has to wait for: on a busy
/// site so many a second, and not one after the other.
const REST: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

/// What every assessment needs.
#[derive(Debug, Clone)]
pub struct Means {
    /// What is known.
    pub intelligence: Arc<Intelligence>,
    /// The weights.
    pub weights: Weights,
    /// What public records say about where they come from.
    pub context: Context,
}

enum Work {
    Site(Box<Handover<SiteInventory>>),
    Forget(u64),
}

/// What the member's thread and the assessing one know of each other.
#[derive(Debug, Default)]
struct Shared {
    busy: AtomicBool,
    /// Length of the last assessment, microseconds.
    took: AtomicU64,
}

/// The member's side.
#[derive(Debug)]
pub struct Assessors {
    work: Option<SyncSender<Work>>,
    told: Receiver<Told>,
    shared: Arc<Shared>,
    /// When the last handover was made or found finished.
    free_since: Option<Instant>,
    thread: Option<JoinHandle<()>>,
}

impl Assessors {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn start(name: &str, means: Means) -> std::io::Result<Self> {
        let (work, due) = sync_channel(2);
        let (tell, told) = sync_channel(PARTS);
        let shared = Arc::new(Shared::default());
        let thread = {
            let worker = Worker {
                means,
                due,
                tell,
                shared: Arc::clone(&shared),
                sites: BTreeMap::new(),
                generation: None,
                turns: 0,
            };
            std::thread::Builder::new()
                .name(format!("findings-{name}"))
                .spawn(move || worker.work())?
        };
        Ok(Self {
            work: Some(work),
            told,
            shared,
            free_since: None,
            thread: Some(thread),
        })
    }

    /// The thread ends with this side only, or by a fault of ours.
    fn ended(&mut self) {
        self.work = None;
        tracing::error!(
            "the assessing thread has ended; findings stand still until the collector is started again"
        );
    }
}

impl Beside<SiteInventory> for Assessors {
    fn wants(&mut self, behind: bool) -> bool {
        if self.work.is_none() || self.busy() {
            self.free_since = None;
            return false;
        }
        let since = *self.free_since.get_or_insert_with(Instant::now);
        let took = Duration::from_micros(self.shared.took.load(Ordering::Relaxed));
        let times = if behind { BEHIND } else { LIVE };
        let (shortest, longest) = REST;
        since.elapsed() >= took.saturating_mul(times).clamp(shortest, longest)
    }

    fn hand(&mut self, handover: Handover<SiteInventory>) {
        self.shared.busy.store(true, Ordering::Release);
        let sent = self
            .work
            .as_ref()
            .is_some_and(|sender| sender.send(Work::Site(Box::new(handover))).is_ok());
        if !sent {
            self.ended();
        }
    }

    fn busy(&self) -> bool {
        self.work.is_some() && self.shared.busy.load(Ordering::Acquire)
    }

    fn told(&mut self) -> Option<Told> {
        // Nothing yet, or the thread has ended, which `hand` and `busy` tell.
        self.told.try_recv().ok()
    }

    fn forget(&mut self, epoch: u64) {
        let mut work = Work::Forget(epoch);
        while let Some(sender) = &self.work {
            match sender.try_send(work) {
                Ok(()) => return,
                // What waits to be told makes room, so that the thread comes to this.
                Err(TrySendError::Full(again)) => {
                    work = again;
                    while self.told().is_some() {}
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(TrySendError::Disconnected(_)) => return self.ended(),
            }
        }
    }
}

impl Drop for Assessors {
    fn drop(&mut self) {
        self.work = None;
        // It may wait to tell.
        while self.told.recv_timeout(LOOK).is_ok() {}
        let (_, closed) = sync_channel(1);
        self.told = closed;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the assessing thread failed in this program; please report it");
        }
    }
}

struct Followed {
    epoch: u64,
    findings: SiteFindings,
    /// When it was assessed last, in turns.
    turn: u64,
}

/// The thread's side.
struct Worker {
    means: Means,
    due: Receiver<Work>,
    tell: SyncSender<Told>,
    shared: Arc<Shared>,
    sites: BTreeMap<(u32, SiteId), Followed>,
    /// Of the intelligence that all sites have been held against.
    generation: Option<u64>,
    turns: u64,
}

/// The member has gone.
struct Gone;

impl Worker {
    fn work(mut self) {
        // The thread alone: on Linux, "this process" without a number is the calling thread.
        if let Err(error) = rustix::process::setpriority_process(None, NICE) {
            tracing::warn!(%error, "the assessing thread keeps the priority of the fold");
        }
        while self.step().is_ok() {}
    }

    fn step(&mut self) -> Result<(), Gone> {
        match self.due.recv_timeout(LOOK) {
            Ok(Work::Site(handover)) => {
                let place = self.take(*handover);
                let done = place.map_or(Ok(()), |place| self.assess(&place));
                self.shared.busy.store(false, Ordering::Release);
                done?;
            }
            Ok(Work::Forget(epoch)) => self.sites.retain(|_, site| site.epoch >= epoch),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(Gone),
        }
        self.look()
    }

    fn take(&mut self, handover: Handover<SiteInventory>) -> Option<(u32, SiteId)> {
        let place = (handover.partition, handover.site.clone());
        match handover.ledger {
            Some(ledger) => {
                let followed = Followed {
                    epoch: handover.epoch,
                    findings: SiteFindings::new(handover.site, ledger),
                    turn: 0,
                };
                self.sites.insert(place.clone(), followed);
            }
            // What came before it was lost: only a restore brings it back, and with it the ledger.
            None if self.sites.get(&place)?.epoch != handover.epoch => return None,
            None => {}
        }
        let site = self.sites.get_mut(&place)?;
        site.findings.apply(handover.delta);
        Some(place)
    }

    /// New intelligence: the sites that it concerns.
    fn look(&mut self) -> Result<(), Gone> {
        let due: Vec<(u32, SiteId)> = {
            let Some(knowledge) = self.means.intelligence.read() else {
                return Ok(());
            };
            if self.generation == Some(knowledge.generation()) {
                return Ok(());
            }
            self.generation = Some(knowledge.generation());
            let sites = self.sites.iter();
            sites
                .filter(|(_, site)| site.findings.concerns(&knowledge))
                .map(|(place, _)| place.clone())
                .collect()
        };
        for place in due {
            self.assess(&place)?;
        }
        Ok(())
    }

    fn assess(&mut self, place: &(u32, SiteId)) -> Result<(), Gone> {
        let began = Instant::now();
        self.turns = self.turns.saturating_add(1);
        let Some(site) = self.sites.get_mut(place) else {
            return Ok(());
        };
        site.turn = self.turns;
        let result = {
            let Some(knowledge) = self.means.intelligence.read() else {
                return Ok(());
            };
            let findings = &mut site.findings;
            let weights = &self.means.weights;
            catch_unwind(AssertUnwindSafe(|| findings.assess(&knowledge, weights)))
        };
        let epoch = site.epoch;
        let outcome = match result {
            Ok(Ok(Some(verdict))) => {
                let told = !verdict.tellings.is_empty();
                self.publish(place, epoch, verdict)?;
                if told { "told" } else { "quiet" }
            }
            Ok(Ok(None)) => "same",
            Ok(Err(faults)) => {
                // Where, and not what: a fault may name addresses.
                let paths: Vec<&str> = faults
                    .list()
                    .iter()
                    .map(|it| it.path.as_str())
                    .take(8)
                    .collect();
                tracing::error!(site = %place.1, faults = faults.list().len(), ?paths, "a site cannot be assessed; please report it");
                tracing::debug!(site = %place.1, %faults, "why a site cannot be assessed");
                "failed"
            }
            Err(_) => {
                tracing::error!(site = %place.1, "assessing a site failed in this program; it is left out until it is restored, please report it");
                self.sites.remove(place);
                "failed"
            }
        };
        let took = began.elapsed();
        self.shared.took.store(
            u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
        metrics::counter!(names::ASSESSMENTS, "outcome" => outcome).increment(1);
        metrics::histogram!(names::ASSESSMENT_SECONDS).record(took.as_secs_f64());
        self.bound();
        Ok(())
    }

    /// In parts, in the order in which a part that is written alone leaves the rest to be found again.
    fn publish(&mut self, place: &(u32, SiteId), epoch: u64, verdict: Verdict) -> Result<(), Gone> {
        let time = self
            .sites
            .get(place)
            .map_or(0, |site| site.findings.clock());
        let empty = || Told {
            partition: place.0,
            epoch,
            time,
            ..Told::default()
        };
        let mut part = empty();
        for (telling, record) in verdict.tellings {
            metrics::counter!(names::FINDINGS_FOUND, "kind" => kind(&telling), "activity" => activity(&telling))
                .increment(1);
            let public = encode_finding(&telling, &self.means.context);
            part.public.extend(public.map(message));
            part.state.push(record);
            part.findings = part.findings.saturating_add(1);
            if part.public.len() >= PART {
                self.send(std::mem::replace(&mut part, empty()))?;
            }
        }
        for record in verdict.inputs {
            part.state.push(record);
            if part.state.len() >= PART {
                self.send(std::mem::replace(&mut part, empty()))?;
            }
        }
        if !part.state.is_empty() {
            self.send(part)?;
        }
        Ok(())
    }

    fn send(&self, told: Told) -> Result<(), Gone> {
        self.tell.send(told).map_err(|_| Gone)
    }

    /// Gives up the graphs that were used longest ago.
    fn bound(&mut self) {
        let large = |site: &&mut Followed| site.findings.is_large();
        let mut held: usize = self
            .sites
            .values()
            .filter(|site| site.findings.is_large())
            .map(|site| site.findings.devices())
            .sum();
        while held > DEVICES {
            let oldest = self
                .sites
                .values_mut()
                .filter(large)
                .min_by_key(|it| it.turn);
            let Some(oldest) = oldest.filter(|it| it.turn != self.turns) else {
                return;
            };
            held = held.saturating_sub(oldest.findings.devices());
            oldest.findings.shrink();
        }
    }
}

fn kind(telling: &Telling) -> &'static str {
    match telling.said {
        Said::Pair(_) => "vuln.environment",
        Said::Risk(_) => "risk.change",
    }
}

fn activity(telling: &Telling) -> &'static str {
    match telling.activity {
        Activity::Create => "create",
        Activity::Update => "update",
        Activity::Close => "close",
    }
}
