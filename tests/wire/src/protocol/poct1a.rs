//! POCT1-A (CLSI POCT01-A2): a point-of-care instrument says hello, its status, its results and good-bye, in XML over TCP.

use crate::address::Endpoint;
use crate::calendar::{Civil, MILLISECOND};
use crate::canary::Form;
use crate::patient::Patient;
use crate::tap::Tap;
use crate::tcp::{Close, Conditions, Session, Side};

/// An instrument as it introduces itself in HEL.R01.
#[derive(Debug, Clone, Copy)]
pub struct Instrument<'a> {
    /// `DEV.device_id`: EUI-64 or MAC.
    pub device: &'a str,
    /// `DEV.vendor_id`.
    pub vendor: &'a str,
    /// `DEV.model_id`.
    pub model: &'a str,
    /// `DEV.serial_id`.
    pub serial: &'a str,
    /// `DEV.manufacturer_name`.
    pub manufacturer: &'a str,
    /// `DEV.hw_version`.
    pub hardware: &'a str,
    /// `DEV.sw_version`.
    pub software: &'a str,
}

fn header(control: u32, time: &str) -> String {
    format!(
        r#"<HDR><HDR.control_id V="{control}"/><HDR.version_id V="POCT1"/><HDR.creation_dttm V="{time}"/></HDR>"#
    )
}

impl<'a> Instrument<'a> {
    fn identity(&self) -> [(&'static str, &'static str, &'a str); 7] {
        [
            ("DEV.device_id", "poct1a.device_id", self.device),
            ("DEV.vendor_id", "poct1a.vendor_id", self.vendor),
            ("DEV.model_id", "poct1a.model_id", self.model),
            ("DEV.serial_id", "poct1a.serial_id", self.serial),
            (
                "DEV.manufacturer_name",
                "poct1a.manufacturer_name",
                self.manufacturer,
            ),
            ("DEV.hw_version", "poct1a.hw_version", self.hardware),
            ("DEV.sw_version", "poct1a.sw_version", self.software),
        ]
    }

    fn hello(&self, time: &str) -> String {
        let mut text = format!("<HEL.R01>{}<DEV>", header(1, time));
        for (element, _, value) in self.identity() {
            text += &format!(r#"<{element} V="{value}"/>"#);
        }
        text + r#"<DCP><DCP.application_timeout V="60"/></DCP></DEV></HEL.R01>"#
    }

    /// One conversation: hello, status, one result, good-bye, each acknowledged by the data manager.
    pub fn converse(
        &self,
        tap: &mut Tap<'_>,
        instrument: &Endpoint,
        (manager, port): (&Endpoint, u16),
        patient: &Patient,
        [analyte, value, unit]: [&str; 3],
        conditions: Conditions,
    ) {
        let client_port = tap.ephemeral_port(instrument);
        let time = Civil::new(tap.now).iso();
        let mut session =
            Session::open(tap, (instrument, client_port), (manager, port), conditions);
        let messages = [
            self.hello(&time),
            format!(
                r#"<DST.R01>{}<DST><DST.status_dttm V="{time}"/><DST.new_observations_qty V="1"/><DST.condition_cd V="R"/></DST></DST.R01>"#,
                header(2, &time)
            ),
            format!(
                concat!(
                    r#"<OBS.R01>{}<SVC><SVC.role_cd V="OBS"/><SVC.observation_dttm V="{}"/><PT><PT.patient_id V="{}"/>"#,
                    r#"<PT.name V="{} {}"/><PT.birth_date V="{}"/><PT.gender_cd V="{}"/><OBS><OBS.observation_id V="{}"/>"#,
                    r#"<OBS.value V="{}" U="{}"/><OBS.method_cd V="M"/></OBS></PT><OPR><OPR.operator_id V="{}"/></OPR></SVC></OBS.R01>"#
                ),
                header(3, &time),
                time,
                patient.record_number,
                patient.given,
                patient.family,
                patient.birth_date,
                patient.sex,
                analyte,
                value,
                unit,
                patient.physician
            ),
            format!(
                r#"<END.R01>{}<TRM><TRM.reason_cd V="NRM"/></TRM></END.R01>"#,
                header(4, &time)
            ),
        ];
        for (index, message) in messages.iter().enumerate() {
            let sent = session.send(Side::Client, message.as_bytes());
            if index == 0 {
                for (_, attribute, value) in self.identity() {
                    session.states(sent, Side::Client, attribute, value);
                }
            }
            session.tap.wait_about(10 * MILLISECOND);
            let answer = format!(
                r#"<ACK.R01>{}<ACK><ACK.type_cd V="AA"/><ACK.ack_control_id V="{}"/></ACK></ACK.R01>"#,
                header(100 + index as u32, &time),
                index + 1
            );
            session.send(Side::Server, answer.as_bytes());
            session.tap.wait_about(10 * MILLISECOND);
        }
        let named = [&patient.given, &patient.family];
        session.tap.puts("poct1a PT.name", Form::Plain, &named);
        session.tap.puts(
            "poct1a PT.patient_id",
            Form::Plain,
            &[&patient.record_number],
        );
        session
            .tap
            .puts("poct1a OPR.operator_id", Form::Plain, &[&patient.physician]);
        session.close(Close::Fin(Side::Client));
    }
}
