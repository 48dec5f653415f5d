//! `devices.tsv`: which device had which addresses in which hours, what it is, and which of that it said on the wire.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use auscult_wire::address::Mac;
use auscult_wire::calendar::{Civil, Nanos};
use auscult_wire::truth::Truth;

use crate::estate::Moment;
use crate::mapping;

/// One device under one set of addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    device: String,
    mac: Mac,
    ipv4: Ipv4Addr,
    ipv6: Option<Ipv6Addr>,
    vlan: u16,
    kind: &'static str,
    make: &'static str,
    model: &'static str,
    version: &'static str,
    name: String,
    serial: String,
    burnt_in: Mac,
}

/// Consecutive hours of an entry.
#[derive(Debug)]
struct Stay {
    from: Nanos,
    to: Nanos,
    /// Number of the last hour.
    last: u64,
    /// What was said in them.
    said: BTreeSet<&'static str>,
}

/// Every device of one site with its addresses, hour by hour.
#[derive(Debug, Default)]
pub struct Register {
    entries: BTreeMap<Entry, Vec<Stay>>,
}

impl Register {
    /// Notes who stood there in hour `number`, from `from` to `to`, and what of their identity the frames of that hour state.
    pub fn note(
        &mut self,
        moment: &Moment<'_>,
        number: u64,
        (from, to): (Nanos, Nanos),
        truth: &Truth,
    ) {
        let said = Said::of(truth);
        for &device in &moment.standing {
            let entry = entry(moment, device);
            self.stay(said.by(&entry), entry, number, (from, to));
        }
        // The router's addresses are the firewall's, one in each segment.
        if let Some(router) = mapping::router(moment) {
            let firewall = entry(moment, moment.standing[router]);
            for segment in &moment.site.segments {
                let leg = Entry {
                    ipv4: segment.router,
                    ipv6: None,
                    vlan: segment.vlan,
                    ..firewall.clone()
                };
                self.stay(said.by(&leg), leg, number, (from, to));
            }
        }
    }

    fn stay(
        &mut self,
        said: BTreeSet<&'static str>,
        entry: Entry,
        number: u64,
        (from, to): (Nanos, Nanos),
    ) {
        let stays = self.entries.entry(entry).or_default();
        match stays.last_mut() {
            Some(stay) if stay.last + 1 == number => {
                stay.last = number;
                stay.to = to;
                stay.said.extend(said);
            }
            _ => stays.push(Stay {
                from,
                to,
                last: number,
                said,
            }),
        }
    }

    /// Rows that [`Self::write_tsv`] writes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.values().map(Vec::len).sum()
    }

    /// Whether nobody was noted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Writes `device kind make model version name serial mac burnt_in ipv4 ipv6 vlan from to said`, tab separated, with a header; times
    /// after RFC 3339, `to` exclusive. `said` names the columns whose value some frame of the device states in plain text.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write_tsv(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "device\tkind\tmake\tmodel\tversion\tname\tserial\tmac\tburnt_in\tipv4\tipv6\tvlan\tfrom\tto\tsaid"
        )?;
        for (entry, stays) in &self.entries {
            for stay in stays {
                let ipv6 = entry.ipv6.map_or_else(String::new, |ip| ip.to_string());
                let said: Vec<&str> = stay.said.iter().copied().collect();
                writeln!(
                    out,
                    "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{ipv6}\t{}\t{}\t{}\t{}",
                    entry.device,
                    entry.kind,
                    entry.make,
                    entry.model,
                    entry.version,
                    entry.name,
                    entry.serial,
                    entry.mac,
                    entry.burnt_in,
                    entry.ipv4,
                    entry.vlan,
                    Civil::new(stay.from).iso(),
                    Civil::new(stay.to).iso(),
                    said.join(",")
                )?;
            }
        }
        Ok(())
    }
}

