use auscult_proto::observation::{FactFlags, Subject};
use auscult_proto::{DirectionEvidence, Service};

use super::*;
use crate::stream::trial::{cut, harmless, lossy, send, whole};
use crate::testing::{Statement, mac};

fn item(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut item = vec![kind, 0];
    item.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    item.extend(body);
    item
}

/// An association PDU; reserved bytes hold what is given.
fn pdu(kind: u8, called: &str, calling: &str, reserved: &[u8; 32], items: &[Vec<u8>]) -> Vec<u8> {
    let mut body = vec![0, 1, 0, 0];
    body.extend(format!("{called:16}{calling:16}").as_bytes());
    body.extend(reserved);
    body.extend(items.concat());
    let mut pdu = vec![kind, 0];
    pdu.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    pdu.extend(body);
    pdu
}

fn application_context() -> Vec<u8> {
    item(0x10, APPLICATION_CONTEXT)
}

fn proposal(id: u8, syntax: &str) -> Vec<u8> {
    let mut body = vec![id, 0, 0, 0];
    body.extend(item(0x30, syntax.as_bytes()));
    body.extend(item(0x40, b"1.2.840.10008.1.2"));
    item(0x20, &body)
}

fn answer(id: u8, result: u8) -> Vec<u8> {
    let mut body = vec![id, 0, result, 0];
    body.extend(item(0x40, b"1.2.840.10008.1.2"));
    item(0x21, &body)
}

fn user_information(uid: &str, version: &str) -> Vec<u8> {
    let mut body = item(0x51, &[0, 0, 64, 0]);
    body.extend(item(0x52, uid.as_bytes()));
    body.extend(item(0x58, b"\x01\x01\x00\x06DRHOUS\x00\x00"));
    body.extend(item(0x55, version.as_bytes()));
    item(0x50, &body)
}

const ECHO: &str = "1.2.840.10008.1.1";
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const PRIVATE: &str = "1.3.12.2.1107.5.9.1";

fn request() -> Vec<u8> {
    pdu(
        1,
        "ARCHIVE",
        "CT_ROOM_1",
        &[0; 32],
        &[
            application_context(),
            proposal(1, ECHO),
            proposal(3, CT),
            proposal(5, CT),
            proposal(7, PRIVATE),
            user_information("1.2.276.0.7230010.3.0.3.6.7", "OFFIS_DCMTK_367"),
        ],
    )
}

const RELEASE: [u8; 10] = [5, 0, 0, 0, 0, 4, 0, 0, 0, 0];

/// A request, and the release that only comes after an acceptance.
fn used() -> Vec<u8> {
    [request(), RELEASE.to_vec()].concat()
}

fn acceptance() -> Vec<u8> {
    pdu(
        2,
        "ARCHIVE",
        "CT_ROOM_1",
        &[0; 32],
        &[
            application_context(),
            answer(1, 3),
            answer(3, 0),
            answer(5, 0),
            answer(7, 0),
            user_information("1.2.3.4", "PACS_9"),
        ],
    )
}

fn find(statements: &[Statement], field: Field, sender: u8) -> Vec<&Statement> {
    statements
        .iter()
        .filter(|s| s.field == field && s.sender.mac == Some(mac(sender)))
        .collect()
}

fn texts(statements: &[Statement], field: Field, sender: u8) -> Vec<&str> {
    find(statements, field, sender)
        .iter()
        .map(|s| s.value.as_str())
        .collect()
}

#[test]
fn an_association_names_both_sides_what_they_do_and_their_software() {
    let (client, server) = (used(), acceptance());
    let sink = send(40_104, &whole(&client, &server)).sink;
    let said = &sink.statements;
    assert_eq!(texts(said, Field::DicomCallingAe, 1), ["CT_ROOM_1"]);
    assert_eq!(texts(said, Field::DicomCalledAe, 1), ["ARCHIVE"]);
    assert_eq!(
        texts(said, Field::DicomAbstractSyntaxProposed, 1),
        [ECHO, CT, PRIVATE]
    );
    assert_eq!(
        texts(said, Field::DicomAbstractSyntaxAccepted, 2),
        [CT, PRIVATE]
    );
    assert_eq!(
        texts(said, Field::DicomImplementationUid, 1),
        ["1.2.276.0.7230010.3.0.3.6.7"]
    );
    assert_eq!(texts(said, Field::DicomImplementationUid, 2), ["1.2.3.4"]);
    assert_eq!(
        texts(said, Field::DicomImplementationVersion, 1),
        ["OFFIS_DCMTK_367"]
    );
    assert_eq!(
        texts(said, Field::DicomImplementationVersion, 2),
        ["PACS_9"]
    );
    assert_eq!(texts(said, Field::DicomCalledAe, 2), ["ARCHIVE"]);
    let last = sink.conversations.last().unwrap();
    assert_eq!(last.service, Service::Dicom);
    assert_eq!(last.evidence, DirectionEvidence::Handshake);
}

