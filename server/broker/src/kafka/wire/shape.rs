//! Looks an answer over before it is decoded. The decoder reserves memory for as many elements as
//! the peer's count says, so a few bytes could ask for gigabytes; here every count is held against
//! the bytes that are there, nothing is allocated, and what is left over or missing is found.
//!
//! A shape is written as a row of letters: `1` `2` `4` `8` that many bytes, `u` 16 bytes, `s` a
//! text and `b` bytes (either may be null), `[…]` an array, `?(…)` a structure that may be null,
//! `_` tagged fields, `{tag=…;tag=…}` tagged fields of which some are known. In a flexible version
//! lengths are varints that are one more than what they count.

use std::str::Chars;

use super::cursor::Cursor;

/// All elements of all arrays of one answer.
const MOST_ELEMENTS: usize = 4_000_000;
/// Tagged fields that nobody here knows; each costs far more memory than bytes.
const MOST_TAGS: usize = 100_000;

#[derive(Debug, PartialEq, Eq)]
pub(in crate::kafka) struct Shape {
    parts: Vec<Part>,
    flexible: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Fixed(usize),
    Text,
    Bytes,
    Array(Vec<Part>),
    Nullable(Vec<Part>),
    Tags(Vec<(u32, Vec<Part>)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::kafka) enum Misshapen {
    #[error("it ends before it is complete")]
    Short,
    #[error("it has {0} bytes too many")]
    Long(usize),
    #[error("a length in it is impossible")]
    Length,
    #[error("it has more elements than are accepted")]
    TooMany,
}

impl Shape {
    /// Written by hand in [`super::shapes`] and held against the decoder by a test.
    pub(in crate::kafka) fn new(text: &'static str, flexible: bool) -> Self {
        let (parts, _) = parse(&mut text.chars());
        Self { parts, flexible }
    }

    #[cfg(test)]
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    #[cfg(test)]
    pub(super) fn flexible(&self) -> bool {
        self.flexible
    }

    /// # Errors
    /// Where `bytes` is not exactly of this shape.
    pub(in crate::kafka) fn check(&self, bytes: &[u8]) -> Result<(), Misshapen> {
        let left = self.check_front(bytes)?;
        if left.is_empty() {
            Ok(())
        } else {
            Err(Misshapen::Long(left.len()))
        }
    }

    /// What follows after one of this shape.
    pub(in crate::kafka) fn check_front<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], Misshapen> {
        let mut walk = Walk {
            cursor: Cursor::new(bytes, self.flexible),
            elements: 0,
            tags: 0,
        };
        walk.parts(&self.parts)?;
        Ok(walk.cursor.left())
    }
}

/// And the letter at which it ended.
fn parse(letters: &mut Chars<'static>) -> (Vec<Part>, Option<char>) {
    let mut parts = Vec::new();
    while let Some(letter) = letters.next() {
        let part = match letter {
            's' => Part::Text,
            'b' => Part::Bytes,
            'u' => Part::Fixed(16),
            '[' => Part::Array(parse(letters).0),
            '?' => {
                letters.next();
                Part::Nullable(parse(letters).0)
            }
            '_' => Part::Tags(Vec::new()),
            '{' => Part::Tags(parse_tags(letters)),
            digit => match digit.to_digit(10) {
                Some(width) => Part::Fixed(width as usize),
                // A bracket that closes.
                None => return (parts, Some(letter)),
            },
        };
        match (parts.last_mut(), &part) {
            (Some(Part::Fixed(before)), Part::Fixed(width)) => *before += width,
            _ => parts.push(part),
        }
    }
    (parts, None)
}

/// Each known tag is one digit; its shape ends at `;`, the last at `}`.
fn parse_tags(letters: &mut Chars<'static>) -> Vec<(u32, Vec<Part>)> {
    let mut known = Vec::new();
    while let Some(tag) = letters.next().and_then(|letter| letter.to_digit(10)) {
        letters.next();
        let (shape, end) = parse(letters);
        known.push((tag, shape));
        if end != Some(';') {
            break;
        }
    }
    known
}

struct Walk<'a> {
    cursor: Cursor<'a>,
    elements: usize,
    tags: usize,
}

impl Walk<'_> {
    fn parts(&mut self, parts: &[Part]) -> Result<(), Misshapen> {
        parts.iter().try_for_each(|part| self.part(part))
    }

    fn part(&mut self, part: &Part) -> Result<(), Misshapen> {
        match part {
            Part::Fixed(width) => self.cursor.skip(*width),
            Part::Text => {
                let length = self.cursor.length_16()?;
                self.cursor.skip(length.unwrap_or(0))
            }
            Part::Bytes => {
                let length = self.cursor.length_32()?;
                self.cursor.skip(length.unwrap_or(0))
            }
            Part::Array(element) => {
                let count = self.cursor.count()?;
                self.elements += count;
                if self.elements > MOST_ELEMENTS {
                    return Err(Misshapen::TooMany);
                }
                (0..count).try_for_each(|_| self.parts(element))
            }
            Part::Nullable(inner) => {
                let [present] = self.cursor.take()?;
                if present == 1 {
                    self.parts(inner)
                } else {
                    Ok(())
                }
            }
            Part::Tags(known) => self.tagged(known),
        }
    }

    fn tagged(&mut self, known: &[(u32, Vec<Part>)]) -> Result<(), Misshapen> {
        for _ in 0..self.cursor.varint()? {
            let tag = self.cursor.varint()?;
            let size = self.cursor.varint()? as usize;
            self.tags += 1;
            if self.tags > MOST_TAGS {
                return Err(Misshapen::TooMany);
            }
            let after = self.cursor.left().len().checked_sub(size);
            let after = after.ok_or(Misshapen::Short)?;
            match known.iter().find(|(number, _)| *number == tag) {
                Some((_, shape)) => self.parts(shape)?,
                None => self.cursor.skip(size)?,
            }
            if self.cursor.left().len() != after {
                return Err(Misshapen::Length);
            }
        }
        Ok(())
    }
}
