//! What holds for any traffic.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
struct Sighting {
    wait: Millis,
    mac: u64,
    ip: Option<u32>,
    single: bool,
    value: u8,
}

fn sighting() -> impl Strategy<Value = Sighting> {
    let wait = prop_oneof![
        6 => 0..2_000_i64,
        2 => 0..2 * MINUTE,
        1 => 0..400 * MINUTE,
        1 => -400 * MINUTE..0,
    ];
    let ip = prop::option::of(0..3_u32);
    (wait, 0..3_u64, ip, any::<bool>(), 0..3_u8).prop_map(|(wait, mac, ip, single, value)| {
        Sighting {
            wait,
            mac,
            ip,
            single,
            value,
        }
    })
}

/// The rules, told the long way: a list that is searched from the front.
#[derive(Default)]
struct Model {
    now: Millis,
    entries: Vec<Told>,
    places: BTreeMap<(u64, bool), u8>,
}

struct Told {
    mac: u64,
    ip: Option<u32>,
    single: bool,
    value: u8,
    first: Millis,
    reported: Millis,
    count: u64,
}

impl Model {
    fn hear(&mut self, time: Millis, s: &Sighting, settings: &Settings) -> Option<(Millis, u64)> {
        if time > self.now || time + SET_BACK < self.now {
            self.now = time;
        }
        let now = self.now;
        let known = self.entries.iter().position(|e| {
            (e.mac, e.single, e.value) == (s.mac, s.single, s.value)
                && (e.ip == s.ip || e.ip.is_none() || s.ip.is_none())
        });
        let new = known.is_none();
        let at = known.unwrap_or_else(|| {
            self.entries.push(Told {
                mac: s.mac,
                ip: s.ip,
                single: s.single,
                value: s.value,
                first: now,
                reported: now,
                count: 0,
            });
            self.entries.len() - 1
        });
        let entry = &mut self.entries[at];
        entry.ip = entry.ip.or(s.ip);
        entry.count += 1;
        let age = if entry.reported > now {
            Millis::MAX
        } else {
            now - entry.reported
        };
        let place = (s.mac, s.single);
        let taken = s.single && self.places.get(&place).is_some_and(|v| *v != s.value);
        if !(new || age >= settings.fact_heartbeat || (taken && age >= settings.change_interval)) {
            return None;
        }
        self.places.insert(place, s.value);
        entry.reported = now;
        Some((entry.first.min(now), std::mem::take(&mut entry.count)))
    }
}

