//! Devices as people know them: what is shown for an identifier, and which device a name means.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Included, Unbounded};

use auscult_findings::Label;
use auscult_inventory::DeviceSnapshot;
use auscult_proto::Attribute;

use super::table::CUT;

/// Characters of an identifier that stand for it where no other begins alike: as many as `inventory` shows.
pub(super) const SHORT: usize = 8;

/// The names of one site's devices; empty for a described site, whose identifiers are names.
#[derive(Debug, Default)]
pub(super) struct Names {
    ids: BTreeSet<String>,
    shown: BTreeMap<String, String>,
    /// Names, addresses and interface addresses, with the devices that have them.
    means: BTreeMap<String, BTreeSet<String>>,
}

impl Names {
    /// From the labels of devices by their identifiers, and what else each is called. A device is shown by its name, else its address,
    /// else its interface address, where it alone has that; else by its identifier.
    pub(super) fn of(
        labels: &BTreeMap<String, Label>,
        called: &BTreeMap<String, Vec<String>>,
    ) -> Self {
        let mut means: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (id, label) in labels {
            let more = called.get(id).into_iter().flatten().map(|name| clean(name));
            for alias in aliases(label).chain(more) {
                means.entry(alias).or_default().insert(id.clone());
            }
        }
        let shown = labels.iter().filter_map(|(id, label)| {
            let own = |alias: &String| means.get(alias).is_some_and(|ids| ids.len() == 1);
            Some((id.clone(), aliases(label).find(own)?))
        });
        Self {
            ids: labels.keys().cloned().collect(),
            shown: shown.collect(),
            means,
        }
    }

    /// What people are shown for a device.
    pub(super) fn shown<'a>(&'a self, id: &'a str) -> &'a str {
        self.shown.get(id).map_or(id, String::as_str)
    }

    /// The device that a name, whole or as a table cuts it, an address, an interface address or the beginning of an identifier means;
    /// what means none, or several, is left as it is.
    pub(super) fn id<'a>(&'a self, name: &'a str) -> &'a str {
        match self.meant(name).as_slice() {
            [only] => only,
            _ => name,
        }
    }

    /// Every device that it may mean. Identifiers come before names, names before beginnings of either; that of a name ends with the
    /// ellipsis of a table.
    pub(super) fn meant(&self, name: &str) -> Vec<&str> {
        if let Some(id) = self.ids.get(name) {
            return vec![id];
        }
        if let Some(ids) = self.means.get(name) {
            return ids.iter().map(String::as_str).collect();
        }
        if let Some(start) = name.strip_suffix(CUT) {
            return self.beginning(start);
        }
        if name.chars().count() < SHORT {
            return Vec::new();
        }
        let alike = self.ids.range::<str, _>((Included(name), Unbounded));
        alike
            .map(String::as_str)
            .take_while(|id| id.starts_with(name))
            .collect()
    }

    /// Every device that has a name with this beginning, as tables cut names.
    fn beginning(&self, start: &str) -> Vec<&str> {
        if start.is_empty() {
            return Vec::new();
        }
        let alike = self.means.range::<str, _>((Included(start), Unbounded));
        let alike = alike.take_while(|(name, _)| name.starts_with(start));
        let ids: BTreeSet<&str> = alike
            .flat_map(|(_, ids)| ids.iter().map(String::as_str))
            .collect();
        ids.into_iter().collect()
    }

    /// The names of some devices, for an answer as JSON.
    pub(super) fn some<'a>(
        &'a self,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> BTreeMap<&'a str, &'a str> {
        ids.into_iter()
            .filter_map(|id| Some((id, self.shown.get(id)?.as_str())))
            .collect()
    }
}

/// The best known first.
fn aliases(label: &Label) -> impl Iterator<Item = String> {
    let name = label.name.as_deref().map(clean);
    let address = label.ip.map(|ip| ip.to_string());
    let all = [name, address, label.mac.clone()];
    all.into_iter().flatten().filter(|name| !name.is_empty())
}

/// Names come from the network: what would steer a terminal is taken out.
fn clean(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).collect()
}

