//! One campaign after another.

use super::arena::{Arena, Hole, Target};
use super::{Attacker, Tally};
use crate::kind::EntryKind;
use crate::random::{Random, mix};
use crate::weakness::cvss::AttackVector;

/// What the attacker holds on a device.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// A user's rights, or limited control.
    Partial,
    /// Everything.
    Full,
}

/// A device taken in this campaign.
struct Taken {
    device: u32,
    /// Index of the device it was taken from, in the list of those taken.
    from: Option<usize>,
    hold: Hold,
    loss: f64,
    /// Pairs that opened it: the first hold, and the rise to everything.
    first: Option<u32>,
    rise: Option<u32>,
}

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Failed,
    Denied,
    Took,
}

/// Loss of a device whose attacker holds it partly.
const PARTIAL: f64 = 0.4;
/// Loss of a device that only stopped working.
const OUTAGE: f64 = 0.5;
/// Share of loss that a device taken shortly before detection still causes.
const INTERRUPTED: f64 = 0.35;
/// Devices taken last that detection comes in time for.
const IN_TIME: usize = 3;
/// Cost of a person's attempt, in attempts of a worm.
const PERSON: f64 = 3.0;

pub(super) struct Runner<'a> {
    arena: &'a Arena,
    attacker: &'a Attacker,
    capability: &'a [f64],
    seed: u64,
    /// Campaign number + 1 in which a device was last taken or stopped.
    stamp: Vec<u64>,
    taken: Vec<Taken>,
    denied: Vec<(u32, u32)>,
}

impl<'a> Runner<'a> {
    pub(super) fn new(
        arena: &'a Arena,
        attacker: &'a Attacker,
        capability: &'a [f64],
        seed: u64,
    ) -> Self {
        Self {
            arena,
            attacker,
            capability,
            seed,
            stamp: vec![0; arena.targets.len()],
            taken: Vec::new(),
            denied: Vec::new(),
        }
    }

    pub(super) fn campaign(&mut self, number: u64, tally: &mut Tally) {
        let mut random = Random::numbered(self.seed, "campaign", number);
        self.taken.clear();
        self.denied.clear();
        let worm = random.chance(self.attacker.worm);
        let mut budget = random.log_normal(self.attacker.budget, self.attacker.budget_sigma);
        let mut caught = false;
        // An attacker whose first way in is shut tries others.
        for _ in 0..4 {
            if self.enter(number, &mut random) {
                break;
            }
        }
        while !self.taken.is_empty() && budget > 0.0 && !caught {
            let outcome = if worm {
                self.spread(number, &mut random)
            } else {
                self.advance(number, &mut random)
            };
            budget -= if worm { 1.0 } else { PERSON };
            let noise =
                if worm { 2.0 } else { 1.0 } * if outcome == Outcome::Failed { 1.0 } else { 0.5 };
            caught = random.chance(self.attacker.detection * noise);
        }
        self.settle(caught, tally);
    }

