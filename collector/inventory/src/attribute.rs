//! The values of one attribute of one device, and who said so.

use std::net::IpAddr;
use std::sync::Arc;

use auscult_proto::ids::SensorId;
use auscult_proto::observation::{FactFlags, Millis};
use auscult_proto::{Attribute, ConfidenceClass, Field};

use crate::evidence::{self, Kind};
use crate::policy::Policy;
use crate::realm::RealmId;

/// An address through which a statement reached a device, when the device's hold on that address is only presumed.
pub(crate) type Via = (RealmId, IpAddr);

/// One source of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    pub(crate) field: Field,
    pub(crate) sensor: SensorId,
    pub(crate) via: Option<Via>,
    pub(crate) class: ConfidenceClass,
    /// Doubts that always held.
    pub(crate) flags: FactFlags,
    /// The subject was on the link, not behind a router.
    pub(crate) adjacent: bool,
    pub(crate) first_seen: Millis,
    pub(crate) last_seen: Millis,
    pub(crate) count: u64,
}

impl Source {
    fn same_as(&self, other: &Self) -> bool {
        self.field == other.field
            && self.via == other.via
            && self.flags.has(FactFlags::HEARSAY) == other.flags.has(FactFlags::HEARSAY)
            && self.sensor == other.sensor
    }

    /// Returns whether its weight may have changed.
    fn take_in(&mut self, other: &Self) -> bool {
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.count = self.count.saturating_add(other.count);
        let before = (self.flags, self.adjacent, self.class);
        self.flags = FactFlags(self.flags.0 & other.flags.0);
        self.adjacent |= other.adjacent;
        // Lower is stronger.
        self.class = self.class.min(other.class);
        before != (self.flags, self.adjacent, self.class)
    }
}

/// One value and its strongest sources.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value {
    pub(crate) text: Arc<str>,
    /// The value that holds, for attributes where one holds at a time.
    pub(crate) current: bool,
    pub(crate) sources: Vec<Source>,
}

impl Value {
    pub(crate) fn first_seen(&self) -> Millis {
        let first = self.sources.iter().map(|source| source.first_seen).min();
        first.unwrap_or_default()
    }

    pub(crate) fn last_seen(&self) -> Millis {
        let last = self.sources.iter().map(|source| source.last_seen).max();
        last.unwrap_or_default()
    }

    fn first_hand(&self) -> bool {
        self.sources
            .iter()
            .any(|source| !source.flags.has(FactFlags::HEARSAY))
    }
}

/// What one statement did to an attribute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stated {
    /// A value, or the weight of one, is different.
    pub(crate) matters: bool,
    /// Values pushed out by the bound.
    pub(crate) values_dropped: u64,
    /// Sources pushed out by the bound.
    pub(crate) sources_dropped: u64,
}

/// All values of one attribute, ordered by text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Values(pub(crate) Vec<Value>);

impl Values {
    /// Takes in one statement.
    pub(crate) fn state(
        &mut self,
        attribute: Attribute,
        text: &str,
        source: Source,
        policy: &Policy,
    ) -> Stated {
        let mut stated = Stated::default();
        let first_hand = !source.flags.has(FactFlags::HEARSAY);
        let at = source.last_seen;
        let mut known = true;
        let position = match self
            .0
            .binary_search_by(|value| value.text.as_ref().cmp(text))
        {
            Ok(position) => position,
            Err(position) => {
                known = false;
                let value = Value {
                    text: text.into(),
                    current: false,
                    sources: Vec::with_capacity(1),
                };
                self.0.insert(position, value);
                position
            }
        };
        if let Some(value) = self.0.get_mut(position) {
            stated.matters = add_source(value, source);
        }
        if evidence::kind(attribute) == Kind::Newest {
            stated.matters |= self.supersede(position, known, first_hand, at, policy);
        }
        stated.sources_dropped = self.bound_sources(position, attribute, policy);
        stated.values_dropped = self.bound_values(attribute, policy);
        stated
    }

    /// Takes in a statement that was made before by the same source, as most are. `false`: it was not.
    pub(crate) fn repeat(&mut self, attribute: Attribute, text: &str, source: &Source) -> bool {
        let place = self
            .0
            .binary_search_by(|value| value.text.as_ref().cmp(text));
        let Some(value) = place.ok().and_then(|position| self.0.get_mut(position)) else {
            return false;
        };
        if evidence::kind(attribute) == Kind::Newest && !value.current {
            return false;
        }
        let known = value.sources.iter_mut().find(|known| {
            known.same_as(source)
                && known.flags.0 & source.flags.0 == known.flags.0
                && known.class <= source.class
                && known.adjacent >= source.adjacent
        });
        match known {
            Some(known) => !known.take_in(source),
            None => false,
        }
    }

