//! Sessions between devices: the port says which exchange, what both ends speak says how.

mod clinical;
mod office;

use crate::address::Endpoint;
use crate::calendar::Nanos;

use super::hour::{Failure, Stage};
use super::{Conversation, Speaks};

/// One session of a conversation with its ends as they are seen on the client's segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Talk {
    conversation: Conversation,
    client: Endpoint,
    server: Endpoint,
    segment: usize,
    at: Nanos,
    /// Octets of this session.
    octets: u64,
}

/// How many sessions of about which size an hour has. Names, clocks and management ask often; transfers come in a few sessions.
pub(super) fn sessions(conversation: &Conversation, octets: u64) -> u64 {
    match (conversation.udp, conversation.port) {
        (true, 53) => (octets / 250).clamp(1, 60),
        (true, 123) => 4,
        (true, 161) => 12,
        (false, 104 | 11_112) => (octets / 4_000_000).clamp(1, 30),
        (false, 2_575) => (octets / 12_000).clamp(1, 60),
        (false, 80 | 443) => (octets / 60_000).clamp(1, 4),
        _ => 1,
    }
}

/// Plays one session, or counts what is missing for it.
pub(super) fn talk(stage: &mut Stage<'_>, index: usize, at: Nanos) -> Result<(), Failure> {
    let site = stage.site;
    let conversation = site.conversations[index];
    let octets = conversation.octets.min(stage.hour.most);
    let segment = site.devices[conversation.client].segment;
    let talk = Talk {
        conversation,
        client: site.endpoint(conversation.client),
        server: site.seen_on(segment, conversation.server),
        segment,
        at,
        octets: octets / sessions(&conversation, octets),
    };
    let pump = site.speaks(conversation.client, |speaks| match speaks {
        Speaks::Pump { port, .. } => Some(*port),
        _ => None,
    });
    let played = match (conversation.udp, conversation.port) {
        (true, 53) => office::look_up(stage, &talk),
        (true, 67) => return Ok(()), // leases are part of every device's presence
        (true, 123) => office::clock(stage, &talk),
        (true, 514) => return Ok(()), // entries are part of a device's presence
        (true, 161) => office::management(stage, &talk),
        (true, 24_105) => clinical::monitor(stage, &talk),
        (false, 104 | 11_112) => clinical::imaging(stage, &talk),
        (false, 2_575) => clinical::messages(stage, &talk),
        (false, 80) => office::web(stage, &talk),
        (false, 443) => office::secured(stage, &talk)?,
        (false, 445) => office::files(stage, &talk),
        (false, 6_464) => clinical::sdc(stage, &talk),
        (false, port) if pump == Some(port) => clinical::pump(stage, &talk)?,
        (false, _) => clinical::laboratory(stage, &talk),
        (true, _) => None,
    };
    match played {
        Some(protocol) => stage.tally.played(protocol),
        None => {
            let transport = if conversation.udp { "udp" } else { "tcp" };
            stage
                .tally
                .missing(format!("{transport}/{}", conversation.port));
        }
    }
    Ok(())
}