proptest! {
    #[test]
    fn statements_are_reported_exactly_as_the_rules_say(sightings in prop::collection::vec(sighting(), 0..300)) {
        let settings = settings();
        let mut census = census_of(settings);
        let mut model = Model::default();
        let mut time = 1_700_000_000_000;
        for s in &sightings {
            time += s.wait;
            let attribute = if s.single { Attribute::Hostname } else { Attribute::AeTitle };
            state(&mut census, time, at(s.mac, s.ip), attribute, &s.value.to_string());
            let told: Vec<_> = census.drain().iter().map(|o| (o.first_seen, o.count)).collect();
            let expected: Vec<_> = model.hear(time, s, &settings).into_iter().collect();
            prop_assert_eq!(told, expected);
        }
    }

    #[test]
    fn conversation_totals_are_cumulative_and_complete(
        limit in 1..6_usize,
        reports in prop::collection::vec((0..200_000_i64, 0..4_u32, 4..8_u32, 0..5_u64, 0..5_u64), 1..200),
    ) {
        let mut census = census_of(Settings { conversation_limit: limit, ..settings() });
        let mut time = 1_000_000;
        let mut sent: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        let mut told = Vec::new();
        for (wait, client, server, to_server, to_client) in &reports {
            time += wait;
            census.tick(time);
            census.conversation(&talk(time, *client, *server, *to_server, *to_client));
            *sent.entry((*client, *server)).or_default() += to_server + to_client;
            told.append(&mut census.drain());
        }
        told.append(&mut finish(&mut census));
        // A segment runs from its first report to the one that says closed, or to the end; within it totals only grow.
        let mut running: BTreeMap<_, (Millis, u64)> = BTreeMap::new();
        let mut whole: BTreeMap<_, u64> = BTreeMap::new();
        for (observation, said) in said_conversations(&told) {
            let total = said.packets_to_server + said.packets_to_client;
            prop_assert_eq!(said.one_way, said.packets_to_server == 0 || said.packets_to_client == 0);
            let parties = (said.client, said.server);
            let (first, before) = running.entry(parties).or_insert((observation.first_seen, 0));
            prop_assert_eq!(*first, observation.first_seen);
            prop_assert!(total >= *before);
            *whole.entry(parties).or_default() += total - *before;
            *before = total;
            if said.closed {
                running.remove(&parties);
            }
        }
        let sent: BTreeMap<_, _> = sent.into_iter()
            .map(|((c, s), n)| ((at(c.into(), Some(c)), at(s.into(), Some(s))), n)).collect();
        prop_assert_eq!(whole, sent);
    }

    #[test]
    fn endpoint_totals_are_complete_and_spaced(
        frames in prop::collection::vec((0..400_000_i64, 0..4_u64, prop::option::of(0..2_u32)), 1..300),
    ) {
        let mut census = census_of(settings());
        let mut time = 1_000_000;
        let mut sent: BTreeMap<Endpoint, u64> = BTreeMap::new();
        let mut seen: BTreeMap<Option<Mac>, Millis> = BTreeMap::new();
        let mut told = Vec::new();
        for (wait, mac_number, ip) in &frames {
            time += wait;
            seen.insert(Some(mac(*mac_number)), time);
            census.seen(&context(time, at(*mac_number, *ip)));
            *sent.entry(at(*mac_number, *ip)).or_default() += 1;
            for observation in census.drain() {
                told.push((time, observation));
            }
        }
        told.extend(finish(&mut census).into_iter().map(|o| (Millis::MAX, o)));
        let mut last: BTreeMap<Endpoint, (Millis, u64)> = BTreeMap::new();
        let mut shown: BTreeMap<Option<Mac>, Millis> = BTreeMap::new();
        for (when, observation) in &told {
            let Body::Heartbeat(heartbeat) = &observation.body else { continue };
            let endpoint = heartbeat.endpoint;
            let shown = shown.entry(endpoint.mac).or_default();
            *shown = (*shown).max(observation.last_seen);
            if let Some((earlier, packets)) = last.insert(endpoint, (*when, heartbeat.packets_sent)) {
                prop_assert!(*when == Millis::MAX || when - earlier >= 5 * MINUTE);
                prop_assert!(endpoint.ip.is_none() || heartbeat.packets_sent == packets + observation.count);
            }
        }
        // Everybody is named, and "last seen" is never a minute late. An interface alone is silent while its addresses speak for it.
        for (endpoint, packets) in sent {
            let told = last.get(&endpoint).map(|(_, told)| *told);
            prop_assert!(endpoint.ip.is_none() || told.is_some_and(|told| told >= 1 && told <= packets), "{:?}", endpoint);
        }
        for (interface, last_frame) in seen {
            prop_assert!(last_frame - shown[&interface] < MINUTE, "{:?}", interface);
        }
    }

    #[test]
    fn whatever_the_wire_says_the_collector_can_decode(
        calls in prop::collection::vec((any::<i64>(), any::<[u8; 6]>(), any::<Option<IpAddr>>(), any::<bool>(), ".{0,200}", any::<[u16; 3]>(), 0..4_u8), 1..60),
    ) {
        let mut census = census_of(settings());
        for (time_ns, octets, ip, known, text, vlans, vlan_count) in calls {
            let sender = Endpoint { mac: known.then_some(Mac(octets)), ip };
            let context = Context {
                meta: FrameMeta { number: 1, time_ns, link_type: 1, wire_len: 60 },
                origin: OriginTag { vlans, vlan_count, vni: None, erspan_session: None },
                sender,
            };
            census.seen(&context);
            for subject in [Subject::Sender, Subject::Endpoint(sender), Subject::Key(text.clone())] {
                census.emit(&context, Emission::Fact {
                    subject, attribute: Attribute::Hostname, field: Field::Dhcpv4Opt12, value: &text,
                    class: ConfidenceClass::D1, flags: FactFlags::default(),
                });
            }
            census.emit(&context, Emission::Binding {
                mac: Mac(octets), ip: ip.unwrap_or(v4(1)), source: BindingSource::Ndp, lease_s: 0, released: false,
            });
            let mut report = talk(0, 1, 2, 1, 0);
            report.key.client = sender;
            report.key.origin = context.origin;
            (report.first_ns, report.last_ns) = (time_ns, 0);
            census.conversation(&report);
        }
        let observations = finish(&mut census);
        let body = Bytes::from(encode_body(&observations));
        let count = u32::try_from(observations.len()).unwrap();
        prop_assert_eq!(decode_body(body, count), Ok(observations));
    }
}

