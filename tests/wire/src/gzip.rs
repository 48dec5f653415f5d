//! One gzip member (RFC 1952) around a deflate stream.

use bytes::BufMut;

/// Compresses `data`; no name, no time, so the same data gives the same bytes.
#[must_use]
pub fn compress(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    out.put_slice(&miniz_oxide::deflate::compress_to_vec(data, 6));
    out.put_u32_le(crc32(data));
    out.put_u32_le(data.len() as u32);
    out
}

/// CRC-32 of RFC 1952 §8, bit by bit: messages are short.
fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_check_value_of_crc_32_comes_out() {
        assert_eq!(super::crc32(b"123456789"), 0xcbf4_3926);
    }
}
