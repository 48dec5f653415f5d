//! Cisco Discovery Protocol: what a network device tells its neighbours. There is no public standard; the elements are those all
//! dissectors agree on.

mod parse;
#[cfg(test)]
pub(crate) mod tests;

use auscult_proto::observation::FactFlags;
use auscult_proto::{Attribute, ConfidenceClass, Field};

use crate::emit::{Emitter, Source};
use crate::malformed::{Malformed, Parsed};
use crate::sink::Sink;

use parse::{Tlv, tlvs};

/// SNAP protocol id under Cisco's OUI, and GRE protocol type.
pub(crate) const PROTOCOL: u16 = 0x2000;

const fn source(attribute: Attribute, field: Field) -> Source {
    (attribute, field, ConfidenceClass::D2)
}

/// Reads an announcement; all it says is about its sender.
pub(crate) fn dissect<S: Sink>(
    payload: &[u8],
    truncated: bool,
    out: &mut Emitter<'_, S>,
) -> Parsed {
    let mut reader = tlvs(payload).ok_or(Malformed)?;
    for tlv in &mut reader {
        state(&tlv, out);
    }
    let Some(cut) = reader.broken() else {
        return Ok(());
    };
    if let Some(Tlv::Text(..)) = cut {
        out.doubt(if truncated {
            FactFlags::TRUNCATED
        } else {
            FactFlags::MALFORMED.with(FactFlags::TRUNCATED)
        });
        state(&cut.unwrap_or(Tlv::Other), out);
    }
    if truncated { Ok(()) } else { Err(Malformed) }
}

fn state<S: Sink>(tlv: &Tlv<'_>, out: &mut Emitter<'_, S>) {
    match tlv {
        Tlv::Text(attribute, field, raw) => out.text(source(*attribute, *field), raw),
        Tlv::Addresses(field, addresses) => {
            for ip in addresses.clone() {
                out.value(source(Attribute::ManagementAddress, *field), ip);
            }
        }
        Tlv::Capabilities(names) => {
            out.value(
                source(Attribute::Capabilities, Field::CdpCapabilities),
                names,
            );
        }
        Tlv::NativeVlan(vlan) => {
            out.value(source(Attribute::NativeVlan, Field::CdpNativeVlan), vlan);
        }
        Tlv::Other => {}
    }
}
