//! Reads the primitive types of Kafka's protocol from bytes that may be anything: nothing is
//! allocated, and nothing is read beyond the end. In a flexible version lengths are varints that are
//! one more than what they count (KIP-482).

use super::shape::Misshapen;

#[derive(Clone, Debug)]
pub(in crate::kafka) struct Cursor<'a> {
    left: &'a [u8],
    flexible: bool,
}

impl<'a> Cursor<'a> {
    pub(in crate::kafka) fn new(bytes: &'a [u8], flexible: bool) -> Self {
        Self {
            left: bytes,
            flexible,
        }
    }

    pub(super) fn left(&self) -> &'a [u8] {
        self.left
    }

    pub(in crate::kafka) fn int_16(&mut self) -> Result<i16, Misshapen> {
        self.take().map(i16::from_be_bytes)
    }

    pub(in crate::kafka) fn int_32(&mut self) -> Result<i32, Misshapen> {
        self.take().map(i32::from_be_bytes)
    }

    pub(in crate::kafka) fn int_64(&mut self) -> Result<i64, Misshapen> {
        self.take().map(i64::from_be_bytes)
    }

    /// Its bytes; empty where it is null.
    pub(in crate::kafka) fn text(&mut self) -> Result<&'a [u8], Misshapen> {
        let length = self.length_16()?;
        self.bytes(length.unwrap_or(0))
    }

    /// Elements of an array, of which each takes a byte at least: no loop outlives the bytes.
    pub(in crate::kafka) fn count(&mut self) -> Result<usize, Misshapen> {
        let count = self.length_32()?.unwrap_or(0);
        if count > self.left.len() {
            return Err(Misshapen::Short);
        }
        Ok(count)
    }

    /// Tagged fields that are of no interest; there are none before flexible versions.
    pub(in crate::kafka) fn skip_tags(&mut self) -> Result<(), Misshapen> {
        if self.flexible {
            for _ in 0..self.varint()? {
                self.varint()?;
                let size = self.varint()?;
                self.skip(size as usize)?;
            }
        }
        Ok(())
    }

    /// `None`: null.
    pub(super) fn length_16(&mut self) -> Result<Option<usize>, Misshapen> {
        let plain = |cursor: &mut Self| cursor.int_16().map(i64::from);
        self.length(plain)
    }

    /// `None`: null.
    pub(super) fn length_32(&mut self) -> Result<Option<usize>, Misshapen> {
        let plain = |cursor: &mut Self| cursor.int_32().map(i64::from);
        self.length(plain)
    }

    fn length(
        &mut self,
        plain: fn(&mut Self) -> Result<i64, Misshapen>,
    ) -> Result<Option<usize>, Misshapen> {
        let length = if self.flexible {
            i64::from(self.varint()?) - 1
        } else {
            plain(self)?
        };
        match length {
            -1 => Ok(None),
            length => usize::try_from(length)
                .map(Some)
                .map_err(|_| Misshapen::Length),
        }
    }

    pub(super) fn varint(&mut self) -> Result<u32, Misshapen> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.take()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Misshapen::Length)
    }

    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], Misshapen> {
        let (taken, left) = self.left.split_first_chunk().ok_or(Misshapen::Short)?;
        self.left = left;
        Ok(*taken)
    }

    pub(super) fn skip(&mut self, count: usize) -> Result<(), Misshapen> {
        self.bytes(count).map(drop)
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], Misshapen> {
        let (taken, left) = self.left.split_at_checked(count).ok_or(Misshapen::Short)?;
        self.left = left;
        Ok(taken)
    }
}
