//! What differs between the inputs of two assessments.

use std::collections::BTreeMap;

use auscult_intel::statement::SourceKind;

use crate::change::{Change, ChangeKind};
use crate::knowledge::{Knowledge, KnownFacts};
use crate::ledger::DeviceInput;

/// Differences of one device.
pub(crate) fn of_device(
    id: &str,
    before: Option<&DeviceInput>,
    after: Option<&DeviceInput>,
    into: &mut Vec<Change>,
) {
    let mut note = |kind, before: Option<String>, after: Option<String>| {
        into.push(Change::of_device(kind, id, before, after));
    };
    let described = |input: &DeviceInput| {
        let version = input.version.as_deref().unwrap_or("");
        let product = input.product.as_deref().unwrap_or("not identified");
        Some(format!("{product} {version}").trim().to_owned())
    };
    let (before, after) = match (before, after) {
        (None, Some(after)) => return note(ChangeKind::DeviceArrived, None, described(after)),
        (Some(before), None) => return note(ChangeKind::DeviceGone, described(before), None),
        (Some(before), Some(after)) if before.print != after.print => (before, after),
        _ => return,
    };
    let mut named = false;
    let mut differ = |kind, was: Option<String>, is: Option<String>| {
        if was != is {
            named = true;
            note(kind, was, is);
        }
    };
    differ(
        ChangeKind::Firmware,
        before.version.clone(),
        after.version.clone(),
    );
    differ(
        ChangeKind::Identity,
        before.product.clone(),
        after.product.clone(),
    );
    let text = |class: &str| Some(class.to_owned());
    differ(
        ChangeKind::Identity,
        text(&before.class),
        text(&after.class),
    );
    differ(
        ChangeKind::Services,
        text(&before.services.join(" ")),
        text(&after.services.join(" ")),
    );
    differ(
        ChangeKind::Segment,
        text(&before.segment),
        text(&after.segment),
    );
    differ(
        ChangeKind::WayIn,
        before.way_in.clone(),
        after.way_in.clone(),
    );
    if !named && before.weaknesses != after.weaknesses {
        note(ChangeKind::Weaknesses, None, None);
    } else if !named {
        // How sure the identity is.
        note(ChangeKind::Identity, None, None);
    }
}

/// Differences of the vulnerabilities that devices of the site have; `seen`: the generation of intelligence of the assessment before.
pub(crate) fn of_known(
    before: &BTreeMap<String, KnownFacts>,
    after: &BTreeMap<String, KnownFacts>,
    knowledge: &Knowledge,
    seen: u64,
    into: &mut Vec<Change>,
) {
    for (id, now) in after {
        match before.get(id) {
            Some(then) if then == now => {}
            Some(then) => of_vulnerability(id, then, now, knowledge, into),
            // Where it is on a device for the first time because of the device, the device's change says so.
            None if knowledge.find(id).is_some_and(|it| it.changed > seen) => {
                into.push(change(ChangeKind::Intelligence, id, None, None));
            }
            None => {}
        }
    }
}

fn of_vulnerability(
    id: &str,
    before: &KnownFacts,
    after: &KnownFacts,
    knowledge: &Knowledge,
    into: &mut Vec<Change>,
) {
    let dated = |kind| knowledge.find(id).and_then(|known| known.dated(kind));
    let word = |yes: bool| Some(if yes { "yes" } else { "no" }.to_owned());
    if before.kev != after.kev {
        into.push(Change {
            dated: dated(SourceKind::Kev),
            ..change(
                ChangeKind::KnownExploited,
                id,
                word(before.kev),
                word(after.kev),
            )
        });
    }
    if before.ransomware != after.ransomware {
        into.push(Change {
            dated: dated(SourceKind::Kev),
            ..change(
                ChangeKind::Ransomware,
                id,
                word(before.ransomware),
                word(after.ransomware),
            )
        });
    }
    if before.exploit != after.exploit {
        let (was, is) = (word(before.exploit), word(after.exploit));
        into.push(change(ChangeKind::PublicExploit, id, was, is));
    }
    if before.fix != after.fix {
        let (was, is) = (word(before.fix), word(after.fix));
        into.push(change(ChangeKind::Remedy, id, was, is));
    }
    if before.epss != after.epss {
        let share = |epss: Option<u32>| epss.map(|epss| (f64::from(epss) / 1e9).to_string());
        into.push(Change {
            dated: dated(SourceKind::Epss),
            ..change(ChangeKind::Epss, id, share(before.epss), share(after.epss))
        });
    }
    // KEV moves the state of exploitation with it: that is no news of its own.
    let ssvc = before.ssvc != after.ssvc && before.kev == after.kev;
    if before.cvss != after.cvss || ssvc {
        into.push(change(
            ChangeKind::Severity,
            id,
            Some(before.cvss.join(" ")),
            Some(after.cvss.join(" ")),
        ));
    }
}

fn change(kind: ChangeKind, id: &str, before: Option<String>, after: Option<String>) -> Change {
    Change {
        kind,
        devices: Vec::new(),
        vulnerability: Some(id.to_owned()),
        before,
        after,
        dated: None,
    }
}
