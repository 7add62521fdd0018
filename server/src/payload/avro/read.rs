//! Bytes into JSON along a schema.

use std::fmt;

use serde_json::{Map, Value};

use super::schema::{Avro, Place, Type};
use crate::payload::detect::{float, of_bytes};
use crate::payload::{DEPTH, VALUES};

/// Digits of a decimal that are still worked out.
const DECIMAL_BYTES: usize = 16;
/// Of names that a schema writes once and a payload repeats, in bytes.
const TEXT: usize = 4 << 20;
/// What a name costs beside its bytes.
const NAME: usize = 16;

/// Where bytes and schema part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::payload) struct Failed {
    what: String,
    /// From the beginning of the payload.
    at: usize,
    /// Innermost first.
    path: Vec<String>,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)?;
        if self.path.is_empty() {
            return Ok(());
        }
        let path: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
        write!(f, ", in {}", path.join("."))
    }
}

/// One value, and nothing after it.
pub(in crate::payload) fn decode(avro: &Avro, bytes: &[u8]) -> Result<Value, Failed> {
    let mut reader = Reader::new(bytes, Left::default());
    let value = reader.value(avro, avro.root, 0)?;
    match reader.rest.len() {
        0 => Ok(value),
        left => Err(reader.failed(format!("{left} bytes are left over"))),
    }
}

/// A zigzag number of at most ten bytes.
pub(in crate::payload) fn varint(rest: &mut &[u8]) -> Option<i64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    None
}

pub(super) struct Reader<'a> {
    pub(super) rest: &'a [u8],
    length: usize,
    pub(super) left: Left,
}

/// What may still be made of one payload.
#[derive(Clone, Copy)]
pub(super) struct Left {
    values: usize,
    text: usize,
}

impl Default for Left {
    fn default() -> Self {
        Self {
            values: VALUES,
            text: TEXT,
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], left: Left) -> Self {
        Self {
            rest: bytes,
            length: bytes.len(),
            left,
        }
    }

    pub(super) fn value(
        &mut self,
        avro: &Avro,
        place: Place,
        depth: usize,
    ) -> Result<Value, Failed> {
        self.left.values = match self.left.values.checked_sub(1) {
            Some(left) => left,
            None => return Err(self.failed(format!("more than {VALUES} values"))),
        };
        if depth > DEPTH {
            return Err(self.failed(format!("deeper than {DEPTH}")));
        }
        Ok(match &avro.types[place] {
            Type::Null => Value::Null,
            Type::Boolean => match self.take(1)? {
                [0] => false.into(),
                [1] => true.into(),
                _ => return Err(self.failed("neither true nor false")),
            },
            Type::Int | Type::Long => self.number()?.into(),
            Type::Float => float(f64::from(f32::from_le_bytes(self.array()?))),
            Type::Double => float(f64::from_le_bytes(self.array()?)),
            Type::Bytes => of_bytes(self.counted()?),
            Type::String => self.text()?.into(),
            Type::Fixed(size) => of_bytes(self.take(*size)?),
            Type::Decimal { scale, size } => {
                let bytes = match size {
                    Some(size) => self.take(*size)?,
                    None => self.counted()?,
                };
                decimal(bytes, *scale)
            }
            Type::Enum(symbols) => {
                let index = self.number()?;
                let symbol = usize::try_from(index)
                    .ok()
                    .and_then(|index| symbols.get(index));
                match symbol {
                    Some(symbol) => self.named(symbol)?.into(),
                    None => return Err(self.failed(format!("no symbol {index}"))),
                }
            }
            Type::Union(branches) => {
                let index = self.number()?;
                let branch = usize::try_from(index)
                    .ok()
                    .and_then(|index| branches.get(index));
                match branch {
                    Some(branch) => self.value(avro, *branch, depth + 1)?,
                    None => return Err(self.failed(format!("no branch {index}"))),
                }
            }
            Type::Array(items) => {
                let mut read = Vec::new();
                self.blocks(|reader, at| {
                    let item = reader.value(avro, *items, depth + 1);
                    read.push(item.map_err(|failed| failed.within(format!("[{at}]")))?);
                    Ok(())
                })?;
                Value::Array(read)
            }
            Type::Map(values) => {
                let mut read = Map::new();
                self.blocks(|reader, _| {
                    let name = reader.text()?;
                    let value = reader.value(avro, *values, depth + 1);
                    let value = value.map_err(|failed| failed.within(name.clone()))?;
                    read.insert(name, value);
                    Ok(())
                })?;
                Value::Object(read)
            }
            Type::Record(fields) => {
                let mut read = Map::new();
                for (name, kind) in fields {
                    let value = self.value(avro, *kind, depth + 1);
                    let value = value.map_err(|failed| failed.within(name.clone()))?;
                    read.insert(self.named(name)?, value);
                }
                Value::Object(read)
            }
            Type::Open => return Err(self.failed("a type that was never defined")),
        })
    }

    fn named(&mut self, name: &str) -> Result<String, Failed> {
        match self.left.text.checked_sub(name.len() + NAME) {
            Some(left) => self.left.text = left,
            None => return Err(self.failed("too much text")),
        }
        Ok(name.to_owned())
    }

    /// Items of an array or a map: blocks of a count (negative: with the block's size after it), the
    /// last of them empty.
    fn blocks(
        &mut self,
        mut item: impl FnMut(&mut Self, usize) -> Result<(), Failed>,
    ) -> Result<(), Failed> {
        let mut at = 0;
        loop {
            let count = self.number()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                self.number()?;
            }
            for _ in 0..count.unsigned_abs() {
                item(self, at)?;
                at += 1;
            }
        }
    }

    pub(super) fn number(&mut self) -> Result<i64, Failed> {
        match varint(&mut self.rest) {
            Some(number) => Ok(number),
            None => Err(self.failed("no number")),
        }
    }

    pub(super) fn counted(&mut self) -> Result<&'a [u8], Failed> {
        let length = self.number()?;
        match usize::try_from(length) {
            Ok(length) => self.take(length),
            Err(_) => Err(self.failed(format!("a length of {length}"))),
        }
    }

    pub(super) fn text(&mut self) -> Result<String, Failed> {
        let bytes = self.counted()?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(self.failed("a text that is not UTF-8")),
        }
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Failed> {
        match self.rest.split_at_checked(length) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => {
                let left = self.rest.len();
                Err(self.failed(format!("{length} bytes are wanted and {left} are left")))
            }
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Failed> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn failed(&self, what: impl Into<String>) -> Failed {
        Failed {
            what: what.into(),
            at: self.length - self.rest.len(),
            path: Vec::new(),
        }
    }
}

impl Failed {
    fn within(mut self, name: String) -> Self {
        self.path.push(name);
        self
    }
}

/// Two's complement, big endian; as text, so that every digit stays.
fn decimal(bytes: &[u8], scale: usize) -> Value {
    if bytes.is_empty() || bytes.len() > DECIMAL_BYTES {
        return of_bytes(bytes);
    }
    let fill = if bytes[0] & 0x80 == 0 { 0 } else { 0xff };
    let mut whole = [fill; DECIMAL_BYTES];
    whole[DECIMAL_BYTES - bytes.len()..].copy_from_slice(bytes);
    let number = i128::from_be_bytes(whole);
    let sign = if number < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (units, decimals) = digits.split_at(digits.len() - scale);
    let point = if scale == 0 { "" } else { "." };
    Value::String(format!("{sign}{units}{point}{decimals}"))
}
