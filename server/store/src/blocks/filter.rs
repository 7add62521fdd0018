//! Filters: which terms a segment surely does not hold.
//!
//! A split block Bloom filter: a term picks one block of 32 bytes and sets a bit in each of its
//! eight words, so a question costs one cache line. Between 8 and 16 bits a term, which lets at
//! most 3 of 100 wrong terms through.
//! Source: Putze, Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom Filters" (2007), in
//! the form of Apache Parquet's specification, with powers of two as sizes so that a filter made
//! too large can be folded.

const BLOCK: usize = 32;
const WORDS: usize = BLOCK / 4;
/// Bytes a term at least.
const BYTES_A_TERM: usize = 1;
/// A larger filter would not be held in memory, so it is not kept.
const MOST: usize = 8 << 20;

const SALTS: [u32; WORDS] = [
    0x47b6_137b,
    0x4497_4d91,
    0x8824_ad5b,
    0xa2b7_289d,
    0x7054_95c7,
    0x2df1_424b,
    0x9efc_4947,
    0x5c6b_fb31,
];

/// Builds a filter of terms that are pushed each once.
pub(crate) struct FilterWriter {
    bytes: Vec<u8>,
    terms: usize,
}

impl FilterWriter {
    /// `None` where a filter of so many terms would not be kept.
    pub(crate) fn new(most_terms: usize) -> Option<Self> {
        let bytes = (most_terms * BYTES_A_TERM).next_power_of_two().max(BLOCK);
        (bytes <= 2 * MOST).then(|| Self {
            bytes: vec![0; bytes],
            terms: 0,
        })
    }

    pub(crate) fn push(&mut self, term: i64) {
        let hash = spread(term);
        let block = block_of(hash, self.bytes.len());
        for (word, salt) in self.bytes[block..block + BLOCK]
            .chunks_exact_mut(4)
            .zip(SALTS)
        {
            let bit = bit(hash, salt);
            word[bit / 8] |= 1 << (bit % 8);
        }
        self.terms += 1;
    }

    /// Folded to what the terms pushed need; `None` where it is not kept all the same.
    pub(crate) fn finish(mut self) -> Option<Vec<u8>> {
        while self.bytes.len() > BLOCK && self.bytes.len() / 2 >= self.terms * BYTES_A_TERM {
            self.fold();
        }
        (self.bytes.len() <= MOST).then_some(self.bytes)
    }

    /// Neighbours become one: what picked either of them picks the fold.
    fn fold(&mut self) {
        let half = self.bytes.len() / 2;
        for block in (0..half).step_by(BLOCK) {
            for at in 0..BLOCK {
                let pair = 2 * block + at;
                self.bytes[block + at] = self.bytes[pair] | self.bytes[pair + BLOCK];
            }
        }
        self.bytes.truncate(half);
    }
}

/// False: the segment of this filter does not hold the term.
pub(crate) fn may_hold(filter: &[u8], term: i64) -> bool {
    if filter.len() < BLOCK || !filter.len().is_power_of_two() {
        return true;
    }
    let hash = spread(term);
    let block = block_of(hash, filter.len());
    let words = filter[block..block + BLOCK].chunks_exact(4);
    words.zip(SALTS).all(|(word, salt)| {
        let bit = bit(hash, salt);
        word[bit / 8] >> (bit % 8) & 1 == 1
    })
}

/// Index terms are 40 even bits: all of them reach the upper half, which picks the block.
fn spread(term: i64) -> u64 {
    (term as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Where the block begins; the highest bits of the hash pick it.
fn block_of(hash: u64, bytes: usize) -> usize {
    let blocks = (bytes / BLOCK) as u64;
    (((hash >> 32) * blocks) >> 32) as usize * BLOCK
}

/// 0 to 31 within a word.
fn bit(hash: u64, salt: u32) -> usize {
    ((hash as u32).wrapping_mul(salt) >> 27) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(n: u64) -> i64 {
        (xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes()) >> 24) as i64
    }

    fn filter(terms: u64, most: usize) -> Vec<u8> {
        let mut writer = FilterWriter::new(most).unwrap();
        (0..terms).for_each(|n| writer.push(term(n)));
        writer.finish().unwrap()
    }

    #[test]
    fn what_was_pushed_is_held_and_little_else() {
        for (terms, most) in [(1, 1), (1_000, 1_000), (5_000, 5_000), (5_000, 80_000)] {
            let filter = filter(terms, most);
            assert!(
                filter.len() >= terms as usize && filter.len() <= (2 * terms as usize).max(BLOCK)
            );
            assert!((0..terms).all(|n| may_hold(&filter, term(n))));
            let wrong = (terms..terms + 10_000).filter(|n| may_hold(&filter, term(*n)));
            assert!(wrong.count() < 400, "{terms} of {most}");
        }
    }

    #[test]
    fn folding_gives_what_the_right_size_had_given() {
        assert_eq!(filter(3_000, 3_000), filter(3_000, 100_000));
    }

    #[test]
    fn what_would_be_too_large_is_not_kept() {
        assert!(FilterWriter::new(64 << 20).is_none());
        assert!(may_hold(&[], 7));
    }
}
