//! One site followed: mirror and intelligence in, what is to be told out.

use std::collections::{BTreeMap, BTreeSet};

use auscult_inventory::DeviceId;
use auscult_proto::ids::SiteId;
use auscult_risk::document::{DecisionEntry, DeviceEntry};
use auscult_risk::{Assessor, Faults, Policy};

use crate::change::{Change, ChangeKind};
use crate::decision::words;
use crate::describe::{conversation, entry, input, way_in};
use crate::inputs;
use crate::knowledge::{Knowledge, KnownFacts};
use crate::ledger::{DeviceInput, Ledger, LedgerRecord, SiteRecord};
use crate::matching::Answers;
use crate::mirror::{Delta, Link, Mirror};
use crate::print::Print;
use crate::tell::{Teller, Telling};

mod graph;
mod standing;

pub use standing::Standing;

/// Below this many active devices the scale of attempts is 1: a campaign of the usual size would be all of the site.
const SMALL: usize = 64;
/// A rebuilt graph is cheaper than following more devices than one in this many.
const REBUILD: usize = 8;

/// What one assessment brought. The records are in the order in which they may be written in several transactions: a part that is
/// written alone leaves a ledger from which the rest is found again.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What is told, each with its ledger record.
    pub tellings: Vec<(Telling, LedgerRecord)>,
    /// The inputs that this was found from, and what is no longer kept; to be written after all tellings.
    pub inputs: Vec<LedgerRecord>,
    /// Devices assessed.
    pub devices: u32,
    /// Weaknesses on devices assessed.
    pub pairs: u32,
}

/// Weights and what they are called.
#[derive(Debug, Clone)]
pub struct Weights {
    policy: Policy,
    print: String,
}

impl Weights {
    /// The weights of all sites.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let print = format!(
            "{} {} {:016x}",
            policy.name,
            policy.version,
            Print::of(&policy)
        );
        Self { policy, print }
    }

    fn at(&self, scale: f64) -> Policy {
        let mut policy = self.policy.clone();
        policy.calibration.scale = Some(scale);
        policy
    }
}

/// One site.
#[derive(Debug)]
pub struct SiteFindings {
    pub(crate) site: SiteId,
    pub(crate) mirror: Mirror,
    pub(crate) ledger: Ledger,
    /// Every device as it was given to the last assessment.
    pub(crate) entries: BTreeMap<DeviceId, DeviceEntry>,
    answers: Answers,
    assessor: Option<Box<Assessor>>,
    /// Relations of the last assessment; `None`: not known, after a restart.
    followed: Option<BTreeSet<Link>>,
    /// Their prints, added modulo 2^64.
    followed_print: u64,
    /// Vulnerabilities that it has.
    known: BTreeMap<String, KnownFacts>,
    /// Decisions that hold, about devices that are there.
    decisions: BTreeMap<String, DecisionEntry>,
    seen: Option<(u64, u64, i64)>,
    supplied: bool,
    /// Why the next assessment has to happen whatever the inputs say.
    first: bool,
}

/// What the inputs are now, and how they differ.
struct Found {
    changes: Vec<Change>,
    came: Vec<DeviceId>,
    /// Those of them that were not there before.
    arrived: BTreeSet<DeviceId>,
    went: Vec<DeviceId>,
    /// Those that differ; `None`: no longer there.
    inputs: BTreeMap<String, Option<DeviceInput>>,
    /// All that were looked at.
    named: BTreeSet<String>,
    known: BTreeMap<String, KnownFacts>,
    /// Decisions that hold now and did not, or the other way round.
    decisions: BTreeMap<String, Option<DecisionEntry>>,
    policy_differs: bool,
}

impl SiteFindings {
    /// A site with what has been told of it; its devices come with the first delta.
    #[must_use]
    pub fn new(site: SiteId, ledger: Ledger) -> Self {
        Self {
            site,
            mirror: Mirror::default(),
            first: ledger.site.is_none(),
            ledger,
            entries: BTreeMap::new(),
            answers: Answers::default(),
            assessor: None,
            followed: None,
            followed_print: 0,
            known: BTreeMap::new(),
            decisions: BTreeMap::new(),
            seen: None,
            supplied: false,
        }
    }

    /// Which site.
    #[must_use]
    pub fn site(&self) -> &SiteId {
        &self.site
    }

