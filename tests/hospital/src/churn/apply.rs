//! What an event does to the estate.

use super::rates::Cause;
use super::{At, Change, Churn, Rewiring};
use crate::address::{Mac, unique_local};
use crate::kind::Place;
use crate::random::mix;
use crate::site::Device;

impl Churn {
    pub(super) fn happen(&mut self, cause: Cause) -> Option<Change> {
        match cause {
            Cause::Arrival {
                site,
                delivery,
                like,
            } => self.arrive(site, delivery, like?),
            Cause::Departure(at) => {
                self.here(at)?;
                self.present[at.site][at.device] = false;
                Some(Change::Left { at })
            }
            Cause::Loan(at) => self.lend(at),
            Cause::Swap(at) => self.swap(at),
            Cause::Update(at) => self.update(at),
            Cause::Lease(at) => self.lease(at),
            Cause::Move(at) => self.carry(at),
            Cause::Rewiring(at) => self.rewire(at),
            Cause::OutageBegins { site, segment } => Some(Change::OutageBegan { site, segment }),
            Cause::OutageEnds { site, segment } => Some(Change::OutageEnded { site, segment }),
        }
    }

    fn here(&self, at: At) -> Option<&Device> {
        self.is_present(at)
            .then(|| &self.sites[at.site].devices[at.device])
    }

    fn serial(&mut self) -> String {
        let letter = char::from(b'A' + self.random.below(26) as u8);
        format!("{letter}{:08}", self.random.below(100_000_000))
    }

    fn fresh_mac(&mut self, oui: [u8; 3]) -> Mac {
        Mac::of(oui, self.random.bits() as u32 & 0x00ff_ffff)
    }

    /// The next free address of a segment; `None` when it is full.
    fn free_host(&mut self, site: usize, segment: usize) -> Option<std::net::Ipv4Addr> {
        let subnet = self.sites[site].segments[segment].subnet;
        let next = &mut self.next_host[site][segment];
        // After the last host the pool starts over: the first addresses have been given back long ago.
        if *next > subnet.hosts() {
            *next = 10;
        }
        let host = *next;
        *next += 1;
        (host <= subnet.hosts()).then(|| subnet.host(host))
    }

    /// Puts a device down as a new number of a site and segment, with addresses of that segment.
    fn put(&mut self, mut device: Device, site: usize, segment: usize) -> Option<At> {
        device.address.ipv4 = self.free_host(site, segment)?;
        let home = &self.sites[site].segments[segment];
        device.segment = segment;
        device.ward = home.ward;
        if device.address.ipv6.is_some() {
            let prefix = mix(self.sites[site].seed);
            device.address.ipv6 = Some(unique_local(prefix, home.vlan, device.address.mac));
        }
        self.sites[site].devices.push(device);
        self.present[site].push(true);
        Some(At {
            site,
            device: self.sites[site].devices.len() - 1,
        })
    }

    /// Something new of the kind of a device that stands or stood there, in its newest version.
    fn arrive(&mut self, site: usize, delivery: u32, like: usize) -> Option<Change> {
        let mut device = self.sites[site].devices[like].clone();
        let number = self.sites[site].devices.len();
        let segment = device.segment;
        device.address.burnt_in = self.fresh_mac(device.model.oui);
        device.address.mac = if device.address.mac.is_local() {
            Mac::random(self.random.bits())
        } else {
            device.address.burnt_in
        };
        let stem: String = device
            .identity
            .hostname
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .to_owned();
        device.identity.hostname = format!("{stem}{number:05}");
        device.identity.ae_title =
            format!("{}_{number:05}", stem.trim_end_matches('-').to_uppercase());
        device.identity.serial = self.serial();
        device.identity.uuid = device
            .identity
            .uuid
            .get(..24)
            .map(|head| format!("{head}{:012x}", self.random.bits() & 0xffff_ffff_ffff))?;
        device.truth.version = device.model.versions.len() - 1;
        device.visible.version = None;
        device.truth.patch_age = 0.1;
        device.truth.age = 0.0;
        device.entry = None;
        let at = self.put(device, site, segment)?;
        Some(Change::Arrived { at, delivery })
    }

