//! Bytes as people read them: an offset, sixteen bytes, and what of them is ASCII.

use std::fmt::Write;

/// Of one payload, in bytes: more is seldom read by eye.
const BYTES: usize = 4 << 10;
const ROW: usize = 16;

/// The text, and whether it is a beginning only.
pub(super) fn dump(bytes: &[u8]) -> (String, bool) {
    let shown = &bytes[..bytes.len().min(BYTES)];
    let mut text = String::with_capacity(shown.len().div_ceil(ROW) * 78);
    for (row, chunk) in shown.chunks(ROW).enumerate() {
        if row > 0 {
            text.push('\n');
        }
        // Writing to a text cannot fail.
        let _ = write!(text, "{:08x} ", row * ROW);
        for at in 0..ROW {
            if at % 8 == 0 {
                text.push(' ');
            }
            match chunk.get(at) {
                Some(byte) => {
                    let _ = write!(text, "{byte:02x} ");
                }
                None => text.push_str("   "),
            }
        }
        text.push_str(" |");
        text.extend(chunk.iter().map(|byte| match byte {
            0x20..=0x7e => char::from(*byte),
            _ => '.',
        }));
        text.push('|');
    }
    (text, bytes.len() > BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_an_offset_and_what_is_ascii() {
        let (text, cut) = dump(b"\0\x01order-1001 and more");
        assert_eq!(
            text,
            "00000000  00 01 6f 72 64 65 72 2d  31 30 30 31 20 61 6e 64  |..order-1001 and|\n\
             00000010  20 6d 6f 72 65                                    | more|"
        );
        assert!(!cut);
        let (text, cut) = dump(&[7; BYTES + 1]);
        assert!(cut);
        assert_eq!(text.lines().count(), BYTES / ROW);
    }
}
