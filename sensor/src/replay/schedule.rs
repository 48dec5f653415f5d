//! Which files belong together, and what time their frames carry. Pure.

use std::path::{Path, PathBuf};

use auscult_proto::ids::CapturePoint;
use auscult_proto::limits;

use crate::cli::{Pace, TimeBase};

/// Files of a rotated capture follow each other within this time.
const ROTATION_GAP_NS: i64 = 3_600_000_000_000;
/// Between two turns of a loop.
const TURN_GAP_NS: i64 = 1_000_000_000;

/// A file and the time it spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// Where it is.
    pub path: PathBuf,
    /// Earliest frame, epoch nanoseconds.
    pub first_ns: i64,
    /// Latest frame, epoch nanoseconds.
    pub last_ns: i64,
}

/// Files that one capture point took one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Name of the capture point.
    pub point: CapturePoint,
    /// In order; never empty.
    pub files: Vec<Scanned>,
}

impl Group {
    fn span(&self) -> (i64, i64) {
        let first = self
            .files
            .iter()
            .map(|file| file.first_ns)
            .min()
            .unwrap_or(0);
        let last = self
            .files
            .iter()
            .map(|file| file.last_ns)
            .max()
            .unwrap_or(0);
        (first, last)
    }
}

/// Puts files together that follow each other in time, as rotated captures do; everything else stands alone, because addresses of
/// unrelated captures must not be mixed. With a `name` all files are of one capture point.
#[must_use]
pub fn groups(files: Vec<Scanned>, name: Option<&CapturePoint>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for file in files {
        let follows = groups
            .last()
            .and_then(|group| group.files.last())
            .is_some_and(|before| {
                let gap = file.first_ns.saturating_sub(before.last_ns);
                (0..=ROTATION_GAP_NS).contains(&gap)
            });
        match groups.last_mut() {
            Some(group) if follows => group.files.push(file),
            _ => groups.push(Group {
                point: name.cloned().unwrap_or_else(|| label(&file.path)),
                files: vec![file],
            }),
        }
    }
    groups
}

/// A capture point name from a file name.
fn label(path: &Path) -> CapturePoint {
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().to_ascii_lowercase());
    let text: String = stem
        .unwrap_or_default()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
                c
            } else {
                '-'
            }
        })
        .skip_while(|c| !c.is_ascii_alphanumeric())
        .take(limits::NAME_BYTES)
        .collect();
    #[expect(
        clippy::expect_used,
        reason = "a constant that is a name, which a test holds"
    )]
    text.parse()
        .unwrap_or_else(|_| "replay".parse().expect("a name"))
}

/// How the times of a group map to the times its frames will carry, and when each is due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    first_ns: i64,
    last_ns: i64,
    pace: Pace,
    base: TimeBase,
    times: u32,
    start_ns: i64,
}

impl Shift {
    /// A replay of `group`, `times` times, that begins at `start_ns`.
    #[must_use]
    pub fn new(group: &Group, pace: Pace, base: TimeBase, times: u32, start_ns: i64) -> Self {
        let (first_ns, last_ns) = group.span();
        Self {
            first_ns,
            last_ns,
            pace,
            base,
            times,
            start_ns,
        }
    }

    /// One of the turns, from 0.
    #[must_use]
    pub fn turn(&self, turn: u32) -> Turn {
        let length = self.last_ns.saturating_sub(self.first_ns);
        let period = length.saturating_add(TURN_GAP_NS);
        let whole = period
            .saturating_mul(i64::from(self.times))
            .saturating_sub(TURN_GAP_NS);
        let offset = match self.base {
            TimeBase::Capture => period.saturating_mul(i64::from(turn)),
            TimeBase::Now => {
                // The last frame of the last turn is from the moment at which it is replayed.
                let end = self.start_ns.saturating_add(self.played(whole));
                let later = i64::from(self.times - 1 - turn);
                end.saturating_sub(self.last_ns)
                    .saturating_sub(period.saturating_mul(later))
            }
        };
        Turn {
            shift: *self,
            offset,
            begins: period.saturating_mul(i64::from(turn)),
        }
    }

    /// How long it takes to play so much of the capture.
    fn played(&self, capture_ns: i64) -> i64 {
        match self.pace {
            Pace::Max => 0,
            Pace::Times(1.0) => capture_ns,
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                reason = "a pace is a float, and so is what comes of it; the cast saturates"
            )]
            Pace::Times(multiple) => (capture_ns as f64 / multiple) as i64,
        }
    }
}

