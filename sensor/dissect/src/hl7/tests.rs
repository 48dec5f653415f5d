use auscult_proto::observation::{FactFlags, Subject};
use auscult_proto::{DirectionEvidence, Service};

use super::*;
use crate::stream::trial::{cut, harmless, lossy, send, whole};
use crate::testing::{Memory, mac};

fn block(segments: &[&str]) -> Vec<u8> {
    let mut block = vec![START_BLOCK];
    for segment in segments {
        block.extend(segment.as_bytes());
        block.push(b'\r');
    }
    block.extend([END_BLOCK, b'\r']);
    block
}

const MSH: &str = "MSH|^~\\&|GATEWAY^0012210000000001^EUI-64|ICU|EMR|HOSP|20260101120000||ORU^R01^ORU_R01|77|P|2.6|||||||||PROFILE_A^IHE^1.3.6.1.4.1.19376.1.6.1.1.1^ISO~PROFILE_B";

fn sent_by_client(stream: &[u8]) -> Memory {
    send(2575, &whole(stream, b"")).sink
}

#[test]
fn a_message_names_its_applications_facilities_type_version_and_profiles() {
    let sink = sent_by_client(&block(&[
        MSH,
        "SFT|Acme^L^1|4.2^R1|Bridge^1.06|b77|notes|20250101",
        "PID|1||4711^^^HOSP||DOE^JOHN",
    ]));
    assert_eq!(
        sink.read_from(Field::Hl7Msh3),
        ["GATEWAY^0012210000000001^EUI-64", "0012210000000001"]
    );
    assert_eq!(sink.values(Attribute::Eui64), ["0012210000000001"]);
    assert_eq!(sink.read_from(Field::Hl7Msh4), ["ICU"]);
    assert_eq!(sink.read_from(Field::Hl7Msh5), ["EMR"]);
    assert_eq!(sink.read_from(Field::Hl7Msh6), ["HOSP"]);
    assert_eq!(sink.read_from(Field::Hl7Msh9), ["ORU^R01^ORU_R01"]);
    assert_eq!(sink.read_from(Field::Hl7Msh12), ["2.6"]);
    assert_eq!(
        sink.read_from(Field::Hl7Msh21),
        ["PROFILE_A^IHE^1.3.6.1.4.1.19376.1.6.1.1.1^ISO", "PROFILE_B"]
    );
    assert_eq!(sink.read_from(Field::Hl7Sft1), ["Acme"]);
    assert_eq!(sink.read_from(Field::Hl7Sft2), ["4.2"]);
    assert_eq!(sink.read_from(Field::Hl7Sft3), ["Bridge"]);
    assert_eq!(sink.read_from(Field::Hl7Sft4), ["b77"]);
    assert_eq!(sink.statements.len(), 13);
}

#[test]
fn the_receiver_is_named_by_hearsay() {
    let sink = sent_by_client(&block(&[MSH]));
    let receiver = sink
        .statements
        .iter()
        .find(|s| s.field == Field::Hl7Msh5)
        .unwrap();
    let Subject::Endpoint(subject) = receiver.subject else {
        panic!("not about another endpoint");
    };
    assert_eq!(subject.mac, Some(mac(2)));
    assert_eq!(receiver.flags, FactFlags::HEARSAY);
}

#[test]
fn who_acknowledges_is_the_server_even_where_only_he_is_heard() {
    let ack = block(&[
        "MSH|^~\\&|EMR|HOSP|GATEWAY|ICU|||ACK^R01|1|P|2.6",
        "MSA|AA|77",
    ]);
    let sink = send(40_000, &vec![(Role::Server, 0, &ack[..])]).sink;
    let last = sink.conversations.last().unwrap();
    assert_eq!(last.service, Service::Hl7);
    assert_eq!(last.evidence, DirectionEvidence::Handshake);

    let mut streams = crate::stream::Streams::new(crate::stream::Limits::default());
    let mut sink = Memory::default();
    let mut wire = crate::stream::trial::wire(50_000);
    wire.client.port = 40_000;
    wire.send(Role::Server, 0, &ack, &mut streams, &mut sink);
    let report = sink.conversations[0];
    assert_eq!(report.evidence, DirectionEvidence::Protocol);
    assert_eq!(report.key.server.mac, Some(mac(2)));
}

