//! Names and numbers of one device.

use crate::kind::{Group, Kind};
use crate::random::Random;
use crate::site::Identity;

/// The first letters of the words of a kind's name, at most six.
fn prefix(kind: &Kind) -> String {
    let words: Vec<&str> = kind.name.split('_').collect();
    let letters = if words.len() == 1 { 6 } else { 3 };
    words
        .iter()
        .take(2)
        .flat_map(|word| word.chars().take(letters))
        .collect()
}

pub(super) fn name(kind: &Kind, number: usize, random: &mut Random) -> Identity {
    let prefix = prefix(kind);
    let hostname = match kind.group {
        Group::Medical | Group::Building => format!("{prefix}-{number:05}"),
        _ => format!("{}{number:05}", prefix.to_uppercase()),
    };
    let letter = char::from(b'A' + random.below(26) as u8);
    let bits = (u128::from(random.bits()) << 64) | u128::from(random.bits());
    let uuid = (bits & !(0xf000_u128 << 64) & !(0xc000_u128 << 48))
        | (0x4000_u128 << 64)
        | (0x8000_u128 << 48);
    let hex = format!("{uuid:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or("");
    Identity {
        serial: format!("{letter}{:08}", random.below(100_000_000)),
        ae_title: format!("{}_{number:05}", prefix.to_uppercase()),
        uuid: format!(
            "{}-{}-{}-{}-{}",
            part(0, 8),
            part(8, 12),
            part(12, 16),
            part(16, 20),
            part(20, 32)
        ),
        hostname,
    }
}
