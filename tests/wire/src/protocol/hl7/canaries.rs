//! Where messages hold patient data.

use crate::canary::Form;
use crate::patient::Patient;
use crate::tap::Tap;

use super::{Event, Message};

impl Message<'_> {
    /// Registers every canary that [`Message::event`] writes.
    pub(super) fn put_canaries(&self, event: &Event<'_>, patient: &Patient, tap: &mut Tap<'_>) {
        if matches!(event, Event::Maintenance { .. }) {
            return;
        }
        let mut puts = |place, canary| tap.puts(place, Form::Plain, &[canary]);
        puts("hl7 PID-3", &patient.record_number);
        puts("hl7 PID-5", &patient.family);
        puts("hl7 PID-5", &patient.given);
        puts("hl7 PID-11", &patient.street);
        puts("hl7 PID-13", &patient.telephone);
        puts("hl7 PID-18", &patient.account);
        match event {
            Event::Admission { .. } => {
                puts("hl7 NK1-2", &patient.family);
                puts("hl7 PV1-7", &patient.physician);
                puts("hl7 PV1-19", &patient.account);
                puts("hl7 IN1-36", &patient.account);
            }
            Event::Order { .. } => {
                puts("hl7 PV1-7", &patient.physician);
                puts("hl7 PV1-19", &patient.account);
                puts("hl7 ORC-2", &patient.accession);
                puts("hl7 ORC-12", &patient.physician);
                puts("hl7 OBR-2", &patient.accession);
                puts("hl7 OBR-16", &patient.physician);
            }
            Event::Result { .. } => {
                puts("hl7 OBR-2", &patient.accession);
                puts("hl7 NTE-3", &patient.finding);
            }
            Event::Observation { .. }
            | Event::Alarm { .. }
            | Event::Discharge { .. }
            | Event::Update { .. } => {
                puts("hl7 PV1-7", &patient.physician);
                puts("hl7 PV1-19", &patient.account);
                if matches!(event, Event::Alarm { .. }) {
                    puts("hl7 OBX-5", &patient.family);
                }
            }
            Event::Maintenance { .. } => {}
        }
    }
}
