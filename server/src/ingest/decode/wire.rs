//! The protobuf wire format, read in place. Nothing is allocated and nothing is trusted: a length
//! that lies, a varint that never ends or a group that nests without end is `Malformed`.
//! Source: protobuf.dev, "Encoding"; strictness follows prost, against which it is tested.

use super::Reason;

/// Groups (wire types 3 and 4) nest at most this deep, as in prost.
const MAX_GROUPS: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireType {
    Varint,
    Fixed64,
    Bytes,
    StartGroup,
    EndGroup,
    Fixed32,
}

#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub number: u32,
    pub wire: WireType,
}

/// A cursor over one message.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field's key, or `None` at the end of the message.
    pub fn field(&mut self) -> Result<Option<Field>, Reason> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = u32::try_from(self.varint()?).map_err(|_| Reason::Malformed)?;
        let wire = match key & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::Bytes,
            3 => WireType::StartGroup,
            4 => WireType::EndGroup,
            5 => WireType::Fixed32,
            _ => return Err(Reason::Malformed),
        };
        let number = key >> 3;
        if number == 0 {
            return Err(Reason::Malformed);
        }
        Ok(Some(Field { number, wire }))
    }

    pub fn uint64(&mut self, field: Field) -> Result<u64, Reason> {
        expect(field, WireType::Varint)?;
        self.varint()
    }

    /// Wider values lose their upper half, as in every protobuf implementation.
    pub fn uint32(&mut self, field: Field) -> Result<u32, Reason> {
        self.uint64(field).map(|value| value as u32)
    }

    pub fn fixed64(&mut self, field: Field) -> Result<u64, Reason> {
        expect(field, WireType::Fixed64)?;
        self.take::<8>().map(u64::from_le_bytes)
    }

    pub fn fixed32(&mut self, field: Field) -> Result<u32, Reason> {
        expect(field, WireType::Fixed32)?;
        self.take::<4>().map(u32::from_le_bytes)
    }

    pub fn bytes(&mut self, field: Field) -> Result<&'a [u8], Reason> {
        expect(field, WireType::Bytes)?;
        self.prefixed()
    }

    pub fn message(&mut self, field: Field) -> Result<Reader<'a>, Reason> {
        self.bytes(field).map(Reader::new)
    }

    pub fn skip(&mut self, field: Field) -> Result<(), Reason> {
        self.skip_nested(field, MAX_GROUPS)
    }

    fn skip_nested(&mut self, field: Field, groups_left: usize) -> Result<(), Reason> {
        match field.wire {
            WireType::Varint => self.varint().map(drop),
            WireType::Fixed64 => self.take::<8>().map(drop),
            WireType::Fixed32 => self.take::<4>().map(drop),
            WireType::Bytes => self.prefixed().map(drop),
            WireType::EndGroup => Err(Reason::Malformed),
            WireType::StartGroup => {
                let groups_left = groups_left.checked_sub(1).ok_or(Reason::NestedTooDeep)?;
                loop {
                    let inner = self.field()?.ok_or(Reason::Malformed)?;
                    if inner.wire == WireType::EndGroup {
                        return if inner.number == field.number {
                            Ok(())
                        } else {
                            Err(Reason::Malformed)
                        };
                    }
                    self.skip_nested(inner, groups_left)?;
                }
            }
        }
    }

    fn prefixed(&mut self) -> Result<&'a [u8], Reason> {
        let len = usize::try_from(self.varint()?).map_err(|_| Reason::Malformed)?;
        let (head, tail) = self.rest.split_at_checked(len).ok_or(Reason::Malformed)?;
        self.rest = tail;
        Ok(head)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Reason> {
        let (head, tail) = self.rest.split_first_chunk().ok_or(Reason::Malformed)?;
        self.rest = tail;
        Ok(*head)
    }

    fn varint(&mut self) -> Result<u64, Reason> {
        let mut value = 0u64;
        for (index, byte) in self.rest.iter().take(10).copied().enumerate() {
            if index == 9 && byte > 1 {
                return Err(Reason::Malformed);
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(Reason::Malformed)
    }
}

fn expect(field: Field, wire: WireType) -> Result<(), Reason> {
    if field.wire == wire {
        Ok(())
    } else {
        Err(Reason::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lies_are_malformed_and_never_panic() {
        let cases: &[&[u8]] = &[
            &[0x0a],
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
            &[0x0a, 0x05, 1, 2],
            &[0xff; 11],
            &[0x00, 0x01],
            &[0x0f],
            &[0x0c],
            &[0x09, 1, 2, 3],
            &[0x0b, 0x14],
        ];
        for case in cases {
            let mut reader = Reader::new(case);
            let outcome = loop {
                match reader.field() {
                    Ok(Some(field)) => {
                        if let Err(reason) = reader.skip(field) {
                            break Err(reason);
                        }
                    }
                    Ok(None) => break Ok(()),
                    Err(reason) => break Err(reason),
                }
            };
            assert_eq!(outcome, Err(Reason::Malformed), "{case:x?}");
        }
    }

    #[test]
    fn groups_are_skipped_to_a_bounded_depth() {
        let nested = |depth: usize| {
            let mut bytes = vec![0x0b; depth];
            bytes.extend(vec![0x0c; depth]);
            let mut reader = Reader::new(&bytes);
            let field = reader.field().unwrap().unwrap();
            reader.skip(field)
        };
        assert_eq!(nested(50), Ok(()));
        assert_eq!(nested(10_000), Err(Reason::NestedTooDeep));
    }
}
