//! A checked site: what [`crate::assess`] takes.

use std::collections::{BTreeMap, BTreeSet};

use crate::decode::Rest;
use crate::document::{
    ControlEntry, ControlKind, ConversationEntry, DeviceEntry, Document, FORMAT, Vulnerability,
};
use crate::fault::{Fault, Faults};

/// A site whose names resolve and whose numbers are in range.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    document: Document,
    day: i64,
}

/// Most faults listed of one input; the last line says how many more there are.
const MOST_FAULTS: usize = 1_000;

impl Site {
    /// Reads and checks a site file.
    ///
    /// # Errors
    /// Every fault at once, each with its JSON path.
    pub fn from_json(json: &[u8]) -> Result<Self, Faults> {
        Self::try_from(crate::decode::document(json)?)
    }

    /// The site as it was written.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Day of the site's time, counted from 1970-01-01.
    pub fn day(&self) -> i64 {
        self.day
    }
}

impl TryFrom<Document> for Site {
    type Error = Faults;

    fn try_from(document: Document) -> Result<Self, Faults> {
        let mut check = Check::new(&document);
        check.frame();
        check.devices();
        check.relations();
        check.measures();
        let faults = check.faults;
        if faults.is_empty() {
            let day = day_of(&document.time).unwrap_or_default();
            return Ok(Self { document, day });
        }
        Err(listed(faults))
    }
}

/// The faults of one input, not more than anybody reads.
pub(crate) fn listed(mut faults: Vec<Fault>) -> Faults {
    if faults.len() > MOST_FAULTS {
        let more = faults.len() - MOST_FAULTS;
        faults.truncate(MOST_FAULTS);
        faults.push(Fault::new("$", format!("and {more} more faults")));
    }
    Faults::from(faults)
}

/// Faults of meaning in what decodes of a faulty file.
pub(crate) fn rest_faults(rest: &Rest) -> Vec<Fault> {
    let mut check = Check::new(&rest.document);
    let named = rest.named.iter().map(String::as_str);
    check.segments.extend(named.clone());
    check.devices.extend(named);
    check.places = Some(&rest.places);
    check.frame();
    check.devices();
    check.relations();
    check.measures();
    check.faults
}

