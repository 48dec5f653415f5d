//! An estate in time: which devices stand where at a given hour, under which stable identity, and who talks to whom.

use std::collections::{BTreeMap, BTreeSet};

use auscult_hospital::build::{self, TooSmall};
use auscult_hospital::churn::{At, Change, Churn, Event, Rates};
use auscult_hospital::site::{Conversation, Site};

/// Modelled sites in time.
#[derive(Debug)]
pub struct Estate {
    churn: Churn,
    /// Per site and device number: the hardware's stable identity.
    identities: Vec<Vec<String>>,
    /// Per site: conversations of devices that came after the site was built.
    added: Vec<Vec<Conversation>>,
    /// Segments without network: site, segment.
    dark: BTreeSet<(usize, usize)>,
    /// Per identity: pieces of hardware that have stood in this role.
    swaps: BTreeMap<String, u32>,
}

/// A site at one hour.
#[derive(Debug)]
pub struct Moment<'a> {
    /// The site; some of its devices may be gone.
    pub site: &'a Site,
    /// Numbers of the devices that stand there and have a network.
    pub standing: Vec<usize>,
    /// Stable identity by device number.
    pub identities: &'a [String],
    /// Who talks to whom, as indices into `standing`.
    pub talks: Vec<Talk>,
}

/// Who talks to whom in a busy hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Talk {
    /// Index of the client in [`Moment::standing`].
    pub client: usize,
    /// Index of the server in [`Moment::standing`].
    pub server: usize,
    /// `tcp/104`.
    pub service: &'static str,
    /// Octets in this hour.
    pub octets: u64,
}

/// Conversations that have rested this many days are over.
const RESTS: u16 = 7;
/// Share of a day's octets that a busy hour has, as a divisor.
const BUSY: u64 = 10;

impl Estate {
    /// Sites of the given sizes; time stands at 0.
    ///
    /// # Errors
    /// When a size is below [`build::SMALLEST`].
    pub fn new(seed: u64, sizes: &[usize], rates: Rates) -> Result<Self, TooSmall> {
        let sites = build::estate(seed, sizes, None)?;
        let identities = sites
            .iter()
            .map(|site| {
                (0..site.devices.len())
                    .map(|device| site.device_id(device))
                    .collect()
            })
            .collect();
        Ok(Self {
            identities,
            added: vec![Vec::new(); sites.len()],
            churn: Churn::new(sites, seed, rates),
            dark: BTreeSet::new(),
            swaps: BTreeMap::new(),
        })
    }

