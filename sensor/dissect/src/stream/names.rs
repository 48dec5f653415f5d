//! A bounded memory of short texts, so that a stream can keep four bytes instead of sixty-four.

use super::key::KeyHash;

/// Longest text kept (a DICOM UID).
pub(crate) const NAME_BYTES: usize = 64;
const SETS: usize = 256;
const WAYS: usize = 4;

/// Stands for a text while it is remembered; never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NameTag(u32);

impl NameTag {
    /// The number of the tag.
    pub(crate) const fn number(self) -> u32 {
        self.0
    }
}

#[derive(Clone, Copy)]
struct Name {
    /// 0 when unused.
    tag: u32,
    len: u8,
    bytes: [u8; NAME_BYTES],
}

const UNUSED: Name = Name {
    tag: 0,
    len: 0,
    bytes: [0; NAME_BYTES],
};

/// About a thousand texts; in each set of four a new one replaces the one that came first.
pub(crate) struct Names {
    hash: KeyHash,
    sets: Vec<[Name; WAYS]>,
}

impl Names {
    pub(super) const fn new(hash: KeyHash) -> Self {
        Self {
            hash,
            sets: Vec::new(),
        }
    }

    /// The tag of a text, which it has whether it is remembered or not.
    pub(crate) fn tag(&self, text: &[u8]) -> NameTag {
        NameTag(self.hash.of_bytes(text).max(1))
    }

    /// Keeps a text of up to [`NAME_BYTES`] bytes.
    pub(crate) fn remember(&mut self, text: &[u8]) -> NameTag {
        let tag = self.tag(text);
        let Some(len) = u8::try_from(text.len())
            .ok()
            .filter(|_| text.len() <= NAME_BYTES)
        else {
            return tag;
        };
        if self.sets.is_empty() {
            self.sets = vec![[UNUSED; WAYS]; SETS];
        }
        let Some(set) = self.sets.get_mut(set_of(tag.0)) else {
            return tag;
        };
        if set.iter().all(|name| name.tag != tag.0) {
            set.rotate_right(1);
            if let Some(first) = set.first_mut() {
                *first = UNUSED;
                first.tag = tag.0;
                first.len = len;
                for (to, from) in first.bytes.iter_mut().zip(text) {
                    *to = *from;
                }
            }
        }
        tag
    }

    /// The text of a tag's number, if it is still remembered; copied, because what is said of it needs the speaker.
    pub(crate) fn recall(&self, number: u32) -> Option<([u8; NAME_BYTES], usize)> {
        self.sets
            .get(set_of(number))?
            .iter()
            .find(|name| name.tag == number && number != 0)
            .map(|name| (name.bytes, usize::from(name.len)))
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

fn set_of(number: u32) -> usize {
    usize::try_from(number >> 16).unwrap_or(0) & SETS.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_recalled_by_its_tag_until_newer_ones_replace_it() {
        let mut names = Names::new(KeyHash::new(7));
        let tag = names.remember(b"1.2.840.10008.1.1").number();
        assert_eq!(names.remember(b"1.2.840.10008.1.1").number(), tag);
        let (bytes, len) = names.recall(tag).unwrap();
        assert_eq!(&bytes[..len], b"1.2.840.10008.1.1");
        let mut found = 0;
        let tags: Vec<u32> = (0..5000)
            .map(|n| names.remember(format!("1.2.{n}").as_bytes()).number())
            .collect();
        for (n, tag) in tags.iter().enumerate() {
            if let Some((bytes, len)) = names.recall(*tag) {
                assert_eq!(&bytes[..len], format!("1.2.{n}").as_bytes());
                found += 1;
            }
        }
        assert!((900..=SETS * WAYS).contains(&found), "{found}");
    }

    #[test]
    fn a_text_too_long_to_keep_is_not_cut() {
        let mut names = Names::new(KeyHash::new(7));
        let tag = names.remember(&[b'1'; NAME_BYTES + 1]).number();
        assert!(names.recall(tag).is_none());
        assert!(names.recall(0).is_none());
    }
}
