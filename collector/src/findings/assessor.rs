//! The thread that assesses the sites of one engine member.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
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

type Site = Box<Handover<SiteInventory>>;

/// What the member's thread and the assessing one know of each other.
#[derive(Debug, Default)]
struct Shared {
    /// A site was handed over and is not assessed yet.
    busy: AtomicBool,
    /// Length of the last assessment, microseconds.
    took: AtomicU64,
    /// Sites of earlier epochs are void.
    epoch: AtomicU64,
}

/// The member's side. None of it waits for the thread: who folds answers the group, and the thread may be waiting for who folds.
#[derive(Debug)]
pub struct Assessors {
    work: Option<SyncSender<Site>>,
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
        // One: the next is handed over when this one is assessed.
        let (work, due) = sync_channel(1);
        let (tell, told) = sync_channel(PARTS);
        let shared = Arc::new(Shared::default());
        let thread = {
            let worker = Worker {
                means,
                due,
                tell,
                shared: Arc::clone(&shared),
                sites: BTreeMap::new(),
                concerned: BTreeSet::new(),
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
        if self.work.take().is_some() {
            tracing::error!(
                "the assessing thread has ended; findings stand still until the collector is started again, please report it"
            );
        }
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
            .is_some_and(|sender| sender.try_send(Box::new(handover)).is_ok());
        if !sent {
            self.ended();
        }
    }

    fn busy(&self) -> bool {
        self.work.is_some() && self.shared.busy.load(Ordering::Acquire)
    }

    fn told(&mut self) -> Option<Told> {
        match self.told.try_recv() {
            Ok(told) => Some(told),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.ended();
                None
            }
        }
    }

