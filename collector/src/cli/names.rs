//! Devices as people know them: what is shown for an identifier, and which device a name means.

use std::collections::BTreeMap;

use auscult_findings::Label;

/// The names of one site's devices; empty for a described site, whose identifiers are names.
#[derive(Debug, Default)]
pub(super) struct Names {
    shown: BTreeMap<String, String>,
    /// Name, address and interface address, where one device alone has it.
    means: BTreeMap<String, Option<String>>,
}

impl Names {
    /// From the labels of devices by their identifiers. A device is shown by its name, else its address, else its interface address,
    /// where it alone has that; else by its identifier.
    pub(super) fn of(labels: &BTreeMap<String, Label>) -> Self {
        let mut means: BTreeMap<String, Option<String>> = BTreeMap::new();
        for (id, label) in labels {
            for alias in aliases(label) {
                let only = means.entry(alias).or_insert_with(|| Some(id.clone()));
                if only.as_ref() != Some(id) {
                    *only = None;
                }
            }
        }
        let shown = labels.iter().filter_map(|(id, label)| {
            let own = |alias: &String| means.get(alias).is_some_and(Option::is_some);
            Some((id.clone(), aliases(label).find(own)?))
        });
        Self {
            shown: shown.collect(),
            means,
        }
    }

    /// What people are shown for a device.
    pub(super) fn shown<'a>(&'a self, id: &'a str) -> &'a str {
        self.shown.get(id).map_or(id, String::as_str)
    }

    /// The device that a name, an address or an interface address means; what means none is left as it is.
    pub(super) fn id<'a>(&'a self, name: &'a str) -> &'a str {
        let meant = self.means.get(name).and_then(Option::as_deref);
        meant.unwrap_or(name)
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

/// The best known first. Names come from the network: what would steer a terminal is taken out.
fn aliases(label: &Label) -> impl Iterator<Item = String> {
    let clean = |name: &String| name.chars().filter(|c| !c.is_control()).collect::<String>();
    let name = label.name.as_ref().map(clean);
    let address = label.ip.map(|ip| ip.to_string());
    let all = [name, address, label.mac.clone()];
    all.into_iter().flatten().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let names = Names::of(&labels);
        let shown = ["a", "b", "c", "d", "e"].map(|id| names.shown(id));
        assert_eq!(shown, ["pump[2J", "10.0.0.2", "10.0.0.3", "d", "e"]);
        let meant = ["pump[2J", "10.0.0.1", "ct", "10.0.0.3", "d"].map(|name| names.id(name));
        assert_eq!(meant, ["a", "a", "ct", "c", "d"]);
        let some = names.some(["d", "c"]);
        assert_eq!(some, BTreeMap::from([("c", "10.0.0.3")]));
    }
}
