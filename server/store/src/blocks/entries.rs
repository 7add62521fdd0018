//! Entries of the term index, and the bytes they are written in.

use waybill_model::reference::Term;

use super::frame::FrameError;

/// Bits of a term that the index keeps. Fewer bits, smaller pages; a false hit among 300 million
/// entries has a chance of 3 in 10,000 and costs the reading of a few spans too many.
const TERM_BITS: u32 = 40;

/// Where the space of index terms ends.
pub(crate) const TERM_END: i64 = 1 << TERM_BITS;

/// A term as the index keeps it: below `TERM_END`, evenly spread.
pub(crate) fn index_term(term: Term) -> i64 {
    (term.0 >> (64 - TERM_BITS)) as i64
}

/// Ordered by term, then newest block first, then group: the order inside a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) term: i64,
    /// Block upside down in the upper 48 bits, group in the lower 16.
    place: u64,
}

const BLOCKS: u64 = (1 << 48) - 1;

impl Entry {
    pub(crate) fn new(term: i64, block: i64, group: u16) -> Self {
        let block = BLOCKS - (block as u64 & BLOCKS);
        Self {
            term,
            place: block << 16 | u64::from(group),
        }
    }

    pub(crate) fn block(self) -> i64 {
        (BLOCKS - (self.place >> 16)) as i64
    }

    pub(crate) fn group(self) -> u16 {
        (self.place & 0xffff) as u16
    }

    /// Distance of the term from the one before; block as distance from the segment's first, with
    /// the group in its low six bits where it fits (63: the group follows).
    pub(crate) fn write(self, before: i64, first_block: i64, out: &mut Vec<u8>) {
        put_varint(out, (self.term - before) as u64);
        let distance = (self.block() - first_block) as u64;
        let group = u64::from(self.group());
        put_varint(out, distance << 6 | group.min(63));
        if group >= 63 {
            put_varint(out, group);
        }
    }
}

/// Entries of a page; `first_block` is that of its segment.
pub(crate) fn read_page(
    page: &[u8],
    first_term: i64,
    first_block: i64,
    mut each: impl FnMut(Entry),
) -> Result<(), FrameError> {
    let mut reader = Reader::new(page);
    let mut term = first_term;
    while !reader.rest().is_empty() {
        term = term.wrapping_add(reader.varint()? as i64);
        let place = reader.varint()?;
        let group = match place & 63 {
            63 => reader.varint()?,
            group => group,
        };
        let block = first_block.wrapping_add((place >> 6) as i64);
        each(Entry::new(term, block, group as u16));
    }
    Ok(())
}

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], FrameError> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(FrameError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn varint(&mut self) -> Result<u64, FrameError> {
        let mut value = 0;
        for (i, byte) in self.0.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte & 0x80 == 0 {
                self.0 = &self.0[i + 1..];
                return Ok(value);
            }
        }
        Err(FrameError::Truncated)
    }

    pub(crate) fn length(&mut self) -> Result<usize, FrameError> {
        usize::try_from(self.varint()?).map_err(|_| FrameError::Truncated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_newest_block_first() {
        let mut entries = vec![
            Entry::new(5, 100, 3),
            Entry::new(5, 2_000_000, 40_000),
            Entry::new(TERM_END - 1, 100, 63),
            Entry::new(5, 100, 62),
        ];
        entries.sort_unstable();
        let places: Vec<_> = entries.iter().map(|e| (e.block(), e.group())).collect();
        assert_eq!(
            places,
            [(2_000_000, 40_000), (100, 3), (100, 62), (100, 63)]
        );
        let mut page = Vec::new();
        let mut before = 5;
        for entry in &entries {
            entry.write(before, 100, &mut page);
            before = entry.term;
        }
        let mut read = Vec::new();
        read_page(&page, 5, 100, |entry| read.push(entry)).unwrap();
        assert_eq!(read, entries);
        assert!(read_page(&page[..page.len() - 1], 5, 100, |_| ()).is_err());
    }
}
