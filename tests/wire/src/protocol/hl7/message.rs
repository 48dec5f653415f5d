//! The text of HL7 messages (HL7 2.6 chapters 2, 3, 4, 7; IHE DEV TF-2).

use crate::patient::Patient;

use super::Application;

/// The equipment an observation comes from.
#[derive(Debug, Clone, Copy)]
pub struct Instrument<'a> {
    /// OBX-18: `identifier^namespace^universal^type`; PCD devices write `id^^EUI-64^EUI-64`.
    pub equipment: &'a str,
    /// MDC code of the device: `69985^MDC_DEV_PUMP_INFUS_MDS^MDC`.
    pub device_type: &'a str,
    /// OBX-5 of `531970^MDC_ID_MODEL_MANUFACTURER^MDC`; empty: not written. Likewise the following.
    pub manufacturer: &'a str,
    /// `531969^MDC_ID_MODEL_NUMBER^MDC`.
    pub model: &'a str,
    /// `531972^MDC_ID_PROD_SPEC_SERIAL^MDC`.
    pub serial: &'a str,
    /// `531975^MDC_ID_PROD_SPEC_SW^MDC`.
    pub software: &'a str,
}

/// What happened.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// ADT^A01: a patient is admitted; the point of care is PV1-3.
    Admission {
        /// `ward^room^bed^facility`.
        place: &'a str,
    },
    /// ADT^A03: a patient is discharged.
    Discharge {
        /// PV1-3.
        place: &'a str,
    },
    /// ADT^A08: what is known of a patient has changed.
    Update {
        /// PV1-3.
        place: &'a str,
    },
    /// ORM^O01: something is ordered; universal service identifier OBR-4.
    Order {
        /// `code^text^system`.
        service: &'a str,
    },
    /// ORU^R01 of a laboratory: an analyzer's result.
    Result {
        /// `code^text^LN`.
        test: &'a str,
        /// OBX-5.
        value: &'a str,
        /// OBX-6.
        unit: &'a str,
        /// OBX-18.
        equipment: &'a str,
    },
    /// ORU^R01 of PCD-01: a device's measurements.
    Observation {
        /// The device.
        instrument: Instrument<'a>,
        /// Measurements: `code^name^MDC`, value, `code^unit^MDC`.
        values: &'a [[&'a str; 3]],
        /// PV1-3.
        place: &'a str,
    },
    /// ORU^R40 of PCD-04: an alarm.
    Alarm {
        /// The device.
        instrument: Instrument<'a>,
        /// `196670^MDC_EVT_LO^MDC` and text.
        code: &'a str,
        /// Phase: `start`, `end`, `present`.
        phase: &'a str,
        /// PV1-3.
        place: &'a str,
    },
    /// ORU^R01 of PCD-15: a device reports itself to equipment management; no patient is in it.
    Maintenance {
        /// The device.
        instrument: Instrument<'a>,
    },
}

/// What the header needs.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// MSH-3, MSH-4, SFT.
    pub sender: Application<'a>,
    /// MSH-5, MSH-6.
    pub receiver: Application<'a>,
    /// MSH-12.
    pub version: &'a str,
    /// MSH-10.
    pub control: u32,
    /// MSH-7.
    pub time: &'a str,
}

const PCD_01: &str = "IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO";
const PCD_04: &str = "IHE_PCD_004^IHE PCD^1.3.6.1.4.1.19376.1.6.1.4.1^ISO";
const PCD_15: &str = "IHE_PCD_015^IHE PCD^1.3.6.1.4.1.19376.1.6.1.15.1^ISO";

impl<'a> Event<'a> {
    /// MSH-9 and MSH-21.
    fn header(&self) -> (&'static str, &'static str) {
        match self {
            Self::Admission { .. } => ("ADT^A01^ADT_A01", ""),
            Self::Discharge { .. } => ("ADT^A03^ADT_A03", ""),
            Self::Update { .. } => ("ADT^A08^ADT_A01", ""),
            Self::Order { .. } => ("ORM^O01^ORM_O01", ""),
            Self::Result { .. } => ("ORU^R01^ORU_R01", ""),
            Self::Observation { .. } => ("ORU^R01^ORU_R01", PCD_01),
            Self::Alarm { .. } => ("ORU^R40^ORU_R40", PCD_04),
            Self::Maintenance { .. } => ("ORU^R01^ORU_R01", PCD_15),
        }
    }