    /// How many sites there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.churn.sites().len()
    }

    /// Whether there is no site.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.churn.sites().is_empty()
    }

    /// Lets time pass until `until_ms` after the start and tells what happened.
    pub fn advance(&mut self, until_ms: u64) -> Vec<Event> {
        let events = self.churn.advance(until_ms);
        for event in &events {
            self.follow(&event.change);
        }
        events
    }

    /// Lends the first device of a kind that stands in site `from`, is nobody's server and in no docking station (whose address would
    /// stay behind) to another site: where it was and where it is.
    pub fn lend(&mut self, kind: &str, from: usize) -> Option<(At, At)> {
        let moment = self.moment(from);
        let chosen = (0..moment.standing.len()).find(|&index| {
            let device = &moment.site.devices[moment.standing[index]];
            device.kind.name == kind
                && device.address.mac == device.address.burnt_in
                && moment.talks.iter().any(|talk| talk.client == index)
                && moment.talks.iter().all(|talk| talk.server != index)
        })?;
        let device = moment.standing[chosen];
        let change = self.churn.lend_now(At { site: from, device })?;
        self.follow(&change);
        match change {
            Change::Lent { from, to } => Some((from, to)),
            _ => None,
        }
    }

    /// The stable identity of the hardware at a place.
    #[must_use]
    pub fn identity(&self, at: At) -> &str {
        &self.identities[at.site][at.device]
    }

    /// A site as it stands now.
    #[must_use]
    pub fn moment(&self, site: usize) -> Moment<'_> {
        let model = &self.churn.sites()[site];
        let standing: Vec<usize> = (0..model.devices.len())
            .filter(|&device| {
                self.churn.is_present(At { site, device })
                    && !self.dark.contains(&(site, model.devices[device].segment))
            })
            .collect();
        let talks = model.conversations.iter().chain(&self.added[site]);
        Moment {
            site: model,
            talks: self.talks(site, &standing, talks),
            standing,
            identities: &self.identities[site],
        }
    }

    fn talks<'a>(
        &self,
        site: usize,
        standing: &[usize],
        conversations: impl Iterator<Item = &'a Conversation>,
    ) -> Vec<Talk> {
        let model = &self.churn.sites()[site];
        let mut first_of_kind: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, &device) in standing.iter().enumerate() {
            let kind = model.devices[device].kind.name;
            first_of_kind.entry(kind).or_insert(index);
        }
        let mut seen = BTreeSet::new();
        conversations
            .filter(|conversation| conversation.days_since < RESTS)
            .filter_map(|conversation| {
                let server = conversation.server as usize;
                let model = &model.devices[server];
                let talk = Talk {
                    client: standing
                        .binary_search(&(conversation.client as usize))
                        .ok()?,
                    // Where a server has gone, another of its kind serves its clients.
                    server: match standing.binary_search(&server) {
                        Ok(index) => index,
                        Err(_) => *first_of_kind.get(model.kind.name)?,
                    },
                    service: model.services.get(usize::from(conversation.service))?.id,
                    octets: conversation.bytes / u64::from(conversation.days_seen.max(1)) / BUSY,
                };
                let once = seen.insert((talk.client, talk.server, talk.service));
                (once && talk.client != talk.server).then_some(talk)
            })
            .collect()
    }

    /// Keeps identities, newcomers' conversations and outages up to date.
    fn follow(&mut self, change: &Change) {
        match change {
            Change::Arrived { at, .. } => {
                let identity = self.churn.sites()[at.site].device_id(at.device);
                self.settle(*at, identity);
            }
            Change::Lent { from, to } => {
                let identity = self.identity(*from).to_owned();
                self.settle(*to, identity);
            }
            Change::Swapped { at, .. } => {
                let role = self.churn.sites()[at.site].device_id(at.device);
                let count = self.swaps.entry(role.clone()).or_insert(1);
                *count += 1;
                self.identities[at.site][at.device] = format!("{role}.{count}");
            }
            Change::OutageBegan { site, segment } => {
                self.dark.insert((*site, *segment));
            }
            Change::OutageEnded { site, segment } => {
                self.dark.remove(&(*site, *segment));
            }
            Change::Left { .. }
            | Change::Updated { .. }
            | Change::Leased { .. }
            | Change::Moved { .. }
            | Change::Rewired { .. } => {}
        }
    }

    /// A newcomer talks to those to whom its colleagues talk: the nearest of its kind, preferably in its own segment.
    fn settle(&mut self, at: At, identity: String) {
        self.identities[at.site].push(identity);
        let site = &self.churn.sites()[at.site];
        let newcomer = &site.devices[at.device];
        let colleague = site
            .conversations
            .iter()
            .map(|conversation| conversation.client)
            .filter(|&client| {
                client as usize != at.device
                    && site.devices[client as usize].kind.name == newcomer.kind.name
            })
            .min_by_key(|&client| {
                let colleague = &site.devices[client as usize];
                (
                    colleague.segment != newcomer.segment,
                    colleague.model.product != newcomer.model.product,
                    client,
                )
            });
        let taken = site
            .conversations
            .iter()
            .filter(|conversation| Some(conversation.client) == colleague)
            .map(|conversation| Conversation {
                client: at.device as u32,
                // A colleague's conversation may have ended; a newcomer's begins.
                days_since: 0,
                ..*conversation
            });
        let taken: Vec<Conversation> = taken.collect();
        self.added[at.site].extend(taken);
    }
}
