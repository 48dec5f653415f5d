//! Campaigns against the hidden truth: what attackers really cost the hospital, device by device and flaw by flaw.
//!
//! A Monte-Carlo simulation of attackers with a budget. It knows everything that the site's JSON leaves out, and it works nothing like
//! a risk engine: no probabilities are propagated, single attackers try single doors one after the other until they run out of effort
//! or are caught. `README.md`, "The attacker", has the equations.

mod arena;
mod campaign;
mod capability;
mod defence;
mod tally;

use crate::random::mix;
use crate::site::Site;

pub use arena::{Arena, Pair};
pub use capability::capabilities;
pub use defence::Defence;
pub use tally::Tally;

/// Parameters of the attackers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attacker {
    /// Median effort of a campaign, in attempts of a worm; a person's attempt costs three.
    pub budget: f64,
    /// Shape of the log-normal budget.
    pub budget_sigma: f64,
    /// Probability that a failed attempt of a person is noticed and the campaign ended; successes make half the noise, worms twice.
    pub detection: f64,
    /// Share of campaigns that spread by themselves; the others are hands-on.
    pub worm: f64,
    /// Share of a person's moves that use stolen credentials instead of a flaw.
    pub living_off_the_land: f64,
    /// Standard deviation of the logit of hidden capability around what public signals say.
    pub noise: f64,
}

/// A named set of parameters.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Name on the command line.
    pub name: &'static str,
    /// What differs from the base.
    pub about: &'static str,
    /// The parameters.
    pub attacker: Attacker,
}

/// The base attackers.
pub const BASE: Attacker = Attacker {
    budget: 600.0,
    budget_sigma: 1.0,
    detection: 0.001,
    worm: 0.6,
    living_off_the_land: 0.15,
    noise: 0.8,
};

/// All variants, the base first.
pub const VARIANTS: &[Variant] = &[
    Variant {
        name: "base",
        about: "six of ten campaigns are worms, the others people with some stolen credentials",
        attacker: BASE,
    },
    Variant {
        name: "poor",
        about: "0.4 times the effort",
        attacker: Attacker {
            budget: 240.0,
            ..BASE
        },
    },
    Variant {
        name: "rich",
        about: "3 times the effort",
        attacker: Attacker {
            budget: 1_800.0,
            ..BASE
        },
    },
    Variant {
        name: "watched",
        about: "4 times the detection",
        attacker: Attacker {
            detection: 0.004,
            ..BASE
        },
    },
    Variant {
        name: "unwatched",
        about: "a quarter of the detection",
        attacker: Attacker {
            detection: 0.000_25,
            ..BASE
        },
    },
    Variant {
        name: "credentials",
        about: "half of a person's moves use stolen credentials, four of ten campaigns are worms",
        attacker: Attacker {
            worm: 0.4,
            living_off_the_land: 0.5,
            ..BASE
        },
    },
    Variant {
        name: "surprising",
        about: "capability strays twice as far from the public signals",
        attacker: Attacker { noise: 1.6, ..BASE },
    },
    Variant {
        name: "worms",
        about: "every campaign spreads by itself",
        attacker: Attacker { worm: 1.0, ..BASE },
    },
    Variant {
        name: "hands_on",
        about: "no campaign spreads by itself",
        attacker: Attacker { worm: 0.0, ..BASE },
    },
];

/// Looks a variant up by name.
#[must_use]
pub fn variant(name: &str) -> Option<&'static Variant> {
    VARIANTS.iter().find(|variant| variant.name == name)
}

/// Runs `campaigns` campaigns, numbered from `first`, on up to `threads` threads. The result does not depend on the number of
/// threads: every campaign has its own stream and sums are integers.
#[must_use]
pub fn run(
    site: &Site,
    arena: &Arena,
    attacker: &Attacker,
    first: u64,
    campaigns: u64,
    threads: usize,
) -> Tally {
    let capability = capabilities(site, attacker.noise);
    let seed = mix(site.seed ^ 0x0061_7474_6163_6b00);
    let threads = threads.max(1) as u64;
    let share = campaigns.div_ceil(threads);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let from = first + thread * share;
                let to = (first + campaigns).min(from + share);
                let capability = &capability;
                scope.spawn(move || {
                    let mut tally = Tally::new(arena);
                    let mut runner = campaign::Runner::new(arena, attacker, capability, seed);
                    for number in from..to {
                        runner.campaign(number, &mut tally);
                    }
                    tally
                })
            })
            .collect();
        let mut total = Tally::new(arena);
        for worker in workers {
            match worker.join() {
                Ok(tally) => total.add(&tally),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        total
    })
}

#[cfg(test)]
mod tests;