#[test]
fn who_answers_with_more_than_an_acknowledgement_is_the_server_too() {
    let query = block(&["MSH|^~\\&|WARD|A|EMR|B|||QBP^Q22|1|P|2.6", "QPD|x"]);
    let answer = block(&[
        "MSH|^~\\&|EMR|B|WARD|A|||ZZR^Z99|1|P|2.6",
        "SFT|Acme|1|Bridge|b",
        "MSA|AA|1",
        "PID|1",
    ]);
    for (first, second, from) in [
        (&query, &answer, Role::Client),
        (&answer, &query, Role::Server),
    ] {
        let mut streams = crate::stream::Streams::new(crate::stream::Limits::default());
        let mut sink = Memory::default();
        let mut wire = crate::stream::trial::wire(50_000);
        wire.client.port = 40_000;
        wire.send(from, 0, first, &mut streams, &mut sink);
        let other = match from {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        wire.send(other, 0, second, &mut streams, &mut sink);
        streams.finish(&mut sink);
        for report in &sink.conversations {
            assert_eq!(report.key.server.mac, Some(mac(2)));
        }
    }
}

#[test]
fn a_block_that_begins_with_software_has_no_software() {
    let mut stream = block(&["MSH|^~\\&|APP|A"]);
    stream.extend(block(&["SFT|Acme|1|Bridge|b"]));
    let sink = sent_by_client(&stream);
    assert!(sink.values(Attribute::Product).is_empty());
}

#[test]
fn any_separators_will_do() {
    let sink = sent_by_client(&block(&[
        "MSH@!2$%@APP!0012210000000001!EUI-64@FAC@RX@RF@@@ADT!A04@7@P@2.5",
    ]));
    assert_eq!(sink.read_from(Field::Hl7Msh9), ["ADT!A04"]);
    assert_eq!(sink.values(Attribute::Eui64), ["0012210000000001"]);
    assert_eq!(sink.read_from(Field::Hl7Msh12), ["2.5"]);
}

#[test]
fn a_number_that_names_no_device_is_flagged_or_passed_over() {
    let of = |id: &str| {
        let header = format!("MSH|^~\\&|APP^{id}^EUI-64|F");
        let sink = sent_by_client(&block(&[&header]));
        sink.statements
            .into_iter()
            .find(|s| s.attribute == Attribute::Eui64)
            .map(|s| (s.value, s.flags, s.class))
    };
    assert_eq!(
        of("00-12-21-FF-FE-00-00-0a"),
        Some((
            "001221fffe00000a".into(),
            FactFlags::default(),
            ConfidenceClass::D1
        ))
    );
    assert_eq!(
        of("0012210000000000"),
        Some((
            "0012210000000000".into(),
            FactFlags::DEFAULT_VALUE,
            ConfidenceClass::D1
        ))
    );
    assert_eq!(of("0000000000000000"), None);
    assert_eq!(of("00122100000000001"), None);
    assert_eq!(of("001221000000000X"), None);
}

#[test]
fn what_was_stated_is_not_stated_again_with_each_message() {
    let mut stream = Vec::new();
    for n in 0..50 {
        let header = format!("MSH|^~\\&|GATEWAY|ICU|EMR|HOSP|{n}||ORU^R01|{n}|P|2.6");
        stream.extend(block(&[&header, "PID|1"]));
    }
    stream.extend(block(&["MSH|^~\\&|GATEWAY|ICU|EMR|HOSP|||ADT^A01|x|P|2.6"]));
    let sink = sent_by_client(&stream);
    assert_eq!(sink.statements.len(), 7);
    assert_eq!(sink.read_from(Field::Hl7Msh9), ["ORU^R01", "ADT^A01"]);
}

#[test]
fn empty_null_and_overlong_values() {
    let header = format!("MSH|^~\\&|  |\"\"|{}|HOSP", "x".repeat(300));
    let sink = sent_by_client(&block(&[&header]));
    assert_eq!(sink.statements.len(), 2);
    assert_eq!(sink.statements[0].value, "x".repeat(256));
    assert!(sink.statements[0].flags.has(FactFlags::TRUNCATED));
    assert_eq!(sink.statements[1].value, "HOSP");
    assert!(!sink.statements[1].flags.has(FactFlags::TRUNCATED));
}

#[test]
fn a_value_in_another_character_set_is_kept_as_far_as_it_can_be() {
    let mut stream = b"\x0bMSH|^~\\&|INTENSIV\xdcWACHUNG|ICU\r\x1c\r".to_vec();
    stream.extend(block(&["MSH|^~\\&|SECOND|ICU"]));
    let sink = sent_by_client(&stream);
    assert_eq!(sink.statements[0].value, "INTENSIV\u{fffd}WACHUNG");
    assert!(sink.statements[0].flags.has(FactFlags::SANITISED));
    assert_eq!(sink.statements[2].value, "SECOND");
}

#[test]
fn messages_of_a_batch_are_read_and_its_frame_is_not() {
    let sink = sent_by_client(&block(&[
        "FHS|^~\\&|FILEAPP|FILEFAC",
        "BHS|^~\\&|BATCHAPP|BATCHFAC",
        "MSH|^~\\&|FIRST|A|||||ADT^A01|1|P|2.3",
        "EVN|A01",
        "PID|1||4711",
        "MSH|^~\\&|SECOND|A|||||ADT^A01|2|P|2.3",
        "PID|1||4712",
        "BTS|2",
        "FTS|1",
    ]));
    assert_eq!(sink.read_from(Field::Hl7Msh3), ["FIRST", "SECOND"]);
    assert_eq!(sink.values(Attribute::Application), ["FIRST", "SECOND"]);
}

#[test]
fn a_header_inside_a_message_is_text() {
    let sink = sent_by_client(&block(&[
        "MSH|^~\\&|REAL|A",
        "OBX|1|TX|||note",
        "MSH|^~\\&|FORGED|X",
        "SFT|FORGED|1|FORGED",
    ]));
    assert_eq!(sink.values(Attribute::Application), ["REAL"]);
    assert!(sink.values(Attribute::Product).is_empty());
}

#[test]
fn a_message_without_an_end_does_not_hide_the_next() {
    let mut stream = b"\x0bMSH|^~\\&|FIRST|ICU".to_vec();
    stream.extend(block(&["MSH|^~\\&|SECOND|ICU"]));
    stream.extend(b"\x0bnot hl7 at all\x1c\r\x0b\x06\x1c\r");
    stream.extend(block(&["MSH|^~\\&|THIRD|ICU"]));
    let sink = sent_by_client(&stream);
    assert_eq!(sink.read_from(Field::Hl7Msh3), ["FIRST", "SECOND", "THIRD"]);
    assert_eq!(
        sink.read_from(Field::Hl7Msh4),
        ["ICU"],
        "the first one never ended"
    );
}

#[test]
fn line_feeds_end_segments_too() {
    let stream = b"\x0bMSH|^~\\&|APP|FAC\r\nSFT|Acme|1|Bridge|b\nPID|1\n\x1c\r";
    let sink = sent_by_client(stream);
    assert_eq!(sink.read_from(Field::Hl7Msh4), ["FAC"]);
    assert_eq!(sink.read_from(Field::Hl7Sft4), ["b"]);
}

#[test]
fn the_last_field_of_a_message_ends_with_the_block() {
    let sink = sent_by_client(b"\x0bMSH|^~\\&|A|B\x1c\r");
    assert_eq!(sink.read_from(Field::Hl7Msh4), ["B"]);
}

#[test]
fn only_a_block_with_a_header_is_hl7() {
    for bytes in [
        &b"\x0bMSHX"[..],
        b"\x0bPID|",
        b"MSH|^~\\&|",
        b"\x0b\x06\x1c\r",
        b"\x0bMSH ",
    ] {
        assert_eq!(probe(bytes, false), ProbeResult::NotForUs, "{bytes:?}");
    }
    for bytes in [&b""[..], b"\x0b", b"\x0bMS", b"\x0bMSH"] {
        assert_eq!(probe(bytes, false), ProbeResult::Unsure, "{bytes:?}");
    }
    assert_eq!(probe(b"\x0bFHS#", false), ProbeResult::Certain(None));
}

/// Messages in which every field that may not be read holds a token of its own.
fn canaries() -> (Vec<u8>, Vec<u8>) {
    let mut token = 0;
    let mut next = || {
        token += 1;
        format!("CANARY{token:03}")
    };
    let mut message = |app: &str, event: &str| {
        let mut segments = vec![format!(
            "MSH|^~\\&|{app}|ICU|EMR|HOSP|{}|{}|{event}|{}|{}|2.6|{}|{}|{}|{}|{}|{}|{}|{}|PROFILE",
            next(),
            next(),
            next(),
            next(),
            next(),
            next(),
            next(),
            next(),
            next(),
            next(),
            next(),
            next()
        )];
        segments.push(format!("SFT|Acme|4.2|Bridge|b77|{}|{}", next(), next()));
        segments.push(format!("SFTX|{}|{}", next(), next()));
        for name in [
            "UAC", "EVN", "PID", "PD1", "NK1", "PV1", "OBR", "OBX", "NTE", "IN1", "ZZZ",
        ] {
            let fields: Vec<String> = (0..6)
                .map(|_| format!("{}^{}&{}~{}", next(), next(), next(), next()))
                .collect();
            segments.push(format!("{name}|{}", fields.join("|")));
        }
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        block(&segments)
    };
    let mut client = message("GATEWAY", "ORU^R01");
    client.extend(message("SECOND", "ADT^A01"));
    (client, message("EMR", "ACK^R01"))
}

#[test]
fn no_other_field_ever_shows_however_the_stream_is_cut_reordered_or_thinned() {
    let (client, server) = canaries();
    let expected = send(2575, &whole(&client, &server));
    assert_eq!(
        expected.sink.read_from(Field::Hl7Msh3),
        ["GATEWAY", "SECOND", "EMR"]
    );
    assert!(!expected.shows("CANARY"));
    // The first message and a little more is where fields are read; all of it in the coarser cuts below.
    for way in harmless(&client[..400], &server[..400]) {
        let outcome = send(2575, &way);
        assert!(!outcome.shows("CANA"));
    }
    for segment in [1, 2, 3, 7, 16, 50, 333] {
        let outcome = send(2575, &cut(&client, &server, segment));
        assert_eq!(outcome.sink.statements, expected.sink.statements);
        assert!(!outcome.shows("CANA"));
    }
    for segment in [1, 2, 3, 4, 5, 8, 13] {
        for way in lossy(&client[..300], &server[..300], segment) {
            assert!(!send(2575, &way).shows("CANA"), "{segment}");
        }
    }
    for way in lossy(&client, &server, 40) {
        assert!(!send(2575, &way).shows("CANA"));
    }
}

mod model {
    use proptest::prelude::*;

    use super::*;

    /// The plain way: split the whole text.
    fn expected(messages: &[Vec<Vec<String>>]) -> Vec<(Field, String)> {
        let mut said = Vec::new();
        for message in messages {
            for segment in message {
                let allowed: &[(usize, Field)] = match segment[0].as_str() {
                    "MSH" => &[
                        (2, Field::Hl7Msh3),
                        (3, Field::Hl7Msh4),
                        (4, Field::Hl7Msh5),
                        (5, Field::Hl7Msh6),
                        (8, Field::Hl7Msh9),
                        (11, Field::Hl7Msh12),
                    ],
                    "SFT" => &[
                        (1, Field::Hl7Sft1),
                        (2, Field::Hl7Sft2),
                        (3, Field::Hl7Sft3),
                        (4, Field::Hl7Sft4),
                    ],
                    _ => break,
                };
                for (at, field) in allowed {
                    if let Some(value) = segment.get(*at).filter(|v| !v.is_empty()) {
                        said.push((*field, value.clone()));
                    }
                }
            }
        }
        said
    }

    fn any_segment(name: &'static str) -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec("[A-Z]{0,4}[0-9]{0,3}", 0..14).prop_map(move |mut fields| {
            if name == "MSH" {
                fields.insert(0, "^~\\&".into());
            }
            fields.insert(0, name.into());
            fields
        })
    }

    fn any_message() -> impl Strategy<Value = Vec<Vec<String>>> {
        (
            any_segment("MSH"),
            proptest::collection::vec(any_segment("SFT"), 0..3),
            any_segment("PID"),
            any_segment("SFT"),
        )
            .prop_map(|(msh, mut sft, pid, late)| {
                sft.insert(0, msh);
                sft.extend([pid, late]);
                sft
            })
    }

    proptest! {
        #[test]
        fn the_machine_reads_what_splitting_the_text_would(
            messages in proptest::collection::vec(any_message(), 1..4), segment in 1..80_usize,
        ) {
            let mut stream = Vec::new();
            for message in &messages {
                let lines: Vec<String> = message.iter().map(|fields| fields.join("|")).collect();
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                stream.extend(block(&lines));
            }
            let sink = send(2575, &cut(&stream, b"", segment)).sink;
            let mut known = Vec::new();
            for said in expected(&messages) {
                if !known.contains(&said) {
                    known.push(said);
                }
            }
            let mut said: Vec<_> = Vec::new();
            for statement in sink.statements {
                let fact = (statement.field, statement.value);
                if !said.contains(&fact) {
                    said.push(fact);
                }
            }
            prop_assert_eq!(said, known);
        }
    }
}
