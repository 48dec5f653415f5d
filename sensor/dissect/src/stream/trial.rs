//! For the tests of TCP protocols: both directions of one connection, cut, reordered and thinned out in every way that matters.

use super::wire::Wire;
use super::{Limits, Role, Streams};
use crate::testing::Memory;

/// What a connection said, and the debug form of the tables along the way.
pub(crate) struct Outcome {
    pub(crate) sink: Memory,
    pub(crate) debug: String,
}

impl Outcome {
    /// Whether a text shows anywhere.
    pub(crate) fn shows(&self, token: &str) -> bool {
        format!("{:?}", self.sink).contains(token) || self.debug.contains(token)
    }
}

/// Segments of the two directions: offset and bytes.
pub(crate) type Segments<'b> = Vec<(Role, usize, &'b [u8])>;

/// Sends the segments through the tables, after a handshake.
pub(crate) fn send(port: u16, segments: &Segments<'_>) -> Outcome {
    let mut streams = Streams::new(Limits::default());
    let mut sink = Memory::default();
    let mut wire = Wire::to_port(port);
    let mut debug = String::new();
    wire.open(&mut streams, &mut sink);
    let every = segments.len() / 16 + 1;
    for (n, (from, offset, bytes)) in segments.iter().enumerate() {
        wire.send(*from, *offset, bytes, &mut streams, &mut sink);
        if n % every == 0 {
            debug.push_str(&format!("{streams:?}"));
        }
    }
    streams.finish(&mut sink);
    Outcome { sink, debug }
}

/// Two hosts to send between by hand.
pub(crate) const fn wire(port: u16) -> Wire {
    Wire::to_port(port)
}

/// The two directions whole, client first.
pub(crate) fn whole<'b>(client: &'b [u8], server: &'b [u8]) -> Segments<'b> {
    vec![(Role::Client, 0, client), (Role::Server, 0, server)]
}

/// Both directions in segments of one length.
pub(crate) fn cut<'b>(client: &'b [u8], server: &'b [u8], segment: usize) -> Segments<'b> {
    let mut segments = Vec::new();
    for (from, stream) in [(Role::Client, client), (Role::Server, server)] {
        let pieces = stream.chunks(segment).enumerate();
        segments.extend(pieces.map(|(n, piece)| (from, n * segment, piece)));
    }
    segments
}

/// Every way to send a connection that must say the same as the whole: cut once at every place, in pieces of many lengths, in
/// pairs the wrong way round, everything twice.
pub(crate) fn harmless<'b>(client: &'b [u8], server: &'b [u8]) -> Vec<Segments<'b>> {
    let mut ways = Vec::new();
    for at in 1..client.len().max(server.len()) {
        let mut segments = Vec::new();
        for (from, stream) in [(Role::Client, client), (Role::Server, server)] {
            let (head, tail) = stream.split_at(at.min(stream.len()));
            segments.extend([(from, 0, head), (from, head.len(), tail)]);
        }
        ways.push(swapped(&segments));
        ways.push(segments);
    }
    for segment in [1, 2, 3, 5, 7, 16, 33, 64, 100, 1460] {
        let segments = cut(client, server, segment);
        ways.push(swapped(&segments));
        ways.push(segments.iter().flat_map(|s| [*s, *s]).collect());
        ways.push(segments);
    }
    ways
}

/// Each direction's neighbours the wrong way round.
fn swapped<'b>(segments: &Segments<'b>) -> Segments<'b> {
    segments
        .chunk_by(|a, b| {
            matches!(
                (a.0, b.0),
                (Role::Client, Role::Client) | (Role::Server, Role::Server)
            )
        })
        .flat_map(|direction| {
            direction
                .chunks(2)
                .flat_map(|pair| pair.iter().rev().copied())
        })
        .collect()
}

/// Every way to lose one segment of a length.
pub(crate) fn lossy<'b>(client: &'b [u8], server: &'b [u8], segment: usize) -> Vec<Segments<'b>> {
    let segments = cut(client, server, segment);
    (0..segments.len())
        .map(|lost| {
            let mut rest = segments.clone();
            rest.remove(lost);
            rest
        })
        .collect()
}
