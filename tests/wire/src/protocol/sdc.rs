//! IEEE 11073 SDC: WS-Discovery over UDP, DPWS metadata and the MDIB in gzip-encoded SOAP over plain HTTP (as in laboratories and staging;
//! in operation the same SOAP is inside TLS).

mod soap;

use std::net::{IpAddr, Ipv4Addr};

use crate::address::Endpoint;
use crate::calendar::{Civil, MILLISECOND, Nanos};
use crate::canary::Form;
use crate::gzip;
use crate::patient::Patient;
use crate::protocol::http::{self, Request, Response};
use crate::tap::Tap;
use crate::tcp::{Close, Conditions, Session, Side};

use soap::Action;

/// A provider: a medical device with SDC.
#[derive(Debug, Clone, Copy)]
pub struct Provider<'a> {
    /// UUID of its endpoint reference, without the prefix.
    pub uuid: &'a str,
    /// MDC code of its kind in the scope `sdc.cdc.type`.
    pub kind: u32,
    /// Facility, point of care and bed of the scope `sdc.ctxt.loc`.
    pub location: [&'a str; 3],
    /// `ThisModel`.
    pub manufacturer: &'a str,
    /// `ThisModel`.
    pub model: &'a str,
    /// `ThisModel`.
    pub model_number: &'a str,
    /// `ThisDevice`.
    pub name: &'a str,
    /// `ThisDevice`.
    pub firmware: &'a str,
    /// `ThisDevice`.
    pub serial: &'a str,
    /// `Server` of its HTTP.
    pub http_server: &'a str,
    /// Port of its HTTP.
    pub port: u16,
}

const DISCOVERY: u16 = 3_702;
const TYPES: &str = "dpws:Device mdpws:MedicalDevice";

fn group(endpoint: &Endpoint) -> Endpoint {
    endpoint.at(Ipv4Addr::new(239, 255, 255, 250))
}

/// A UUID of version 4 from a tap's stream.
fn uuid(tap: &mut Tap<'_>) -> String {
    let mut bytes: [u8; 16] = tap.random.bytes();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    crate::protocol::smb::guid_text(bytes)
}

