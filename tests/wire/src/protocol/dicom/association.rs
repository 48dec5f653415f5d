//! An association and the services in it.

use crate::address::Endpoint;
use crate::calendar::{Civil, MILLISECOND};
use crate::canary::{Canary, Form};
use crate::patient::Patient;
use crate::tap::Tap;
use crate::tcp::{Close, Conditions, Session, Side};

use super::object::{self, Equipment, Modality};
use super::pdu::{self, Context};
use super::{
    Application, PERFORMED_STEP, STUDY_FIND, STUDY_MOVE, SopClass, Syntax, VERIFICATION, WORKLIST,
    Writer,
};

/// What becomes of a request for an association.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All contexts are accepted.
    Accepted,
    /// The called title is not known.
    Rejected,
}

/// An open association.
#[derive(Debug)]
pub struct Association<'c, 's, 'r> {
    session: Session<'s, 'r>,
    contexts: Vec<Context>,
    calling: Application<'c>,
    message: u16,
}

/// Largest PDU: the usual value of DCMTK and most modalities.
const MAXIMUM: u32 = 16_384;
/// Data sets whose command says there is none (PS3.7 E.2).
const NO_DATA_SET: u16 = 0x0101;
/// Status "pending": more follow.
const PENDING: u16 = 0xff00;

/// C-MOVE-RQ and N-SET-RQ, which need more than the others.
const MOVE: u16 = 0x0021;
const SET: u16 = 0x0120;

/// A DIMSE command: its field and what else it needs.
#[derive(Clone, Copy)]
struct Command<'a> {
    field: u16,
    class: SopClass,
    instance: Option<&'a str>,
    status: Option<u16>,
    data_set: bool,
    /// Move Destination.
    destination: Option<&'a str>,
    /// Sub-operations of a retrieval: those that remain (while it is pending), completed.
    sub_operations: Option<(Option<u16>, u16)>,
}

impl<'a> Command<'a> {
    /// A request.
    fn request(field: u16, class: SopClass, instance: Option<&'a str>, data_set: bool) -> Self {
        Self {
            field,
            class,
            instance,
            status: None,
            data_set,
            destination: None,
            sub_operations: None,
        }
    }

    /// The response to it; only a pending one has a data set, where the service has any.
    fn answered(self, status: u16) -> Self {
        Self {
            field: self.field | 0x8000,
            status: Some(status),
            data_set: status == PENDING && self.field != MOVE,
            destination: None,
            ..self
        }
    }
}