    /// Devices in the mirror.
    #[must_use]
    pub fn devices(&self) -> usize {
        self.mirror.devices.len()
    }

    /// The site's clock, epoch milliseconds.
    #[must_use]
    pub fn clock(&self) -> i64 {
        self.mirror.clock
    }

    /// What has been told.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Takes over what has changed.
    pub fn apply(&mut self, delta: Delta) {
        self.mirror.apply(delta);
    }

    /// Gives up the graph, the largest part of memory; the next assessment builds it again.
    pub fn shrink(&mut self) {
        self.assessor = None;
    }

    /// Whether it holds a graph.
    #[must_use]
    pub fn is_large(&self) -> bool {
        self.assessor.is_some()
    }

    /// Whether intelligence has moved on something this site has. Cheap: asked often.
    #[must_use]
    pub fn concerns(&self, knowledge: &Knowledge) -> bool {
        match self.seen {
            None => true,
            Some((generation, index, _)) => {
                knowledge.generation() != generation
                    && (knowledge.index_generation() != index
                        || knowledge.decided_at(self.site.as_str()) > generation
                        || self.known.iter().any(|(id, facts)| {
                            knowledge.find(id).is_none_or(|known| known.facts != *facts)
                        }))
            }
        }
    }

    /// Assesses the site, if anything that an assessment depends on differs from the last one told of.
    ///
    /// # Errors
    /// A site that does not hold together, or weights that are none: a fault of this program.
    pub fn assess(
        &mut self,
        knowledge: &Knowledge,
        weights: &Weights,
    ) -> Result<Option<Verdict>, Faults> {
        let found = self.find(knowledge, weights);
        let nothing = found.changes.is_empty() && !self.first;
        if nothing {
            self.follow_quietly(&found);
            return Ok(None);
        }
        let result = self.judge(found, knowledge, weights);
        if result.is_err() {
            // What was looked at is lost: all of it is to be looked at again.
            self.shrink();
            self.followed = None;
            self.seen = None;
        }
        result.map(Some)
    }

    fn day(&self) -> i64 {
        self.mirror.clock.div_euclid(86_400_000)
    }

    /// Brings the entries up to date and says what differs.
    fn find(&mut self, knowledge: &Knowledge, weights: &Weights) -> Found {
        let day = self.day();
        let (generation, index) = (knowledge.generation(), knowledge.index_generation());
        let (seen_generation, matched_anew) = match self.seen {
            None => (generation, true),
            Some((then, was, on)) => (then, was != index || on != day),
        };
        self.seen = Some((generation, index, day));
        let supplied = !self.mirror.devices.iter().any(|(id, view)| {
            let outside = self.mirror.outside.get(id).copied().unwrap_or_default();
            view.facts.active && way_in(&view.facts, outside).is_some()
        });
        let all = matched_anew || supplied != self.supplied;
        self.supplied = supplied;
        let dirty = std::mem::take(&mut self.mirror.dirty);
        let due: Vec<DeviceId> = if all {
            let known = self.mirror.devices.keys().chain(self.entries.keys());
            known
                .copied()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect()
        } else {
            dirty.into_iter().collect()
        };
        let mut found = Found {
            changes: Vec::new(),
            came: Vec::new(),
            arrived: BTreeSet::new(),
            went: Vec::new(),
            inputs: BTreeMap::new(),
            named: BTreeSet::new(),
            known: BTreeMap::new(),
            decisions: BTreeMap::new(),
            policy_differs: false,
        };
        for id in due {
            self.find_device(id, knowledge, day, &mut found);
        }
        if all {
            // Of a ledger from before a restart.
            let gone: Vec<String> = self
                .ledger
                .devices
                .keys()
                .filter(|id| !found.named.contains(*id))
                .cloned()
                .collect();
            for id in gone {
                let before = self.ledger.devices.get(&id);
                inputs::of_device(&id, before, None, &mut found.changes);
                found.inputs.insert(id, None);
            }
        }
        self.find_known(knowledge, seen_generation, &mut found);
        self.find_decisions(knowledge, day, &mut found);
        self.find_links(&mut found.changes);
        self.find_policy(weights, &mut found);
        found
    }

