//! Address realms: where an address means what.
//!
//! Every origin is a realm of its own: the same private address in two of them may be two hosts. Realms in which the same router was
//! seen are one routing domain: a host behind that router has one address in all of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use auscult_proto::observation::Origin;

/// Number of a realm within its site, by first sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RealmId(pub(crate) u32);

/// The realms of a site and their routing domains.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Realms {
    numbers: BTreeMap<Origin, RealmId>,
    origins: BTreeMap<RealmId, Arc<Origin>>,
    /// The lowest realm of the same routing domain, for realms that are not alone in theirs.
    domains: BTreeMap<RealmId, RealmId>,
}

impl Realms {
    pub(crate) fn find(&self, origin: &Origin) -> Option<RealmId> {
        self.numbers.get(origin).copied()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = RealmId> + '_ {
        self.origins.keys().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.origins.len()
    }

    pub(crate) fn origin(&self, realm: RealmId) -> Option<&Arc<Origin>> {
        self.origins.get(&realm)
    }

    pub(crate) fn add(&mut self, origin: Origin) -> RealmId {
        let realm = self
            .origins
            .last_key_value()
            .map_or(RealmId(0), |(last, _)| RealmId(last.0.saturating_add(1)));
        self.put(realm, origin);
        realm
    }

    pub(crate) fn put(&mut self, realm: RealmId, origin: Origin) {
        self.numbers.insert(origin.clone(), realm);
        self.origins.insert(realm, Arc::new(origin));
    }

    pub(crate) fn domain(&self, realm: RealmId) -> RealmId {
        self.domains.get(&realm).copied().unwrap_or(realm)
    }

    /// Computes the routing domains from the realms each router was seen in. Returns whether they differ from before.
    pub(crate) fn join(&mut self, routers: impl Iterator<Item = Vec<RealmId>>) -> bool {
        let mut parents: BTreeMap<RealmId, RealmId> = BTreeMap::new();
        for realms in routers {
            let mut roots: Vec<RealmId> =
                realms.iter().map(|realm| root(&parents, *realm)).collect();
            roots.sort_unstable();
            roots.dedup();
            if let Some((lowest, others)) = roots.split_first() {
                for other in others {
                    parents.insert(*other, *lowest);
                }
            }
        }
        let domains = parents
            .keys()
            .map(|realm| (*realm, root(&parents, *realm)))
            .collect();
        let differ = domains != self.domains;
        self.domains = domains;
        differ
    }

    /// A realm as text, for identifiers and people: `span0`, `span0/10`, `span0/100.7`, `span0/vni5000`.
    pub(crate) fn text(&self, realm: RealmId) -> String {
        self.origin(realm)
            .map(|origin| origin_text(origin))
            .unwrap_or_default()
    }
}

fn root(parents: &BTreeMap<RealmId, RealmId>, realm: RealmId) -> RealmId {
    let mut at = realm;
    // Parents are always lower, so this ends.
    while let Some(parent) = parents.get(&at) {
        at = *parent;
    }
    at
}

/// An origin as text: `span0`, `span0/10`, `span0/100.7/vni5000/erspan2`.
pub fn origin_text(origin: &Origin) -> String {
    let mut text = origin.capture_point.as_str().to_owned();
    for (position, vlan) in origin.vlans.iter().enumerate() {
        text.push(if position == 0 { '/' } else { '.' });
        // Writing to a String cannot fail.
        let _ok = write!(text, "{vlan}").is_ok();
    }
    if let Some(vni) = origin.vni {
        let _ok = write!(text, "/vni{vni}").is_ok();
    }
    if let Some(session) = origin.erspan_session {
        let _ok = write!(text, "/erspan{session}").is_ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(vlans: &[u16]) -> Origin {
        Origin {
            capture_point: "span0".parse().unwrap(),
            vlans: vlans.to_vec(),
            vni: None,
            erspan_session: None,
        }
    }

    #[test]
    fn realms_with_a_router_in_common_are_one_domain() {
        let mut realms = Realms::default();
        let [a, b, c, d] = [1, 2, 3, 4].map(|vlan| realms.add(origin(&[vlan])));
        assert!(realms.join([vec![c, b], vec![d], vec![c, d]].into_iter()));
        assert_eq!(realms.domain(d), b);
        assert_eq!(realms.domain(c), b);
        assert_eq!(realms.domain(a), a);
        assert!(!realms.join([vec![d, c], vec![b, d]].into_iter()));
    }

    #[test]
    fn a_realm_reads_as_its_origin() {
        let mut full = origin(&[100, 7]);
        full.vni = Some(5000);
        full.erspan_session = Some(0);
        assert_eq!(origin_text(&full), "span0/100.7/vni5000/erspan0");
        assert_eq!(origin_text(&origin(&[])), "span0");
    }
}
