//! One hour: events drawn, put in order, played, and written as time passes, so that memory holds minutes and not the hour.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::calendar::{Nanos, SECOND};
use crate::canary::{Canaries, Canary, Kind};
use crate::patient::Patient;
use crate::pcap::PcapWriter;
use crate::protocol::tls::{self, Certificate};
use crate::random::Random;
use crate::recording::Recording;
use crate::tap::Tap;
use crate::tcp::Conditions;
use crate::truth::Truth;

use super::{Mirror, Site, Speaks, Tally, conversation, presence};

/// Which hour, and how.
#[derive(Debug, Clone, Copy)]
pub struct Hour {
    /// Seed of everything random.
    pub seed: u64,
    /// Begin.
    pub start: Nanos,
    /// What the network does to TCP.
    pub conditions: Conditions,
    /// How the frames come to the sensor.
    pub mirror: Mirror,
    /// Largest number of octets of one conversation; more is cut.
    pub most: u64,
}

/// What came out.
#[derive(Debug)]
pub struct Outcome {
    /// Frames written.
    pub frames: u64,
    /// Facts that they state.
    pub truth: Truth,
    /// Patients' tokens and where they are.
    pub canaries: Canaries,
    /// What was played and what is missing.
    pub tally: Tally,
}

/// Why an hour could not be played.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The capture cannot be written.
    #[error("the capture cannot be written: {0}")]
    Write(#[from] io::Error),
    /// A TLS session cannot be made.
    #[error(transparent)]
    Tls(#[from] tls::Error),
    /// A conversation or device names a device or segment that is not there.
    #[error("{what} {index} does not exist; the site has {there}")]
    Unknown {
        /// `device` or `segment`.
        what: &'static str,
        /// Its number.
        index: usize,
        /// How many there are.
        there: usize,
    },
}

/// Something that happens.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// A device gets or renews its lease and looks for its router.
    Arrive(usize),
    /// A device says something of its own accord: device, index in what it speaks.
    Say(usize, usize),
    /// One session of a conversation.
    Talk(usize),
}

/// Frames are written whenever this much time has passed.
const STEP: Nanos = 20 * SECOND;

/// What the exchanges of an hour share.
pub(super) struct Stage<'a> {
    pub(super) site: &'a Site,
    pub(super) hour: Hour,
    pub(super) recording: Recording,
    pub(super) patients: Vec<Patient>,
    pub(super) user: Canary,
    pub(super) community: Canary,
    pub(super) certificates: BTreeMap<usize, Certificate>,
    pub(super) tally: Tally,
    /// Servers of each device.
    pub(super) peers: Vec<Vec<usize>>,
    random: Random,
}

impl Stage<'_> {
    /// A stream of chance for one exchange.
    pub(super) fn chance(&mut self) -> Random {
        Random::new(self.random.next_u64())
    }

    /// A tap on a segment with a stream of its own.
    pub(super) fn tap(&mut self, segment: usize, at: Nanos) -> Tap<'_> {
        let random = self.chance();
        let vlan = self.site.segments[segment].vlan;
        let link = self
            .hour
            .mirror
            .link(vlan, at.saturating_sub(self.hour.start));
        Tap::new(&mut self.recording, link, random, at)
    }

    /// The patient at a device.
    pub(super) fn patient(&self, device: usize) -> Patient {
        self.patients[device % self.patients.len()].clone()
    }
}

impl Site {
    /// Plays one hour into a capture.
    ///
    /// # Errors
    /// When the capture cannot be written, a certificate cannot be made, or the site names what it does not have.
    pub fn play<W: Write>(&self, hour: Hour, out: &mut PcapWriter<W>) -> Result<Outcome, Failure> {
        self.check()?;
        let mut recording = Recording::new(hour.seed);
        let canaries = &mut recording.canaries;
        let count = (self.devices.len() / 4).max(8);
        let patients = (0..count)
            .map(|index| Patient::new(canaries, "19610704", if index % 2 == 0 { 'F' } else { 'M' }))
            .collect();
        let mut stage = Stage {
            site: self,
            hour,
            patients,
            user: canaries.issue(Kind::Credential),
            community: canaries.issue(Kind::Credential),
            recording,
            certificates: BTreeMap::new(),
            tally: Tally::default(),
            peers: self.peers(),
            random: Random::new(hour.seed).fork("hour"),
        };
        let mut written = hour.start;
        for (at, event) in self.events(hour) {
            if at > written + STEP {
                stage.recording.write_until(at, out)?;
                written = at;
            }
            match event {
                Event::Arrive(device) => presence::arrive(&mut stage, device, at),
                Event::Say(device, index) => presence::say(&mut stage, device, index, at),
                Event::Talk(index) => conversation::talk(&mut stage, index, at)?,
            }
        }
        stage.recording.write_all(out)?;
        Ok(Outcome {
            frames: stage.recording.written(),
            truth: stage.recording.truth().clone(),
            canaries: stage.recording.canaries,
            tally: stage.tally,
        })
    }

    fn check(&self) -> Result<(), Failure> {
        let unknown = |what, index, there| {
            if index < there {
                Ok(())
            } else {
                Err(Failure::Unknown { what, index, there })
            }
        };
        for device in &self.devices {
            unknown("segment", device.segment, self.segments.len())?;
        }
        for conversation in &self.conversations {
            unknown("device", conversation.client, self.devices.len())?;
            unknown("device", conversation.server, self.devices.len())?;
        }
        if let Some(host) = self.log_host {
            unknown("device", host, self.devices.len())?;
        }
        Ok(())
    }

    fn peers(&self) -> Vec<Vec<usize>> {
        let mut peers = vec![Vec::new(); self.devices.len()];
        for conversation in &self.conversations {
            peers[conversation.client].push(conversation.server);
        }
        peers
    }

    /// Everything that happens, in order of time.
    fn events(&self, hour: Hour) -> Vec<(Nanos, Event)> {
        let mut random = Random::new(hour.seed).fork("events");
        let mut events = Vec::with_capacity(self.devices.len() * 8 + self.conversations.len() * 2);
        let mut spread = |times: u64, event: Event| {
            let period = 3_600 * SECOND / times.max(1);
            let first = random.below_u64(period);
            for round in 0..times {
                events.push((hour.start + first + round * period, event));
            }
        };
        for (number, device) in self.devices.iter().enumerate() {
            spread(1, Event::Arrive(number));
            for (index, speaks) in device.speaks.iter().enumerate() {
                spread(presence::times(speaks), Event::Say(number, index));
            }
        }
        for (index, conversation) in self.conversations.iter().enumerate() {
            let octets = conversation.octets.min(hour.most);
            spread(
                conversation::sessions(conversation, octets),
                Event::Talk(index),
            );
        }
        events.sort_by_key(|(at, _)| *at);
        events
    }

    /// What a device speaks, as far as `pick` wants it.
    pub(super) fn speaks<'s, T>(
        &'s self,
        device: usize,
        pick: impl FnMut(&'s Speaks) -> Option<T>,
    ) -> Option<T> {
        self.devices[device].speaks.iter().find_map(pick)
    }
}