impl<'c, 's, 'r> Association<'c, 's, 'r> {
    /// Requests an association for `classes`. A rejected one is closed and `None`. `user` is the name in a user identity item.
    pub fn open(
        tap: &'s mut Tap<'r>,
        (client, calling): (&Endpoint, Application<'c>),
        (server, called): (&Endpoint, Application<'c>),
        port: u16,
        (classes, syntax): (&[SopClass], Syntax),
        (user, outcome, conditions): (Option<&Canary>, Outcome, Conditions),
    ) -> Option<Self> {
        let client_port = tap.ephemeral_port(client);
        let mut session = Session::open(tap, (client, client_port), (server, port), conditions);
        let contexts: Vec<Context> = classes
            .iter()
            .map(|class| Context {
                class: *class,
                syntax,
            })
            .collect();
        let request = pdu::request(
            &calling,
            called.title,
            &contexts,
            MAXIMUM,
            user.map(Canary::as_str),
        );
        let asked = session.send(Side::Client, &request);
        state_titles(&mut session, asked, Side::Client, &calling, &called);
        for (uid, name) in classes {
            session.states(asked, Side::Client, "dicom.sop", format!("{name} ({uid})"));
        }
        if let Some(user) = user {
            session
                .tap
                .puts("dicom user identity", Form::Plain, &[user]);
        }
        session.tap.wait_about(3 * MILLISECOND);
        if outcome == Outcome::Rejected {
            session.send(Side::Server, &pdu::reject());
            session.close(Close::Fin(Side::Client));
            return None;
        }
        let accept = pdu::accept(calling.title, &called, &contexts, MAXIMUM);
        let answered = session.send(Side::Server, &accept);
        state_titles(&mut session, answered, Side::Server, &calling, &called);
        Some(Self {
            session,
            contexts,
            calling,
            message: 0,
        })
    }

    fn context(&self, class: SopClass) -> Option<(u8, Syntax)> {
        let index = self
            .contexts
            .iter()
            .position(|context| context.class == class)?;
        Some((Context::id(index), self.contexts[index].syntax))
    }

    fn send(&mut self, side: Side, context: u8, command: &Command<'_>, data: Option<&[u8]>) {
        let bytes = self.command(command);
        let mut out = Vec::with_capacity(bytes.len() + data.map_or(0, <[u8]>::len) + 64);
        pdu::data(context, true, &bytes, MAXIMUM, &mut out);
        if let Some(data) = data {
            pdu::data(context, false, data, MAXIMUM, &mut out);
        }
        self.session.send(side, &out);
        self.session.tap.wait_about(2 * MILLISECOND);
    }

    /// The command set, always implicit little endian (PS3.7 §6.3.1).
    fn command(&self, command: &Command<'_>) -> Vec<u8> {
        let mut writer = Writer::new(Syntax::Implicit);
        let response = command.field & 0x8000 != 0;
        // What is set is the requested instance; what is made or stored is the affected one (PS3.7 E.1).
        let (class, instance) = match command.field {
            SET => (0x0003, 0x1001),
            _ => (0x0002, 0x1000),
        };
        writer.text((0, class), *b"UI", command.class.0);
        writer.us((0, 0x0100), command.field);
        let number = if response { 0x0120 } else { 0x0110 };
        writer.us((0, number), self.message);
        if let Some(destination) = command.destination {
            writer.text((0, 0x0600), *b"AE", destination);
        }
        if matches!(command.field, 0x0001 | 0x0020 | MOVE) {
            writer.us((0, 0x0700), 0);
        }
        writer.us((0, 0x0800), if command.data_set { 1 } else { NO_DATA_SET });
        if let Some(status) = command.status {
            writer.us((0, 0x0900), status);
        }
        if let Some(value) = command.instance {
            writer.text((0, instance), *b"UI", value);
        }
        if let Some((remaining, completed)) = command.sub_operations {
            if let Some(remaining) = remaining {
                writer.us((0, 0x1020), remaining);
            }
            // Completed, failed, with warnings.
            writer.us((0, 0x1021), completed);
            writer.us((0, 0x1022), 0);
            writer.us((0, 0x1023), 0);
        }
        let body = writer.finish();
        let mut whole = Writer::new(Syntax::Implicit);
        whole.element((0, 0), *b"UL", &(body.len() as u32).to_le_bytes());
        [whole.finish(), body].concat()
    }

    fn request_response(
        &mut self,
        field: u16,
        class: SopClass,
        instance: Option<&str>,
        data: Option<&[u8]>,
    ) {
        let Some((context, _)) = self.context(class) else {
            return;
        };
        self.message += 1;
        let request = Command::request(field, class, instance, data.is_some());
        self.send(Side::Client, context, &request, data);
        self.send(Side::Server, context, &request.answered(0), None);
    }

    /// C-ECHO. Like every service, it needs its class among those of the association; else nothing is sent.
    pub fn echo(&mut self) {
        self.request_response(0x0030, VERIFICATION, None, None);
    }

    /// C-STORE of an image of `pixels` 16-bit pixels.
    pub fn store(
        &mut self,
        equipment: &Equipment<'_>,
        modality: &Modality,
        patient: &Patient,
        pixels: u16,
    ) {
        let Some((_, syntax)) = self.context(modality.class) else {
            return;
        };
        let instance = object::uid(&mut self.session.tap.random);
        let what = (equipment, modality);
        let image = object::image(self.session.tap, syntax, what, patient, &instance, pixels);
        let before = self.session.tap.recording.next_frame();
        self.request_response(0x0001, modality.class, Some(&instance), Some(&image));
        for (attribute, value) in object::facts(equipment, modality) {
            self.session.states(before, Side::Client, attribute, value);
        }
    }

    /// C-FIND in the worklist; one answer for each patient.
    pub fn worklist(&mut self, modality: &Modality, patients: &[Patient]) {
        let Some((context, syntax)) = self.context(WORKLIST) else {
            return;
        };
        let title = self.calling.title;
        let date = Civil::new(self.session.tap.now).date();
        let keys = object::worklist_keys(syntax, title, modality.code, &date);
        let answers: Vec<Vec<u8>> = patients
            .iter()
            .map(|patient| {
                object::worklist_entry(self.session.tap, syntax, title, modality.code, patient)
            })
            .collect();
        self.find(context, WORKLIST, &keys, &answers);
    }

    /// C-FIND for the studies of a patient, with one answer.
    pub fn query(&mut self, patient: &Patient) {
        let Some((context, syntax)) = self.context(STUDY_FIND) else {
            return;
        };
        let keys = object::study(self.session.tap, syntax, patient, false);
        let answer = object::study(self.session.tap, syntax, patient, true);
        self.find(context, STUDY_FIND, &keys, &[answer]);
    }

    fn find(&mut self, context: u8, class: SopClass, keys: &[u8], answers: &[Vec<u8>]) {
        self.message += 1;
        let request = Command::request(0x0020, class, None, true);
        self.send(Side::Client, context, &request, Some(keys));
        for answer in answers {
            self.send(
                Side::Server,
                context,
                &request.answered(PENDING),
                Some(answer),
            );
        }
        self.send(Side::Server, context, &request.answered(0), None);
    }

    /// C-MOVE of a study to the application entity `destination` (PS3.4 C.4.2). In `deliver` the archive associates with it and stores
    /// `images`; it is given the tap they are seen at.
    pub fn retrieve(&mut self, destination: &str, images: u16, deliver: impl FnOnce(&mut Tap<'r>)) {
        let Some((context, syntax)) = self.context(STUDY_MOVE) else {
            return;
        };
        let keys = object::retrieved_study(self.session.tap, syntax);
        self.message += 1;
        let request = Command {
            destination: Some(destination),
            ..Command::request(MOVE, STUDY_MOVE, None, true)
        };
        let asked = self.session.tap.recording.next_frame();
        self.send(Side::Client, context, &request, Some(&keys));
        let attribute = "dicom.tag.0000,0600 Move Destination";
        self.session
            .states(asked, Side::Client, attribute, destination);
        let pending = Command {
            sub_operations: Some((Some(images), 0)),
            ..request.answered(PENDING)
        };
        self.send(Side::Server, context, &pending, None);
        deliver(self.session.tap);
        let done = Command {
            sub_operations: Some((None, images)),
            ..request.answered(0)
        };
        self.send(Side::Server, context, &done, None);
    }

    /// N-CREATE of a performed procedure step; its instance, for [`Association::end_step`].
    pub fn begin_step(
        &mut self,
        equipment: &Equipment<'_>,
        modality: &Modality,
        patient: &Patient,
    ) -> Option<String> {
        let (_, syntax) = self.context(PERFORMED_STEP)?;
        let title = self.calling.title;
        let what = (equipment, modality);
        let step = object::performed_step(self.session.tap, syntax, title, what, patient);
        let instance = object::uid(&mut self.session.tap.random);
        let before = self.session.tap.recording.next_frame();
        self.request_response(0x0140, PERFORMED_STEP, Some(&instance), Some(&step));
        for (attribute, value) in [
            ("dicom.tag.0008,0060 Modality", modality.code),
            ("dicom.tag.0040,0241 Performed Station AE Title", title),
            (
                "dicom.tag.0040,0242 Performed Station Name",
                equipment.station,
            ),
        ] {
            self.session.states(before, Side::Client, attribute, value);
        }
        Some(instance)
    }

    /// N-SET of the performed procedure step `instance`: it is completed.
    pub fn end_step(&mut self, instance: &str, patient: &Patient) {
        let Some((_, syntax)) = self.context(PERFORMED_STEP) else {
            return;
        };
        let end = object::completed_step(self.session.tap, syntax, patient);
        self.request_response(SET, PERFORMED_STEP, Some(instance), Some(&end));
    }

    /// Releases the association and closes the connection.
    pub fn release(mut self) {
        self.session.send(Side::Client, &pdu::release(5));
        self.session.tap.wait_about(MILLISECOND);
        self.session.send(Side::Server, &pdu::release(6));
        self.session.close(Close::Fin(Side::Client));
    }
}

fn state_titles(
    session: &mut Session<'_, '_>,
    frame: crate::recording::FrameId,
    side: Side,
    calling: &Application<'_>,
    called: &Application<'_>,
) {
    let speaker = match side {
        Side::Client => calling,
        Side::Server => called,
    };
    session.states(frame, side, "dicom.calling", calling.title);
    session.states(frame, side, "dicom.called", called.title);
    session.states(frame, side, "dicom.impl_uid", speaker.implementation);
    if !speaker.version.is_empty() {
        session.states(frame, side, "dicom.impl_ver", speaker.version);
    }
}
