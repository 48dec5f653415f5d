//! The byte machine of one direction.

use super::fields::{Segment, Wanted, wanted};
use super::{END_BLOCK, START_BLOCK};

/// Longest field value kept; longer ones are cut.
const VALUE_BYTES: usize = 256;
/// Values remembered as already stated.
const STATED: usize = 32;
/// Longest MSH-2; more is no message header.
const ENCODING_CHARACTERS: u8 = 8;

/// The separators of a message that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Separators {
    field: u8,
    pub(super) component: u8,
    repetition: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Between blocks, or in a message with nothing more to read.
    Outside,
    /// In the name of a segment.
    Name,
    /// At MSH-1.
    FieldSeparator,
    /// In MSH-2.
    EncodingCharacters(u8),
    /// At the separator after the name of a segment to read.
    FirstSeparator(Segment),
    /// In a field.
    Field(Segment),
    /// In the rest of a segment.
    RestOfSegment,
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No message has begun in this block.
    Start,
    /// Only segments that stand before any patient data have come.
    Header,
    /// Nothing more of this message is read.
    Body,
}

/// State of one direction: at most 512 bytes, of which the value of one allowed field is the only text.
pub(super) struct Reader {
    place: Place,
    name: [u8; 3],
    name_len: u8,
    separators: Separators,
    field: u8,
    stage: Stage,
    /// The block is a batch: more than one message may come.
    in_batch: bool,
    is_cut: bool,
    wanted: Option<Wanted>,
    value_len: u16,
    value: [u8; VALUE_BYTES],
    stated: [u32; STATED],
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            place: Place::Outside,
            name: [0; 3],
            name_len: 0,
            separators: Separators {
                field: b'|',
                component: b'^',
                repetition: b'~',
            },
            field: 0,
            stage: Stage::Start,
            in_batch: false,
            is_cut: false,
            wanted: None,
            value_len: 0,
            value: [0; VALUE_BYTES],
            stated: [0; STATED],
        }
    }
}

/// What a direction says.
pub(super) enum Said<'v> {
    /// An allowed field.
    Field {
        wanted: Wanted,
        value: &'v [u8],
        separators: Separators,
        is_cut: bool,
    },
    /// A message that answers another, or one that does not.
    Message { is_answer: bool },
}

type Say<'s> = dyn FnMut(Said<'_>) + 's;

impl Reader {
    /// Reads on.
    pub(super) fn read(&mut self, bytes: &[u8], say: &mut Say<'_>) {
        let mut rest = bytes;
        loop {
            // Whole stretches that nothing is read from are passed over at once.
            if matches!(self.place, Place::Outside | Place::RestOfSegment) {
                let plain = until_control(rest);
                rest = rest.get(plain..).unwrap_or(&[]);
            }
            let Some((byte, after)) = rest.split_first() else {
                return;
            };
            rest = after;
            self.step(*byte, say);
        }
    }

    /// Bytes were lost: nothing makes sense before the next block.
    pub(super) fn lose_place(&mut self) {
        self.drop_value();
        self.place = Place::Outside;
    }

    fn step(&mut self, byte: u8, say: &mut Say<'_>) {
        if byte == START_BLOCK {
            self.drop_value();
            self.stage = Stage::Start;
            self.in_batch = false;
            return self.begin_name();
        }
        if self.place == Place::Outside {
            return;
        }
        match byte {
            END_BLOCK => {
                self.end_field(say);
                self.place = Place::Outside;
            }
            b'\r' | b'\n' => {
                self.end_field(say);
                self.begin_name();
            }
            _ => self.step_within(byte, say),
        }
    }

    fn step_within(&mut self, byte: u8, say: &mut Say<'_>) {
        match self.place {
            Place::Outside | Place::RestOfSegment => {}
            Place::Name => {
                if let Some(to) = self.name.get_mut(usize::from(self.name_len)) {
                    *to = byte;
                    self.name_len = self.name_len.saturating_add(1);
                }
                if self.name_len == 3 {
                    self.begin_segment(say);
                }
            }
            Place::FieldSeparator if is_separator(byte) => {
                self.separators = Separators {
                    field: byte,
                    component: b'^',
                    repetition: b'~',
                };
                self.place = Place::EncodingCharacters(0);
            }
            Place::EncodingCharacters(_) if byte == self.separators.field => {
                self.begin_field(Segment::Msh, 3);
            }
            Place::EncodingCharacters(n) if n < ENCODING_CHARACTERS => {
                match n {
                    0 => self.separators.component = byte,
                    1 => self.separators.repetition = byte,
                    _ => {}
                }
                self.place = Place::EncodingCharacters(n.saturating_add(1));
            }
            Place::FirstSeparator(segment) if byte == self.separators.field => {
                self.begin_field(segment, 1);
            }
            Place::FieldSeparator | Place::EncodingCharacters(_) | Place::FirstSeparator(_) => {
                self.place = Place::Outside;
            }
            Place::Field(segment) => self.step_field(segment, byte, say),
        }
    }