    fn find_device(&mut self, id: DeviceId, knowledge: &Knowledge, day: i64, found: &mut Found) {
        let name = id.to_string();
        let before = self.ledger.devices.get(&name);
        let Some(view) = self.mirror.active(id) else {
            if self.entries.remove(&id).is_some() {
                found.went.push(id);
            }
            if before.is_some() {
                inputs::of_device(&name, before, None, &mut found.changes);
                found.inputs.insert(name, None);
            }
            return;
        };
        let weaknesses = self.answers.of(
            &view.facts,
            knowledge.index(),
            knowledge.index_generation(),
            day,
            self.mirror.devices.len(),
        );
        let outside = self.mirror.outside.get(&id).copied().unwrap_or_default();
        let mut entry = entry(view, outside, &weaknesses, self.supplied);
        // The index may name what has been withdrawn since it was made.
        if let Some(own) = &mut entry.weaknesses {
            own.retain(|weakness| knowledge.find(&weakness.id).is_some());
        }
        let after = input(view, &entry);
        if before != Some(&after) {
            inputs::of_device(&name, before, Some(&after), &mut found.changes);
            found.inputs.insert(name.clone(), Some(after));
        }
        found.named.insert(name);
        if self.entries.get(&id) != Some(&entry) {
            if self.entries.insert(id, entry).is_none() {
                found.arrived.insert(id);
            }
            found.came.push(id);
        }
    }

    fn find_known(&self, knowledge: &Knowledge, seen: u64, found: &mut Found) {
        let mut named: BTreeSet<&str> = BTreeSet::new();
        for entry in self.entries.values() {
            for weakness in entry.weaknesses.iter().flatten() {
                named.insert(&weakness.id);
            }
        }
        for id in named {
            if let Some(known) = knowledge.find(id) {
                found.known.insert(id.to_owned(), known.facts.clone());
            }
        }
        let before = &self.ledger.known;
        inputs::of_known(before, &found.known, knowledge, seen, &mut found.changes);
    }

    /// Decisions that hold: not past their date, about devices that are there.
    fn find_decisions(&mut self, knowledge: &Knowledge, day: i64, found: &mut Found) {
        let site = self.site.as_str();
        let there = |decision: &DecisionEntry| {
            let id = decision.device.parse::<DeviceId>();
            id.is_ok_and(|id| self.entries.contains_key(&id))
        };
        let holds = |decision: &DecisionEntry| decision.last_day().is_some_and(|last| day <= last);
        let made: BTreeMap<&str, &DecisionEntry> = knowledge
            .decisions(site)
            .filter_map(|(key, decision)| Some((key.split_once('/')?.1, decision)))
            .collect();
        let now: BTreeMap<String, DecisionEntry> = made
            .iter()
            .filter(|(_, decision)| holds(decision) && there(decision))
            .map(|(about, decision)| ((*about).to_owned(), (*decision).clone()))
            .collect();
        let before = &self.ledger.decisions;
        let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        for about in names {
            let (was, is) = (before.get(about), now.get(about));
            if was == is {
                continue;
            }
            found.decisions.insert(about.clone(), is.cloned());
            // Where the device went with it, that is told.
            let Some(decision) = is.or(was).filter(|decision| there(decision)) else {
                continue;
            };
            let passed = is.is_none() && made.get(about.as_str()).copied() == was;
            let kind = if passed {
                ChangeKind::Time
            } else {
                ChangeKind::Decision
            };
            found.changes.push(Change {
                vulnerability: decision.weakness.clone(),
                ..Change::of_device(kind, &decision.device, was.map(words), is.map(words))
            });
        }
        self.decisions = now;
    }

    fn find_links(&mut self, changes: &mut Vec<Change>) {
        let of_link = |kind, link: &Link| {
            let entry = conversation(link, false);
            Change {
                devices: vec![entry.client, entry.server],
                after: Some(entry.service),
                ..Change::of_device(kind, "", None, None)
            }
        };
        let dirty = std::mem::take(&mut self.mirror.dirty_links);
        let Some(site) = &self.ledger.site else {
            return;
        };
        let Some(followed) = &self.followed else {
            let links: BTreeSet<Link> = self.mirror.whole_links().map(|(link, _)| link).collect();
            let count = u64::try_from(links.len()).unwrap_or(u64::MAX);
            let print = print_of(&links);
            if (count, print) != (site.contacts, site.contacts_hash) {
                let (before, after) = (site.contacts.to_string(), count.to_string());
                changes.push(Change {
                    devices: Vec::new(),
                    ..Change::of_device(ChangeKind::Conversations, "", Some(before), Some(after))
                });
            } else {
                self.followed = Some(links);
                self.followed_print = print;
            }
            return;
        };
        for link in &dirty {
            match (followed.contains(link), self.mirror.link(link).is_some()) {
                (false, true) => changes.push(of_link(ChangeKind::Conversation, link)),
                (true, false) => changes.push(of_link(ChangeKind::ConversationGone, link)),
                _ => {}
            }
        }
        self.mirror.dirty_links = dirty;
    }