/// A busy site in miniature, from a fixed seed.
fn busy(seed: u64, limits: Settings) -> Vec<Observation> {
    let mut census = Census::new(limits, "span0".parse().unwrap(), seed);
    let mut random = 1_u64;
    let mut next = |bound: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % bound
    };
    let mut told = Vec::new();
    let mut time = 1_700_000_000_000;
    for _ in 0..20_000 {
        time += i64::try_from(next(3_000)).unwrap();
        let host = next(300);
        let sender = at(host, Some(u32::try_from(host).unwrap()));
        census.seen(&context(time, sender));
        match next(6) {
            0 => state(
                &mut census,
                time,
                sender,
                Attribute::Hostname,
                &format!("host-{host}-{}", next(2)),
            ),
            1 => {
                let peer = u32::try_from(next(300)).unwrap();
                census.conversation(&talk(
                    time,
                    u32::try_from(host).unwrap(),
                    peer,
                    next(9),
                    next(9),
                ));
            }
            2 => bind(
                &mut census,
                time,
                host,
                u32::try_from(host).unwrap(),
                0,
                false,
            ),
            _ => {}
        }
        told.append(&mut census.drain());
    }
    told.append(&mut finish(&mut census));
    told
}

#[test]
fn the_same_frames_give_the_same_observations_in_the_same_order_under_any_seed() {
    let limits = Settings {
        fact_limit: 150,
        endpoint_limit: 100,
        conversation_limit: 80,
        ..settings()
    };
    let one = busy(1, limits);
    assert!(one.len() > 5_000, "{}", one.len());
    assert_eq!(one, busy(1, limits));
    assert_eq!(one, busy(0xdead_beef, limits));
}

#[test]
fn a_million_forged_addresses_fill_the_tables_and_no_more() {
    let settings = Settings::default();
    let mut census = census_of(settings);
    let mut told = 0;
    for n in 0..1_000_000_u32 {
        let sender = at(n.into(), Some(n & 0xff_ffff));
        let now = 1_000_000 + i64::from(n / 1000);
        census.seen(&context(now, sender));
        state(&mut census, now, sender, Attribute::Hostname, "forged");
        census.conversation(&talk(now, n & 0xff_ffff, 7, 1, 0));
        if n % 256 == 0 {
            told += census.drain().len();
        }
    }
    let counters = census.counters();
    assert_eq!(counters.lost, 0);
    // Every fact, and every conversation that had to make room.
    assert!(told > 1_850_000, "{told}");
    assert_eq!(counters.facts, settings.fact_limit);
    assert_eq!(counters.endpoints, settings.endpoint_limit);
    assert_eq!(counters.conversations, settings.conversation_limit);
    assert_eq!(counters.endpoint_evictions, 1_000_000 - 65_536);
    assert_eq!(counters.conversation_evictions, 1_000_000 - 131_072);
    assert!(census.outbox.pending.capacity() < 4096);
}