#[test]
fn the_title_called_is_the_servers_own_word_when_it_accepts_and_the_clients_hearsay_when_it_is_used()
 {
    let (client, server) = (used(), acceptance());
    let said = send(104, &whole(&client, &server)).sink.statements;
    let called = find(&said, Field::DicomCalledAe, 1)[0];
    let Subject::Endpoint(subject) = called.subject else {
        panic!("not about another endpoint");
    };
    assert_eq!(subject.mac, Some(mac(2)));
    assert_eq!(called.flags, FactFlags::HEARSAY);
    assert_eq!(
        find(&said, Field::DicomCalledAe, 2)[0].subject,
        Subject::Sender
    );
    assert_eq!(
        find(&said, Field::DicomCallingAe, 1)[0].subject,
        Subject::Sender
    );
}

#[test]
fn a_title_that_nobody_accepted_names_no_server() {
    let rejection = [3, 0, 0, 0, 0, 4, 0, 1, 1, 7];
    let abort = [7, 0, 0, 0, 0, 4, 0, 0, 0, 0];
    let aborted = [request(), abort.to_vec()].concat();
    for (client, server) in [
        (request(), &rejection[..]),
        (request(), b""),
        (aborted, b""),
    ] {
        let said = send(104, &whole(&client, server)).sink.statements;
        let called: Vec<_> = said
            .iter()
            .filter(|s| s.field == Field::DicomCalledAe)
            .collect();
        assert!(called.is_empty(), "{called:?}");
    }
}