/// Days since 1970-01-01 of a text that begins `YYYY-MM-DD` (proleptic Gregorian; Hinnant, "chrono-compatible low-level date algorithms").
pub(crate) fn day_of(text: &str) -> Option<i64> {
    let date = text.get(..10)?;
    if !matches!(text.as_bytes().get(10), None | Some(b'T' | b't' | b' ')) {
        return None;
    }
    let mut parts = date.splitn(3, '-');
    let mut number = |digits: usize| -> Option<i64> {
        let part = parts.next()?;
        (part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.parse().ok())?
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Checks of meaning over one document.
struct Check<'a> {
    document: &'a Document,
    segments: BTreeSet<&'a str>,
    devices: BTreeSet<&'a str>,
    /// Where elements of lists are in the file, where they are not where the document has them.
    places: Option<&'a BTreeMap<&'static str, Vec<usize>>>,
    faults: Vec<Fault>,
}

impl<'a> Check<'a> {
    fn new(document: &'a Document) -> Self {
        Self {
            document,
            segments: document
                .segments
                .iter()
                .map(|segment| segment.id.as_str())
                .collect(),
            devices: document
                .devices
                .iter()
                .map(|device| device.id.as_str())
                .collect(),
            places: None,
            faults: Vec::new(),
        }
    }

    fn path(&self, key: &str, at: usize) -> String {
        let places = self.places.and_then(|places| places.get(key));
        let at = places.and_then(|places| places.get(at)).unwrap_or(&at);
        format!("$.{key}[{at}]")
    }

    fn fault(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        self.faults.push(Fault::new(path, problem));
    }

    fn frame(&mut self) {
        let document = self.document;
        if document.format != FORMAT {
            self.fault(
                "$.format",
                format!("is {:?}; this version reads {FORMAT:?}", document.format),
            );
        }
        if day_of(&document.time).is_none() {
            self.fault(
                "$.time",
                format!("{:?} does not begin with a date YYYY-MM-DD", document.time),
            );
        }
        let mut seen = BTreeSet::new();
        for (at, segment) in document.segments.iter().enumerate() {
            if !seen.insert(segment.id.as_str()) {
                let path = format!("{}.id", self.path("segments", at));
                self.fault(path, format!("{:?} is there twice", segment.id));
            }
        }
        for (id, vulnerability) in &document.vulnerabilities {
            vulnerability_faults(
                &format!("$.vulnerabilities[{id:?}]"),
                vulnerability,
                &mut self.faults,
            );
        }
    }

    fn devices(&mut self) {
        let mut seen = BTreeSet::new();
        for (at, device) in self.document.devices.iter().enumerate() {
            let path = self.path("devices", at);
            if !seen.insert(device.id.as_str()) {
                self.fault(
                    format!("{path}.id"),
                    format!("{:?} is there twice", device.id),
                );
            }
            if !self.segments.contains(device.segment.as_str()) {
                self.fault(
                    format!("{path}.segment"),
                    format!("no segment {:?}", device.segment),
                );
            }
            // Of a faulty file nobody knows yet what intelligence will describe.
            let partly = self.places.is_some();
            device_faults(&path, device, &mut self.faults, |weakness| {
                partly || self.document.vulnerabilities.contains_key(weakness)
            });
        }
    }

    fn relations(&mut self) {
        let document = self.document;
        let mut seen = BTreeSet::new();
        for (at, talk) in document.conversations.iter().enumerate() {
            let path = self.path("conversations", at);
            for (key, device) in [("client", &talk.client), ("server", &talk.server)] {
                if !self.devices.contains(device.as_str()) {
                    self.fault(format!("{path}.{key}"), format!("no device {device:?}"));
                }
            }
            if let Some(problem) = conversation_fault(talk) {
                self.fault(path.clone(), problem);
            }
            if !seen.insert((&talk.client, &talk.server, &talk.service)) {
                self.fault(path, "is there twice");
            }
        }
        let mut seen = BTreeSet::new();
        for (at, link) in document.segment_links.iter().enumerate() {
            let path = self.path("segment_links", at);
            for (key, segment) in [("from", &link.from), ("to", &link.to)] {
                if !self.segments.contains(segment.as_str()) {
                    self.fault(format!("{path}.{key}"), format!("no segment {segment:?}"));
                }
            }
            if link.from == link.to {
                self.fault(path.clone(), "leads to its own segment");
            }
            if !seen.insert((&link.from, &link.to, &link.service)) {
                self.fault(path, "is there twice");
            }
        }
    }

    fn measures(&mut self) {
        let document = self.document;
        for (at, control) in document.controls.iter().enumerate() {
            let path = self.path("controls", at);
            for problem in control_faults(control) {
                self.fault(path.clone(), problem);
            }
            if let Some(device) = &control.device
                && !self.devices.contains(device.as_str())
            {
                self.fault(format!("{path}.device"), format!("no device {device:?}"));
            }
            for (key, segment) in [
                ("from", &control.from),
                ("to", &control.to),
                ("segment", &control.segment),
            ] {
                if let Some(segment) = segment
                    && !self.segments.contains(segment.as_str())
                {
                    self.fault(format!("{path}.{key}"), format!("no segment {segment:?}"));
                }
            }
        }
        for (at, decision) in document.decisions.iter().enumerate() {
            let path = self.path("decisions", at);
            if !self.devices.contains(decision.device.as_str()) {
                self.fault(
                    format!("{path}.device"),
                    format!("no device {:?}", decision.device),
                );
            }
            if day_of(&decision.until).is_none() {
                self.fault(
                    format!("{path}.until"),
                    format!("{:?} is not a date YYYY-MM-DD", decision.until),
                );
            }
        }
    }
}

/// Faults of a vulnerability's numbers.
pub(crate) fn vulnerability_faults(
    path: &str,
    vulnerability: &Vulnerability,
    faults: &mut Vec<Fault>,
) {
    if let Some(epss) = vulnerability.epss
        && !(0.0..=1.0).contains(&epss)
    {
        faults.push(Fault::new(
            format!("{path}.epss"),
            format!("is {epss}, not 0 to 1"),
        ));
    }
}

/// Faults of one device, given which weaknesses are known.
pub(crate) fn device_faults(
    path: &str,
    device: &DeviceEntry,
    faults: &mut Vec<Fault>,
    known: impl Fn(&str) -> bool,
) {
    let mut push = |key: String, problem: String| {
        faults.push(Fault::new(format!("{path}.{key}"), problem));
    };
    if device.id.is_empty() {
        push("id".to_owned(), "is empty".to_owned());
    }
    let mut sum = 0.0;
    for (at, identity) in device.identities.iter().enumerate() {
        if !(0.0..=1.0).contains(&identity.probability) {
            push(
                format!("identities[{at}].probability"),
                format!("is {}, not 0 to 1", identity.probability),
            );
        }
        sum += identity.probability;
    }
    if sum > 1.0 + 1e-6 {
        push(
            "identities".to_owned(),
            format!("probabilities sum to {sum}, above 1"),
        );
    }
    let mut services = BTreeSet::new();
    for (at, service) in device.services.iter().enumerate() {
        if !services.insert(service.id.as_str()) {
            push(
                format!("services[{at}].id"),
                format!("{:?} is there twice", service.id),
            );
        }
    }
    if let Some(in_use) = device.clinical.in_use
        && !(0.0..=1.0).contains(&in_use)
    {
        push(
            "clinical.in_use".to_owned(),
            format!("is {in_use}, not 0 to 1"),
        );
    }
    if let Some(weight) = device.entry.as_ref().and_then(|entry| entry.weight)
        && !(0.0..=1e6).contains(&weight)
    {
        push(
            "entry.weight".to_owned(),
            format!("is {weight}, not 0 to 1000000"),
        );
    }
    let mut seen = BTreeSet::new();
    for (at, weakness) in device.weaknesses.iter().flatten().enumerate() {
        if !known(&weakness.id) {
            push(
                format!("weaknesses[{at}].id"),
                format!("{:?} is not in $.vulnerabilities", weakness.id),
            );
        }
        if !seen.insert((&weakness.id, &weakness.service)) {
            push(format!("weaknesses[{at}]"), "is there twice".to_owned());
        }
    }
}

/// What is wrong with a conversation by itself.
pub(crate) fn conversation_fault(talk: &ConversationEntry) -> Option<&'static str> {
    if talk.client == talk.server {
        Some("client and server are the same device")
    } else if talk.service.is_empty() {
        Some("has no service")
    } else {
        None
    }
}

