//! Every size and count limit of the wire, in one place. Both ends hold them: a sensor never makes what a collector would refuse.

/// Longest value of a fact, in bytes of UTF-8.
pub const VALUE_BYTES: usize = 512;
/// Longest key of a reported subject, in bytes of UTF-8.
pub const KEY_BYTES: usize = 128;
/// Longest site, sensor or capture point name, in bytes.
pub const NAME_BYTES: usize = 64;
/// Most 802.1Q/ad identifiers kept as an origin.
pub const VLANS: usize = 3;
/// Most silent VLANs named in one health observation.
pub const SILENT_VLANS: usize = 64;
/// Most observations in one batch.
pub const BATCH_OBSERVATIONS: u32 = 1024;
/// Largest encoded body of one batch, in bytes.
pub const BATCH_BYTES: usize = 256 * 1024;
/// Largest encoded observation, in bytes.
pub const OBSERVATION_BYTES: usize = 4 * 1024;
/// Bytes of batch bodies a sensor may have unacknowledged on one stream.
pub const WINDOW_BYTES: u64 = 4 * 1024 * 1024;
/// Longest version text, in bytes.
pub const VERSION_BYTES: usize = 32;
