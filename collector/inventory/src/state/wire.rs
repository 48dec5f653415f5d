//! Writes protobuf straight into a buffer. A device has hundreds of nested fields; building the generated types first costs more than
//! all of the folding. What is written here is read back with the generated types, which is also what the tests compare with.

use bytes::Bytes;
use prost::encoding::{WireType, encode_key, encode_varint};

/// Grows to the largest record and is used for all of them.
#[derive(Debug, Default)]
pub(super) struct Writer {
    buffer: Vec<u8>,
}

impl Writer {
    /// What was written, and an empty writer again.
    pub(super) fn take(&mut self) -> Bytes {
        let record = Bytes::copy_from_slice(&self.buffer);
        self.buffer.clear();
        record
    }

    /// `uint32`, `uint64`. Like all that follows, nothing is written for the default.
    pub(super) fn unsigned(&mut self, field: u32, value: impl Into<u64>) {
        let value = value.into();
        if value != 0 {
            encode_key(field, WireType::Varint, &mut self.buffer);
            encode_varint(value, &mut self.buffer);
        }
    }

    /// `int64`.
    pub(super) fn signed(&mut self, field: u32, value: i64) {
        self.unsigned(field, value.cast_unsigned());
    }

    /// An enumeration.
    pub(super) fn enumeration(&mut self, field: u32, value: impl Into<i32>) {
        self.signed(field, i64::from(value.into()));
    }

    /// `bool`.
    pub(super) fn boolean(&mut self, field: u32, value: bool) {
        self.unsigned(field, value);
    }

    /// `fixed64`.
    pub(super) fn fixed(&mut self, field: u32, value: u64) {
        if value != 0 {
            encode_key(field, WireType::SixtyFourBit, &mut self.buffer);
            self.buffer.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// `repeated fixed64`, packed.
    pub(super) fn packed(&mut self, field: u32, values: impl ExactSizeIterator<Item = u64>) {
        if values.len() > 0 {
            self.message(field, |writer| {
                for value in values {
                    writer.buffer.extend_from_slice(&value.to_le_bytes());
                }
            });
        }
    }

    /// `string`, `bytes`.
    pub(super) fn bytes(&mut self, field: u32, value: impl AsRef<[u8]>) {
        if !value.as_ref().is_empty() {
            self.element(field, value);
        }
    }

    /// One of `repeated string`, `repeated bytes`.
    pub(super) fn element(&mut self, field: u32, value: impl AsRef<[u8]>) {
        let value = value.as_ref();
        encode_key(field, WireType::LengthDelimited, &mut self.buffer);
        let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
        encode_varint(length, &mut self.buffer);
        self.buffer.extend_from_slice(value);
    }

    /// A message, or one of several.
    pub(super) fn message(&mut self, field: u32, write: impl FnOnce(&mut Self)) {
        encode_key(field, WireType::LengthDelimited, &mut self.buffer);
        // Most are shorter than 128 bytes: their length is one byte, and is set afterwards.
        let place = self.buffer.len();
        self.buffer.push(0);
        write(self);
        let length = self.buffer.len().saturating_sub(place).saturating_sub(1);
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        if let (Ok(short @ 0..=0x7f), Some(byte)) =
            (u8::try_from(length), self.buffer.get_mut(place))
        {
            *byte = short;
        } else {
            let mut prefix = Vec::with_capacity(5);
            encode_varint(length, &mut prefix);
            self.buffer.splice(place..=place, prefix);
        }
    }
}