    /// A coin that is the same whenever the same thing is tried in the same campaign, fixed pairs or not.
    fn coin(&self, number: u64, what: u64) -> f64 {
        let bits = mix(self.seed ^ mix(number).rotate_left(17) ^ mix(what ^ 0x636f_696e));
        (bits >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// The campaign has an exploit for the flaw: one coin for all devices.
    fn has(&self, number: u64, flaw: u32) -> bool {
        self.coin(number, u64::from(flaw)) < self.capability[flaw as usize]
    }

    /// The exploit works on this device.
    fn works(&self, number: u64, device: u32, hole: &Hole, ease: f64) -> bool {
        let key = (u64::from(device) + 1) << 24 | u64::from(hole.flaw);
        self.coin(number, key) < hole.works * ease
    }

    fn enter(&mut self, number: u64, random: &mut Random) -> bool {
        let total = self.arena.entries.last().map_or(0.0, |entry| entry.1);
        let at = random.unit() * total;
        let index = self.arena.entries.partition_point(|entry| entry.1 <= at);
        let Some(&(device, _)) = self.arena.entries.get(index) else {
            return false;
        };
        let target = &self.arena.targets[device as usize];
        match target.entry {
            // A person opens something, or leaves the device alone with a stranger.
            Some(EntryKind::MailWeb | EntryKind::Supplier) => {
                self.take(number, device, None, None, Hold::Partial);
                true
            }
            Some(EntryKind::Physical) => {
                let hole = target.holes.iter().find(|hole| {
                    matches!(hole.attack, AttackVector::Physical | AttackVector::Local)
                        && self.works(number, device, hole, 1.0)
                });
                let (pair, hold) =
                    hole.map_or((None, Hold::Partial), |hole| (Some(hole.pair), Hold::Full));
                let enters = hole.is_some() || random.chance(0.4);
                if enters {
                    self.take(number, device, None, pair, hold);
                }
                enters
            }
            Some(EntryKind::VendorAccess) if random.chance(0.45) => {
                self.take(number, device, None, None, Hold::Full);
                true
            }
            _ => {
                let all = target.up;
                self.exploit(number, None, device, all, 1.0, false) == Outcome::Took
            }
        }
    }

    /// Services of a device that are reached from a segment when the client is not a known peer.
    fn stranger(target: &Target) -> u64 {
        if target.guarded {
            0
        } else {
            target.up & !target.denied
        }
    }

    /// A random door: a conversation, a neighbour, a host of an open segment, or a server opened for a whole segment.
    fn door(&self, from: usize, talk: f64, random: &mut Random) -> Option<(u32, u64)> {
        let source = self.taken[from].device;
        let here = &self.arena.targets[source as usize];
        let segment = here.segment as usize;
        let rest = (1.0 - talk).max(0.0);
        let draw = random.unit();
        if draw < talk {
            let &(server, service) = random.pick(&here.peers)?;
            return Some((server, 1 << service));
        }
        let draw = (draw - talk) / rest.max(1e-9);
        if draw < 0.6 {
            if self.arena.isolated[segment] {
                return None;
            }
            let &other = random.pick(&self.arena.members[segment])?;
            return Some((other, Self::stranger(&self.arena.targets[other as usize])));
        }
        if draw < 0.85 {
            let &to = random.pick(&self.arena.open[segment])?;
            let &other = random.pick(&self.arena.members[to])?;
            return Some((other, Self::stranger(&self.arena.targets[other as usize])));
        }
        let &(server, service) = random.pick(&self.arena.pinholes[segment])?;
        let reached = Self::stranger(&self.arena.targets[server as usize]) & (1 << service);
        Some((server, reached))
    }

    /// A worm's attempt: any held device, any door, only what can be automated without a person.
    fn spread(&mut self, number: u64, random: &mut Random) -> Outcome {
        let from = random.below(self.taken.len());
        match self.door(from, 0.3, random) {
            Some((device, services)) => {
                self.exploit(number, Some(from), device, services, 1.0, true)
            }
            None => Outcome::Failed,
        }
    }

    /// A person's attempt: mostly from where the last success was, the most promising of several doors, flaw or credentials.
    fn advance(&mut self, number: u64, random: &mut Random) -> Outcome {
        let from = if random.chance(0.6) {
            self.taken.len() - 1
        } else {
            random.below(self.taken.len())
        };
        let mut best: Option<(f64, u32, u64)> = None;
        for _ in 0..6 {
            let Some((device, services)) = self.door(from, 0.6, random) else {
                continue;
            };
            let target = &self.arena.targets[device as usize];
            if self.stamp[device as usize] == number + 1 || services == 0 {
                continue;
            }
            // What the person guesses the device is worth, and how soft it looks.
            let soft = target
                .holes
                .iter()
                .any(|hole| self.opens(number, from, device, hole, services));
            let worth = (1.0 + target.loss).ln() + if soft { 2.0 } else { 0.0 } + random.normal();
            if best.is_none_or(|(most, ..)| worth > most) {
                best = Some((worth, device, services));
            }
        }
        let Some((_, device, services)) = best else {
            return Outcome::Failed;
        };
        let admin = services & self.arena.targets[device as usize].admin;
        if admin != 0 && random.chance(self.attacker.living_off_the_land) {
            // Credentials found on the way work here or they do not.
            if random.chance(0.35) {
                self.take(number, device, Some(from), None, Hold::Full);
                return Outcome::Took;
            }
            return Outcome::Failed;
        }
        self.exploit(number, Some(from), device, services, 1.0, false)
    }

    /// Whether a flaw is one that this campaign can use from there, before its coin on the device is known.
    fn opens(&self, number: u64, from: usize, device: u32, hole: &Hole, services: u64) -> bool {
        let source = self.taken[from].device;
        let near = self.arena.targets[source as usize].segment
            == self.arena.targets[device as usize].segment;
        let remote = match hole.attack {
            AttackVector::Network => true,
            AttackVector::Adjacent => near,
            AttackVector::Local | AttackVector::Physical => false,
        };
        remote
            && hole.service < 64
            && services & (1 << hole.service) != 0
            && self.has(number, hole.flaw)
    }

    fn exploit(
        &mut self,
        number: u64,
        from: Option<usize>,
        device: u32,
        services: u64,
        ease: f64,
        worm: bool,
    ) -> Outcome {
        if self.stamp[device as usize] == number + 1 {
            return Outcome::Failed;
        }
        let arena = self.arena;
        let mut outage = None;
        for hole in &arena.targets[device as usize].holes {
            let usable = match from {
                Some(from) => self.opens(number, from, device, hole, services),
                None => {
                    hole.attack == AttackVector::Network
                        && hole.service < 64
                        && services & (1 << hole.service) != 0
                        && self.has(number, hole.flaw)
                }
            };
            // A worm brings only what runs by itself; most public exploits can be made to.
            let brought =
                !worm || hole.automatable || self.coin(number, !u64::from(hole.flaw)) < 0.35;
            let ease = if hole.needs_user { 0.3 * ease } else { ease };
            if !(usable && brought && self.works(number, device, hole, ease)) {
                continue;
            }
            if hole.denies_only {
                outage = outage.or(Some(hole.pair));
                continue;
            }
            let hold = if hole.total {
                Hold::Full
            } else {
                Hold::Partial
            };
            self.take(number, device, from, Some(hole.pair), hold);
            return Outcome::Took;
        }
        outage.map_or(Outcome::Failed, |pair| {
            self.stamp[device as usize] = number + 1;
            self.denied.push((device, pair));
            Outcome::Denied
        })
    }

    fn take(
        &mut self,
        number: u64,
        device: u32,
        from: Option<usize>,
        first: Option<u32>,
        hold: Hold,
    ) {
        self.stamp[device as usize] = number + 1;
        let arena = self.arena;
        let target = &arena.targets[device as usize];
        let rise = (hold == Hold::Partial)
            .then(|| {
                target.holes.iter().find(|hole| {
                    hole.attack == AttackVector::Local
                        && !hole.denies_only
                        && self.has(number, hole.flaw)
                        && self.works(
                            number,
                            device,
                            hole,
                            if hole.needs_user { 0.3 } else { 1.0 },
                        )
                })
            })
            .flatten()
            .map(|hole| hole.pair);
        self.taken.push(Taken {
            device,
            from,
            hold: if rise.is_some() { Hold::Full } else { hold },
            loss: target.loss,
            first,
            rise,
        });
    }

    /// Books the campaign.
    fn settle(&mut self, caught: bool, tally: &mut Tally) {
        let count = self.taken.len();
        let mut below = vec![0.0; count];
        for (index, taken) in self.taken.iter().enumerate().rev() {
            let in_time = caught && index + IN_TIME >= count;
            let loss = taken.loss * if in_time { INTERRUPTED } else { 1.0 };
            let (first, rise) = match (taken.hold, taken.rise) {
                (Hold::Partial, _) => (PARTIAL * loss, 0.0),
                (Hold::Full, None) => (loss, 0.0),
                (Hold::Full, Some(_)) => (PARTIAL * loss, (1.0 - PARTIAL) * loss),
            };
            tally.lose(taken.device, taken.first, first);
            if taken.rise.is_some() {
                tally.lose(taken.device, taken.rise, rise);
            }
            tally.reach(taken.device);
            tally.downstream(taken.device, below[index]);
            if let Some(from) = taken.from {
                below[from] += below[index] + first + rise;
            }
        }
        for &(device, pair) in &self.denied {
            let loss = OUTAGE * self.arena.targets[device as usize].loss;
            tally.lose(device, Some(pair), loss);
        }
        tally.count(count as u64);
    }
}