/// All that `inventory` shows of a device by which people may mean it: its names and those of applications on it, the addresses it
/// holds, its interface addresses.
pub(super) fn called(device: &DeviceSnapshot) -> Vec<String> {
    let names = [
        Attribute::Fqdn,
        Attribute::Hostname,
        Attribute::SystemName,
        Attribute::AeTitle,
        Attribute::Application,
    ];
    let known = device.attributes.iter();
    let known = known.filter(|known| names.contains(&known.attribute));
    let names = known.filter_map(|known| {
        let value = known.candidates.first()?.value.as_ref();
        Some(match known.attribute {
            Attribute::Application => first_component(value).to_owned(),
            _ => value.to_owned(),
        })
    });
    let held = device.bindings.iter().filter(|own| own.until.is_none());
    let addresses = held.map(|own| own.ip.to_string());
    let interfaces = device.macs.iter().map(ToString::to_string);
    let all = names.chain(addresses).chain(interfaces);
    all.filter(|name| !name.is_empty()).collect()
}

/// The namespace of an HL7 application (type HD: namespace, universal id and its type), which is what people call it.
pub(super) fn first_component(value: &str) -> &str {
    value.split('^').next().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::table;

    fn label(name: Option<&str>, ip: Option<[u8; 4]>) -> Label {
        Label {
            name: name.map(str::to_owned),
            ip: ip.map(Into::into),
            ..Label::default()
        }
    }

    #[test]
    fn a_name_that_two_devices_have_means_none_of_them() {
        let labels = BTreeMap::from([
            (
                "a".to_owned(),
                label(Some("pump\u{1b}[2J"), Some([10, 0, 0, 1])),
            ),
            ("b".to_owned(), label(Some("ct"), Some([10, 0, 0, 2]))),
            ("c".to_owned(), label(Some("ct"), Some([10, 0, 0, 3]))),
            ("d".to_owned(), label(None, None)),
        ]);
        let names = Names::of(&labels, &BTreeMap::new());
        let shown = ["a", "b", "c", "d", "e"].map(|id| names.shown(id));
        assert_eq!(shown, ["pump[2J", "10.0.0.2", "10.0.0.3", "d", "e"]);
        let meant = ["pump[2J", "10.0.0.1", "ct", "10.0.0.3", "d"].map(|name| names.id(name));
        assert_eq!(meant, ["a", "a", "ct", "c", "d"]);
        let some = names.some(["d", "c"]);
        assert_eq!(some, BTreeMap::from([("c", "10.0.0.3")]));
    }

    #[test]
    fn a_name_as_a_table_cuts_it_means_its_device() {
        let long = [
            "infusion-pump-of-ward-3-bed-1",
            "infusion-pump-of-ward-4-bed-1",
        ];
        let labels = BTreeMap::from([
            ("a".to_owned(), label(Some(long[0]), None)),
            ("b".to_owned(), label(Some(long[1]), None)),
            ("c".to_owned(), label(Some("ct"), None)),
        ]);
        let names = Names::of(&labels, &BTreeMap::new());
        let room = 24;
        let lines = table::render(&[("NAME", room)], &[vec![long[0].to_owned()]]);
        let cut = lines.last().map_or("", String::as_str);
        assert!(cut.ends_with(CUT), "{cut}");
        assert_eq!(names.id(cut), "a");
        // Two begin so: both are named, none is meant.
        let both = "infusion-pump-of…";
        assert_eq!(names.meant(both), ["a", "b"]);
        assert_eq!(names.id(both), both);
        // Without the ellipsis it is not known to be cut, and nothing is no beginning.
        assert!(names.meant("infusion-pump-of-ward-3").is_empty());
        assert!(names.meant("…").is_empty());
    }

    #[test]
    fn what_the_inventory_shows_means_its_device_and_several_are_all_named() {
        let [a, b] = [
            "31393bb6-de5e-5b9a-a2dd-714a489127e5",
            "31393bb6-ffff-5b9a-a2dd-714a489127e5",
        ];
        let c = "49296b66-0a3d-545c-884c-5fcc311fcf82";
        let labels: BTreeMap<String, Label> = [a, b, c]
            .into_iter()
            .map(|id| (id.to_owned(), Label::default()))
            .collect();
        let called = BTreeMap::from([
            (a.to_owned(), vec!["ARCHIVE".to_owned(), "CT".to_owned()]),
            (c.to_owned(), vec!["CT".to_owned()]),
        ]);
        let names = Names::of(&labels, &called);
        assert_eq!(names.id("ARCHIVE"), a);
        assert_eq!(names.id("49296b66"), c);
        assert_eq!(names.id("31393bb6-d"), a);
        for (name, several) in [("CT", [a, c]), ("31393bb6", [a, b])] {
            assert_eq!(names.meant(name), several);
            assert_eq!(names.id(name), name);
        }
        // Shorter than what is shown stands for none.
        assert!(names.meant("49296b6").is_empty());
    }
}
