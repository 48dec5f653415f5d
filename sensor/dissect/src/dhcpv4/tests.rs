use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;
use crate::counters::ValuesDropped;
use crate::sink::Context;
use crate::testing::{Bound, Memory, context, mac};

const SERVER: [u8; 4] = [10, 0, 0, 1];
const GIVEN: [u8; 4] = [10, 0, 0, 77];

/// A message under construction.
struct Build {
    op: u8,
    address_len: u8,
    ciaddr: [u8; 4],
    yiaddr: [u8; 4],
    giaddr: [u8; 4],
    client: Mac,
    server_name: [u8; 64],
    file: [u8; 128],
    options: Vec<u8>,
}

use auscult_proto::mac::Mac;

impl Build {
    fn new(op: u8, kind: u8) -> Self {
        Self {
            op,
            address_len: 6,
            ciaddr: [0; 4],
            yiaddr: [0; 4],
            giaddr: [0; 4],
            client: mac(1),
            server_name: [0; 64],
            file: [0; 128],
            options: vec![53, 1, kind],
        }
    }

    fn option(mut self, code: u8, value: &[u8]) -> Self {
        self.options
            .extend([code, u8::try_from(value.len()).unwrap()]);
        self.options.extend(value);
        self
    }

    fn open(&self) -> Vec<u8> {
        let mut bytes = vec![self.op, 1, self.address_len, 0];
        bytes.extend([0; 8]);
        bytes.extend(self.ciaddr);
        bytes.extend(self.yiaddr);
        bytes.extend([0; 4]);
        bytes.extend(self.giaddr);
        bytes.extend(self.client.0);
        bytes.extend([0; 10]);
        bytes.extend(self.server_name);
        bytes.extend(self.file);
        bytes.extend([0x63, 0x82, 0x53, 0x63]);
        bytes.extend(&self.options);
        bytes
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.open();
        bytes.extend([255, 0, 0]);
        bytes
    }
}

fn run_from(context: &Context, bytes: &[u8], truncated: bool) -> (Parsed, Memory) {
    let mut memory = Memory::default();
    let mut dropped = ValuesDropped::default();
    let mut out = Emitter::new(context, &mut memory, &mut dropped);
    let outcome = dissect(bytes, truncated, &mut out);
    (outcome, memory)
}

fn run(bytes: &[u8]) -> Memory {
    let (outcome, memory) = run_from(&context(), bytes, false);
    assert_eq!(outcome, Ok(()));
    memory
}

fn from_server() -> Context {
    let mut context = context();
    context.sender = Endpoint {
        mac: Some(mac(9)),
        ip: Some(SERVER.into()),
    };
    context
}

#[test]
fn a_client_states_names_classes_and_lists_in_wire_order() {
    let request = Build::new(1, 1)
        .option(61, &[1, 0, 0x1a, 0xfa, 0, 0, 1])
        .option(12, b"pump-7\0")
        .option(60, b"MSFT 5.0")
        .option(55, &[121, 3, 6, 1])
        .option(93, &[0, 7, 0, 9])
        .option(77, &[4, b'w', b'a', b'r', b'd', 3, b'i', b'c', b'u'])
        .option(125, &[0, 0, 0, 9, 2, 1, 0, 0, 0, 1, 0x37, 0])
        .option(161, b"https://maker.example/pump");
    let memory = run(&request.bytes());
    assert_eq!(memory.values(Attribute::Hostname), ["pump-7"]);
    assert_eq!(memory.values(Attribute::VendorClass), ["MSFT 5.0"]);
    assert_eq!(memory.values(Attribute::ParameterList), ["121,3,6,1"]);
    assert_eq!(
        memory.values(Attribute::OptionOrder),
        ["53,61,12,60,55,93,77,125,161"]
    );
    assert_eq!(memory.values(Attribute::ClientId), ["00:1a:fa:00:00:01"]);
    assert_eq!(memory.values(Attribute::Architecture), ["7,9"]);
    assert_eq!(memory.values(Attribute::UserClass), ["ward,icu"]);
    assert_eq!(memory.values(Attribute::Enterprise), ["9", "311"]);
    assert_eq!(
        memory.values(Attribute::MudUrl),
        ["https://maker.example/pump"]
    );
    for statement in &memory.statements {
        assert_eq!(statement.subject, Subject::Sender);
        assert_eq!(statement.flags, FactFlags::default());
    }
    assert!(memory.bindings.is_empty(), "a wish is no lease");
}

