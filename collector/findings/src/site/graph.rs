//! The site's graph: built from the mirror, or followed by what differs.

use std::collections::{BTreeMap, BTreeSet};

use auscult_risk::document::{Document, FORMAT, SegmentEntry, Vulnerability};
use auscult_risk::{Assessor, Event, Faults, Policy, Site};

use super::{Found, SiteFindings, Verdict, print_of};
use crate::describe::{conversation, day_text};
use crate::knowledge::Knowledge;
use crate::ledger::{Ledger, SiteRecord};
use crate::mirror::Link;

/// A closed finding is remembered this long, so that its next life goes on counting: 30 days of the site's clock, as long as the
/// findings topic keeps what it said.
const REMEMBER: i64 = 30 * 86_400_000;

impl SiteFindings {
    /// The whole site as the assessment takes it.
    pub(super) fn described(&self, knowledge: &Knowledge) -> Result<Site, Faults> {
        let devices: Vec<_> = self.entries.values().cloned().collect();
        let segments: BTreeSet<&str> = devices.iter().map(|it| it.segment.as_str()).collect();
        let mut vulnerabilities: BTreeMap<String, Vulnerability> = BTreeMap::new();
        for weakness in devices.iter().flat_map(|it| it.weaknesses.iter().flatten()) {
            if !vulnerabilities.contains_key(&weakness.id)
                && let Some(known) = knowledge.find(&weakness.id)
            {
                vulnerabilities.insert(weakness.id.clone(), known.risk.clone());
            }
        }
        Site::try_from(Document {
            format: FORMAT.to_owned(),
            site: self.site.to_string(),
            time: day_text(self.day()),
            segments: segments
                .into_iter()
                .map(|id| SegmentEntry { id: id.to_owned() })
                .collect(),
            vulnerabilities,
            conversations: self
                .mirror
                .whole_links()
                .map(|(link, clinical)| conversation(&link, clinical))
                .collect(),
            devices,
            segment_links: Vec::new(),
            controls: Vec::new(),
            decisions: self.decisions.values().cloned().collect(),
            policy: None,
        })
    }

    pub(super) fn build(&mut self, knowledge: &Knowledge, policy: &Policy) -> Result<(), Faults> {
        // The old one goes first: both at once would be twice the memory.
        self.assessor = None;
        let site = self.described(knowledge)?;
        let told = self.ledger.listed();
        let assessor = Assessor::new(&site, policy)?.with_list(&told);
        self.assessor = Some(Box::new(assessor));
        let links: BTreeSet<Link> = self.mirror.whole_links().map(|(link, _)| link).collect();
        self.followed_print = print_of(&links);
        self.followed = Some(links);
        Ok(())
    }

    /// One step of the graph for all that differs.
    pub(super) fn follow(&mut self, found: &Found, knowledge: &Knowledge) -> Result<(), Faults> {
        let mut events = Vec::new();
        for (id, facts) in &found.known {
            if self.known.get(id) != Some(facts)
                && let Some(known) = knowledge.find(id)
            {
                events.push(Event::Weakness {
                    id: id.clone(),
                    known: Box::new(known.risk.clone()),
                });
            }
        }
        for id in &found.went {
            events.push(Event::DeviceGone(id.to_string()));
        }
        for id in &found.came {
            if let Some(entry) = self.entries.get(id) {
                events.push(Event::Device(Box::new(entry.clone())));
            }
        }
        let followed = self.followed.get_or_insert_default();
        let mut print = self.followed_print;
        if !found.went.is_empty() {
            // They went with their device.
            let went: BTreeSet<_> = found.went.iter().copied().collect();
            followed.retain(|link| {
                let stays = !went.contains(&link.client) && !went.contains(&link.server);
                if !stays {
                    print = print.wrapping_sub(link.print());
                }
                stays
            });
        }
        let mut due: BTreeSet<Link> = self.mirror.dirty_links.clone();
        // A device that was there keeps its conversations when it changes: to say them again would stir every link that they stand for.
        let new = &found.arrived;
        if !new.is_empty() {
            let touching = |link: &&Link| new.contains(&link.client) || new.contains(&link.server);
            due.extend(self.mirror.links.keys().filter(touching));
        }
        for link in due {
            match (followed.contains(&link), self.mirror.link(&link)) {
                (_, Some(clinical)) => {
                    if followed.insert(link) {
                        print = print.wrapping_add(link.print());
                    }
                    events.push(Event::Conversation(conversation(&link, clinical)));
                }
                (true, None) => {
                    followed.remove(&link);
                    print = print.wrapping_sub(link.print());
                    let gone = conversation(&link, false);
                    events.push(Event::ConversationGone {
                        client: gone.client,
                        server: gone.server,
                        service: gone.service,
                    });
                }
                (false, None) => {}
            }
        }
        self.followed_print = print;
        for (about, decision) in &found.decisions {
            if let Some(before) = self.ledger.decisions.get(about) {
                events.push(Event::DecisionGone(before.clone()));
            }
            events.extend(decision.clone().map(Event::Decision));
        }
        events.push(Event::Time(day_text(self.day())));
        if let Some(assessor) = &mut self.assessor {
            assessor.apply(&events)?;
        }
        Ok(())
    }

    /// Takes the inputs into the ledger and writes what differs, and gives up what is no longer worth remembering.
    pub(super) fn settle(&mut self, mut site: SiteRecord, found: Found, verdict: &mut Verdict) {
        let links = self.followed.as_ref().map_or(0, BTreeSet::len);
        site.contacts = u64::try_from(links).unwrap_or(u64::MAX);
        site.contacts_hash = self.followed_print;
        let name = self.site.as_str();
        for (id, input) in found.inputs {
            verdict
                .inputs
                .push(Ledger::device_record(name, &id, input.as_ref()));
            match input {
                Some(input) => drop(self.ledger.devices.insert(id, input)),
                None => drop(self.ledger.devices.remove(&id)),
            }
        }
        for (id, facts) in &found.known {
            if self.ledger.known.get(id) != Some(facts) {
                verdict
                    .inputs
                    .push(Ledger::known_record(name, id, Some(facts)));
            }
        }
        for id in self.ledger.known.keys() {
            if !found.known.contains_key(id) {
                verdict.inputs.push(Ledger::known_record(name, id, None));
            }
        }
        self.ledger.known = found.known;
        for (about, decision) in found.decisions {
            let record = Ledger::decision_record(name, &about, decision.as_ref());
            verdict.inputs.push(record);
            match decision {
                Some(decision) => drop(self.ledger.decisions.insert(about, decision)),
                None => drop(self.ledger.decisions.remove(&about)),
            }
        }
        let before = self.mirror.clock.saturating_sub(REMEMBER);
        self.ledger.pairs.retain(|pair, told| {
            let keep = told.life.open || told.life.told >= before;
            if !keep {
                verdict.inputs.push(Ledger::pair_record(name, pair, None));
            }
            keep
        });
        self.ledger.risks.retain(|device, told| {
            let keep = told.life.open || told.life.told >= before;
            if !keep {
                verdict.inputs.push(Ledger::risk_record(name, device, None));
            }
            keep
        });
        // Last: with it, the assessment is told.
        verdict.inputs.push(Ledger::site_record(name, &site));
        self.ledger.site = Some(site);
    }
}
