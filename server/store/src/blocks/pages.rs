//! Cuts sorted entries into pages so that one probe finds a term.
//!
//! A page ends at about `SOFT` bytes, but never inside a term: all entries of a term lie in the
//! pages with the greatest `first_term` not above it. A term that fills more than `HARD` bytes gets
//! several pages with the same `first_term`, numbered from 0, newest blocks first.

use super::entries::Entry;

/// Four pages share a heap page of Postgres.
const SOFT: usize = 1_900;
/// What still fits in one heap page.
const HARD: usize = 7_800;

/// Columns of `term_page`, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pages {
    pub(crate) first_terms: Vec<i64>,
    pub(crate) numbers: Vec<i32>,
    pub(crate) runs: Vec<i32>,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) entry_count: i64,
}

impl Pages {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    fn push(&mut self, first_term: i64, number: i32, run: i32, bytes: Vec<u8>) {
        self.first_terms.push(first_term);
        self.numbers.push(number);
        self.runs.push(run);
        self.entries.push(bytes);
    }
}

/// Takes entries in order and gives pages; `take` may be called between.
pub(crate) struct PageWriter {
    first_block: i64,
    done: Pages,
    page: Vec<u8>,
    page_first: i64,
    page_last: i64,
    /// The entries of the last term pushed: where they go is decided when it ends.
    run: Vec<Entry>,
    scratch: Vec<u8>,
}

impl PageWriter {
    pub(crate) fn new(first_block: i64) -> Self {
        Self {
            first_block,
            done: Pages::default(),
            page: Vec::with_capacity(SOFT + 64),
            page_first: 0,
            page_last: 0,
            run: Vec::new(),
            scratch: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        if self.run.last().is_some_and(|last| last.term != entry.term) {
            self.end_run();
        }
        self.run.push(entry);
    }

    /// Pages that are complete.
    pub(crate) fn take(&mut self) -> Pages {
        std::mem::take(&mut self.done)
    }

    pub(crate) fn finish(mut self) -> Pages {
        self.end_run();
        self.end_page();
        self.done
    }

    fn end_run(&mut self) {
        let Some(first) = self.run.first().copied() else {
            return;
        };
        self.done.entry_count += self.run.len() as i64;
        if self.page.is_empty() {
            self.page_first = first.term;
            self.page_last = first.term;
        }
        self.scratch.clear();
        let mut before = self.page_last;
        for entry in &self.run {
            entry.write(before, self.first_block, &mut self.scratch);
            before = entry.term;
        }
        if !self.page.is_empty() && self.page.len() + self.scratch.len() > SOFT {
            self.end_page();
            return self.end_run_again(first);
        }
        if self.scratch.len() > HARD {
            return self.split_run(first);
        }
        self.page.extend_from_slice(&self.scratch);
        self.page_last = first.term;
        self.run.clear();
    }

    /// The page before is closed; this run opens the next.
    fn end_run_again(&mut self, first: Entry) {
        self.done.entry_count -= self.run.len() as i64;
        debug_assert!(self.page.is_empty());
        self.page_first = first.term;
        self.end_run();
    }

    fn split_run(&mut self, first: Entry) {
        let mut parts = vec![Vec::new()];
        for entry in self.run.drain(..) {
            if parts.last().is_some_and(|part| part.len() > HARD - 24) {
                parts.push(Vec::new());
            }
            if let Some(part) = parts.last_mut() {
                entry.write(first.term, self.first_block, part);
            }
        }
        let run = parts.len() as i32;
        for (number, part) in (0..).zip(parts) {
            self.done.push(first.term, number, run, part);
        }
    }

    fn end_page(&mut self) {
        if !self.page.is_empty() {
            let bytes = self.page.clone();
            self.page.clear();
            self.done.push(self.page_first, 0, 1, bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entries::read_page;
    use super::*;

    /// What a probe does: the pages with the greatest first term not above `term`.
    fn probe(pages: &Pages, term: i64) -> Vec<Entry> {
        let Some(first) = pages
            .first_terms
            .iter()
            .copied()
            .filter(|f| *f <= term)
            .max()
        else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for at in (0..pages.len()).filter(|at| pages.first_terms[*at] == first) {
            read_page(&pages.entries[at], first, 7, |e| {
                if e.term == term {
                    found.push(e);
                }
            })
            .unwrap();
        }
        found
    }

    #[test]
    fn one_probe_finds_every_entry_of_a_term() {
        let mut entries = Vec::new();
        for term in 0..2_000 {
            // Most terms are rare, some fill a page, one fills many.
            let blocks = match term {
                1_000 => 20_000,
                t if t % 100 == 0 => 1_500,
                _ => 1 + term % 3,
            };
            entries.extend((0..blocks).map(|b| Entry::new(term * 3, 7 + b, (b % 20) as u16)));
        }
        entries.sort_unstable();
        let mut writer = PageWriter::new(7);
        let mut pages = Pages::default();
        for (n, entry) in entries.iter().enumerate() {
            writer.push(*entry);
            if n % 1_000 == 0 {
                let some = writer.take();
                pages.entry_count += some.entry_count;
                for at in 0..some.len() {
                    let bytes = some.entries[at].clone();
                    pages.push(some.first_terms[at], some.numbers[at], some.runs[at], bytes);
                }
            }
        }
        let last = writer.finish();
        pages.entry_count += last.entry_count;
        for at in 0..last.len() {
            let bytes = last.entries[at].clone();
            pages.push(last.first_terms[at], last.numbers[at], last.runs[at], bytes);
        }
        assert_eq!(pages.entry_count, entries.len() as i64);
        assert!(pages.entries.iter().all(|page| page.len() <= HARD + 24));
        for run in entries.chunk_by(|a, b| a.term == b.term) {
            assert_eq!(probe(&pages, run[0].term), run);
            assert_eq!(probe(&pages, run[0].term + 1), []);
        }
    }
}
