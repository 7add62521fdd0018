//! AMQP 0-9-1: frames of type, channel, length, payload and end (section 4.2.3 of its
//! specification); of method frames class and method.

use super::Asked;

const METHOD: u8 = 1;

/// The first whole frame and its length in bytes; a method is told, content and heartbeats are not.
pub(super) fn frame(bytes: &[u8]) -> Option<(usize, Option<Asked>)> {
    // The first words of a connection are no frame.
    if bytes.starts_with(b"AMQP") {
        return (bytes.len() >= 8).then_some((8, None));
    }
    let length = u32::from_be_bytes(bytes.get(3..7)?.try_into().unwrap()) as usize;
    let whole = 7 + length + 1;
    let payload = bytes.get(..whole)?.get(7..7 + length)?;
    if bytes[0] != METHOD {
        return Some((whole, None));
    }
    let number = |at: usize| u16::from_be_bytes([payload[at], payload[at + 1]]);
    let (name, reads) = name(number(0), number(2));
    let asked = Asked {
        name,
        detail: String::from_utf8_lossy(&payload[4..]).into_owned(),
        reads,
    };
    Some((whole, Some(asked)))
}

/// Only what opens and closes, and what a reader of a stream says: it takes nothing away there. Of
/// which queue, `detail` tells.
fn name(class: u16, method: u16) -> (String, bool) {
    let (name, reads) = match (class, method) {
        (10, _) => ("connection", true),
        (20, 10) => ("channel.open", true),
        (20, 40 | 41) => ("channel.close", true),
        (60, 10) => ("basic.qos", true),
        (60, 20) => ("basic.consume", true),
        (60, 30) => ("basic.cancel", true),
        (60, 80) => ("basic.ack", true),
        (60, 70) => ("basic.get", false),
        (60, 90 | 120) => ("basic.nack or reject", false),
        (60, 40) => ("basic.publish", false),
        (40, 10) => ("exchange.declare", false),
        (50, 10) => ("queue.declare", false),
        (50, 20) => ("queue.bind", false),
        (50, 30) => ("queue.purge", false),
        (50, 40) => ("queue.delete", false),
        _ => return (format!("class {class} method {method}"), false),
    };
    (name.to_owned(), reads)
}
