//! What is true: the facts that the packets state, in the form of `truth/facts.tsv` of the public captures.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

use crate::address::Mac;

/// One statement: an attribute with its value, said by an interface under an address.
///
/// Attributes are named after tshark's fields where tshark has them (`dhcp.hostname`, `dicom.calling`, `lldp.med_sn`), else after the
/// protocol and its field (`intellivue.model`, `astm.H-5`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// What is stated.
    pub attribute: &'static str,
    /// The value as it stands on the wire.
    pub value: String,
    /// Source address of the innermost frame.
    pub mac: Mac,
    /// Source address of the innermost packet; `None` below IP.
    pub ip: Option<IpAddr>,
}

/// How often and where first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Times the device said it. Retransmissions and copies of the same frame count once.
    pub count: u64,
    /// Number of the first frame of the first time, from 1.
    pub first_frame: u64,
}

/// All facts of one capture.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    facts: BTreeMap<Fact, Seen>,
}

impl Truth {
    /// Adds one statement made in frame `frame`.
    pub fn add(&mut self, fact: Fact, frame: u64) {
        self.facts
            .entry(fact)
            .and_modify(|seen| {
                seen.count += 1;
                seen.first_frame = seen.first_frame.min(frame);
            })
            .or_insert(Seen {
                count: 1,
                first_frame: frame,
            });
    }

    /// Takes in the truth of a later part of the same capture, which began after `before` frames.
    pub fn append(&mut self, later: &Self, before: u64) {
        for (fact, seen) in later.iter() {
            self.facts
                .entry(fact.clone())
                .and_modify(|known| known.count += seen.count)
                .or_insert(Seen {
                    count: seen.count,
                    first_frame: seen.first_frame + before,
                });
        }
    }

    /// Facts in order of attribute, value, MAC and IP.
    pub fn iter(&self) -> impl Iterator<Item = (&Fact, Seen)> {
        self.facts.iter().map(|(fact, seen)| (fact, *seen))
    }

    /// Writes `file attr value src_mac src_ip count first_frame`, tab separated, with a header. Control characters in values are written
    /// as backslash escapes, as tshark does.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write_tsv(&self, file: &str, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "file\tattr\tvalue\tsrc_mac\tsrc_ip\tcount\tfirst_frame"
        )?;
        for (fact, seen) in &self.facts {
            let ip = fact.ip.map_or_else(String::new, |ip| ip.to_string());
            writeln!(
                out,
                "{file}\t{}\t{}\t{}\t{ip}\t{}\t{}",
                fact.attribute,
                fact.value.escape_controls(),
                fact.mac,
                seen.count,
                seen.first_frame
            )?;
        }
        Ok(())
    }
}

trait EscapeControls {
    fn escape_controls(&self) -> String;
}

impl EscapeControls for str {
    fn escape_controls(&self) -> String {
        let mut escaped = String::with_capacity(self.len());
        for c in self.chars() {
            if c.is_control() {
                escaped.extend(c.escape_default());
            } else {
                escaped.push(c);
            }
        }
        escaped
    }
}
