//! IEEE 802.11 data frames that are not encrypted.

use super::{Layer, Opened, Reason, Step, Way};
use crate::cursor::Cursor;

impl Way {
    pub(super) fn dot11<'a>(&mut self, bytes: &'a [u8]) -> Opened<'a> {
        self.dot11_data(bytes).ok_or(Reason::Short)?
    }

    fn dot11_data<'a>(&mut self, bytes: &'a [u8]) -> Option<Opened<'a>> {
        let mut cursor = Cursor::new(bytes);
        let [kind, flags] = cursor.array()?;
        if kind & 0x0f != 0x08 {
            return Some(Err(Reason::NoPacket));
        }
        let (subtype, to_ds, from_ds) = (kind >> 4, flags & 1 != 0, flags & 2 != 0);
        cursor.skip(2)?;
        let first = cursor.array::<6>()?;
        let second = cursor.array::<6>()?;
        let third = cursor.array::<6>()?;
        let sequence = u16::from_le_bytes(cursor.array()?);
        let (dst, src) = match (to_ds, from_ds) {
            (false, false) => (first, second),
            (true, false) => (third, second),
            (false, true) => (first, third),
            (true, true) => (third, cursor.array::<6>()?),
        };
        self.addresses(dst, src);
        let mut aggregated = false;
        if subtype & 0x8 != 0 {
            let [control, _] = cursor.array()?;
            aggregated = control & 0x80 != 0;
            if flags & 0x80 != 0 {
                cursor.skip(4)?;
            }
        }
        // No data in this subtype; or a later fragment; or several packets in one, of which each has its own header.
        if subtype & 0x4 != 0 || sequence & 0x0f != 0 || aggregated {
            return Some(Err(Reason::NoPacket));
        }
        if flags & 0x40 != 0 {
            return Some(Err(Reason::Encrypted));
        }
        // Some drivers pad the header to a multiple of four.
        let rest = match cursor.rest() {
            [_, _, padded @ ..] if padded.starts_with(&[0xaa, 0xaa, 0x03]) => padded,
            rest => rest,
        };
        Some(Ok(Step::Next(Layer::Llc, rest)))
    }
}