fn entry(moment: &Moment<'_>, number: usize) -> Entry {
    let device = &moment.site.devices[number];
    Entry {
        device: moment.identities[number].clone(),
        mac: mapping::mac(device.address.mac),
        ipv4: device.address.ipv4,
        ipv6: device.address.ipv6,
        vlan: moment.site.segments[device.segment].vlan,
        kind: device.kind.name,
        make: device.model.vendor,
        model: device.model.product,
        version: mapping::version(device),
        name: device.identity.hostname.clone(),
        serial: device.identity.serial.clone(),
        burnt_in: mapping::mac(device.address.burnt_in),
    }
}

/// What was said in an hour, by who said it: an interface, or an address behind a router.
struct Said<'a> {
    by_mac: BTreeMap<Mac, Vec<&'a str>>,
    by_ip: BTreeMap<IpAddr, Vec<&'a str>>,
}

/// Facts about somebody other than the sender: a name that was asked for, an entity that was called, a server's name in a client's hello.
const OF_OTHERS: [&str; 9] = [
    "dicom.called",
    "dns.",
    "http.host",
    "http.uri",
    "mdns.qname",
    "tls.sni",
    "ntlm.auth_domain",
    "dhcp.domain",
    "dhcp.server_id",
];

/// Whether an attribute of the truth is about somebody other than the sender.
pub(crate) fn is_of_others(attribute: &str) -> bool {
    OF_OTHERS.iter().any(|prefix| attribute.starts_with(prefix))
}

impl<'a> Said<'a> {
    fn of(truth: &'a Truth) -> Self {
        let mut said = Self {
            by_mac: BTreeMap::new(),
            by_ip: BTreeMap::new(),
        };
        for (fact, _) in truth.iter() {
            if is_of_others(fact.attribute) {
                continue;
            }
            said.by_mac.entry(fact.mac).or_default().push(&fact.value);
            if let Some(ip) = fact.ip {
                said.by_ip.entry(ip).or_default().push(&fact.value);
            }
        }
        said
    }

    fn by(&self, entry: &Entry) -> BTreeSet<&'static str> {
        // What a router's interface sends is others' as well: only its addresses count.
        let own = self
            .by_mac
            .get(&entry.mac)
            .filter(|_| entry.kind != "firewall");
        let behind = self.by_ip.get(&IpAddr::V4(entry.ipv4));
        let v6 = entry.ipv6.and_then(|ip| self.by_ip.get(&IpAddr::V6(ip)));
        let values: Vec<&str> = [own, behind, v6]
            .into_iter()
            .flatten()
            .flatten()
            .copied()
            .collect();
        [
            ("make", entry.make),
            ("model", entry.model),
            ("version", entry.version),
            ("name", entry.name.as_str()),
            ("serial", entry.serial.as_str()),
        ]
        .into_iter()
        .filter(|(_, wanted)| values.iter().any(|value| states(value, wanted)))
        .map(|(column, _)| column)
        .collect()
    }
}

/// Whether a text contains another as words of its own, whatever its case.
pub(crate) fn states(text: &str, wanted: &str) -> bool {
    let (text, wanted) = (text.to_lowercase(), wanted.to_lowercase());
    let inside = |c: char| c.is_alphanumeric() || c == '.';
    !wanted.is_empty()
        && text.match_indices(&wanted).any(|(at, found)| {
            let (before, rest) = text.split_at(at);
            let (_, after) = rest.split_at(found.len());
            !before.ends_with(inside) && !after.starts_with(char::is_alphanumeric)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_stated_as_a_word_of_its_own() {
        assert!(states("Alaris SW 9.13", "9.13"));
        assert!(states("CT_9.13", "9.13"));
        assert!(states("BD Alaris 8015 PC Unit", "bd"));
        assert!(!states("Alaris SW 19.13", "9.13"));
        assert!(!states("9.131", "9.13"));
        assert!(!states("2.9.13", "9.13"));
        assert!(!states("anything", ""));
    }
}
