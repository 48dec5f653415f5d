//! What differs between two assessments' inputs, and which of it a finding is told for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Kinds of changes, the most telling first: of several that concern a finding alike, the first is named first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// KEV lists it, or no longer.
    KnownExploited,
    /// Ransomware uses it.
    Ransomware,
    /// An exploit is public.
    PublicExploit,
    /// The maker has a fix, or no longer.
    Remedy,
    /// EPSS of a new day.
    Epss,
    /// Its CVSS or SSVC assessment is different.
    Severity,
    /// It is known for the first time, or withdrawn.
    Intelligence,
    /// A device arrived, or is back.
    DeviceArrived,
    /// A device is gone.
    DeviceGone,
    /// A device's firmware or software is another version.
    Firmware,
    /// What a device is taken for is different.
    Identity,
    /// What a device offers is different.
    Services,
    /// A device is in another segment.
    Segment,
    /// A device became a way in from outside, or stopped being one.
    WayIn,
    /// What is weak about a device is different, by what was seen of it or stated about its product.
    Weaknesses,
    /// Two devices talk that did not before.
    Conversation,
    /// Two devices no longer talk.
    ConversationGone,
    /// Conversations differ from those of the assessment before; which ones is not known after a restart.
    Conversations,
    /// People decided.
    Decision,
    /// The scale of attempts was set anew: the site has grown out of the old one.
    Calibration,
    /// The weights are others.
    Policy,
    /// Time passed.
    Time,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Change {
    /// What kind.
    pub kind: ChangeKind,
    /// Devices it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// Vulnerability it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vulnerability: Option<String>,
    /// Value before, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Value after, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Date of the source that brought it, epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dated: Option<i64>,
}

impl Change {
    /// A change of a device.
    #[must_use]
    pub fn of_device(
        kind: ChangeKind,
        device: &str,
        before: Option<String>,
        after: Option<String>,
    ) -> Self {
        Self {
            kind,
            devices: vec![device.to_owned()],
            vulnerability: None,
            before,
            after,
            dated: None,
        }
    }
}

/// Most changes named as the cause of one finding.
pub const CAUSES: usize = 5;

/// Why something is told now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// The changes that concern it most, at most [`CAUSES`].
    pub changes: Vec<Change>,
    /// It is the device or the vulnerability itself that changed; otherwise something it depends on.
    pub direct: bool,
    /// How many changes there were in all.
    pub of: usize,
}

/// Picks the changes that concern a finding: those of its own device and vulnerability, then those on its routes, then the rest.
#[must_use]
pub(crate) fn cause_of(
    changes: &[Change],
    device: &str,
    vulnerability: Option<&str>,
    routes: &BTreeSet<&str>,
) -> Cause {
    let own = |change: &&Change| match (&change.vulnerability, vulnerability) {
        (Some(changed), Some(own)) => {
            changed == own
                && (change.devices.is_empty() || change.devices.iter().any(|id| id == device))
        }
        _ => change.devices.iter().any(|id| id == device),
    };
    let near = |change: &&Change| {
        change.devices.iter().any(|id| routes.contains(id.as_str()))
            || change
                .vulnerability
                .as_deref()
                .is_some_and(|id| routes.contains(id))
    };
    let mut first: Vec<&Change> = changes.iter().filter(own).collect();
    let direct = !first.is_empty();
    if !direct {
        first = changes.iter().filter(near).collect();
    }
    if first.is_empty() {
        first = changes.iter().collect();
    }
    first.sort();
    Cause {
        changes: first.into_iter().take(CAUSES).cloned().collect(),
        direct,
        of: changes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: ChangeKind, device: Option<&str>, vulnerability: Option<&str>) -> Change {
        Change {
            kind,
            devices: device.into_iter().map(str::to_owned).collect(),
            vulnerability: vulnerability.map(str::to_owned),
            before: None,
            after: None,
            dated: None,
        }
    }

    #[test]
    fn what_concerns_a_finding_itself_is_its_cause_before_what_lies_on_its_route() {
        let all = [
            change(ChangeKind::DeviceArrived, Some("laptop"), None),
            change(ChangeKind::Epss, None, Some("CVE-1")),
            change(ChangeKind::KnownExploited, None, Some("CVE-2")),
        ];
        let routes = BTreeSet::from(["laptop"]);
        let kinds = |cause: &Cause| -> Vec<ChangeKind> {
            cause.changes.iter().map(|change| change.kind).collect()
        };
        let own = cause_of(&all, "pump", Some("CVE-1"), &routes);
        assert_eq!((kinds(&own), own.direct), (vec![ChangeKind::Epss], true));
        let near = cause_of(&all, "pump", Some("CVE-3"), &routes);
        assert_eq!(
            (kinds(&near), near.direct, near.of),
            (vec![ChangeKind::DeviceArrived], false, 3)
        );
        let far = cause_of(&all, "pump", Some("CVE-3"), &BTreeSet::new());
        assert_eq!(kinds(&far).len(), 3);
        assert_eq!(kinds(&far)[0], ChangeKind::KnownExploited);
    }
}
