//! What goes wrong, and when: a seeded list of faults.

use crate::generate::mix64;

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// SIGKILL a sensor and start it again on its spool.
    KillSensor(usize),
    /// SIGKILL ingest and start it again.
    KillIngest,
    /// SIGKILL an engine and start it again.
    KillEngine,
    /// Every link is cut at once.
    CutLinks,
    /// Links are slow for a while.
    DelayLinks,
    /// Links carry nothing for a while, without closing.
    SilenceLinks,
    /// New links are refused for a while.
    RefuseLinks,
    /// SIGKILL the broker and start it again.
    KillBroker,
    /// Stop the broker in order and start it again.
    StopBroker,
    /// Two more engines join, and leave again (one in order, one killed).
    ScaleEngines,
    /// A sensor's disk is full for a while.
    FillDisk(usize),
    /// A sensor's or ingest's clock jumps by a day and back.
    JumpClock(usize),
    /// Records that are already in the log are appended again, in another order.
    RepeatRecords,
}

impl Fault {
    /// The kind, for the tally.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::KillSensor(_) => "sensor killed",
            Self::KillIngest => "ingest killed",
            Self::KillEngine => "engine killed",
            Self::CutLinks => "links cut",
            Self::DelayLinks => "links delayed",
            Self::SilenceLinks => "links silent",
            Self::RefuseLinks => "links refused",
            Self::KillBroker => "broker killed",
            Self::StopBroker => "broker restarted",
            Self::ScaleEngines => "engines 1-3-1",
            Self::FillDisk(_) => "sensor disk full",
            Self::JumpClock(_) => "clock jumped a day",
            Self::RepeatRecords => "records repeated out of order",
        }
    }
}

/// The seeded list. Every kind occurs in any 35 in a row; the cheap ones occur more often.
#[must_use]
pub fn plan(seed: u64, count: usize, sensors: usize) -> Vec<Fault> {
    let mut faults = Vec::with_capacity(count);
    let mut round = 0;
    while faults.len() < count {
        let mut deck = deck(seed, round, sensors);
        shuffle(&mut deck, mix64(seed ^ mix64(round)));
        faults.extend(deck);
        round += 1;
    }
    faults.truncate(count);
    faults
}

fn deck(seed: u64, round: u64, sensors: usize) -> Vec<Fault> {
    let sensor = |salt: u64| {
        usize::try_from(mix64(seed ^ mix64(round ^ (salt << 32)))).unwrap_or(0) % sensors.max(1)
    };
    vec![
        Fault::KillSensor(sensor(1)),
        Fault::KillSensor(sensor(2)),
        Fault::KillIngest,
        Fault::KillIngest,
        Fault::KillEngine,
        Fault::KillEngine,
        Fault::KillEngine,
        Fault::CutLinks,
        Fault::CutLinks,
        Fault::DelayLinks,
        Fault::SilenceLinks,
        Fault::RefuseLinks,
        Fault::KillBroker,
        Fault::StopBroker,
        Fault::ScaleEngines,
        Fault::FillDisk(sensor(3)),
        Fault::JumpClock(sensor(4)),
        Fault::RepeatRecords,
    ]
}

fn shuffle(deck: &mut [Fault], seed: u64) {
    let mut state = seed;
    for last in (1..deck.len()).rev() {
        state = mix64(state);
        let other = usize::try_from(state % (u64::try_from(last).unwrap_or(0) + 1)).unwrap_or(0);
        deck.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_faults_and_another_gives_others() {
        assert_eq!(plan(7, 60, 3), plan(7, 60, 3));
        assert_ne!(plan(7, 60, 3), plan(8, 60, 3));
    }

    #[test]
    fn fifty_faults_hold_every_kind() {
        let kinds = |faults: Vec<Fault>| {
            faults
                .into_iter()
                .map(Fault::kind)
                .collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(kinds(plan(1, 50, 3)).len(), 13);
    }
}
