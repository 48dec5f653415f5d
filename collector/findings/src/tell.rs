//! What is told: findings that opened, moved or closed, with all a reader needs to act.

use std::collections::{BTreeMap, BTreeSet};

use auscult_inventory::DeviceId;
use auscult_proto::ids::SiteId;
use auscult_risk::document::{DecisionEntry, DeviceEntry, Match};
use auscult_risk::{Assessor, Brief, DeviceRisk, Explanation, PairName, PairRisk, Policy};

use crate::band::{Band, STEP, points};
use crate::change::{Cause, Change, cause_of};
use crate::knowledge::{Knowledge, Known, KnownFacts};
use crate::ledger::{Ledger, LedgerRecord, Life, ToldPair, ToldRisk};
use crate::mirror::Mirror;
use crate::standards::{SiteView, Standards, services};
use crate::view::{DeviceView, Label};

mod moved;

pub use moved::match_name;
use moved::{moved, moved_risk};

/// What happens to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// It opens.
    Create,
    /// Something about it that matters is different.
    Update,
    /// It closes.
    Close,
}

/// Why a finding closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Closing {
    /// Its device is gone.
    DeviceGone,
    /// Its device does not have the weakness (any more).
    NotAffected,
    /// It is there and no longer worth doing first.
    BelowTheList,
    /// People carry its risk until a date.
    Accepted,
}

/// A value of a finding that is told to have moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Which.
    pub field: &'static str,
    /// Before; `None` when there was none.
    pub before: Option<String>,
    /// After; `None` when there is none.
    pub after: Option<String>,
}

/// The device that a finding is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// Its identifier.
    pub id: String,
    /// How people know it; empty when it is gone and forgotten.
    pub label: Label,
    /// Its segment, where known.
    pub segment: Option<String>,
    /// Its class.
    pub class: Option<String>,
}

/// A weakness in its environment.
#[derive(Debug, Clone, PartialEq)]
pub struct PairTold {
    /// The vulnerability or observed weakness.
    pub weakness: String,
    /// What is known of it, where it still is.
    pub known: Option<Known>,
    /// Services it is listed for.
    pub services: Vec<Option<String>>,
    /// The surest match.
    pub matched: Match,
    /// The device's version.
    pub version: Option<String>,
    /// Its numbers; `None` when it closes.
    pub risk: Option<PairRisk>,
    /// Factors and routes; `None` when it closes.
    pub explanation: Option<Explanation>,
    /// SSVC, BOD 26-04 and CVSS with the environment, as they are when this is told: they alone tell nothing. `None` when it closes.
    pub standards: Option<Standards>,
    /// Names of the devices on the routes.
    pub names: BTreeMap<String, String>,
}

/// What a finding says.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// A weakness in its environment is worth doing first.
    Pair(Box<PairTold>),
    /// A device is at risk; `None` when it closes.
    Risk(Option<DeviceRisk>),
}

/// One telling.
#[derive(Debug, Clone, PartialEq)]
pub struct Telling {
    /// Stable name of the finding.
    pub uid: String,
    /// Where.
    pub site: SiteId,
    /// When, by the site's clock, epoch milliseconds.
    pub time: i64,
    /// Where it is in its life, this telling included.
    pub life: Life,
    /// What happens.
    pub activity: Activity,
    /// Why it closes.
    pub closing: Option<Closing>,
    /// The device.
    pub subject: Subject,
    /// What it says.
    pub said: Said,
    /// What moved.
    pub moved: Vec<Moved>,
    /// Why now.
    pub cause: Cause,
}

/// Compares an assessment with the ledger.
#[derive(Debug)]
pub(crate) struct Teller<'a> {
    pub(crate) site: &'a SiteId,
    pub(crate) clock: i64,
    pub(crate) mirror: &'a Mirror,
    pub(crate) policy: &'a Policy,
    pub(crate) entries: &'a BTreeMap<DeviceId, DeviceEntry>,
    pub(crate) knowledge: &'a Knowledge,
    pub(crate) changes: &'a [Change],
    pub(crate) known: &'a BTreeMap<String, KnownFacts>,
    pub(crate) decisions: &'a BTreeMap<String, DecisionEntry>,
}