#[test]
fn identifiers_of_machines() {
    let mut uuid = vec![0];
    uuid.extend(0..16);
    let duid = [255, 0, 0, 0, 9, 0, 2, 0, 0, 0, 9, 1, 2];
    let request = Build::new(1, 3).option(97, &uuid).option(61, &duid);
    let memory = run(&request.bytes());
    assert_eq!(
        memory.values(Attribute::Uuid),
        ["03020100-0504-0706-0809-0a0b0c0d0e0f"]
    );
    assert_eq!(memory.values(Attribute::Duid), ["0002000000090102"]);
    assert_eq!(
        memory.values(Attribute::ClientId),
        ["ff000000090002000000090102"]
    );
    let filler = Build::new(1, 3).option(97, &[0; 17]).option(61, &[0, 0, 0]);
    let memory = run(&filler.bytes());
    assert!(memory.values(Attribute::Uuid).is_empty());
    assert!(memory.values(Attribute::ClientId).is_empty());
}

#[test]
fn names_come_in_two_forms() {
    let plain = Build::new(1, 3).option(81, b"\0\0\0pump-7.ward.example.");
    assert_eq!(
        run(&plain.bytes()).values(Attribute::Fqdn),
        ["pump-7.ward.example"]
    );
    let wire = Build::new(1, 3).option(81, b"\x04\0\0\x06pump-7\x04ward\x00");
    assert_eq!(run(&wire.bytes()).values(Attribute::Fqdn), ["pump-7.ward"]);
}

#[test]
fn options_continue_in_the_fields_the_overload_names_and_split_ones_are_joined() {
    let mut request = Build::new(1, 1)
        .option(52, &[3])
        .option(55, &[1, 3])
        .option(55, &[6]);
    request.file[..9].copy_from_slice(&[12, 4, b'p', b'u', b'm', b'p', 55, 1, 15]);
    request.file[9] = 255;
    request.server_name[..4].copy_from_slice(&[60, 1, b'x', 255]);
    let memory = run(&request.bytes());
    assert_eq!(memory.values(Attribute::ParameterList), ["1,3,6,15"]);
    assert_eq!(memory.values(Attribute::Hostname), ["pump"]);
    assert_eq!(memory.values(Attribute::VendorClass), ["x"]);
    assert_eq!(
        memory.values(Attribute::OptionOrder),
        ["53,52,55,55,12,55,60"]
    );
}

#[test]
fn a_list_without_its_end_makes_no_fingerprint() {
    let request = Build::new(1, 1).option(12, b"printer").option(55, &[1, 3]);
    let endless = request.open();
    let cut = [&endless[..], &[60, 40, b'x']].concat();
    for bytes in [&endless, &cut] {
        let (outcome, memory) = run_from(&context(), bytes, false);
        assert_eq!(outcome, Err(Malformed));
        assert_eq!(memory.values(Attribute::Hostname), ["printer"]);
        assert!(memory.statements[0].flags.has(FactFlags::MALFORMED));
        assert!(memory.values(Attribute::ParameterList).is_empty());
        assert!(memory.values(Attribute::OptionOrder).is_empty());
        let (outcome, memory) = run_from(&context(), bytes, true);
        assert_eq!(outcome, Ok(()), "the capture's fault, not the sender's");
        assert!(memory.statements[0].flags.has(FactFlags::TRUNCATED));
        assert!(memory.values(Attribute::OptionOrder).is_empty());
    }
}