    /// MSH-9 of its acknowledgement.
    fn acknowledgement(&self) -> &'static str {
        match self {
            Self::Admission { .. } => "ACK^A01^ACK",
            Self::Discharge { .. } => "ACK^A03^ACK",
            Self::Update { .. } => "ACK^A08^ACK",
            Self::Order { .. } => "ORR^O02^ORR_O02",
            Self::Result { .. } | Self::Observation { .. } | Self::Maintenance { .. } => {
                "ACK^R01^ACK"
            }
            Self::Alarm { .. } => "ACK^R40^ACK",
        }
    }

    fn instrument(&self) -> Option<&Instrument<'a>> {
        match self {
            Self::Observation { instrument, .. }
            | Self::Alarm { instrument, .. }
            | Self::Maintenance { instrument } => Some(instrument),
            Self::Admission { .. }
            | Self::Discharge { .. }
            | Self::Update { .. }
            | Self::Order { .. }
            | Self::Result { .. } => None,
        }
    }

    fn equipment(&self) -> Option<&'a str> {
        match self {
            Self::Result { equipment, .. } => Some(equipment),
            _ => self.instrument().map(|instrument| instrument.equipment),
        }
    }
}

impl<'a> Instrument<'a> {
    fn identity(&self) -> [(&'static str, &'static str, &'a str); 4] {
        [
            (
                "531970^MDC_ID_MODEL_MANUFACTURER^MDC",
                "hl7.OBX-5.531970",
                self.manufacturer,
            ),
            (
                "531969^MDC_ID_MODEL_NUMBER^MDC",
                "hl7.OBX-5.531969",
                self.model,
            ),
            (
                "531972^MDC_ID_PROD_SPEC_SERIAL^MDC",
                "hl7.OBX-5.531972",
                self.serial,
            ),
            (
                "531975^MDC_ID_PROD_SPEC_SW^MDC",
                "hl7.OBX-5.531975",
                self.software,
            ),
        ]
    }
}

impl Message<'_> {
    fn msh(&self, kind: &str, profile: &str) -> String {
        format!(
            "MSH|^~\\&|{}|{}|{}|{}|{}||{kind}|{}|P|{}|||AL|NE||UNICODE UTF-8|||{profile}\r",
            self.sender.name,
            self.sender.facility,
            self.receiver.name,
            self.receiver.facility,
            self.time,
            self.control,
            self.version,
        )
    }

    fn sft(&self) -> String {
        self.sender.software.map_or_else(String::new, |software| {
            format!("SFT|{}\r", software.join("|"))
        })
    }

    /// The message of an event, segments ended by CR.
    #[must_use]
    pub fn event(&self, event: &Event<'_>, patient: &Patient) -> String {
        let (kind, profile) = event.header();
        let mut text = self.msh(kind, profile) + &self.sft();
        let trigger = match event {
            Event::Admission { .. } => Some("A01"),
            Event::Discharge { .. } => Some("A03"),
            Event::Update { .. } => Some("A08"),
            _ => None,
        };
        if let Some(trigger) = trigger {
            text += &format!("EVN|{trigger}|{}\r", self.time);
        }
        if !matches!(event, Event::Maintenance { .. }) {
            text += &pid(patient);
        }
        match event {
            Event::Admission { place } => {
                text += &format!("NK1|1|{}^Kin|SPO\r", patient.family);
                text += &pv1(place, patient);
                text += &format!(
                    "IN1|1|PLAN|INS|Insurer||||||||||||||||||||||||||||||||{}\r",
                    patient.account
                );
            }
            Event::Discharge { place } | Event::Update { place } => text += &pv1(place, patient),
            Event::Order { service } => {
                text += &pv1("RAD^1^1", patient);
                text += &format!(
                    "ORC|NW|{}||||||{}||||{}^Doctor\r",
                    patient.accession, self.time, patient.physician
                );
                text += &format!(
                    "OBR|1|{}||{service}|||{}|||||||||{}^Doctor\r",
                    patient.accession, self.time, patient.physician
                );
            }
            Event::Result {
                test,
                value,
                unit,
                equipment,
            } => {
                text += &format!("OBR|1|{}||{test}|||{}\r", patient.accession, self.time);
                text += &format!(
                    "OBX|1|NM|{test}||{value}|{unit}|||||F|||{}||||{equipment}\r",
                    self.time
                );
                text += &format!("NTE|1|L|{}\r", patient.finding);
            }
            Event::Observation {
                instrument,
                values,
                place,
            } => {
                text += &pv1(place, patient);
                text += &self.observation(instrument, values);
            }
            Event::Alarm {
                instrument,
                code,
                phase,
                place,
            } => {
                text += &pv1(place, patient);
                text += &self.alarm(instrument, code, phase, patient);
            }
            Event::Maintenance { instrument } => text += &self.observation(instrument, &[]),
        }
        text
    }

