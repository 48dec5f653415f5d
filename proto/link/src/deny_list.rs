//! Sensors that must not connect although their certificate is still valid.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use auscult_proto::ids::SensorIdentity;
use tokio::sync::watch;

/// Most entries kept.
const ENTRIES: usize = 100_000;

/// Denied sensors by `<site>/<sensor>`. The file has one a line, as that or as the full SPIFFE id; `#` begins a comment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DenyList {
    names: BTreeSet<String>,
}

impl DenyList {
    fn parse(text: &str) -> Result<Self, String> {
        let mut names = BTreeSet::new();
        for (number, line) in (1_usize..).zip(text.lines()) {
            let entry = line.split('#').next().unwrap_or_default().trim();
            if entry.is_empty() {
                continue;
            }
            let uri = if entry.contains("://") {
                entry.to_owned()
            } else {
                let (site, sensor) = entry
                    .split_once('/')
                    .ok_or_else(|| format!("line {number}: expected <site>/<sensor>"))?;
                format!("spiffe://-/site/{site}/sensor/{sensor}")
            };
            let identity: SensorIdentity = uri
                .parse()
                .map_err(|_| format!("line {number}: not a sensor; expected <site>/<sensor>"))?;
            names.insert(key(&identity));
            if names.len() > ENTRIES {
                return Err(format!("more than {ENTRIES} entries"));
            }
        }
        Ok(Self { names })
    }

    pub(crate) fn contains(&self, identity: &SensorIdentity) -> bool {
        !self.names.is_empty() && self.names.contains(&key(identity))
    }
}

fn key(identity: &SensorIdentity) -> String {
    format!("{}/{}", identity.site, identity.sensor)
}

fn load(path: &Path) -> Result<DenyList, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| format!("cannot read the deny list {}: {e}", path.display()))?;
    DenyList::parse(&text).map_err(|e| format!("{}: {e}", path.display()))
}

/// Reads the list at the start.
pub(crate) fn open(path: Option<&Path>) -> Result<watch::Sender<Arc<DenyList>>, String> {
    let list = path.map(load).transpose()?.unwrap_or_default();
    Ok(watch::channel(Arc::new(list)).0)
}

/// Reads the list again every `every`; a list that cannot be read leaves the one before in force. Never returns.
pub(crate) async fn follow(
    path: Option<PathBuf>,
    every: Duration,
    current: &watch::Sender<Arc<DenyList>>,
) {
    let Some(path) = path else {
        return std::future::pending().await;
    };
    let mut complaint = None;
    loop {
        tokio::time::sleep(every).await;
        let path = path.clone();
        let read = tokio::task::spawn_blocking(move || load(&path)).await;
        match read.unwrap_or_else(|e| Err(e.to_string())) {
            Ok(list) => {
                complaint = None;
                current.send_if_modified(|old| {
                    let changed = **old != list;
                    if changed {
                        tracing::info!(entries = list.names.len(), "deny list in use");
                        *old = Arc::new(list);
                    }
                    changed
                });
            }
            Err(error) => {
                if complaint.as_ref() != Some(&error) {
                    tracing::warn!(%error, "deny list refused, the one before stays in force");
                    complaint = Some(error);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_deny_and_a_bad_line_is_named() {
        let list =
            DenyList::parse("# stolen\nmain/icu-1\nspiffe://d/site/main/sensor/icu-2 # lost\n\n")
                .unwrap();
        for (uri, denied) in [
            ("spiffe://d/site/main/sensor/icu-1", true),
            ("spiffe://d/site/main/sensor/icu-2", true),
            ("spiffe://d/site/main/sensor/icu-3", false),
            ("spiffe://d/site/other/sensor/icu-1", false),
        ] {
            assert_eq!(list.contains(&uri.parse().unwrap()), denied, "{uri}");
        }
        assert!(
            DenyList::parse("main/icu-1\nmain icu-2")
                .unwrap_err()
                .contains("line 2")
        );
    }
}