#[test]
fn an_overlong_hardware_address_is_clamped_and_flagged() {
    let mut request = Build::new(1, 1).option(12, b"pump");
    request.address_len = 200;
    let (outcome, memory) = run_from(&context(), &request.bytes(), false);
    assert_eq!(outcome, Err(Malformed));
    assert!(memory.statements[0].flags.has(FactFlags::MALFORMED));
    assert_eq!(memory.statements[0].subject, Subject::Sender);
}

#[test]
fn a_relayed_client_is_reported_with_its_place() {
    let mut request = Build::new(1, 1).option(12, b"pump-7").option(
        82,
        &[&[1, 7][..], b"Gi1/0/7", &[2, 8, 0, 6, 2, 4, 6, 8, 10, 12]].concat(),
    );
    request.giaddr = [10, 0, 9, 1];
    request.client = mac(7);
    let memory = run(&request.bytes());
    let client = Subject::Endpoint(Endpoint {
        mac: Some(mac(7)),
        ip: None,
    });
    assert!(memory.statements.iter().all(|s| s.subject == client));
    assert!(
        memory
            .statements
            .iter()
            .all(|s| s.flags.has(FactFlags::HEARSAY))
    );
    assert_eq!(memory.read_from(Field::Dhcpv4Opt82Circuit), ["Gi1/0/7"]);
    assert_eq!(
        memory.read_from(Field::Dhcpv4Opt82Remote),
        ["02:04:06:08:0a:0c"]
    );
}

#[test]
fn a_client_behind_a_router_is_reported_but_no_hearsay() {
    let mut request = Build::new(1, 3).option(12, b"pump-7");
    request.client = mac(7);
    let memory = run(&request.bytes());
    assert_eq!(
        memory.statements[0].subject,
        Subject::Endpoint(Endpoint {
            mac: Some(mac(7)),
            ip: None
        })
    );
    assert!(!memory.statements[0].flags.has(FactFlags::HEARSAY));
}

#[test]
fn a_frame_without_addresses_is_its_clients() {
    let mut unknown = context();
    unknown.sender = Endpoint {
        mac: None,
        ip: None,
    };
    let request = Build::new(1, 1).option(12, b"pump-7");
    let (_, memory) = run_from(&unknown, &request.bytes(), false);
    assert_eq!(memory.statements[0].sender.mac, Some(mac(1)));
    assert_eq!(memory.statements[0].subject, Subject::Sender);
}

#[test]
fn an_acknowledgement_binds_and_names_server_and_routers() {
    let mut reply = Build::new(2, 5)
        .option(54, &SERVER)
        .option(51, &[0, 0, 0x0e, 0x10])
        .option(3, &[10, 0, 0, 254, 10, 0, 0, 253])
        .option(12, b"pump-7")
        .option(55, &[9]);
    reply.yiaddr = GIVEN;
    let (_, memory) = run_from(&from_server(), &reply.bytes(), false);
    assert_eq!(
        memory.bindings,
        [Bound {
            mac: mac(1),
            ip: GIVEN.into(),
            source: BindingSource::Dhcpv4Ack,
            lease_s: 3600,
            released: false,
        }]
    );
    let roles: Vec<_> = memory
        .statements
        .iter()
        .filter(|s| s.attribute == Attribute::Role)
        .map(|s| (s.value.as_str(), s.subject.clone()))
        .collect();
    let router = |last| {
        Subject::Endpoint(Endpoint {
            mac: None,
            ip: Some(Ipv4Addr::new(10, 0, 0, last).into()),
        })
    };
    assert_eq!(
        roles,
        [
            (role::DHCP_SERVER, Subject::Sender),
            (role::ROUTER, router(254)),
            (role::ROUTER, router(253)),
        ]
    );
    assert_eq!(memory.values(Attribute::LeaseServer), ["10.0.0.1"]);
    let name = &memory.statements[0];
    assert_eq!(name.attribute, Attribute::Hostname);
    assert!(
        name.flags.has(FactFlags::HEARSAY),
        "the server repeats what it was told"
    );
    assert!(memory.values(Attribute::ParameterList).is_empty());
}