/// One turn of a loop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    shift: Shift,
    offset: i64,
    begins: i64,
}

impl Turn {
    /// The time a frame will carry.
    #[must_use]
    pub fn time(&self, frame_ns: i64) -> i64 {
        frame_ns.saturating_add(self.offset)
    }

    /// The wall clock at which it is its turn; `None` at once.
    #[must_use]
    pub fn due(&self, frame_ns: i64) -> Option<i64> {
        if self.shift.pace == Pace::Max {
            return None;
        }
        let since = frame_ns
            .saturating_sub(self.shift.first_ns)
            .saturating_add(self.begins);
        Some(self.shift.start_ns.saturating_add(self.shift.played(since)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn file(name: &str, first_s: i64, last_s: i64) -> Scanned {
        Scanned {
            path: name.into(),
            first_ns: first_s * SECOND,
            last_ns: last_s * SECOND,
        }
    }

    #[test]
    fn rotated_files_are_one_capture_point_and_strangers_are_not() {
        let files = vec![
            file("x/Span A_1.pcap", 0, 100),
            file("x/span_2.pcap", 100, 200),
            file("y/other.pcapng", 50, 60),
            file("y/later.pcapng", 10_000, 10_001),
        ];
        let found = groups(files.clone(), None);
        let shape: Vec<(&str, usize)> = found
            .iter()
            .map(|g| (g.point.as_str(), g.files.len()))
            .collect();
        assert_eq!(shape, [("span-a_1", 2), ("other", 1), ("later", 1)]);
        let name = "core".parse().unwrap();
        let named = groups(files, Some(&name));
        assert!(named.iter().all(|group| group.point == name));
    }

    #[test]
    fn any_file_name_gives_a_capture_point() {
        for (path, expected) in [
            ("-.pcap", "replay"),
            ("ÄÖ.pcap", "replay"),
            ("_a b.pcap", "a-b"),
        ] {
            assert_eq!(label(Path::new(path)).as_str(), expected);
        }
        assert_eq!(
            label(Path::new(&"x".repeat(200))).as_str().len(),
            limits::NAME_BYTES
        );
    }

    #[test]
    fn the_last_frame_of_the_last_turn_is_from_now_and_time_only_goes_forward() {
        let group = Group {
            point: "p".parse().unwrap(),
            files: vec![file("a", 10, 30), file("b", 30, 70)],
        };
        for pace in [Pace::Max, Pace::Times(1.0), Pace::Times(10.0)] {
            let start = 1_700_000_000 * SECOND;
            let shift = Shift::new(&group, pace, TimeBase::Now, 3, start);
            let mut before = i64::MIN;
            let mut due_before = i64::MIN;
            for turn in 0..3 {
                let turn = shift.turn(turn);
                for second in [10, 30, 70] {
                    let time = turn.time(second * SECOND);
                    assert!(time > before, "{pace:?}");
                    before = time;
                    if let Some(due) = turn.due(second * SECOND) {
                        assert!(due > due_before);
                        due_before = due;
                    }
                }
            }
            let played = match pace {
                Pace::Max => 0,
                Pace::Times(multiple) if multiple > 1.0 => 182 * SECOND / 10,
                Pace::Times(_) => 182 * SECOND,
            };
            assert_eq!(before, start + played);
            assert_eq!(
                due_before,
                if pace == Pace::Max { i64::MIN } else { before }
            );
        }
    }

    #[test]
    fn real_time_is_real_in_both_clocks_and_capture_time_is_left_alone() {
        let group = Group {
            point: "p".parse().unwrap(),
            files: vec![file("a", 10, 30)],
        };
        let shift = Shift::new(&group, Pace::Times(1.0), TimeBase::Now, 1, 500 * SECOND);
        let turn = shift.turn(0);
        assert_eq!(
            (turn.time(10 * SECOND), turn.due(10 * SECOND)),
            (500 * SECOND, Some(500 * SECOND))
        );
        assert_eq!(
            (turn.time(30 * SECOND), turn.due(30 * SECOND)),
            (520 * SECOND, Some(520 * SECOND))
        );
        let kept = Shift::new(&group, Pace::Max, TimeBase::Capture, 2, 500 * SECOND);
        assert_eq!(kept.turn(0).time(12 * SECOND), 12 * SECOND);
        assert_eq!(kept.turn(1).time(12 * SECOND), 33 * SECOND);
    }
}