impl Provider<'_> {
    fn scopes(&self) -> String {
        let [facility, care, bed] = self.location;
        format!(
            "sdc.ctxt.loc:/sdc.ctxt.loc.detail/{facility}%2F%2F%2F{care}%2F%2F{bed}?fac={facility}&amp;poc={care}&amp;bed={bed} \
             sdc.cdc.type:/urn%3Aoid%3A1.2.840.10004.1.1.1.0.0.1//{} sdc.mds.pkp:1.2.840.10004.20701.1.1",
            self.kind
        )
    }

    fn address(&self, ip: IpAddr) -> String {
        match ip {
            IpAddr::V4(v4) => format!("http://{v4}:{}/{}", self.port, self.uuid),
            IpAddr::V6(v6) => format!("http://[{v6}]:{}/{}", self.port, self.uuid),
        }
    }

    fn presence(&self, ip: IpAddr) -> String {
        format!(
            concat!(
                "<wsa:EndpointReference><wsa:Address>urn:uuid:{}</wsa:Address></wsa:EndpointReference>",
                "<wsd:Types>{}</wsd:Types><wsd:Scopes>{}</wsd:Scopes><wsd:XAddrs>{}</wsd:XAddrs>",
                "<wsd:MetadataVersion>1</wsd:MetadataVersion>"
            ),
            self.uuid,
            TYPES,
            self.scopes(),
            self.address(ip)
        )
    }

    fn state_presence(&self, tap: &mut Tap<'_>, frame: crate::recording::FrameId, from: &Endpoint) {
        tap.states(frame, from, "wsd.epr", format!("urn:uuid:{}", self.uuid));
        tap.states(frame, from, "wsd.types", TYPES);
        tap.states(frame, from, "wsd.scopes", self.scopes());
        tap.states(frame, from, "wsd.xaddrs", self.address(from.ip));
    }

    /// Says hello to the group.
    pub fn hello(&self, tap: &mut Tap<'_>, provider: &Endpoint) {
        let body = format!("<wsd:Hello>{}</wsd:Hello>", self.presence(provider.ip));
        let message = soap::discovery(Action::Hello, &uuid(tap), None, &body);
        let port = tap.ephemeral_port(provider);
        let all = group(provider);
        let frame = tap.udp((provider, port), (&all, DISCOVERY), message.as_bytes());
        self.state_presence(tap, frame, provider);
    }

    /// A consumer probes; this provider matches.
    pub fn match_probe(&self, tap: &mut Tap<'_>, consumer: &Endpoint, provider: &Endpoint) {
        let id = uuid(tap);
        let body = "<wsd:Probe><wsd:Types>mdpws:MedicalDevice</wsd:Types></wsd:Probe>";
        let message = soap::discovery(Action::Probe, &id, None, body);
        let port = tap.ephemeral_port(consumer);
        let all = group(consumer);
        tap.udp((consumer, port), (&all, DISCOVERY), message.as_bytes());
        tap.wait_about(80 * MILLISECOND);
        let body = format!(
            "<wsd:ProbeMatches><wsd:ProbeMatch>{}</wsd:ProbeMatch></wsd:ProbeMatches>",
            self.presence(provider.ip)
        );
        let message = soap::discovery(Action::ProbeMatches, &uuid(tap), Some(&id), &body);
        let frame = tap.udp((provider, DISCOVERY), (consumer, port), message.as_bytes());
        self.state_presence(tap, frame, provider);
    }

    /// A consumer reads the metadata and the MDIB with the patient in it, both gzip-encoded.
    pub fn read(
        &self,
        tap: &mut Tap<'_>,
        consumer: &Endpoint,
        provider: &Endpoint,
        patient: &Patient,
        conditions: Conditions,
    ) {
        let port = tap.ephemeral_port(consumer);
        let questions = [uuid(tap), uuid(tap)];
        let answers = [uuid(tap), uuid(tap)];
        let mut session = Session::open(tap, (consumer, port), (provider, self.port), conditions);
        let address = format!("urn:uuid:{}", self.uuid);
        let metadata = soap::answer(
            Action::GetResponse,
            &answers[0],
            &questions[0],
            &soap::metadata(self),
        );
        let question = soap::question(Action::Get, &questions[0], &address, "");
        let frame = self.ask(&mut session, &question, &metadata);
        for (attribute, value) in [
            ("dpws.Manufacturer", self.manufacturer),
            ("dpws.ModelName", self.model),
            ("dpws.ModelNumber", self.model_number),
            ("dpws.FriendlyName", self.name),
            ("dpws.FirmwareVersion", self.firmware),
            ("dpws.SerialNumber", self.serial),
        ] {
            session.states(frame, Side::Server, attribute, value);
        }
        session.tap.wait_about(30 * MILLISECOND);
        let mdib = soap::answer(
            Action::GetMdibResponse,
            &answers[1],
            &questions[1],
            &soap::mdib(self, patient),
        );
        let question = soap::question(Action::GetMdib, &questions[1], &address, "<msg:GetMdib/>");
        self.ask(&mut session, &question, &mdib);
        let named = [&patient.given, &patient.family];
        session
            .tap
            .puts("sdc PatientContextState CoreData", Form::Gzip, &named);
        let number = [&patient.record_number];
        session.tap.puts(
            "sdc PatientContextState Identification",
            Form::Gzip,
            &number,
        );
        session.close(Close::Fin(Side::Client));
    }

    fn ask(
        &self,
        session: &mut Session<'_, '_>,
        question: &str,
        answer: &str,
    ) -> crate::recording::FrameId {
        let ip = session.endpoint(Side::Server).ip;
        let host = format!("{ip}:{}", self.port);
        let target = format!("/{}", self.uuid);
        let date = date(session.tap.now);
        let (question, answer) = (
            gzip::compress(question.as_bytes()),
            gzip::compress(answer.as_bytes()),
        );
        let fields = [
            ("Content-Type", "application/soap+xml; charset=utf-8"),
            ("Content-Encoding", "gzip"),
        ];
        let request = Request {
            method: "POST",
            target: &target,
            host: &host,
            user_agent: "",
            headers: &fields,
            body: &question,
        };
        let response = Response {
            status: "200 OK",
            server: self.http_server,
            date: &date,
            headers: &fields,
            body: &answer,
        };
        http::exchange(session, &request, &response).1
    }
}

fn date(now: Nanos) -> String {
    Civil::new(now).http()
}
