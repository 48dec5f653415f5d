//! Names of wire enumerations and times as people and scripts read them.

use auscult_proto::calendar;
use auscult_proto::observation::Millis;
use auscult_proto::{
    Attribute, BindingSource, ConfidenceClass, DirectionEvidence, Field, HealthState, Service,
};

fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix)
        .unwrap_or(name)
        .to_ascii_lowercase()
}

/// `hostname`, `ae_title`, ...: the name in the wire schema without its prefix.
#[must_use]
pub fn attribute(attribute: Attribute) -> String {
    word(attribute.as_str_name(), "ATTRIBUTE_")
}

/// `dhcpv4_opt12`, `hl7_msh3`, ...
#[must_use]
pub fn field(field: Field) -> String {
    word(field.as_str_name(), "FIELD_")
}

/// `d1` to `d7`.
#[must_use]
pub fn class(class: ConfidenceClass) -> String {
    word(class.as_str_name(), "CONFIDENCE_CLASS_")
}

/// `arp`, `dhcpv4_ack`, ...
#[must_use]
pub fn binding_source(source: BindingSource) -> String {
    word(source.as_str_name(), "BINDING_SOURCE_")
}

/// `handshake`, `protocol`, `port`, `first_packet`.
#[must_use]
pub fn evidence(evidence: DirectionEvidence) -> String {
    word(evidence.as_str_name(), "DIRECTION_EVIDENCE_")
}

/// `dicom`, `hl7`, ...; `None` when nothing was recognised.
#[must_use]
pub fn service(service: Service) -> Option<String> {
    (service != Service::Unspecified).then(|| word(service.as_str_name(), "SERVICE_"))
}

/// `ok`, `capture_drops`, ...
#[must_use]
pub fn health_state(state: HealthState) -> String {
    word(state.as_str_name(), "HEALTH_STATE_")
}

/// `2024-02-29T12:34:56.789Z` (ISO 8601).
#[must_use]
pub fn utc(millis: Millis) -> String {
    let day = millis.div_euclid(86_400_000);
    let of_day = millis.rem_euclid(86_400_000);
    let (year, month, date) = calendar::civil(day);
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, milli) = (of_day / 1000 % 60, of_day % 1000);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// `1,234,567`.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 frame`, `1,234 frames`: a count with its regular noun.
#[must_use]
pub fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(count))
}

/// `2 h 5 min`, `3 min 20 s`, `4.2 s`: two units at most.
#[must_use]
pub fn span(millis: u64) -> String {
    let (seconds, minutes, hours, days) = (
        millis / 1000,
        millis / 60_000,
        millis / 3_600_000,
        millis / 86_400_000,
    );
    match millis {
        0..60_000 => format!("{seconds}.{} s", millis / 100 % 10),
        60_000..3_600_000 => format!("{minutes} min {} s", seconds % 60),
        3_600_000..86_400_000 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_iso_8601_in_utc() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_709_210_096_789, "2024-02-29T12:34:56.789Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(utc(millis), text);
        }
    }

    #[test]
    fn enumerations_read_as_in_the_schema_without_their_prefix() {
        assert_eq!(attribute(Attribute::AeTitle), "ae_title");
        assert_eq!(field(Field::Dhcpv4Opt12), "dhcpv4_opt12");
        assert_eq!(field(Field::LldpmedManufacturer), "lldpmed_manufacturer");
        assert_eq!(field(Field::Hl7Msh3), "hl7_msh3");
        assert_eq!(class(ConfidenceClass::D1), "d1");
        assert_eq!(service(Service::Unspecified), None);
        assert_eq!(service(Service::Dicom).as_deref(), Some("dicom"));
        assert_eq!(evidence(DirectionEvidence::FirstPacket), "first_packet");
    }

    #[test]
    fn numbers_and_spans_read_well() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(span(4_230), "4.2 s");
        assert_eq!(span(200_000), "3 min 20 s");
        assert_eq!(span(7_500_000), "2 h 5 min");
        assert_eq!(span(90_000_000), "1 d 1 h");
    }
}
