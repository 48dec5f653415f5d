//! Hashes of inputs: the same on every machine and in every version that means the same.

use std::fmt::Write;

/// FNV-1a, 64 bits, over text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Print(u64);

impl Print {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Of anything that shows itself completely.
    pub(crate) fn of(value: &impl std::fmt::Debug) -> u64 {
        let mut print = Self::new();
        // Writing into a hash does not fail.
        let _infallible = write!(print, "{value:?}");
        print.end()
    }

    /// Mixed, so that sums of prints do not cancel out.
    pub(crate) fn end(self) -> u64 {
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        mixed ^ (mixed >> 33)
    }
}

impl Write for Print {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}