    fn forget(&mut self, epoch: u64) {
        self.shared.epoch.fetch_max(epoch, Ordering::AcqRel);
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

/// A partition and a site of it.
type Place = (u32, SiteId);

/// The thread's side.
struct Worker {
    means: Means,
    due: Receiver<Site>,
    tell: SyncSender<Told>,
    shared: Arc<Shared>,
    sites: BTreeMap<Place, Followed>,
    /// Sites that intelligence of this generation concerns and that have not been held against it.
    concerned: BTreeSet<Place>,
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

    /// A site that was handed over, or else one of those that intelligence concerns.
    fn step(&mut self) -> Result<(), Gone> {
        let wait = if self.concerned.is_empty() {
            LOOK
        } else {
            Duration::ZERO
        };
        let handed = self.due.recv_timeout(wait);
        let epoch = self.shared.epoch.load(Ordering::Acquire);
        self.sites.retain(|_, site| site.epoch >= epoch);
        match handed {
            Ok(handover) => {
                let place = (handover.partition, handover.site.clone());
                let done = self.guarded(&place, |worker| {
                    if worker.take(*handover) {
                        worker.assess(&place)?;
                    }
                    Ok(())
                });
                self.shared.busy.store(false, Ordering::Release);
                done?;
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some(place) = self.concerned.pop_first() {
                    self.guarded(&place, |worker| worker.assess(&place))?;
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Err(Gone),
        }
        self.look();
        Ok(())
    }

    /// A fault of this program at one site leaves that site out, and not all others as well.
    fn guarded(
        &mut self,
        place: &Place,
        work: impl FnOnce(&mut Self) -> Result<(), Gone>,
    ) -> Result<(), Gone> {
        catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|_| {
            tracing::error!(site = %place.1, "assessing a site failed in this program; it is left out until it is restored, please report it");
            metrics::counter!(names::ASSESSMENTS, "outcome" => "failed").increment(1);
            self.sites.remove(place);
            Ok(())
        })
    }

    /// Whether there is something to assess.
    fn take(&mut self, handover: Handover<SiteInventory>) -> bool {
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
            None if self
                .sites
                .get(&place)
                .is_none_or(|site| site.epoch != handover.epoch) =>
            {
                return false;
            }
            None => {}
        }
        let Some(site) = self.sites.get_mut(&place) else {
            return false;
        };
        site.findings.apply(handover.delta);
        self.concerned.remove(&place);
        true
    }

    /// New intelligence: the sites that it concerns.
    fn look(&mut self) {
        let Some(knowledge) = self.means.intelligence.read() else {
            return;
        };
        if self.generation == Some(knowledge.generation()) {
            return;
        }
        self.generation = Some(knowledge.generation());
        let sites = self.sites.iter();
        let concerned = sites.filter(|(_, site)| site.findings.concerns(&knowledge));
        self.concerned
            .extend(concerned.map(|(place, _)| place.clone()));
    }

    fn assess(&mut self, place: &Place) -> Result<(), Gone> {
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
            site.findings.assess(&knowledge, &self.means.weights)
        };
        let epoch = site.epoch;
        let outcome = match result {
            Ok(Some(verdict)) => {
                let told = !verdict.tellings.is_empty();
                self.publish(place, epoch, verdict)?;
                if told { "told" } else { "quiet" }
            }
            Ok(None) => "same",
            Err(faults) => {
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
    fn publish(&mut self, place: &Place, epoch: u64, verdict: Verdict) -> Result<(), Gone> {
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

#[cfg(test)]
mod tests {
    use auscult_ocsf::Context;

    use super::*;

    /// A member's side whose thread never comes to anything.
    fn deaf() -> (Assessors, Receiver<Site>, SyncSender<Told>) {
        let (work, due) = sync_channel(1);
        let (tell, told) = sync_channel(PARTS);
        let assessors = Assessors {
            work: Some(work),
            told,
            shared: Arc::default(),
            free_since: None,
            thread: None,
        };
        (assessors, due, tell)
    }

    fn handover() -> Handover<SiteInventory> {
        Handover {
            partition: 0,
            epoch: 3,
            site: "north".parse().unwrap(),
            ledger: Some(<SiteInventory as crate::engine::site::SiteState>::Ledger::default()),
            delta: <SiteInventory as crate::engine::site::SiteState>::Delta::default(),
        }
    }

    #[test]
    fn who_folds_waits_for_nothing_even_if_the_thread_hears_and_tells_nothing() {
        let (mut assessors, due, tell) = deaf();
        for part in 0..PARTS {
            let told = Told {
                findings: u64::try_from(part).unwrap(),
                ..Told::default()
            };
            tell.try_send(told).unwrap();
        }
        for epoch in 1..=3 {
            assessors.forget(epoch);
        }
        assessors.hand(handover());
        assert!(assessors.busy() && !assessors.wants(false));
        assert_eq!(due.try_recv().unwrap().epoch, 3);
        assert_eq!(std::iter::from_fn(|| assessors.told()).count(), PARTS);
        assert_eq!(assessors.shared.epoch.load(Ordering::Acquire), 3);
    }

    #[test]
    fn that_the_thread_is_gone_is_found_while_a_site_is_with_it() {
        let (mut assessors, _due, tell) = deaf();
        assessors.hand(handover());
        drop(tell);
        assert!(assessors.told().is_none());
        assert!(!assessors.busy() && assessors.work.is_none());
    }

    #[test]
    fn a_fault_at_one_site_leaves_the_others_followed() {
        let (_work, due) = sync_channel(1);
        let (tell, _told) = sync_channel(PARTS);
        let followed = |site: &str| Followed {
            epoch: 0,
            findings: SiteFindings::new(site.parse().unwrap(), Default::default()),
            turn: 0,
        };
        let place = |site: &str| (0, site.parse::<SiteId>().unwrap());
        let mut worker = Worker {
            means: Means {
                intelligence: Arc::default(),
                weights: Weights::new(auscult_risk::Policy::published().unwrap()),
                context: Context {
                    cluster: "test".to_owned(),
                    version: "0".to_owned(),
                    tenant: None,
                },
            },
            due,
            tell,
            shared: Arc::default(),
            sites: ["north", "south"]
                .map(|site| (place(site), followed(site)))
                .into(),
            concerned: BTreeSet::new(),
            generation: None,
            turns: 0,
        };
        let done = worker.guarded(&place("north"), |_| panic!("a fault of ours"));
        assert!(done.is_ok());
        assert!(worker.sites.keys().eq([&place("south")]));
    }
}
