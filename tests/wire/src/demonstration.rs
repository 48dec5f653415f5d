//! A small hospital that speaks every protocol once: a capture to look at, and the one that other programs judge in the tests.

mod clinic;
mod estate;
mod imaging;
mod mix;
mod office;
mod segment;

pub use estate::{Estate, START};
pub use mix::site;

use crate::protocol::tls;
use crate::random::Random;
use crate::recording::Recording;
use crate::tap::{Link, Tap};
use crate::tcp::Conditions;

/// What every part of the demonstration needs.
#[derive(Debug)]
struct Scene<'r> {
    recording: &'r mut Recording,
    estate: Estate,
    random: Random,
    conditions: Conditions,
    seed: u64,
}

impl Scene<'_> {
    /// A tap on one link for one purpose, starting `seconds` after the beginning.
    fn tap(&mut self, purpose: &str, link: Link, seconds: u64) -> Tap<'_> {
        let random = self.random.fork(purpose);
        let now = START + seconds * crate::calendar::SECOND;
        let mut tap = Tap::new(self.recording, link, random, now);
        tap.wait_about(crate::calendar::SECOND);
        tap
    }
}

/// Records the demonstration: a quarter of an hour, about thirty devices, every protocol and encapsulation, under the given conditions.
///
/// # Errors
/// When a TLS handshake cannot be made.
pub fn record(seed: u64, conditions: Conditions) -> Result<Recording, tls::Error> {
    let mut recording = Recording::new(seed);
    let mut scene = Scene {
        estate: Estate::new(&mut recording.canaries),
        recording: &mut recording,
        random: Random::new(seed),
        conditions,
        seed,
    };
    segment::play(&mut scene);
    office::play(&mut scene)?;
    imaging::play(&mut scene);
    clinic::play(&mut scene)?;
    Ok(recording)
}