    /// Takes in another attribute state as a whole (devices that turned out to be one).
    pub(crate) fn merge(&mut self, attribute: Attribute, other: Self, policy: &Policy) -> Stated {
        let mut total = Stated::default();
        for value in other.0 {
            for source in value.sources {
                let stated = self.state(attribute, &value.text, source, policy);
                total.matters |= stated.matters;
                total.values_dropped = total.values_dropped.saturating_add(stated.values_dropped);
                total.sources_dropped =
                    total.sources_dropped.saturating_add(stated.sources_dropped);
            }
        }
        total
    }

    /// Removes and returns what was stated through `via`.
    pub(crate) fn split(&mut self, attribute: Attribute, via: Via) -> Self {
        let mut apart = Vec::new();
        for value in &mut self.0 {
            let sources: Vec<Source> = value
                .sources
                .extract_if(.., |source| source.via == Some(via))
                .collect();
            if !sources.is_empty() {
                apart.push(Value {
                    text: value.text.clone(),
                    current: false,
                    sources,
                });
            }
        }
        self.0.retain(|value| !value.sources.is_empty());
        if evidence::kind(attribute) == Kind::Newest {
            self.appoint();
        }
        Self(apart)
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        self.0
            .binary_search_by(|value| value.text.as_ref().cmp(text))
            .is_ok()
    }

    fn supersede(
        &mut self,
        position: usize,
        known: bool,
        first_hand: bool,
        at: Millis,
        policy: &Policy,
    ) -> bool {
        let Some(current) = self.0.iter().position(|value| value.current) else {
            return self.make_current(position);
        };
        if current == position {
            return false;
        }
        let Some(holder) = self.0.get(current) else {
            return self.make_current(position);
        };
        let quiet = holder.last_seen().saturating_add(policy.supersede_after) <= at;
        let newer = !known && at >= holder.last_seen();
        let outranked = first_hand && !holder.first_hand();
        let hearsay_over_first_hand = !first_hand && holder.first_hand();
        if quiet || outranked || (newer && !hearsay_over_first_hand) {
            self.make_current(position)
        } else {
            false
        }
    }

    fn make_current(&mut self, position: usize) -> bool {
        for (index, value) in self.0.iter_mut().enumerate() {
            value.current = index == position;
        }
        true
    }

    /// After the current value went away: the one stated last holds.
    fn appoint(&mut self) {
        let had = self.0.iter().any(|value| value.current);
        let newest = self
            .0
            .iter()
            .enumerate()
            .max_by_key(|(_, value)| (value.first_hand(), value.last_seen()))
            .map(|(position, _)| position);
        if let (false, Some(position)) = (had, newest) {
            self.make_current(position);
        }
    }

    fn bound_sources(&mut self, position: usize, attribute: Attribute, policy: &Policy) -> u64 {
        let Some(value) = self.0.get_mut(position) else {
            return 0;
        };
        if value.sources.len() <= policy.sources {
            return 0;
        }
        let newest = value.last_seen();
        let weakest = value
            .sources
            .iter()
            .enumerate()
            .min_by_key(|(_, source)| {
                (
                    evidence::weight(source, attribute, newest),
                    source.last_seen,
                )
            })
            .map(|(position, _)| position);
        if let Some(weakest) = weakest {
            value.sources.remove(weakest);
        }
        1
    }

    fn bound_values(&mut self, attribute: Attribute, policy: &Policy) -> u64 {
        let bound = match evidence::kind(attribute) {
            Kind::Many => policy.set_values,
            Kind::Rival | Kind::Newest => policy.values,
        };
        if self.0.len() <= bound {
            return 0;
        }
        let newest = self.0.iter().map(Value::last_seen).max().unwrap_or(0);
        let weakest = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, value)| !value.current)
            .min_by_key(|(_, value)| (evidence::sum(value, attribute, newest), value.last_seen()))
            .map(|(position, _)| position);
        if let Some(weakest) = weakest {
            self.0.remove(weakest);
        }
        1
    }
}

/// Returns whether the weight of the value may have changed.
fn add_source(value: &mut Value, source: Source) -> bool {
    match value
        .sources
        .iter_mut()
        .find(|known| known.same_as(&source))
    {
        Some(known) => known.take_in(&source),
        None => {
            value.sources.push(source);
            true
        }
    }
}

/// An attribute's name as published: `fw_version`.
pub fn name(attribute: Attribute) -> String {
    let name = attribute.as_str_name();
    name.strip_prefix("ATTRIBUTE_")
        .unwrap_or(name)
        .to_ascii_lowercase()
}
