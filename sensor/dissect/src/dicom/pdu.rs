//! Walks the PDUs of one side up to the end of its association PDU, of a client up to the type of the next, keeping only the field it
//! is in.

/// Bytes of an association PDU before its items (PS3.8 section 9.3.2), after type and length.
pub(super) const FIXED_BYTES: u32 = 68;
const HEADER_BYTES: u8 = 6;
const ITEM_HEADER_BYTES: u8 = 4;
/// Longest text kept: a UID. The fixed part is longer.
const TEXT_BYTES: u8 = 64;
const BUFFER_BYTES: usize = 68;

/// Request or acceptance; they have the same form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    Acceptance,
}

/// A field that was read whole.
pub(super) enum Event<'b> {
    /// Application entity titles, padded with spaces.
    Titles {
        kind: Kind,
        called: &'b [u8],
        calling: &'b [u8],
    },
    /// The abstract syntax of a proposed presentation context.
    Proposed {
        id: u8,
        syntax: &'b [u8],
    },
    /// A proposed presentation context was accepted.
    Accepted {
        id: u8,
    },
    ImplementationUid(&'b [u8]),
    ImplementationVersion {
        value: &'b [u8],
        is_cut: bool,
    },
    /// The association was rejected.
    Rejected,
    /// After its request a client sent data or released the association, as it may once the server accepted it.
    UsedByRequestor,
}

/// What the bytes being gathered are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Header,
    Fixed(Kind),
    Item(Kind),
    Context(Kind),
    /// Header of a sub-item of a presentation context, or of the user information.
    SubItem(Kind, Parent),
    Text(Kind, Parent, Wanted),
    /// Header of the PDU after a request.
    AfterRequest,
    Rejection,
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parent {
    Context(u8),
    UserInformation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    AbstractSyntax,
    ImplementationUid,
    ImplementationVersion,
}

/// State of one side.
pub(super) struct Walker {
    step: Step,
    /// Bytes to pass over before the step.
    skip: u32,
    /// Bytes the step needs, and has.
    need: u8,
    have: u8,
    buffer: [u8; BUFFER_BYTES],
    /// Bytes left of the PDU after those of the step, and of the item within it.
    pdu_left: u32,
    item_left: u32,
    /// Bytes of a text beyond what is kept of it.
    text_rest: u32,
}

impl Default for Walker {
    fn default() -> Self {
        Self {
            step: Step::Header,
            skip: 0,
            need: HEADER_BYTES,
            have: 0,
            buffer: [0; BUFFER_BYTES],
            pdu_left: 0,
            item_left: 0,
            text_rest: 0,
        }
    }
}

impl Walker {
    /// Reads on; `true` when the side has nothing more to tell.
    pub(super) fn walk(&mut self, mut bytes: &[u8], say: &mut dyn FnMut(Event<'_>)) -> bool {
        while !self.is_done() {
            let passed = usize::try_from(self.skip)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            bytes = bytes.get(passed..).unwrap_or(&[]);
            self.skip = self
                .skip
                .saturating_sub(u32::try_from(passed).unwrap_or(u32::MAX));
            if self.skip != 0 {
                return false;
            }
            bytes = self.gather(bytes);
            if self.have < self.need {
                return false;
            }
            let buffer = self.buffer;
            let gathered = buffer.get(..usize::from(self.have)).unwrap_or(&[]);
            self.have = 0;
            if self.take_step(gathered, say).is_none() {
                self.give_up();
            }
        }
        true
    }

    /// The side is read no further.
    pub(super) const fn give_up(&mut self) {
        self.step = Step::Done;
        self.buffer = [0; BUFFER_BYTES];
    }

    pub(super) const fn is_done(&self) -> bool {
        matches!(self.step, Step::Done)
    }

    /// Takes what the step still needs; what is left.
    fn gather<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let free = self
            .buffer
            .get_mut(usize::from(self.have)..usize::from(self.need))
            .unwrap_or_default();
        let (taken, rest) = bytes.split_at_checked(free.len()).unwrap_or((bytes, &[]));
        for (to, from) in free.iter_mut().zip(taken) {
            *to = *from;
        }
        let taken = u8::try_from(taken.len()).unwrap_or(0);
        self.have = self.have.saturating_add(taken);
        rest
    }

    const fn expect(&mut self, step: Step, need: u8) {
        self.step = step;
        self.need = need;
    }

