//! Segments that came too early: kept in chunks of a bounded store until what is before them arrives.

/// Segments kept for one side.
const SEGMENTS: usize = 4;
/// Bytes of a chunk; with its link and length it takes 2 KiB.
const CHUNK_BYTES: usize = 2040;
const CHUNK_BITS: u32 = 11;
const _: () = assert!(size_of::<Chunk>() == 1 << CHUNK_BITS);
/// Longest segment kept.
const SEGMENT_BYTES: usize = 16 * 1024;
const NONE: u32 = u32::MAX;

/// A piece of a kept segment.
pub(super) struct Chunk {
    next: u32,
    len: u16,
    bytes: [u8; CHUNK_BYTES],
}

impl Chunk {
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }

    fn fill(&mut self, piece: &[u8], next: u32) {
        self.next = next;
        self.len = u16::try_from(piece.len()).unwrap_or(0);
        for (to, from) in self.bytes.iter_mut().zip(piece) {
            *to = *from;
        }
    }
}

/// All chunks of all streams.
pub(super) struct Chunks {
    cells: Vec<Option<Box<Chunk>>>,
    /// Places of `cells` without a chunk.
    vacant: Vec<u32>,
    /// A few empty chunks, so that ordinary reordering does not allocate.
    #[expect(
        clippy::vec_box,
        reason = "chunks move between cells and spares as pointers"
    )]
    spare: Vec<Box<Chunk>>,
    limit: usize,
}

const SPARE: usize = 64;

impl Chunks {
    /// At most `bytes` bytes in chunks.
    pub(super) const fn new(bytes: usize) -> Self {
        let limit = bytes >> CHUNK_BITS;
        Self {
            cells: Vec::new(),
            vacant: Vec::new(),
            spare: Vec::new(),
            limit,
        }
    }

    /// Chunks in use.
    pub(super) const fn used(&self) -> usize {
        self.cells.len().saturating_sub(self.vacant.len())
    }

    /// No chunk is free.
    pub(super) const fn is_full(&self) -> bool {
        self.used() >= self.limit
    }

    /// Keeps a copy of `bytes`, or nothing where there is no room.
    fn store(&mut self, bytes: &[u8]) -> Option<u32> {
        let needed = bytes.len().div_ceil(CHUNK_BYTES);
        if bytes.len() > SEGMENT_BYTES || needed > self.limit.saturating_sub(self.used()) {
            return None;
        }
        let mut next = NONE;
        for piece in bytes.chunks(CHUNK_BYTES).rev() {
            let mut chunk = self.spare.pop().unwrap_or_else(|| {
                Box::new(Chunk {
                    next: NONE,
                    len: 0,
                    bytes: [0; CHUNK_BYTES],
                })
            });
            chunk.fill(piece, next);
            next = self.place(chunk)?;
        }
        Some(next)
    }

    fn place(&mut self, chunk: Box<Chunk>) -> Option<u32> {
        if let Some(at) = self.vacant.pop() {
            *self.cells.get_mut(usize::try_from(at).ok()?)? = Some(chunk);
            return Some(at);
        }
        let at = u32::try_from(self.cells.len()).ok()?;
        self.cells.push(Some(chunk));
        Some(at)
    }

    /// Takes a chunk out, with the place of the next one. It goes back through [`Self::discard`].
    pub(super) fn take(&mut self, at: u32) -> Option<(Box<Chunk>, u32)> {
        let chunk = self.cells.get_mut(usize::try_from(at).ok()?)?.take()?;
        self.vacant.push(at);
        let next = chunk.next;
        Some((chunk, next))
    }

    /// Overwrites a chunk that was taken out.
    pub(super) fn discard(&mut self, mut chunk: Box<Chunk>) {
        chunk.bytes.fill(0);
        chunk.len = 0;
        if self.spare.len() < SPARE {
            self.spare.push(chunk);
        }
    }

    /// Discards a chunk and all that follow it.
    pub(super) fn release(&mut self, mut at: u32) {
        while let Some((chunk, next)) = self.take(at) {
            self.discard(chunk);
            at = next;
        }
    }
}

impl std::fmt::Debug for Chunks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chunks")
            .field("used", &self.used())
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// A kept segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) seq: u32,
    pub(super) len: u32,
    /// Place of its first chunk.
    pub(super) chunk: u32,
}

/// The kept segments of one side, nearest first, without overlap.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    held: [Option<Held>; SEGMENTS],
}