    fn lend(&mut self, from: At) -> Option<Change> {
        let device = self.here(from)?.clone();
        if self.sites.len() < 2 {
            return None;
        }
        let step = 1 + self.random.below(self.sites.len() - 1);
        let site = (from.site + step) % self.sites.len();
        let place = self.sites[from.site].segments[device.segment].place;
        let segment = self.segment_like(site, place, None)?;
        let to = self.put(device, site, segment)?;
        self.present[from.site][from.device] = false;
        Some(Change::Lent { from, to })
    }

    /// A random segment of the same family, other than `not`.
    fn segment_like(&mut self, site: usize, place: Place, not: Option<usize>) -> Option<usize> {
        let segments: Vec<usize> = (0..self.sites[site].segments.len())
            .filter(|&s| self.sites[site].segments[s].place == place && Some(s) != not)
            .collect();
        self.random.pick(&segments).copied()
    }

    fn swap(&mut self, at: At) -> Option<Change> {
        let oui = self.here(at)?.model.oui;
        let (serial, mac) = (self.serial(), self.fresh_mac(oui));
        let device = &mut self.sites[at.site].devices[at.device];
        let old_serial = std::mem::replace(&mut device.identity.serial, serial.clone());
        if device.address.mac == device.address.burnt_in {
            device.address.mac = mac;
        }
        device.address.burnt_in = mac;
        device.truth.age = 0.0;
        Some(Change::Swapped {
            at,
            old_serial,
            new_serial: serial,
        })
    }

    fn update(&mut self, at: At) -> Option<Change> {
        self.here(at)?;
        let device = &mut self.sites[at.site].devices[at.device];
        let before = device.truth.version;
        device.truth.patch_age = 0.0;
        if before + 1 >= device.model.versions.len() {
            return None;
        }
        device.truth.version = before + 1;
        Some(Change::Updated {
            at,
            versions: (before, before + 1),
        })
    }

    fn lease(&mut self, at: At) -> Option<Change> {
        let segment = self.here(at)?.segment;
        let after = self.free_host(at.site, segment)?;
        let address = &mut self.sites[at.site].devices[at.device].address;
        let before = std::mem::replace(&mut address.ipv4, after);
        (before != after).then_some(Change::Leased {
            at,
            addresses: (before, after),
        })
    }

    fn carry(&mut self, at: At) -> Option<Change> {
        let before = self.here(at)?.segment;
        let place = self.sites[at.site].segments[before].place;
        let after = self.segment_like(at.site, place, Some(before))?;
        let ipv4 = self.free_host(at.site, after)?;
        let ward = self.sites[at.site].segments[after].ward;
        let device = &mut self.sites[at.site].devices[at.device];
        device.segment = after;
        device.ward = ward;
        device.address.ipv4 = ipv4;
        Some(Change::Moved {
            at,
            segments: (before, after),
        })
    }

    fn rewire(&mut self, at: At) -> Option<Change> {
        let (address, how, oui) = {
            let device = self.here(at)?;
            (
                device.address.clone(),
                device.kind.addressing,
                device.model.oui,
            )
        };
        let (after, why) = if address.mac.is_local() {
            (Mac::random(self.random.bits()), Rewiring::Randomised)
        } else if address.mac != address.burnt_in {
            (address.burnt_in, Rewiring::Undocked)
        } else if how.docked > 0.0 {
            (self.fresh_mac([0x00, 0xe0, 0x4c]), Rewiring::Docked)
        } else {
            (self.fresh_mac(oui), Rewiring::NewCard)
        };
        let device = &mut self.sites[at.site].devices[at.device];
        device.address.mac = after;
        if why == Rewiring::NewCard {
            device.address.burnt_in = after;
        }
        Some(Change::Rewired {
            at,
            macs: (address.mac, after),
            why,
        })
    }
}