    fn obr(&self) -> String {
        format!(
            "OBR|1|{0}^{1}|{0}^{1}|182777000^monitoring of patient^SCT|||{2}\r",
            self.control, self.sender.facility, self.time
        )
    }

    fn observation(&self, instrument: &Instrument<'_>, values: &[[&str; 3]]) -> String {
        let equipment = instrument.equipment;
        let mut text = self.obr();
        let mut set = 1;
        text += &format!(
            "OBX|{set}||{}|1.0.0.0|||||||X|||{}||||{equipment}\r",
            instrument.device_type, self.time
        );
        for (code, _, value) in instrument.identity() {
            if !value.is_empty() {
                set += 1;
                text += &format!(
                    "OBX|{set}|ST|{code}|1.0.0.{set}|{value}||||||R|||{}||||{equipment}\r",
                    self.time
                );
            }
        }
        for [code, value, unit] in values {
            set += 1;
            text += &format!(
                "OBX|{set}|NM|{code}|1.1.1.{set}|{value}|{unit}|||||R|||{}||||{equipment}\r",
                self.time
            );
        }
        text
    }

    fn alarm(
        &self,
        instrument: &Instrument<'_>,
        code: &str,
        phase: &str,
        patient: &Patient,
    ) -> String {
        let equipment = instrument.equipment;
        let rows = [
            ("ST", code, format!("alarm of {}", patient.family)),
            (
                "ST",
                "68480^MDC_ATTR_ALERT_SOURCE^MDC",
                instrument.device_type.to_owned(),
            ),
            ("ST", "68481^MDC_ATTR_EVENT_PHASE^MDC", phase.to_owned()),
            ("ST", "68482^MDC_ATTR_ALARM_STATE^MDC", "active".to_owned()),
        ];
        let mut text = self.obr();
        for (index, (kind, code, value)) in rows.iter().enumerate() {
            text += &format!(
                "OBX|{}|{kind}|{code}|1.1.1.1.{}|{}||||||R|||{}||||{equipment}\r",
                index + 1,
                index + 1,
                value.replace('^', " "),
                self.time
            );
        }
        text
    }

    /// The acknowledgement that this message's sender gives.
    #[must_use]
    pub fn acknowledgement(&self, event: &Event<'_>) -> String {
        self.msh(event.acknowledgement(), "") + &format!("MSA|AA|{}\r", self.control)
    }

    /// What the message states of its sender and of the device.
    pub(super) fn facts(&self, event: &Event<'_>) -> Vec<(&'static str, String)> {
        let (kind, profile) = event.header();
        let mut facts = self.header_facts(kind);
        if !profile.is_empty() {
            facts.push(("hl7.MSH-21", profile.to_owned()));
        }
        if let Some(software) = self.sender.software {
            let attributes = ["hl7.SFT-1", "hl7.SFT-2", "hl7.SFT-3", "hl7.SFT-4"];
            facts.extend(attributes.into_iter().zip(software.map(str::to_owned)));
        }
        if let Some(equipment) = event.equipment() {
            facts.push(("hl7.OBX-18", equipment.to_owned()));
        }
        let reports = matches!(event, Event::Observation { .. } | Event::Maintenance { .. });
        if let Some(instrument) = event.instrument().filter(|_| reports) {
            facts.push(("hl7.device_type", instrument.device_type.to_owned()));
            for (_, attribute, value) in instrument.identity() {
                if !value.is_empty() {
                    facts.push((attribute, value.to_owned()));
                }
            }
        }
        facts
    }

    pub(super) fn acknowledgement_facts(&self, event: &Event<'_>) -> Vec<(&'static str, String)> {
        self.header_facts(event.acknowledgement())
    }

    fn header_facts(&self, kind: &str) -> Vec<(&'static str, String)> {
        vec![
            ("hl7.MSH-3", self.sender.name.to_owned()),
            ("hl7.MSH-4", self.sender.facility.to_owned()),
            ("hl7.MSH-5", self.receiver.name.to_owned()),
            ("hl7.MSH-6", self.receiver.facility.to_owned()),
            ("hl7.MSH-9", kind.to_owned()),
            ("hl7.MSH-12", self.version.to_owned()),
        ]
    }
}

fn pid(patient: &Patient) -> String {
    format!(
        "PID|1||{}^^^HOSP^MR||{}||{}|{}|||{}^^CITY^^00000||{}|||||{}\r",
        patient.record_number,
        patient.name(),
        patient.birth_date,
        patient.sex,
        patient.street,
        patient.telephone,
        patient.account
    )
}

fn pv1(place: &str, patient: &Patient) -> String {
    format!(
        "PV1|1|I|{place}||||{}^Doctor||||||||||||{}\r",
        patient.physician, patient.account
    )
}
