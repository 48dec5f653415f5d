//! What the hospital changes before the campaigns: fixes of pairs and controls.

use std::collections::BTreeSet;

/// Changes against the site as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defence {
    /// Pairs (device, index of the weakness) that are patched.
    pub patched: BTreeSet<(u32, usize)>,
    /// Services (device, index) that are closed.
    pub closed: BTreeSet<(u32, usize)>,
    /// Services (device, index) that only known peers reach.
    pub denied: BTreeSet<(u32, usize)>,
    /// Devices that only their known peers reach, at any service.
    pub microsegmented: BTreeSet<u32>,
    /// Devices that are no entry points any more.
    pub removed_entries: BTreeSet<u32>,
    /// Segments (from, to) between which only observed conversations are let through.
    pub cut_links: BTreeSet<(usize, usize)>,
}