/// A pair as it is now.
struct Now<'a> {
    worst: &'a PairRisk,
    services: Vec<Option<String>>,
    matched: Match,
    version: Option<String>,
    known: KnownFacts,
    points: u32,
}

/// What is due for one pair, before it is explained.
struct Due<'a> {
    name: (String, String),
    life: Life,
    activity: Activity,
    now: Option<Now<'a>>,
    moved: Vec<Moved>,
}

impl<'a> Teller<'a> {
    pub(crate) fn tell(
        &self,
        assessor: &Assessor,
        brief: &'a Brief,
        ledger: &mut Ledger,
    ) -> crate::site::Verdict {
        let views: BTreeMap<String, &DeviceView> = self
            .mirror
            .devices
            .iter()
            .map(|(id, view)| (id.to_string(), view))
            .collect();
        let mut verdict = crate::site::Verdict {
            devices: brief.summary.devices,
            pairs: brief.summary.pairs,
            ..crate::site::Verdict::default()
        };
        let due = self.pairs_due(brief, ledger, &views);
        let wanted: Vec<PairName> = due
            .iter()
            .filter_map(|due| {
                let now = due.now.as_ref()?;
                let (device, weakness) = due.name.clone();
                Some((device, weakness, now.worst.service.clone()))
            })
            .collect();
        let mut explanations: BTreeMap<PairName, Explanation> = BTreeMap::new();
        for (name, explanation) in wanted.iter().zip(assessor.explain(&wanted)) {
            if let Some(explanation) = explanation {
                explanations.insert(name.clone(), explanation);
            }
        }
        let standards = self.standards(&due, &views);
        for (due, standards) in due.into_iter().zip(standards) {
            verdict
                .tellings
                .push(self.pair(due, standards, ledger, &views, &explanations));
        }
        self.risks(brief, ledger, &views, &mut verdict);
        verdict
    }