    fn find_policy(&self, weights: &Weights, found: &mut Found) {
        let Some(site) = &self.ledger.site else {
            return;
        };
        if site.policy != weights.print {
            found.policy_differs = true;
            found.changes.push(Change {
                devices: Vec::new(),
                ..Change::of_device(
                    ChangeKind::Policy,
                    "",
                    Some(site.policy.clone()),
                    Some(weights.print.clone()),
                )
            });
        }
    }

    /// Nothing to assess: the graph is as it was.
    fn follow_quietly(&mut self, found: &Found) {
        self.known.clone_from(&found.known);
    }

    fn judge(
        &mut self,
        mut found: Found,
        knowledge: &Knowledge,
        weights: &Weights,
    ) -> Result<Verdict, Faults> {
        let site = self.scale(&mut found, knowledge, weights)?;
        let policy = weights.at(f64::from_bits(site.scale_bits));
        let rescaled = self.ledger.site.as_ref().map(|it| it.scale_bits) != Some(site.scale_bits);
        let moved = found.came.len().saturating_add(found.went.len());
        let rebuild = self.assessor.is_none()
            || rescaled
            || found.policy_differs
            || moved.saturating_mul(REBUILD) > self.entries.len();
        if rebuild {
            self.build(knowledge, &policy)?;
        } else {
            self.follow(&found, knowledge)?;
        }
        self.known.clone_from(&found.known);
        self.mirror.dirty_links.clear();
        self.first = false;
        let Some(assessor) = self.assessor.take() else {
            return Ok(Verdict::default());
        };
        let brief = assessor.brief();
        let teller = Teller {
            site: &self.site,
            clock: self.mirror.clock,
            mirror: &self.mirror,
            policy: &policy,
            entries: &self.entries,
            knowledge,
            changes: &found.changes,
            known: &found.known,
            decisions: &self.decisions,
        };
        let mut verdict = teller.tell(&assessor, &brief, &mut self.ledger);
        self.assessor = Some(assessor);
        self.settle(site, found, &mut verdict);
        Ok(verdict)
    }

    /// The scale of attempts: held once it was found, until the site is twice as large.
    fn scale(
        &self,
        found: &mut Found,
        knowledge: &Knowledge,
        weights: &Weights,
    ) -> Result<SiteRecord, Faults> {
        let active = self.entries.len();
        let devices = u32::try_from(active).unwrap_or(u32::MAX);
        let clock = self.mirror.clock;
        let held = self.ledger.site.as_ref();
        let record = match (weights.policy.calibration.scale, held) {
            (Some(pinned), _) => SiteRecord::new(clock, pinned, devices, weights.print.clone()),
            (None, _) if active < SMALL => {
                SiteRecord::new(clock, 1.0, devices, weights.print.clone())
            }
            (None, Some(held))
                if !found.policy_differs
                    && usize::try_from(held.scaled_at).unwrap_or(usize::MAX) >= SMALL
                    && devices < held.scaled_at.saturating_mul(2) =>
            {
                SiteRecord::new(
                    clock,
                    f64::from_bits(held.scale_bits),
                    held.scaled_at,
                    weights.print.clone(),
                )
            }
            (None, _) => {
                let assessor = Assessor::new(&self.described(knowledge)?, &weights.policy)?;
                SiteRecord::new(clock, assessor.scale(), devices, weights.print.clone())
            }
        };
        if let Some(held) = held
            && held.scale_bits != record.scale_bits
        {
            let text = |bits| Some(format!("{:.4}", f64::from_bits(bits)));
            found.changes.push(Change {
                devices: Vec::new(),
                ..Change::of_device(
                    ChangeKind::Calibration,
                    "",
                    text(held.scale_bits),
                    text(record.scale_bits),
                )
            });
        }
        Ok(record)
    }
}

fn print_of(links: &BTreeSet<Link>) -> u64 {
    links.iter().map(Link::print).fold(0, u64::wrapping_add)
}
