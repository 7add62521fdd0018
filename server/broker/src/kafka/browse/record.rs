//! Records of a batch, format 2 (<https://kafka.apache.org/documentation/#record>).

use std::fmt;

/// Each costs more memory than the two bytes that it may have in a batch.
const MOST_HEADERS: usize = 10_000;

/// Borrowed from the unfolded batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// Milliseconds after the batch's first.
    pub(super) time_delta: i64,
    pub(super) offset_delta: i64,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    pub(super) headers: Vec<(&'a [u8], Option<&'a [u8]>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record in it is malformed")
    }
}

/// The next record, and moves `left` after it.
pub(super) fn next<'a>(left: &mut &'a [u8]) -> Result<Record<'a>, Malformed> {
    let mut record = some(left)?.ok_or(Malformed)?;
    let here = &mut record;
    // Attributes: none is defined.
    take(here, 1)?;
    let time_delta = varint(here)?;
    let offset_delta = varint(here)?;
    let key = some(here)?;
    let value = some(here)?;
    let count = usize::try_from(varint(here)?).map_err(|_| Malformed)?;
    if count > MOST_HEADERS || count > here.len() {
        return Err(Malformed);
    }
    let mut headers = Vec::with_capacity(count);
    for _ in 0..count {
        let name = some(here)?.ok_or(Malformed)?;
        headers.push((name, some(here)?));
    }
    match here.is_empty() {
        true => Ok(Record {
            time_delta,
            offset_delta,
            key,
            value,
            headers,
        }),
        false => Err(Malformed),
    }
}

/// Bytes with their length before them; -1: null.
fn some<'a>(left: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Malformed> {
    match varint(left)? {
        -1 => Ok(None),
        length => {
            let length = usize::try_from(length).map_err(|_| Malformed)?;
            take(left, length).map(Some)
        }
    }
}

fn take<'a>(left: &mut &'a [u8], count: usize) -> Result<&'a [u8], Malformed> {
    let (taken, rest) = left.split_at_checked(count).ok_or(Malformed)?;
    *left = rest;
    Ok(taken)
}

/// Zigzag, seven bits a byte, the lowest first.
fn varint(left: &mut &[u8]) -> Result<i64, Malformed> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let [byte] = *take(left, 1)? else {
            return Err(Malformed);
        };
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    Err(Malformed)
}