    fn pairs_due(
        &self,
        brief: &'a Brief,
        ledger: &Ledger,
        views: &BTreeMap<String, &DeviceView>,
    ) -> Vec<Due<'a>> {
        let mut listed = self.listed(brief, views);
        let open = ledger.pairs.iter().filter(|(_, told)| told.life.open);
        let names: BTreeSet<(String, String)> = open
            .map(|(name, _)| name.clone())
            .chain(listed.keys().cloned())
            .collect();
        let mut due = Vec::new();
        for name in names {
            let told = ledger.pairs.get(&name);
            let open = told.filter(|told| told.life.open);
            let Some(now) = listed.remove(&name) else {
                if let Some(told) = open {
                    let life = Life {
                        open: false,
                        ..self.next(Some(&told.life), told.life.band, told.life.points)
                    };
                    due.push(Due {
                        name,
                        life,
                        activity: Activity::Close,
                        now: None,
                        moved: Vec::new(),
                    });
                }
                continue;
            };
            let (activity, band, moved) = match open {
                None => (Activity::Create, Band::of(now.points), Vec::new()),
                Some(told) => {
                    let band = told.life.band.follow(now.points);
                    let moved = moved(told, &now, band);
                    if moved.is_empty() {
                        continue;
                    }
                    (Activity::Update, band, moved)
                }
            };
            let mut life = self.next(told.map(|told| &told.life), band, now.points);
            if activity == Activity::Create {
                life.opened = self.clock;
            }
            due.push(Due {
                name,
                life,
                activity,
                now: Some(now),
                moved,
            });
        }
        due
    }

    /// The next step of a life.
    fn next(&self, before: Option<&Life>, band: Band, points: u32) -> Life {
        Life {
            revision: before.map_or(0, |life| life.revision).saturating_add(1),
            open: true,
            opened: before.map_or(self.clock, |life| life.opened),
            told: self.clock,
            band,
            points,
        }
    }

    /// The list by device and weakness: of several services the worst counts.
    fn listed(
        &self,
        brief: &'a Brief,
        views: &BTreeMap<String, &DeviceView>,
    ) -> BTreeMap<(String, String), Now<'a>> {
        let mut listed: BTreeMap<(String, String), Now<'a>> = BTreeMap::new();
        for risk in &brief.listed {
            let name = (risk.device.clone(), risk.weakness.clone());
            let entry = views
                .get(&risk.device)
                .and_then(|view| self.entries.get(&view.id));
            let matched = entry
                .and_then(|entry| {
                    entry
                        .weaknesses
                        .iter()
                        .flatten()
                        .find(|own| own.id == risk.weakness && own.service == risk.service)
                })
                .map_or(Match::UnderInvestigation, |own| own.matched);
            let version = entry
                .and_then(|entry| entry.identities.first())
                .and_then(|one| one.version.clone());
            match listed.get_mut(&name) {
                // The list is in order, worst first.
                Some(known) => {
                    known.services.push(risk.service.clone());
                    known.services.sort();
                    known.matched = known.matched.min(matched);
                }
                None => {
                    let now = Now {
                        worst: risk,
                        services: vec![risk.service.clone()],
                        matched,
                        version,
                        known: self.known.get(&risk.weakness).cloned().unwrap_or_default(),
                        points: points(risk.score),
                    };
                    listed.insert(name, now);
                }
            }
        }
        listed
    }

    /// The standards of every pair that is told of and does not close.
    fn standards(
        &self,
        due: &[Due<'_>],
        views: &BTreeMap<String, &DeviceView>,
    ) -> Vec<Option<Standards>> {
        let told = due.iter().filter(|due| due.now.is_some());
        let devices: BTreeSet<DeviceId> = told
            .filter_map(|due| Some(views.get(&due.name.0)?.id))
            .collect();
        if devices.is_empty() {
            return due.iter().map(|_| None).collect();
        }
        let services = services(self.mirror, &devices);
        let site = SiteView::live(self.policy, self.mirror, self.entries, &devices, &services);
        due.iter()
            .map(|due| {
                let worst = due.now.as_ref()?.worst;
                let known = self.knowledge.find(&worst.weakness)?;
                Some(site.standards(worst, &known.risk))
            })
            .collect()
    }

    fn pair(
        &self,
        due: Due<'_>,
        standards: Option<Standards>,
        ledger: &mut Ledger,
        views: &BTreeMap<String, &DeviceView>,
        explanations: &BTreeMap<PairName, Explanation>,
    ) -> (Telling, LedgerRecord) {
        let (device, weakness) = due.name.clone();
        let told = ledger.pairs.get(&due.name).cloned();
        let explanation = due.now.as_ref().and_then(|now| {
            let service = now.worst.service.clone();
            explanations.get(&(device.clone(), weakness.clone(), service))
        });
        let routes = on_routes(explanation);
        let closing = (due.activity == Activity::Close)
            .then(|| self.closing(&device, Some(&weakness), views));
        let record = match &due.now {
            Some(now) => ToldPair {
                life: due.life,
                services: now.services.clone(),
                matched: now.matched,
                version: now.version.clone(),
                known: now.known.clone(),
            },
            None => ToldPair {
                life: due.life,
                ..told.unwrap_or_else(|| ToldPair {
                    life: due.life,
                    services: Vec::new(),
                    matched: Match::UnderInvestigation,
                    version: None,
                    known: KnownFacts::default(),
                })
            },
        };
        let names = routes
            .iter()
            .filter_map(|id| {
                let view = views.get(*id)?;
                Some(((*id).to_owned(), view.label.name.clone()?))
            })
            .collect();
        let telling = Telling {
            uid: format!("vf:{device}:{weakness}"),
            site: self.site.clone(),
            time: self.clock,
            life: due.life,
            activity: due.activity,
            closing,
            subject: subject(&device, views),
            said: Said::Pair(Box::new(PairTold {
                weakness: weakness.clone(),
                known: self.knowledge.find(&weakness).cloned(),
                services: record.services.clone(),
                matched: record.matched,
                version: record.version.clone(),
                risk: due.now.as_ref().map(|now| now.worst.clone()),
                explanation: explanation.cloned(),
                standards,
                names,
            })),
            moved: due.moved,
            cause: cause_of(self.changes, &device, Some(&weakness), &routes),
        };
        let written = Ledger::pair_record(self.site.as_str(), &due.name, Some(&record));
        ledger.pairs.insert(due.name, record);
        (telling, written)
    }

    fn closing(
        &self,
        device: &str,
        weakness: Option<&str>,
        views: &BTreeMap<String, &DeviceView>,
    ) -> Closing {
        let entry = views
            .get(device)
            .and_then(|view| self.entries.get(&view.id));
        let Some(entry) = entry else {
            return Closing::DeviceGone;
        };
        let has = |id: &str| entry.weaknesses.iter().flatten().any(|own| own.id == id);
        if weakness.is_some_and(|id| !has(id)) {
            Closing::NotAffected
        } else if weakness.is_some_and(|id| self.accepted(device, id)) {
            Closing::Accepted
        } else {
            Closing::BelowTheList
        }
    }

    /// Whether a decision that holds names a pair, and KEV has not listed it since.
    fn accepted(&self, device: &str, weakness: &str) -> bool {
        let kev = self.known.get(weakness).is_some_and(|known| known.kev);
        self.decisions.values().any(|decision| {
            let named = decision.weakness.as_deref();
            decision.device == device
                && named.is_none_or(|named| named == weakness)
                && (decision.kev || !kev)
        })
    }

    fn risks(
        &self,
        brief: &Brief,
        ledger: &mut Ledger,
        views: &BTreeMap<String, &DeviceView>,
        verdict: &mut crate::site::Verdict,
    ) {
        let now: BTreeMap<&str, &DeviceRisk> = brief
            .devices
            .iter()
            .map(|risk| (risk.device.as_str(), risk))
            .collect();
        let open = ledger.risks.iter().filter(|(_, told)| told.life.open);
        let names: BTreeSet<String> = open
            .map(|(id, _)| id.clone())
            .chain(now.keys().map(|id| (*id).to_owned()))
            .collect();
        for id in names {
            let risk = now.get(id.as_str()).copied();
            let points = risk.map_or(0, |risk| points(risk.loss));
            let told = ledger.risks.get(&id);
            let open = told.filter(|told| told.life.open).map(|told| told.life);
            let band = open.map_or_else(|| Band::of(points), |life| life.band.follow(points));
            let activity = match open {
                None if band >= Band::Medium => Activity::Create,
                None => continue,
                Some(_) if risk.is_none() || band < Band::Medium => Activity::Close,
                Some(life) if band != life.band || life.points.abs_diff(points) >= STEP => {
                    Activity::Update
                }
                Some(_) => continue,
            };
            let mut life = self.next(told.map(|told| &told.life), band, points);
            if activity == Activity::Create {
                life.opened = self.clock;
            }
            life.open = activity != Activity::Close;
            let moved = moved_risk(open, &life);
            let telling = Telling {
                uid: format!("risk:{id}"),
                site: self.site.clone(),
                time: self.clock,
                life,
                activity,
                closing: (activity == Activity::Close).then(|| self.closing(&id, None, views)),
                subject: subject(&id, views),
                said: Said::Risk(risk.cloned()),
                moved,
                cause: cause_of(self.changes, &id, None, &BTreeSet::new()),
            };
            let record = ToldRisk { life };
            let written = Ledger::risk_record(self.site.as_str(), &id, Some(&record));
            ledger.risks.insert(id, record);
            verdict.tellings.push((telling, written));
        }
    }
}

/// Devices and vulnerabilities on the routes.
fn on_routes(explanation: Option<&Explanation>) -> BTreeSet<&str> {
    let hops = explanation
        .into_iter()
        .flat_map(|it| &it.routes)
        .flat_map(|route| &route.hops);
    hops.flat_map(|hop| {
        [
            hop.from.as_deref(),
            Some(hop.to.as_str()),
            hop.weakness.as_deref(),
        ]
    })
    .flatten()
    .collect()
}

fn subject(device: &str, views: &BTreeMap<String, &DeviceView>) -> Subject {
    let view = views.get(device);
    Subject {
        id: device.to_owned(),
        label: view.map(|view| view.label.clone()).unwrap_or_default(),
        segment: view.map(|view| view.facts.segment.clone()),
        class: view.map(|view| view.facts.class.clone()),
    }
}
