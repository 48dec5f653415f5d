//! Which weaknesses a campaign can exploit: one coin a world for all devices.

use crate::coin;
use crate::graph::Graph;

/// Which weaknesses a campaign can exploit, by world.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Capabilities {
    pub worlds: u32,
    words: usize,
    /// By weakness: one bit a world.
    bits: Vec<u64>,
    /// By world: the weaknesses.
    pub of_world: Vec<Vec<u32>>,
    /// By weakness: worlds that have it, even and odd.
    pub count: Vec<[u32; 2]>,
}

impl Capabilities {
    pub(crate) fn of(graph: &Graph, worlds: u32) -> Self {
        let words = worlds.div_ceil(64) as usize;
        let mut capable = Self {
            worlds,
            words,
            bits: vec![0; words * graph.weaknesses.len()],
            of_world: vec![Vec::new(); worlds as usize],
            count: vec![[0; 2]; graph.weaknesses.len()],
        };
        let salts: Vec<u64> = (0..worlds).map(coin::world).collect();
        for (number, weakness) in graph.weaknesses.iter().enumerate() {
            let bound = coin::bound(weakness.alpha);
            for (world, salt) in salts.iter().enumerate() {
                if coin::falls(weakness.key, *salt, bound) {
                    capable.bits[number * words + world / 64] |= 1 << (world % 64);
                    capable.of_world[world].push(number as u32);
                    capable.count[number][world % 2] += 1;
                }
            }
        }
        capable
    }

    pub(crate) fn has(&self, weakness: u32, world: u32) -> bool {
        let word = self.bits[weakness as usize * self.words + world as usize / 64];
        word >> (world % 64) & 1 == 1
    }

    /// Worlds that have at least one of some weaknesses, ascending.
    pub(crate) fn worlds_of(&self, weaknesses: &[u32]) -> Vec<u32> {
        let mut worlds = Vec::new();
        for at in 0..self.words {
            let of = |weakness: &u32| self.bits[*weakness as usize * self.words + at];
            let mut word = weaknesses.iter().map(of).fold(0, |all, own| all | own);
            while word != 0 {
                worlds.push(at as u32 * 64 + word.trailing_zeros());
                word &= word - 1;
            }
        }
        worlds
    }

    /// By weakness: whether a campaign of any of some worlds has it.
    pub(crate) fn in_any(&self, worlds: &[u32]) -> Vec<bool> {
        let mut able = vec![false; self.count.len()];
        for world in worlds {
            for weakness in &self.of_world[*world as usize] {
                able[*weakness as usize] = true;
            }
        }
        able
    }
}
