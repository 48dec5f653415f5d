use super::*;
use crate::cvss::Vector;

const NOW: i64 = 1_790_000_000_000;

fn service(port: u16, name: Option<&str>) -> SeenService {
    SeenService {
        ip_protocol: 6,
        port,
        name: name.map(str::to_owned),
        ..SeenService::default()
    }
}

fn stated(attribute: &str, value: &str) -> Stated {
    Stated {
        attribute: attribute.into(),
        value: value.into(),
    }
}

fn ids(seen: &Seen) -> Vec<WeaknessId> {
    derive(seen, NOW)
        .into_iter()
        .map(|derived| derived.id)
        .collect()
}

#[test]
fn the_table_is_complete_and_in_order() {
    for (place, weakness) in WEAKNESSES.iter().enumerate() {
        assert_eq!(weakness.name, format!("AUSCULT-W-{:03}", place + 1));
        assert_eq!(serde_json::to_value(weakness.id).unwrap(), weakness.name);
        assert!(
            weakness.vector.parse::<Vector>().is_ok(),
            "{}",
            weakness.name
        );
        assert!(weakness.cwe.starts_with("CWE-") && weakness.technique.starts_with('T'));
        assert_eq!(find(weakness.id), Some(weakness));
    }
    assert!(WEAKNESSES.windows(2).all(|pair| pair[0].id < pair[1].id));
}

#[test]
fn clear_text_follows_from_the_protocol_and_not_from_a_port_when_it_is_inside_tls() {
    let mut dicom = service(11112, Some("dicom"));
    let seen = |service: &SeenService| Seen {
        services: vec![service.clone()],
        ..Seen::default()
    };
    assert_eq!(ids(&seen(&dicom)), [WeaknessId::ClearTextDicom]);
    dicom.tls = true;
    assert_eq!(ids(&seen(&dicom)), []);
    assert_eq!(
        ids(&seen(&service(2762, None))),
        [],
        "the port promises TLS"
    );
    let by_port = derive(&seen(&service(23, None)), NOW);
    assert_eq!(by_port[0].id, WeaknessId::ClearTextShell);
    assert_eq!(by_port[0].certainty, Certainty::PortOnly);
    assert_eq!(
        ids(&seen(&service(23, Some("ssh")))),
        [],
        "what was recognised goes before the port"
    );
    assert_eq!(
        ids(&seen(&service(7000, Some("hl7")))),
        [WeaknessId::ClearTextHl7]
    );
}

#[test]
fn statements_at_a_service_say_the_rest() {
    let with = |attribute: &str, value: &str| Seen {
        services: vec![SeenService {
            stated: vec![stated(attribute, value)],
            ..service(9999, Some("smb"))
        }],
        ..Seen::default()
    };
    assert_eq!(
        ids(&with("protocol_version", "NT LM 0.12")),
        [WeaknessId::SmbVersion1]
    );
    assert_eq!(ids(&with("protocol_version", "SMB 3.1.1")), []);
    assert_eq!(
        ids(&with("protocol_version", "TLS 1.0")),
        [WeaknessId::OldTls]
    );
    assert_eq!(ids(&with("protocol_version", "TLS 1.2")), []);
    assert_eq!(
        ids(&with("authentication", "anonymous")),
        [WeaknessId::AnonymousService]
    );
    assert_eq!(
        ids(&with("authentication", "Basic")),
        [WeaknessId::HttpPassword]
    );
    let shared = Seen {
        services: vec![SeenService {
            same_certificate_on: 3,
            tls: true,
            ..service(443, Some("tls"))
        }],
        ..Seen::default()
    };
    assert_eq!(ids(&shared), [WeaknessId::SharedCertificate]);
}

#[test]
fn support_ends_on_a_day() {
    let with = |attribute: &str, value: &str| Seen {
        stated: vec![stated(attribute, value)],
        ..Seen::default()
    };
    for value in [
        "Windows XP",
        "Microsoft Windows 7 Professional",
        "Windows Version 6.1 (Build 7601)",
        "Windows 10 Pro",
    ] {
        assert_eq!(
            ids(&with("os_name", value)),
            [WeaknessId::OperatingSystemEnded],
            "{value}"
        );
    }
    for value in [
        "Windows 10 Enterprise LTSC 2021",
        "Windows 11",
        "Windows 70",
        "VxWorks 6.9",
        "Windows Server 2022",
    ] {
        assert_eq!(ids(&with("os_name", value)), [], "{value}");
    }
    assert_eq!(
        ids(&with("hostname", "windows-xp")),
        [],
        "a name is no statement about the system"
    );
    let before = crate::version::millis("2020-01-14").unwrap();
    let seven = with("os_name", "Windows 7");
    assert!(
        derive(&seven, before).is_empty(),
        "supported on its last day"
    );
    assert!(!derive(&seven, before + 2 * 86_400_000).is_empty());
    let names: Vec<_> = derive(&with("os_name", "Windows 8.1"), NOW)
        .into_iter()
        .map(|d| d.because)
        .collect();
    assert!(
        names[0].contains("Windows 8.1 ended on 2023-01-10"),
        "{names:?}"
    );
}

#[test]
fn a_certificate_may_be_wrong_in_two_ways() {
    let seen = Seen {
        services: vec![SeenService {
            stated: vec![stated("certificate", "self_signed, expired")],
            tls: true,
            ..service(443, Some("tls"))
        }],
        ..Seen::default()
    };
    assert_eq!(
        ids(&seen),
        [
            WeaknessId::DefaultCertificate,
            WeaknessId::ExpiredCertificate
        ]
    );
}
