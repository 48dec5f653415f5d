//! The table of TCP protocols: adding one is one folder and one row here.

use auscult_proto::Service;

use super::banner;
use super::direction::Role;
use super::extract::{Extractor, ProbeResult};
use crate::{dicom, hl7};

/// A TCP protocol.
pub(crate) struct Protocol {
    /// What its conversations are reported as.
    pub(crate) service: Service,
    /// Looks at the first bytes of one side; `midstream` when earlier ones may have been missed.
    probe: fn(prefix: &[u8], midstream: bool) -> ProbeResult,
    /// Makes its extractor; `None` where recognising is all.
    pub(crate) extractor: Option<fn() -> Box<dyn Extractor>>,
}

/// In the order asked.
static PROTOCOLS: [Protocol; 5] = [
    Protocol {
        service: Service::Tls,
        probe: banner::tls,
        extractor: None,
    },
    Protocol {
        service: Service::Http,
        probe: banner::http,
        extractor: None,
    },
    Protocol {
        service: Service::Ssh,
        probe: banner::ssh,
        extractor: None,
    },
    Protocol {
        service: Service::Dicom,
        probe: dicom::probe,
        extractor: Some(dicom::extractor),
    },
    Protocol {
        service: Service::Hl7,
        probe: hl7::probe,
        extractor: Some(hl7::extractor),
    },
];

/// What all protocols together make of the first bytes of one side.
pub(super) enum Found {
    /// One is certain.
    Certain(&'static Protocol, Option<Role>),
    /// At least one needs more bytes.
    Unsure,
    /// None can be.
    Nothing,
}

/// Asks every protocol.
pub(super) fn find(prefix: &[u8], midstream: bool) -> Found {
    let mut found = Found::Nothing;
    for protocol in &PROTOCOLS {
        match (protocol.probe)(prefix, midstream) {
            ProbeResult::Certain(role) => return Found::Certain(protocol, role),
            ProbeResult::Unsure => found = Found::Unsure,
            ProbeResult::NotForUs => {}
        }
    }
    found
}