#[test]
fn where_only_the_client_is_heard_what_it_goes_on_with_shows_the_acceptance() {
    let said = send(104, &whole(&used(), b"")).sink.statements;
    assert_eq!(texts(&said, Field::DicomCalledAe, 1), ["ARCHIVE"]);
    let mut data = request();
    data.extend([4, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
    let said = send(104, &whole(&data, b"")).sink.statements;
    assert_eq!(texts(&said, Field::DicomCalledAe, 1), ["ARCHIVE"]);
}

#[test]
fn a_rejection_shows_a_server() {
    let client = request();
    let rejection = [3, 0, 0, 0, 0, 4, 0, 1, 1, 7];
    let said = send(104, &whole(&client, &rejection)).sink.statements;
    assert_eq!(texts(&said, Field::DicomReject, 2), [role::DICOM_SERVER]);
    let alone = send(104, &whole(b"", &rejection)).sink;
    assert!(
        alone.statements.is_empty(),
        "ten bytes are no evidence alone"
    );
}

#[test]
fn an_acceptance_alone_tells_the_server_and_its_software() {
    let server = acceptance();
    let sink = send(40_104, &whole(b"", &server)).sink;
    assert_eq!(
        texts(&sink.statements, Field::DicomImplementationVersion, 2),
        ["PACS_9"]
    );
    assert!(texts(&sink.statements, Field::DicomAbstractSyntaxAccepted, 2).is_empty());
}

#[test]
fn default_titles_are_flagged() {
    let mut client = pdu(1, "ANY-SCP", "echoscu", &[0; 32], &[application_context()]);
    client.extend(RELEASE);
    let said = send(104, &whole(&client, b"")).sink.statements;
    assert!(said[0].flags.has(FactFlags::DEFAULT_VALUE));
    assert!(said[1].flags.has(FactFlags::DEFAULT_VALUE));
}

#[test]
fn the_largest_association_is_read_to_its_end_in_segments() {
    let mut items = vec![application_context()];
    for n in 0..128_u8 {
        let mut body = vec![n * 2 + 1, 0, 0, 0];
        body.extend(item(0x30, format!("1.2.840.10008.5.{n}").as_bytes()));
        for syntax in 0..45 {
            body.extend(item(
                0x40,
                format!("1.2.840.10008.1.2.4.{syntax}").as_bytes(),
            ));
        }
        items.push(item(0x20, &body));
    }
    items.push(user_information("1.2.3", "BIG"));
    let client = pdu(1, "ARCHIVE", "GATEWAY", &[0; 32], &items);
    assert!(client.len() > 120_000);
    let said = send(104, &cut(&client, b"", 1460)).sink.statements;
    assert_eq!(
        texts(&said, Field::DicomAbstractSyntaxProposed, 1).len(),
        128
    );
    assert_eq!(texts(&said, Field::DicomImplementationVersion, 1), ["BIG"]);
}

#[test]
fn what_shares_the_first_bytes_is_not_an_association() {
    // OpenFlow hello, and a request whose application context is another.
    let mut hello = b"\x01\x00\x00\x08\x00\x00\x00\x01".repeat(16);
    assert_eq!(probe(&hello, false), ProbeResult::NotForUs);
    hello[3] = 0x40;
    assert_eq!(probe(&hello[..8], false), ProbeResult::NotForUs, "too long");
    let mut other = request();
    other[80] = b'9';
    assert_eq!(probe(&other[..128], false), ProbeResult::NotForUs);
    for cut in 0..99 {
        assert_eq!(
            probe(&request()[..cut], false),
            ProbeResult::Unsure,
            "{cut}"
        );
    }
    assert_eq!(
        probe(&request()[..99], false),
        ProbeResult::Certain(Some(Role::Client))
    );
}

#[test]
fn what_is_no_uid_is_not_stated_in_the_place_of_one() {
    let long = format!("1.{}", "2".repeat(70));
    let client = pdu(
        1,
        "A",
        "B",
        &[0; 32],
        &[
            application_context(),
            proposal(1, "DOE^JOHN"),
            proposal(3, &long),
            user_information("1.2.x", "V"),
        ],
    );
    let said = send(104, &whole(&client, b"")).sink.statements;
    assert!(texts(&said, Field::DicomAbstractSyntaxProposed, 1).is_empty());
    assert!(texts(&said, Field::DicomImplementationUid, 1).is_empty());
    assert_eq!(texts(&said, Field::DicomImplementationVersion, 1), ["V"]);
}

#[test]
fn padded_uids_lose_their_padding() {
    let client = pdu(
        1,
        "A",
        "B",
        &[0; 32],
        &[application_context(), user_information("1.2.3\0", "V ")],
    );
    let said = send(104, &whole(&client, b"")).sink.statements;
    assert_eq!(texts(&said, Field::DicomImplementationUid, 1), ["1.2.3"]);
    assert_eq!(texts(&said, Field::DicomImplementationVersion, 1), ["V"]);
}

#[test]
fn any_cut_order_and_repetition_says_the_same() {
    let (client, server) = (used(), acceptance());
    let expected = send(104, &whole(&client, &server)).sink.statements;
    assert_eq!(expected.len(), 13);
    for way in harmless(&client, &server) {
        assert_eq!(send(104, &way).sink.statements, expected);
    }
}

/// A connection in which every field that may not be read holds a token of its own.
fn canaries() -> (Vec<u8>, Vec<u8>) {
    let reserved: &[u8; 32] = b"CANARY00CANARY01CANARY02CANARY03";
    let mut proposal = vec![1, 0, 0, 0];
    proposal.extend(item(0x30, CT.as_bytes()));
    proposal.extend(item(0x40, b"CANARY04"));
    proposal.extend(item(0x77, b"CANARY05"));
    let mut user = item(0x51, b"CANA");
    user.extend(item(0x52, b"1.2.3"));
    user.extend(item(0x53, b"CANARY06"));
    user.extend(item(0x54, b"CANARY07"));
    user.extend(item(0x55, b"VERSION"));
    user.extend(item(0x56, b"CANARY08"));
    user.extend(item(0x57, b"CANARY09"));
    user.extend(item(0x58, b"\x02\x01\x00\x08CANARY10\x00\x08CANARY11"));
    user.extend(item(0x59, b"CANARY12"));
    let items = |kind, body: &[u8]| {
        vec![
            application_context(),
            item(0x11, b"CANARY13"),
            item(kind, body),
            item(0x50, &user),
            item(0x60, b"CANARY14"),
        ]
    };
    let mut client = pdu(1, "ARCHIVE", "CT_ROOM_1", reserved, &items(0x20, &proposal));
    let mut answer = vec![1, 0, 0, 0];
    answer.extend(item(0x40, b"CANARY15"));
    let mut server = pdu(2, "ARCHIVE", "CT_ROOM_1", reserved, &items(0x21, &answer));
    for stream in [&mut client, &mut server] {
        stream.extend(b"\x04\x00\x00\x00\x00\x1a\x00\x00\x00\x16\x01\x02\x10\x00\x10\x00\x08\x00\x00\x00CANARY^16");
        stream.extend(request_like_data());
    }
    (client, server)
}

/// P-DATA whose content looks like an association.
fn request_like_data() -> Vec<u8> {
    let inner = pdu(
        1,
        "CANARY17",
        "CANARY18",
        &[0; 32],
        &[application_context()],
    );
    let mut data = vec![4, 0];
    data.extend(u32::try_from(inner.len()).unwrap().to_be_bytes());
    data.extend(inner);
    data
}

#[test]
fn no_other_field_ever_shows_however_the_stream_is_cut_reordered_or_thinned() {
    let (client, server) = canaries();
    let expected = send(104, &whole(&client, &server));
    assert_eq!(expected.sink.statements.len(), 10);
    assert!(!expected.shows("CANA"));
    for way in harmless(&client, &server) {
        let outcome = send(104, &way);
        assert_eq!(outcome.sink.statements, expected.sink.statements);
        assert!(!outcome.shows("CANA"));
    }
    for segment in [1, 2, 3, 4, 5, 8, 13, 32, 64] {
        for way in lossy(&client, &server, segment) {
            assert!(!send(104, &way).shows("CANA"), "{segment}");
        }
    }
}