/// What is kept at a sequence number.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// This many bytes are kept already.
    Taken(u32),
    /// This many are not.
    Free(u32),
}

impl Waiting {
    pub(super) fn first(&self) -> Option<Held> {
        self.held.first().copied().flatten()
    }

    pub(super) fn pop(&mut self) -> Option<Held> {
        let first = self.held.first_mut()?.take();
        self.held.rotate_left(1);
        first
    }

    /// What is kept from `seq` on; `next` is where the stream stands, before everything kept.
    pub(super) fn room(&self, next: u32, seq: u32) -> Room {
        let distance = seq.wrapping_sub(next);
        for held in self.held.iter().flatten() {
            let start = held.seq.wrapping_sub(next);
            let end = start.saturating_add(held.len);
            if distance < start {
                return Room::Free(start.saturating_sub(distance));
            }
            if distance < end {
                return Room::Taken(end.saturating_sub(distance));
            }
        }
        Room::Free(u32::MAX)
    }

    /// Keeps bytes for which there is room; `false` where all places, or all chunks, are in use.
    pub(super) fn keep(&mut self, next: u32, seq: u32, bytes: &[u8], chunks: &mut Chunks) -> bool {
        if self.held.last().is_some_and(Option::is_some) {
            return false;
        }
        let (Ok(len), Some(chunk)) = (u32::try_from(bytes.len()), chunks.store(bytes)) else {
            return false;
        };
        let mut entering = Some(Held { seq, len, chunk });
        for place in &mut self.held {
            let distance = |held: &Held| held.seq.wrapping_sub(next);
            if place
                .as_ref()
                .zip(entering.as_ref())
                .is_none_or(|(old, new)| distance(new) < distance(old))
            {
                std::mem::swap(place, &mut entering);
            }
            if entering.is_none() {
                break;
            }
        }
        true
    }

    /// Discards everything; how many segments that were.
    pub(super) fn clear(&mut self, chunks: &mut Chunks) -> usize {
        let mut count: usize = 0;
        while let Some(held) = self.pop() {
            chunks.release(held.chunk);
            count = count.saturating_add(1);
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_kept_in_order_of_their_distance_even_across_the_wrap() {
        let mut chunks = Chunks::new(1 << 20);
        let mut waiting = Waiting::default();
        let next = u32::MAX - 5;
        for seq in [10_u32, u32::MAX - 1, 20] {
            assert!(waiting.keep(next, seq, b"abc", &mut chunks));
        }
        assert_eq!(waiting.room(next, u32::MAX - 3), Room::Free(2));
        assert_eq!(waiting.room(next, u32::MAX), Room::Taken(2));
        assert_eq!(waiting.room(next, 12), Room::Taken(1));
        assert_eq!(waiting.room(next, 13), Room::Free(7));
        assert_eq!(waiting.room(next, 23), Room::Free(u32::MAX));
        let order: Vec<u32> = std::iter::from_fn(|| waiting.pop())
            .map(|h| h.seq)
            .collect();
        assert_eq!(order, [u32::MAX - 1, 10, 20]);
    }

    #[test]
    fn chunks_are_bounded_overwritten_and_used_again() {
        let mut chunks = Chunks::new(3 * 2048);
        let mut waiting = Waiting::default();
        assert!(waiting.keep(0, 10, &[7; CHUNK_BYTES + 1], &mut chunks));
        assert_eq!(chunks.used(), 2);
        assert!(!waiting.keep(0, 9000, &[7; CHUNK_BYTES + 1], &mut chunks));
        assert!(waiting.keep(0, 9000, &[7; CHUNK_BYTES], &mut chunks));
        assert_eq!(waiting.clear(&mut chunks), 2);
        assert_eq!(chunks.used(), 0);
        assert!(chunks.spare.iter().all(|c| c.bytes.iter().all(|b| *b == 0)));
        assert!(chunks.cells.iter().all(Option::is_none));
    }

    #[test]
    fn a_fifth_segment_and_a_huge_one_are_refused() {
        let mut chunks = Chunks::new(1 << 20);
        let mut waiting = Waiting::default();
        assert!(!waiting.keep(0, 1, &[0; SEGMENT_BYTES + 1], &mut chunks));
        for seq in [10, 20, 30, 40] {
            assert!(waiting.keep(0, seq, b"a", &mut chunks));
        }
        assert!(!waiting.keep(0, 5, b"a", &mut chunks));
        assert_eq!(chunks.used(), 4);
    }
}
