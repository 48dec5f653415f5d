//! Observations for ever.

use super::Fleet;
use super::observation::{Attribute, Body, Endpoint, Observation, Origin, Value};
use crate::random::Random;
use crate::site::Site;

/// How observations come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Observations a second of simulated time, over the whole fleet.
    pub per_second: f64,
    /// Share of observations that come in bursts: a site powers up after an outage and every device introduces itself.
    pub bursts: f64,
}

impl Pace {
    /// Steady: what a million devices say in an ordinary hour, a third of it heartbeats.
    pub const STEADY: Self = Self {
        per_second: 20_000.0,
        bursts: 0.0,
    };
    /// Half of everything comes in bursts.
    pub const BURSTS: Self = Self {
        per_second: 60_000.0,
        bursts: 0.5,
    };
}

/// Simulated time begins here: 2026-11-25T00:00:00Z in epoch milliseconds.
const START_MS: f64 = 1_795_564_800_000.0;

/// A site that powers up: which device introduces itself next.
#[derive(Clone, Copy, Debug)]
struct Burst {
    site: usize,
    device: usize,
    step: usize,
}

/// Statements of a device that introduces itself: its binding, then its facts.
const INTRODUCTION: usize = 1 + Attribute::ALL.len();

/// An endless iterator of observations; the same seed gives the same ones.
#[derive(Clone, Debug)]
pub struct Stream<'a> {
    fleet: &'a Fleet,
    random: Random,
    pace: Pace,
    now_ms: f64,
    burst: Option<Burst>,
}

impl<'a> Stream<'a> {
    /// Starts a stream over all sensors of a fleet.
    #[must_use]
    pub fn new(fleet: &'a Fleet, seed: u64, pace: Pace) -> Self {
        Self {
            fleet,
            random: Random::of(seed, &["load"]),
            pace,
            now_ms: START_MS,
            burst: None,
        }
    }

    fn endpoint(&self, site: usize, device: usize) -> Endpoint {
        Endpoint {
            mac: self.fleet.mac(site, device),
            ip: self.fleet.template(site).devices[device].address.ipv4,
        }
    }

    fn say(
        &self,
        site: usize,
        device: usize,
        body: Body<'a>,
        seconds: f64,
        count: u64,
    ) -> Observation<'a> {
        let template = self.fleet.template(site);
        let segment = template.devices[device].segment;
        Observation {
            origin: Origin {
                site: site as u32,
                sensor: self.fleet.sensor_of(segment) as u32,
                vlan: template.segments[segment].vlan,
            },
            first_seen_ms: (self.now_ms - 1_000.0 * seconds) as i64,
            last_seen_ms: self.now_ms as i64,
            count,
            body,
        }
    }

    fn fact(&self, site: usize, device: usize, attribute: Attribute) -> Observation<'a> {
        let body = Body::Fact {
            sender: self.endpoint(site, device),
            attribute,
            value: value(self.fleet.template(site), site, device, attribute),
        };
        self.say(site, device, body, 0.0, 1)
    }

    fn binding(&self, site: usize, device: usize) -> Observation<'a> {
        let dhcp = self.fleet.template(site).devices[device].address.dhcp;
        let body = Body::Binding {
            endpoint: self.endpoint(site, device),
            lease_s: if dhcp { 28_800 } else { 0 },
        };
        self.say(site, device, body, 0.0, 1)
    }

    fn conversation(&mut self, site: usize) -> Option<Observation<'a>> {
        let template = self.fleet.template(site);
        let talk = self.random.pick(&template.conversations)?;
        let server = &template.devices[talk.server as usize];
        let (protocol, port) = server.services[talk.service as usize]
            .id
            .split_once('/')
            .unwrap_or(("tcp", "0"));
        let minutes = 1 + self.random.below(60) as u64;
        let bytes = (talk.bytes / 43_200 + 64) * minutes;
        let body = Body::Conversation {
            client: self.endpoint(site, talk.client as usize),
            server: self.endpoint(site, talk.server as usize),
            protocol: if protocol == "udp" { 17 } else { 6 },
            port: port.parse().unwrap_or(0),
            bytes: (bytes / 4, bytes),
            packets: (bytes / 3_000 + 1, bytes / 1_200 + 1),
        };
        let seconds = 60.0 * minutes as f64;
        Some(self.say(site, talk.client as usize, body, seconds, bytes / 900 + 2))
    }

    fn steady(&mut self) -> Observation<'a> {
        let size = self.fleet.size();
        let site = self.random.below(size.sites);
        let device = self.random.below(size.devices);
        match self.random.unit() {
            u if u < 0.55 => match self.conversation(site) {
                Some(observation) => observation,
                None => self.binding(site, device),
            },
            u if u < 0.83 => {
                let body = Body::Heartbeat {
                    endpoint: self.endpoint(site, device),
                    bytes: 1 + self.random.below(4_000_000) as u64,
                };
                self.say(site, device, body, 900.0, 12)
            }
            u if u < 0.93 => {
                let attribute = Attribute::ALL[self.random.below(Attribute::ALL.len())];
                self.fact(site, device, attribute)
            }
            _ => self.binding(site, device),
        }
    }

    fn burst(&mut self) -> Observation<'a> {
        let size = self.fleet.size();
        let burst = self.burst.unwrap_or_else(|| Burst {
            site: self.random.below(size.sites),
            device: 0,
            step: 0,
        });
        let observation = match burst.step.checked_sub(1) {
            None => self.binding(burst.site, burst.device),
            Some(index) => self.fact(burst.site, burst.device, Attribute::ALL[index]),
        };
        let mut next = Burst {
            step: burst.step + 1,
            ..burst
        };
        if next.step == INTRODUCTION {
            next.step = 0;
            next.device += 1;
        }
        self.burst = (next.device < size.devices).then_some(next);
        observation
    }
}

fn value(site: &Site, number: usize, device: usize, attribute: Attribute) -> Value<'_> {
    let device = &site.devices[device];
    let own = |text| Value {
        text,
        number: Some(number as u32),
    };
    let shared = |text| Value { text, number: None };
    match attribute {
        Attribute::Manufacturer => shared(device.model.vendor),
        Attribute::Model => shared(device.model.product),
        Attribute::SoftwareVersion => shared(
            device
                .model
                .versions
                .get(device.truth.version)
                .copied()
                .unwrap_or(""),
        ),
        Attribute::Serial => own(&device.identity.serial),
        Attribute::Hostname => own(&device.identity.hostname),
        Attribute::AeTitle => shared(&device.identity.ae_title),
        Attribute::VendorClass => shared(device.kind.name),
    }
}

impl<'a> Iterator for Stream<'a> {
    type Item = Observation<'a>;

    fn next(&mut self) -> Option<Observation<'a>> {
        self.now_ms += 1_000.0 / self.pace.per_second;
        Some(if self.random.chance(self.pace.bursts) {
            self.burst()
        } else {
            self.steady()
        })
    }
}
