//! `check`: everything that would go wrong, before it does.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use auscult_link::{Credentials, Holder};
use auscult_process::config::Fault;
use auscult_spool::{Owner, SpoolError};
use serde_json::{Value, json};

use crate::capture::{CaptureError, LiveCapture};
use crate::clock::wall_ms;
use crate::config::{Captures, Config};
use crate::{exit, words};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub what: String,
    /// `Ok`: what was found; `Err`: what is wrong.
    pub outcome: Result<String, String>,
    /// Where in the configuration, when that is what is wrong.
    pub place: Option<Fault>,
}

/// Everything that was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// In the order of looking.
    pub findings: Vec<Finding>,
    /// The exit code: that of the first fault.
    pub code: u8,
}

impl Findings {
    fn add(&mut self, what: impl Into<String>, outcome: Result<String, String>, code: u8) {
        if outcome.is_err() && self.code == exit::OK {
            self.code = code;
        }
        self.findings.push(Finding {
            what: what.into(),
            outcome,
            place: None,
        });
    }

    /// For people, one line each.
    #[must_use]
    pub fn text(&self) -> String {
        let line = |finding: &Finding| match &finding.outcome {
            Ok(detail) => format!("ok     {}: {detail}", finding.what),
            Err(fault) => match &finding.place {
                // It says its file and line.
                Some(place) => format!("FAULT  {place}"),
                None => format!("FAULT  {}: {fault}", finding.what),
            },
        };
        let lines: Vec<String> = self.findings.iter().map(line).collect();
        lines.join("\n")
    }

    /// For scripts.
    #[must_use]
    pub fn json(&self) -> Value {
        let findings = self.findings.iter().map(|finding| match &finding.outcome {
            Ok(detail) => json!({"what": finding.what, "ok": true, "detail": detail}),
            Err(fault) => match &finding.place {
                Some(place) => json!({
                    "what": finding.what, "ok": false, "detail": fault,
                    "file": place.file, "line": place.line, "key": place.key,
                }),
                None => json!({"what": finding.what, "ok": false, "detail": fault}),
            },
        });
        json!({"ok": self.code == exit::OK, "findings": findings.collect::<Vec<_>>()})
    }
}

/// Looks at everything a configuration names. Opens the interfaces for a moment, writes nothing.
#[must_use]
pub fn check(path: &Path) -> Findings {
    let mut findings = Findings::default();
    let config = match Config::read(path, Captures::Required) {
        Ok(config) => config,
        Err(faults) => {
            findings.code = exit::USAGE;
            let faults = faults.0.into_iter().map(|fault| Finding {
                what: "configuration".to_owned(),
                outcome: Err(fault.message.clone()),
                place: Some(fault),
            });
            findings.findings.extend(faults);
            return findings;
        }
    };
    findings.add("configuration", Ok(path.display().to_string()), exit::OK);
    let present = credentials(&config, &mut findings);
    for capture in &config.captures {
        let what = format!("capture point {}", capture.name);
        let mut quick = capture.clone();
        quick.wait = Duration::ZERO;
        match LiveCapture::open_patiently(&quick, &AtomicBool::new(false)) {
            Ok(_) if capture.filter.is_empty() => {
                findings.add(
                    what,
                    Ok(format!("{} can be captured on", capture.interface)),
                    exit::OK,
                );
            }
            Ok(_) => findings.add(
                what,
                Ok(format!(
                    "{} can be captured on, with the filter \"{}\"",
                    capture.interface, capture.filter
                )),
                exit::OK,
            ),
            Err(error) => {
                let code = match error {
                    CaptureError::Permission { .. } => exit::NOPERM,
                    CaptureError::Filter { .. } => exit::USAGE,
                    _ => exit::UNAVAILABLE,
                };
                findings.add(what, Err(error.to_string()), code);
            }
        }
    }
    findings.add("spool", spool(&config.spool.dir), exit::NOPERM);
    if let Some(present) = present {
        spool_owner(&config.spool.dir, &present, &mut findings);
    }
    findings
}

/// Whoever may not look at the folder is told so by what was looked at before.
fn spool_owner(dir: &Path, present: &Owner, findings: &mut Findings) {
    if let Ok(Some(owner)) = auscult_spool::owner_of(dir)
        && owner != *present
    {
        let fault = SpoolError::Owner {
            dir: dir.to_owned(),
            owner,
            present: present.clone(),
        };
        findings.add("spool", Err(fault.to_string()), exit::USAGE);
    }
}

/// Who we are, where the certificate says so.
fn credentials(config: &Config, findings: &mut Findings) -> Option<Owner> {
    let paths = &config.collector.credentials;
    for fault in Credentials::faults(paths, Holder::Sensor) {
        findings.add("certificate", Err(fault.to_string()), exit::USAGE);
    }
    let Ok(credentials) = Credentials::load(paths, Holder::Sensor) else {
        return None;
    };
    let end = credentials.facts().not_after_ms;
    let left = u64::try_from(end.saturating_sub(wall_ms())).unwrap_or(0);
    let identity = credentials.identity();
    findings.add(
        "certificate",
        Ok(format!(
            "we are {}, until {} ({} left)",
            identity.map_or_else(|| "nobody".to_owned(), ToString::to_string),
            words::utc(end),
            words::span(left)
        )),
        exit::OK,
    );
    findings.add(
        "roots",
        Ok(format!(
            "{} expects {} at {}, verified by {} (until {})",
            identity.map_or("this sensor", |identity| identity.sensor.as_str()),
            config.collector.expected_name(),
            config.collector.address,
            paths.roots.display(),
            words::utc(credentials.roots_not_after_ms())
        )),
        exit::OK,
    );
    identity.map(Owner::from)
}

/// The folder, or the nearest one above it that is there, can be written.
fn spool(dir: &Path) -> Result<String, String> {
    // A relative path ends in one without a name, which is the folder we are in.
    let named = |folder: &Path| {
        if folder.as_os_str().is_empty() {
            Path::new(".").to_owned()
        } else {
            folder.to_owned()
        }
    };
    let existing = dir.ancestors().map(named).find(|folder| folder.is_dir());
    let Some(folder) = existing else {
        return Err(format!(
            "{} cannot be made: nothing above it is there",
            dir.display()
        ));
    };
    let writable = rustix::fs::access(
        &folder,
        rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK,
    );
    match writable {
        Ok(()) if folder == dir => Ok(format!("{} is writable", dir.display())),
        Ok(()) => Ok(format!("{} will be made", dir.display())),
        Err(error) => Err(format!(
            "{} is not writable for this user ({error}); give it to the sensor's user",
            folder.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spool_beside_the_configuration_will_be_made() {
        assert_eq!(
            spool(Path::new("no-such-spool")).as_deref(),
            Ok("no-such-spool will be made")
        );
        assert_eq!(spool(Path::new("src")).as_deref(), Ok("src is writable"));
        assert!(spool(Path::new("/proc/self/no-such-spool")).is_err());
    }
}