    fn step_field(&mut self, segment: Segment, byte: u8, say: &mut Say<'_>) {
        if byte == self.separators.field {
            self.end_field(say);
            return self.begin_field(segment, self.field.saturating_add(1));
        }
        let Some(wanted) = self.wanted else {
            return;
        };
        if wanted.repeats && byte == self.separators.repetition {
            self.end_field(say);
            self.wanted = Some(wanted);
        } else if wanted.first_component && byte == self.separators.component {
            self.end_field(say);
        } else if let Some(to) = self.value.get_mut(usize::from(self.value_len)) {
            *to = byte;
            self.value_len = self.value_len.saturating_add(1);
        } else {
            self.is_cut = true;
        }
    }

    const fn begin_name(&mut self) {
        self.place = Place::Name;
        self.name_len = 0;
    }

    fn begin_segment(&mut self, say: &mut Say<'_>) {
        self.place = match (&self.name, self.stage) {
            (b"MSH", stage) if stage == Stage::Start || self.in_batch => {
                self.stage = Stage::Header;
                Place::FieldSeparator
            }
            (b"FHS" | b"BHS", Stage::Start) => {
                self.in_batch = true;
                Place::RestOfSegment
            }
            (b"SFT", Stage::Header) => Place::FirstSeparator(Segment::Sft),
            (b"UAC", Stage::Header) => Place::RestOfSegment,
            (name, stage) => {
                if stage == Stage::Header {
                    say(Said::Message {
                        is_answer: name == b"MSA",
                    });
                }
                self.stage = Stage::Body;
                if self.in_batch {
                    Place::RestOfSegment
                } else {
                    Place::Outside
                }
            }
        };
    }

    fn begin_field(&mut self, segment: Segment, field: u8) {
        self.place = Place::Field(segment);
        self.field = field;
        self.wanted = wanted(segment, field);
    }

    /// States the value of the field that ends here, unless this direction stated it lately.
    fn end_field(&mut self, say: &mut Say<'_>) {
        if let Some(wanted) = self.wanted {
            let value = self
                .value
                .get(..usize::from(self.value_len))
                .unwrap_or(&[])
                .trim_ascii();
            // `""` says that the field has no value.
            if !value.is_empty() && value != b"\"\"" && is_news(&mut self.stated, &wanted, value) {
                say(Said::Field {
                    wanted,
                    value,
                    separators: self.separators,
                    is_cut: self.is_cut,
                });
            }
        }
        self.drop_value();
    }

    fn drop_value(&mut self) {
        if let Some(used) = self.value.get_mut(..usize::from(self.value_len)) {
            used.fill(0);
        }
        self.value_len = 0;
        self.is_cut = false;
        self.wanted = None;
    }
}

/// Notes that a value was stated; `false` when it is among the last ones.
fn is_news(stated: &mut [u32; STATED], wanted: &Wanted, value: &[u8]) -> bool {
    let (_, field, _) = wanted.source;
    let field = u8::try_from(i32::from(field)).unwrap_or(0);
    // FNV-1a; who chooses values that collide hides nothing but his own.
    let hash = std::iter::once(&field)
        .chain(value)
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let mark = u32::try_from(hash >> 32).unwrap_or(0).max(1);
    if stated.contains(&mark) {
        return false;
    }
    stated.rotate_right(1);
    if let Some(first) = stated.first_mut() {
        *first = mark;
    }
    true
}

/// What may stand in MSH-1: something that is neither part of a word nor a control character.
pub(super) const fn is_separator(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && !byte.is_ascii_control() && byte != b' '
}

/// How many bytes come before the first control character below 0x20.
fn until_control(bytes: &[u8]) -> usize {
    const LOW: u64 = 0x2020_2020_2020_2020;
    const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
    let (words, _) = bytes.as_chunks::<8>();
    let plain_words = words
        .iter()
        .take_while(|word| {
            let word = u64::from_le_bytes(**word);
            word.wrapping_sub(LOW) & !word & HIGH_BITS == 0
        })
        .count();
    let from = plain_words.saturating_mul(8);
    let tail = bytes.get(from..).unwrap_or(&[]);
    let until = tail.iter().position(|byte| *byte < 0x20);
    from.saturating_add(until.unwrap_or(tail.len()))
}
