//! An object container: its schema, then blocks of values.

use std::io::Read;

use flate2::read::DeflateDecoder;
use serde_json::Value;

use super::read::{Failed, Left, Reader};
use super::schema::Avro;
use crate::payload::DECODED_BYTES;

const MAGIC: usize = 4;
const SYNC: usize = 16;

/// All of its values, as a list.
pub(in crate::payload) fn container(bytes: &[u8]) -> Result<Value, String> {
    let said = |failed: Failed| failed.to_string();
    let mut file = Reader::new(bytes, Left::default());
    file.take(MAGIC).map_err(said)?;
    let head = head(&mut file).map_err(said)?;
    let schema = head.schema.ok_or("it brings no schema")?;
    let avro = Avro::of_text(&schema).map_err(|why| format!("its schema: {why}"))?;
    let sync = file.take(SYNC).map_err(said)?;
    let mut values = Vec::new();
    // Of all blocks together.
    let mut left = Left::default();
    while !file.rest.is_empty() {
        let count = file.number().map_err(said)?;
        let block = file.counted().map_err(said)?;
        let inflated = match head.codec.as_deref() {
            None | Some("null") => None,
            Some("deflate") => Some(inflate(block)?),
            Some(codec) => return Err(format!("its codec {codec:?} is not read here")),
        };
        let mut reader = Reader::new(inflated.as_deref().unwrap_or(block), left);
        for _ in 0..count {
            values.push(reader.value(&avro, avro.root, 0).map_err(said)?);
        }
        left = reader.left;
        if file.take(SYNC).map_err(said)? != sync {
            return Err("a block does not end with the marker of the file".to_owned());
        }
    }
    Ok(Value::Array(values))
}

#[derive(Default)]
struct Head {
    schema: Option<String>,
    codec: Option<String>,
}

fn head(file: &mut Reader<'_>) -> Result<Head, Failed> {
    let mut head = Head::default();
    loop {
        let count = file.number()?;
        if count == 0 {
            return Ok(head);
        }
        if count < 0 {
            file.number()?;
        }
        // Each takes two bytes at least, so a false count ends with the bytes.
        for _ in 0..count.unsigned_abs() {
            let name = file.text()?;
            let value = String::from_utf8_lossy(file.counted()?).into_owned();
            match name.as_str() {
                "avro.schema" => head.schema = Some(value),
                "avro.codec" => head.codec = Some(value),
                _ => {}
            }
        }
    }
}

fn inflate(block: &[u8]) -> Result<Vec<u8>, String> {
    let mut inflated = Vec::new();
    let most = DECODED_BYTES as u64 + 1;
    let read = DeflateDecoder::new(block)
        .take(most)
        .read_to_end(&mut inflated);
    match read {
        Ok(_) if inflated.len() > DECODED_BYTES => {
            Err(format!("a block of more than {DECODED_BYTES} bytes"))
        }
        Ok(_) => Ok(inflated),
        Err(error) => Err(format!("a block cannot be inflated: {error}")),
    }
}
