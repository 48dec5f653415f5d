//! How far each incarnation of each sensor was folded, and what of it never came.

use auscult_proto::observation::{Loss, Millis};

/// Most separate gaps remembered to be explained later.
const GAPS: usize = 16;

/// Consecutive sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) first_seq: u64,
    pub(crate) count: u64,
}

/// Accounting of one incarnation of one sensor: `last_seq = folded + missing + (reported lost with a sequence)`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) last_seq: u64,
    pub(crate) folded: u64,
    pub(crate) duplicates: u64,
    pub(crate) missing: u64,
    pub(crate) reported_lost: u64,
    pub(crate) digest: u64,
    pub(crate) last_seen: Millis,
    pub(crate) passed_over: u64,
    /// Gaps nobody explained yet, oldest first.
    pub(crate) unexplained: Vec<Gap>,
}

impl Position {
    /// Whether sequences before this batch are still to come again.
    pub(crate) fn is_behind(&self, after_seq: u64) -> bool {
        self.last_seq < after_seq
    }

    /// How many observations at the head of a batch were folded before.
    pub(crate) fn overlap(&self, first_seq: u64, count: usize) -> usize {
        let known = self.last_seq.saturating_add(1).saturating_sub(first_seq);
        usize::try_from(known).unwrap_or(usize::MAX).min(count)
    }

    /// Notes that sequences up to `first_seq` never arrived. Returns the gap, if there is one.
    pub(crate) fn open_gap(&mut self, first_seq: u64) -> Option<Gap> {
        let expected = self.last_seq.saturating_add(1);
        let count = first_seq.checked_sub(expected).filter(|count| *count > 0)?;
        let gap = Gap {
            first_seq: expected,
            count,
        };
        self.missing = self.missing.saturating_add(count);
        self.unexplained.push(gap);
        if self.unexplained.len() > GAPS {
            self.unexplained.remove(0);
        }
        Some(gap)
    }

    pub(crate) fn fold(&mut self, seq: u64, hash: u64, last_seen: Millis) {
        self.last_seq = seq;
        self.folded = self.folded.saturating_add(1);
        self.digest = self.digest.wrapping_add(hash);
        self.last_seen = self.last_seen.max(last_seen);
    }

    /// The sensor names a loss: what it covers of the gaps is no longer missing but lost.
    pub(crate) fn explain(&mut self, loss: &Loss) {
        self.reported_lost = self.reported_lost.saturating_add(loss.count);
        if loss.first_seq == 0 {
            return;
        }
        let (from, to) = (loss.first_seq, loss.first_seq.saturating_add(loss.count));
        let mut rest = Vec::with_capacity(self.unexplained.len());
        for gap in self.unexplained.drain(..) {
            let (start, end) = (gap.first_seq, gap.first_seq.saturating_add(gap.count));
            for (first, last) in [(start, end.min(from)), (start.max(to), end)] {
                if let Some(count) = last.checked_sub(first).filter(|count| *count > 0) {
                    rest.push(Gap {
                        first_seq: first,
                        count,
                    });
                }
            }
            let covered = end.min(to).saturating_sub(start.max(from));
            self.missing = self.missing.saturating_sub(covered);
        }
        rest.truncate(GAPS);
        self.unexplained = rest;
    }
}

#[cfg(test)]
mod tests {
    use auscult_proto::LossReason;

    use super::*;

    fn loss(first_seq: u64, count: u64) -> Loss {
        Loss {
            reason: LossReason::SpoolFull,
            first_seq,
            count,
        }
    }

    #[test]
    fn a_named_loss_explains_the_part_of_a_gap_that_it_covers() {
        let mut position = Position {
            last_seq: 10,
            ..Position::default()
        };
        assert_eq!(
            position.open_gap(21),
            Some(Gap {
                first_seq: 11,
                count: 10
            })
        );
        position.explain(&loss(14, 4));
        assert_eq!((position.missing, position.reported_lost), (6, 4));
        position.explain(&loss(1, 100));
        assert_eq!((position.missing, position.reported_lost), (0, 104));
        assert!(position.unexplained.is_empty());
    }

    #[test]
    fn a_loss_without_a_sequence_explains_no_gap() {
        let mut position = Position::default();
        assert!(position.open_gap(3).is_some());
        position.explain(&loss(0, 2));
        assert_eq!((position.missing, position.reported_lost), (2, 2));
    }

    #[test]
    fn the_overlap_of_a_resent_batch_is_what_was_folded() {
        let position = Position {
            last_seq: 10,
            ..Position::default()
        };
        assert_eq!(position.overlap(11, 5), 0);
        assert_eq!(position.overlap(8, 5), 3);
        assert_eq!(position.overlap(1, 5), 5);
        assert_eq!(position.overlap(20, 5), 0);
    }
}
