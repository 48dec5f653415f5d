//! LLDP (IEEE 802.1AB) with the media endpoint extensions (TIA-1057), the port VLAN (802.1Q annex D) and MUD (RFC 8520).

mod parse;
#[cfg(test)]
pub(crate) mod tests;

use auscult_proto::observation::FactFlags;
use auscult_proto::{Attribute, ConfidenceClass, Field};

use crate::emit::{Emitter, Source};
use crate::malformed::{Malformed, Parsed};
use crate::sink::Sink;

use parse::{Identifier, Tlv, tlvs};

/// The ethertype.
pub(crate) const ETHERTYPE: u16 = 0x88cc;

const fn source(attribute: Attribute, field: Field) -> Source {
    (attribute, field, ConfidenceClass::D2)
}

/// Reads an LLDP data unit; all it says is about its sender.
pub(crate) fn dissect<S: Sink>(
    payload: &[u8],
    truncated: bool,
    out: &mut Emitter<'_, S>,
) -> Parsed {
    let mut reader = tlvs(payload);
    for tlv in &mut reader {
        state(&tlv, out);
    }
    if !reader.is_broken() {
        return Ok(());
    }
    // The last element is cut: by the capture, or by its sender.
    if let Some((attribute, field, raw)) = reader.cut_text() {
        out.doubt(if truncated {
            FactFlags::TRUNCATED
        } else {
            FactFlags::MALFORMED.with(FactFlags::TRUNCATED)
        });
        out.text(source(attribute, field), raw);
    }
    if truncated { Ok(()) } else { Err(Malformed) }
}

fn state<S: Sink>(tlv: &Tlv<'_>, out: &mut Emitter<'_, S>) {
    match tlv {
        Tlv::Chassis(id) => identifier(Attribute::ChassisId, Field::LldpChassis, *id, out),
        Tlv::Port(id) => identifier(Attribute::PortId, Field::LldpPort, *id, out),
        Tlv::Text(attribute, field, raw) => out.text(source(*attribute, *field), raw),
        Tlv::Capabilities(names) => out.value(
            source(Attribute::Capabilities, Field::LldpCapabilities),
            names,
        ),
        Tlv::ManagementAddress(id) => identifier(
            Attribute::ManagementAddress,
            Field::LldpManagementAddress,
            *id,
            out,
        ),
        Tlv::PortVlan(vlan) => out.value(source(Attribute::NativeVlan, Field::LldpPortVlan), vlan),
        Tlv::Other => {}
    }
}

fn identifier<S: Sink>(
    attribute: Attribute,
    field: Field,
    id: Identifier<'_>,
    out: &mut Emitter<'_, S>,
) {
    match id {
        Identifier::Mac(mac) => out.value(source(attribute, field), mac),
        Identifier::Ip(ip) => out.value(source(attribute, field), ip),
        Identifier::Text(raw) => out.text(source(attribute, field), raw),
        Identifier::Octets(raw) => out.value(source(attribute, field), raw),
    }
}
