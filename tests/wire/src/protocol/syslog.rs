//! Syslog over UDP in the BSD form (RFC 3164) that most devices still write.

use std::fmt::Write as _;

use crate::address::Endpoint;
use crate::calendar::Civil;
use crate::canary::Form;
use crate::patient::Patient;
use crate::tap::Tap;

/// What a device logs.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Facility times eight plus severity.
    pub priority: u8,
    /// Host.
    pub host: &'a str,
    /// Program.
    pub tag: &'a str,
    /// Free text; a patient's datum is appended where there is one, as real devices do.
    pub text: &'a str,
}

impl Entry<'_> {
    /// Sends the entry.
    pub fn send(
        &self,
        tap: &mut Tap<'_>,
        from: &Endpoint,
        collector: &Endpoint,
        patient: Option<&Patient>,
    ) {
        let mut line = format!("<{}>", self.priority);
        Civil::new(tap.now).bsd(&mut line);
        let mut written = write!(line, " {} {}: {}", self.host, self.tag, self.text);
        if let Some(patient) = patient {
            written = written.and(write!(
                line,
                " patient={} mrn={}",
                patient.family, patient.record_number
            ));
            tap.puts(
                "syslog MSG",
                Form::Plain,
                &[&patient.family, &patient.record_number],
            );
        }
        debug_assert!(written.is_ok(), "a String takes every write");
        let frame = tap.udp((from, 514), (collector, 514), line.as_bytes());
        tap.states(frame, from, "syslog.host", self.host);
        tap.states(frame, from, "syslog.tag", self.tag);
    }
}
