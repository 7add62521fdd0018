//! RocketMQ's remoting protocol, as little of it as tests need to set a scene and to look at a
//! broker past the code under test. Blocking; a connection a call.
//!
//! A frame is `u32` length of what follows, `u32` whose high byte names the header's form (0: JSON)
//! and whose low three bytes are its length, header, body. Source: `RemotingCommand` of 5.5.0.

use std::collections::BTreeMap;
use std::io::{Read, Result, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde::Deserialize;

/// What a server answered; code 0 is success.
#[derive(Debug)]
pub struct Answer {
    pub code: i64,
    pub remark: Option<String>,
    pub fields: BTreeMap<String, String>,
    /// Often not JSON: fastjson writes bare keys.
    pub body: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    code: i64,
    remark: Option<String>,
    ext_fields: Option<BTreeMap<String, String>>,
}

const DEADLINE: Duration = Duration::from_secs(10);

/// Asks `address` (`host:port`); an error where nothing answers within ten seconds.
pub fn call(address: &str, code: u16, fields: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
    let fields: BTreeMap<_, _> = fields.iter().copied().collect();
    // A recent version: an old client is answered with bare keys everywhere.
    let header = serde_json::json!({
        "code": code, "flag": 0, "language": "OTHER", "opaque": 1, "version": 475,
        "serializeTypeCurrentRPC": "JSON", "extFields": fields,
    })
    .to_string();
    let mut frame = Vec::new();
    frame.extend(((4 + header.len() + body.len()) as u32).to_be_bytes());
    frame.extend((header.len() as u32).to_be_bytes());
    frame.extend(header.as_bytes());
    frame.extend(body);

    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    stream.write_all(&frame)?;
    let mut lengths = [0; 8];
    stream.read_exact(&mut lengths)?;
    let [all @ .., _, _, _, _] = lengths;
    let [_, _, _, _, _, header @ ..] = lengths;
    let total = u32::from_be_bytes(all) as usize - 4;
    let header = u32::from_be_bytes([0, header[0], header[1], header[2]]) as usize;
    let mut rest = vec![0; total];
    stream.read_exact(&mut rest)?;
    let body = rest.split_off(header);
    let header: Header = serde_json::from_slice(&rest)?;
    Ok(Answer {
        code: header.code,
        remark: header.remark,
        fields: header.ext_fields.unwrap_or_default(),
        body,
    })
}

/// A message as a broker keeps it.
#[derive(Debug)]
pub struct Stored {
    pub queue_offset: i64,
    pub reconsume_times: i32,
    pub topic: String,
    pub properties: BTreeMap<String, String>,
    /// As it lies there: of a compressed one, the compressed bytes.
    pub body: Vec<u8>,
}

/// The messages of one answer to a pull. Source: `MessageDecoder` of 5.5.0.
pub fn stored(mut bytes: &[u8]) -> Vec<Stored> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (one, rest) = bytes.split_at(u32::from_be_bytes(fixed(bytes, 0)) as usize);
        all.push(message(one));
        bytes = rest;
    }
    all
}

fn message(bytes: &[u8]) -> Stored {
    let system_flag = i32::from_be_bytes(fixed(bytes, 36));
    let host = |bit: i32| if system_flag & bit == 0 { 8 } else { 20 };
    let stored_at = 48 + host(1 << 4);
    let retried_at = stored_at + 8 + host(1 << 5);
    let body_at = retried_at + 12;
    let body_length = u32::from_be_bytes(fixed(bytes, body_at)) as usize;
    let body = &bytes[body_at + 4..][..body_length];
    let rest = &bytes[body_at + 4 + body_length..];
    // The second form of the magic number has two bytes for the topic's length.
    let long = i32::from_be_bytes(fixed(bytes, 4)) == -626_843_477;
    let (topic_length, rest) = if long {
        (usize::from(u16::from_be_bytes(fixed(rest, 0))), &rest[2..])
    } else {
        (usize::from(rest[0]), &rest[1..])
    };
    let (topic, rest) = rest.split_at(topic_length);
    let properties = String::from_utf8_lossy(&rest[2..]);
    Stored {
        queue_offset: i64::from_be_bytes(fixed(bytes, 20)),
        reconsume_times: i32::from_be_bytes(fixed(bytes, retried_at)),
        topic: String::from_utf8_lossy(topic).into_owned(),
        properties: properties
            .split('\u{2}')
            .filter_map(|one| one.split_once('\u{1}'))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: body.to_vec(),
    }
}

fn fixed<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().unwrap()
}
