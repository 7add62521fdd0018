//! Damages bytes as a broken or hostile server would: by a seed, so that a failure comes again.

pub(super) struct Damage(u64);

impl Damage {
    pub(super) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// One to four wounds: a bit, a byte, a length, a cut, a piece twice or left out.
    pub(super) fn of(&mut self, whole: &[u8]) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(8) {
                0 => bytes.truncate(at),
                1 => {
                    let end = (at + self.below(64)).min(bytes.len());
                    bytes.drain(at..end);
                }
                2 => {
                    let end = (at + self.below(64)).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
                3 => {
                    let extreme = [0, 1, 0x7f, 0x80, 0xff][self.below(5)];
                    let end = (at + 1 + self.below(4)).min(bytes.len());
                    bytes[at..end].fill(extreme);
                }
                4 | 5 => {
                    let byte = self.next() as u8;
                    bytes.iter_mut().skip(at).take(1).for_each(|b| *b = byte);
                }
                _ => {
                    let bit = 1 << self.below(8);
                    bytes.iter_mut().skip(at).take(1).for_each(|b| *b ^= bit);
                }
            }
        }
        bytes
    }
}
