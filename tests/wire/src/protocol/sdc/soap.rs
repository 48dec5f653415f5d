//! The SOAP 1.2 messages of WS-Discovery 1.1, WS-Transfer, DPWS 1.1 and BICEPS (IEEE 11073-10207).

use crate::patient::Patient;

use super::Provider;

/// What a message is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    Hello,
    Probe,
    ProbeMatches,
    Get,
    GetResponse,
    GetMdib,
    GetMdibResponse,
}

impl Action {
    fn uri(self) -> &'static str {
        match self {
            Self::Hello => "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01/Hello",
            Self::Probe => "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01/Probe",
            Self::ProbeMatches => {
                "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01/ProbeMatches"
            }
            Self::Get => "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get",
            Self::GetResponse => "http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse",
            Self::GetMdib => {
                "http://standards.ieee.org/downloads/11073/11073-20701-2018/GetService/GetMdib"
            }
            Self::GetMdibResponse => {
                "http://standards.ieee.org/downloads/11073/11073-20701-2018/GetService/GetMdibResponse"
            }
        }
    }
}

const NAMESPACES: &str = concat!(
    r#"xmlns:s12="http://www.w3.org/2003/05/soap-envelope" "#,
    r#"xmlns:wsa="http://www.w3.org/2005/08/addressing" "#,
    r#"xmlns:wsd="http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01" "#,
    r#"xmlns:dpws="http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01" "#,
    r#"xmlns:mdpws="http://standards.ieee.org/downloads/11073/11073-20702-2016""#
);
const BICEPS: &str = concat!(
    r#" xmlns:wsx="http://schemas.xmlsoap.org/ws/2004/09/mex""#,
    r#" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance""#,
    r#" xmlns:msg="http://standards.ieee.org/downloads/11073/11073-10207-2017/message""#,
    r#" xmlns:pm="http://standards.ieee.org/downloads/11073/11073-10207-2017/participant""#
);

fn envelope(more: &str, header: &str, body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><s12:Envelope {NAMESPACES}{more}><s12:Header>{header}</s12:Header><s12:Body>{body}</s12:Body></s12:Envelope>"#
    )
}

/// A message of ad-hoc discovery.
pub(super) fn discovery(action: Action, id: &str, relates: Option<&str>, body: &str) -> String {
    let to = match relates {
        None => "urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01",
        Some(_) => "http://www.w3.org/2005/08/addressing/anonymous",
    };
    let relates = relates.map_or_else(String::new, |id| {
        format!("<wsa:RelatesTo>urn:uuid:{id}</wsa:RelatesTo>")
    });
    let header = format!(
        r#"<wsa:Action>{}</wsa:Action><wsa:MessageID>urn:uuid:{id}</wsa:MessageID><wsa:To>{to}</wsa:To>{relates}<wsd:AppSequence InstanceId="1" MessageNumber="1"/>"#,
        action.uri()
    );
    envelope("", &header, body)
}

/// A request to a provider.
pub(super) fn question(action: Action, id: &str, to: &str, body: &str) -> String {
    let header = format!(
        "<wsa:Action>{}</wsa:Action><wsa:MessageID>urn:uuid:{id}</wsa:MessageID><wsa:To>{to}</wsa:To>",
        action.uri()
    );
    envelope(BICEPS, &header, body)
}

/// A provider's answer.
pub(super) fn answer(action: Action, id: &str, relates: &str, body: &str) -> String {
    let header = format!(
        "<wsa:Action>{}</wsa:Action><wsa:MessageID>urn:uuid:{id}</wsa:MessageID><wsa:RelatesTo>urn:uuid:{relates}</wsa:RelatesTo>",
        action.uri()
    );
    envelope(BICEPS, &header, body)
}

/// `ThisModel` and `ThisDevice` (DPWS 1.1 §5.1).
pub(super) fn metadata(provider: &Provider<'_>) -> String {
    format!(
        concat!(
            r#"<wsx:Metadata><wsx:MetadataSection Dialect="http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01/ThisModel"><dpws:ThisModel>"#,
            r#"<dpws:Manufacturer>{}</dpws:Manufacturer><dpws:ModelName>{}</dpws:ModelName><dpws:ModelNumber>{}</dpws:ModelNumber>"#,
            r#"</dpws:ThisModel></wsx:MetadataSection><wsx:MetadataSection Dialect="http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01/ThisDevice">"#,
            r#"<dpws:ThisDevice><dpws:FriendlyName>{}</dpws:FriendlyName><dpws:FirmwareVersion>{}</dpws:FirmwareVersion>"#,
            r#"<dpws:SerialNumber>{}</dpws:SerialNumber></dpws:ThisDevice></wsx:MetadataSection></wsx:Metadata>"#
        ),
        provider.manufacturer,
        provider.model,
        provider.model_number,
        provider.name,
        provider.firmware,
        provider.serial
    )
}

/// The smallest MDIB with a patient: one MDS with its metadata and a patient context.
pub(super) fn mdib(provider: &Provider<'_>, patient: &Patient) -> String {
    format!(
        concat!(
            r#"<msg:GetMdibResponse MdibVersion="1" SequenceId="urn:uuid:{uuid}"><msg:Mdib MdibVersion="1" SequenceId="urn:uuid:{uuid}">"#,
            r#"<pm:MdDescription DescriptionVersion="1"><pm:Mds Handle="mds0" DescriptorVersion="1" SafetyClassification="MedB">"#,
            r#"<pm:Type Code="{kind}"/><pm:MetaData><pm:Manufacturer>{manufacturer}</pm:Manufacturer><pm:ModelName>{model}</pm:ModelName>"#,
            r#"<pm:ModelNumber>{number}</pm:ModelNumber><pm:SerialNumber>{serial}</pm:SerialNumber></pm:MetaData>"#,
            r#"<pm:SystemContext Handle="sc0" DescriptorVersion="1"><pm:PatientContext Handle="pc0" DescriptorVersion="1"/></pm:SystemContext>"#,
            r#"</pm:Mds></pm:MdDescription><pm:MdState StateVersion="1"><pm:State xsi:type="pm:MdsState" DescriptorHandle="mds0" StateVersion="1" "#,
            r#"DescriptorVersion="1"/><pm:State xsi:type="pm:SystemContextState" DescriptorHandle="sc0" StateVersion="1" DescriptorVersion="1"/>"#,
            r#"<pm:State xsi:type="pm:PatientContextState" DescriptorHandle="pc0" Handle="pcs0" StateVersion="1" DescriptorVersion="1" "#,
            r#"ContextAssociation="Assoc" BindingMdibVersion="1"><pm:Identification Root="urn:oid:2.999" Extension="{mrn}"/>"#,
            r#"<pm:CoreData><pm:Givenname>{given}</pm:Givenname><pm:Familyname>{family}</pm:Familyname><pm:Sex>{sex}</pm:Sex></pm:CoreData>"#,
            r#"</pm:State></pm:MdState></msg:Mdib></msg:GetMdibResponse>"#
        ),
        uuid = provider.uuid,
        kind = provider.kind,
        manufacturer = provider.manufacturer,
        model = provider.model,
        number = provider.model_number,
        serial = provider.serial,
        mrn = patient.record_number,
        given = patient.given,
        family = patient.family,
        sex = match patient.sex {
            'F' => "F",
            'M' => "M",
            _ => "Unspec",
        }
    )
}