#[test]
fn releases_and_declines_end_a_binding_and_offers_make_none() {
    let mut release = Build::new(1, 7);
    release.ciaddr = GIVEN;
    let decline = Build::new(1, 4).option(50, &GIVEN);
    for bytes in [release.bytes(), decline.bytes()] {
        let memory = run(&bytes);
        assert_eq!(memory.bindings.len(), 1);
        assert!(memory.bindings[0].released);
        assert_eq!(memory.bindings[0].ip, IpAddr::from(GIVEN));
    }
    for kind in [2, 6] {
        let mut reply = Build::new(2, kind).option(54, &SERVER);
        reply.yiaddr = GIVEN;
        assert!(
            run_from(&from_server(), &reply.bytes(), false)
                .1
                .bindings
                .is_empty()
        );
    }
}

#[test]
fn bootp_without_options_binds() {
    let mut reply = Build::new(2, 0);
    reply.yiaddr = GIVEN;
    let mut bytes = reply.bytes();
    bytes.truncate(236);
    bytes.extend([0; 64]);
    let (outcome, memory) = run_from(&from_server(), &bytes, false);
    assert_eq!(outcome, Ok(()));
    assert_eq!(memory.bindings.len(), 1);
}

#[test]
fn anything_else_on_the_port_is_malformed() {
    assert_eq!(run_from(&context(), &[9; 300], false).0, Err(Malformed));
    assert_eq!(run_from(&context(), &[1; 20], false).0, Err(Malformed));
    assert_eq!(run_from(&context(), &[1; 20], true).0, Ok(()));
}

pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let request = || {
        Build::new(1, 1)
            .option(61, &[1, 0, 0x1a, 0xfa, 0, 0, 1])
            .option(12, b"pump-7")
            .option(60, b"MSFT 5.0")
            .option(81, b"\x04\0\0\x06pump-7\x04ward\x00")
            .option(77, &[4, b'w', b'a', b'r', b'd'])
            .option(93, &[0, 7])
            .option(125, &[0, 0, 0, 9, 2, 1, 0])
            .option(55, &[121, 3, 6, 1])
    };
    let mut overloaded = request().option(52, &[3]);
    overloaded.file[..3].copy_from_slice(&[12, 1, b'x']);
    overloaded.file[3] = 255;
    overloaded.server_name[0] = 255;
    let mut relayed = request().option(82, &[1, 3, b'G', b'i', b'1', 2, 2, 0, 1]);
    relayed.giaddr = [10, 0, 9, 1];
    let mut reply = Build::new(2, 5)
        .option(54, &SERVER)
        .option(51, &[0, 0, 14, 16])
        .option(3, &[10, 0, 0, 254]);
    reply.yiaddr = GIVEN;
    vec![
        ("discover", request().bytes()),
        ("without_end", request().open()),
        ("overloaded", overloaded.bytes()),
        ("relayed", relayed.bytes()),
        ("acknowledgement", reply.bytes()),
    ]
}

proptest! {
    #[test]
    fn any_bytes_and_every_prefix_end_well(
        options in prop::collection::vec(any::<u8>(), 0..300),
        op in 1..3_u8,
        cut in any::<prop::sample::Index>(),
    ) {
        let mut message = Build::new(op, 5);
        message.options = options;
        let bytes = message.bytes();
        run_from(&context(), &bytes, false).1.assert_sound();
        run_from(&context(), &bytes[..cut.index(bytes.len())], true).1.assert_sound();
    }

    #[test]
    fn the_order_of_options_is_what_was_sent(
        codes in prop::collection::vec((1..255_u8).prop_filter("not overload or type", |c| !matches!(c, 52 | 53)), 0..60),
    ) {
        let mut message = Build::new(1, 1);
        for code in &codes {
            message = message.option(*code, b"x");
        }
        let memory = run(&message.bytes());
        let mut sent = vec!["53".to_owned()];
        sent.extend(codes.iter().map(ToString::to_string));
        prop_assert_eq!(memory.values(Attribute::OptionOrder), [sent.join(",")]);
    }
}