    /// Does what the gathered bytes say; `None` where they contradict the format or end what is read.
    fn take_step(&mut self, gathered: &[u8], say: &mut dyn FnMut(Event<'_>)) -> Option<()> {
        match self.step {
            Step::Header => self.header(gathered),
            Step::Fixed(kind) => {
                let (called, calling) = (gathered.get(4..20)?, gathered.get(20..36)?);
                say(Event::Titles {
                    kind,
                    called,
                    calling,
                });
                self.next_item(kind)
            }
            Step::Item(kind) => self.item(kind, gathered),
            Step::Context(kind) => {
                let &[id, _, result, _] = gathered else {
                    return None;
                };
                if kind == Kind::Acceptance && result == 0 {
                    say(Event::Accepted { id });
                }
                self.next_sub_item(kind, Parent::Context(id))
            }
            Step::SubItem(kind, parent) => self.sub_item(kind, parent, gathered),
            Step::Text(kind, parent, wanted) => {
                self.skip = std::mem::take(&mut self.text_rest);
                let is_cut = self.skip != 0;
                match (wanted, parent) {
                    (Wanted::AbstractSyntax, Parent::Context(id)) if !is_cut => {
                        say(Event::Proposed {
                            id,
                            syntax: gathered,
                        });
                    }
                    (Wanted::ImplementationUid, _) if !is_cut => {
                        say(Event::ImplementationUid(gathered));
                    }
                    (Wanted::ImplementationVersion, _) => say(Event::ImplementationVersion {
                        value: gathered,
                        is_cut,
                    }),
                    _ => {}
                }
                self.next_sub_item(kind, parent)
            }
            Step::AfterRequest => {
                // P-DATA-TF and A-RELEASE-RQ; an abort may come before the server answered.
                if matches!(gathered.first(), Some(4 | 5)) {
                    say(Event::UsedByRequestor);
                }
                None
            }
            Step::Rejection => {
                say(Event::Rejected);
                None
            }
            Step::Done => None,
        }
    }

    fn header(&mut self, gathered: &[u8]) -> Option<()> {
        let &[kind, _, a, b, c, d] = gathered else {
            return None;
        };
        let length = u32::from_be_bytes([a, b, c, d]);
        let kind = match kind {
            1 => Kind::Request,
            2 => Kind::Acceptance,
            3 if length == 4 => {
                self.expect(Step::Rejection, 4);
                return Some(());
            }
            // Data, release or abort: no association PDU comes after it.
            _ => return None,
        };
        self.pdu_left = length.checked_sub(FIXED_BYTES)?;
        self.expect(Step::Fixed(kind), u8::try_from(FIXED_BYTES).ok()?);
        Some(())
    }

    fn next_item(&mut self, kind: Kind) -> Option<()> {
        if self.pdu_left == 0 && kind == Kind::Request {
            self.expect(Step::AfterRequest, HEADER_BYTES);
            return Some(());
        }
        self.pdu_left = self.pdu_left.checked_sub(u32::from(ITEM_HEADER_BYTES))?;
        self.expect(Step::Item(kind), ITEM_HEADER_BYTES);
        Some(())
    }

    fn item(&mut self, kind: Kind, gathered: &[u8]) -> Option<()> {
        let &[item, _, high, low] = gathered else {
            return None;
        };
        let length = u32::from(u16::from_be_bytes([high, low]));
        self.pdu_left = self.pdu_left.checked_sub(length)?;
        match (item, kind) {
            (0x20, Kind::Request) | (0x21, Kind::Acceptance) => {
                self.item_left = length.checked_sub(4)?;
                self.expect(Step::Context(kind), 4);
                Some(())
            }
            (0x50, _) => {
                self.item_left = length;
                self.next_sub_item(kind, Parent::UserInformation)
            }
            _ => {
                self.skip = length;
                self.next_item(kind)
            }
        }
    }

    fn next_sub_item(&mut self, kind: Kind, parent: Parent) -> Option<()> {
        let Some(left) = self.item_left.checked_sub(u32::from(ITEM_HEADER_BYTES)) else {
            self.skip = self.skip.saturating_add(self.item_left);
            return self.next_item(kind);
        };
        self.item_left = left;
        self.expect(Step::SubItem(kind, parent), ITEM_HEADER_BYTES);
        Some(())
    }

    fn sub_item(&mut self, kind: Kind, parent: Parent, gathered: &[u8]) -> Option<()> {
        let &[item, _, high, low] = gathered else {
            return None;
        };
        let length = u32::from(u16::from_be_bytes([high, low]));
        self.item_left = self.item_left.checked_sub(length)?;
        let wanted = match (item, kind, parent) {
            (0x30, Kind::Request, Parent::Context(_)) => Wanted::AbstractSyntax,
            (0x52, _, Parent::UserInformation) => Wanted::ImplementationUid,
            (0x55, _, Parent::UserInformation) => Wanted::ImplementationVersion,
            _ => {
                self.skip = length;
                return self.next_sub_item(kind, parent);
            }
        };
        let need = u8::try_from(length).unwrap_or(u8::MAX).min(TEXT_BYTES);
        if need == 0 {
            return self.next_sub_item(kind, parent);
        }
        self.expect(Step::Text(kind, parent, wanted), need);
        self.text_rest = length.saturating_sub(u32::from(need));
        Some(())
    }
}