/// What a control lacks for its kind.
pub(crate) fn control_faults(control: &ControlEntry) -> Vec<String> {
    let somewhere = control.device.is_some() || control.is_wide();
    let scope = ("device\", \"product\", \"class\" or \"segment", somewhere);
    let needs: &[(&str, bool)] = match control.kind {
        ControlKind::Patch => &[(
            "weakness\" or \"product",
            control.weakness.is_some() || control.product.is_some(),
        )],
        ControlKind::VirtualPatch => &[("weakness", control.weakness.is_some())],
        ControlKind::CloseService | ControlKind::DenySources => {
            &[scope, ("service", control.service.is_some())]
        }
        ControlKind::Microsegment => &[scope],
        ControlKind::RemoveEntry => &[("device", control.device.is_some())],
        ControlKind::CutLink => &[
            ("from", control.from.is_some()),
            ("to", control.to.is_some()),
            ("service", control.service.is_some()),
        ],
    };
    let mut faults: Vec<String> = needs
        .iter()
        .filter(|(_, there)| !there)
        .map(|(key, _)| format!("needs \"{key}\""))
        .collect();
    if control.device.is_some() && control.is_wide() {
        faults.push("names one device and a group of devices".to_owned());
    }
    if control.vendor.is_some() && control.product.is_none() {
        faults.push("names a \"vendor\" without a \"product\"".to_owned());
    }
    faults
}
