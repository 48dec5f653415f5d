//! The presentation contexts of one association: which syntax was proposed under which number.

use crate::stream::NameTag;

/// Numbers are odd and below 256 (PS3.8 section 9.3.2.2).
const CONTEXTS: usize = 128;

pub(super) struct Contexts {
    /// Tag of the proposed syntax; 0 = none.
    proposed: [u32; CONTEXTS],
    /// The acceptance of the syntax proposed here was passed on.
    accepted: u128,
}

impl Default for Contexts {
    fn default() -> Self {
        Self {
            proposed: [0; CONTEXTS],
            accepted: 0,
        }
    }
}

impl Contexts {
    /// Notes a proposal; `true` for the first of this syntax.
    pub(super) fn propose(&mut self, id: u8, tag: NameTag) -> bool {
        let is_first = !self.proposed.contains(&tag.number());
        if let Some(place) = self.proposed.get_mut(usize::from(id >> 1)) {
            *place = tag.number();
        }
        is_first
    }

    /// The syntax proposed under an accepted number, the first time that syntax is accepted.
    pub(super) fn accept(&mut self, id: u8) -> Option<u32> {
        let tag = *self
            .proposed
            .get(usize::from(id >> 1))
            .filter(|tag| **tag != 0)?;
        let is_known = self
            .proposed
            .iter()
            .enumerate()
            .any(|(at, other)| *other == tag && self.accepted >> at & 1 == 1);
        self.accepted |= 1_u128 << (id >> 1);
        (!is_known).then_some(tag)
    }
}
