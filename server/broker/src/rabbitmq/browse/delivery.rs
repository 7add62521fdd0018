//! From a delivery to a stored message.

use bytes::Bytes;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable};
use waybill_model::time::Timestamp;

use crate::browse::Stored;

const OFFSET: &str = "x-stream-offset";
/// Of a longer body the beginning is told, and how long it is.
const LONGEST_BODY: usize = 16 * 1024 * 1024;
/// Tables in tables, as in `x-death`.
const DEEPEST: u32 = 8;

/// `None` where the broker does not say where it lies, as every stream does.
pub(super) fn stored(queue: &str, delivery: Delivery) -> Option<Stored> {
    let properties = &delivery.properties;
    let headers = properties.headers().as_ref();
    let offset = match headers?.inner().get(OFFSET)? {
        AMQPValue::LongLongInt(offset) => *offset,
        AMQPValue::Timestamp(offset) => i64::try_from(*offset).ok()?,
        AMQPValue::LongInt(offset) => i64::from(*offset),
        _ => return None,
    };
    let headers: Vec<(String, Option<Bytes>)> = headers
        .into_iter()
        .flat_map(|table| table.inner())
        .filter(|(name, _)| name.as_str() != OFFSET)
        .map(|(name, value)| (name.as_str().to_owned(), header(value)))
        .collect();
    let length = delivery.data.len();
    let of_headers = headers
        .iter()
        .map(|(name, value)| name.len() + value.as_ref().map_or(0, Bytes::len));
    let size_bytes = length + of_headers.sum::<usize>();
    let mut told = told(&delivery);
    let mut body = delivery.data;
    if length > LONGEST_BODY {
        body.truncate(LONGEST_BODY);
        told.push(("cut_from_bytes", length.to_string()));
    }
    let seconds = *delivery.properties.timestamp();
    Some(Stored {
        partition: Some(queue.to_owned()),
        offset,
        // What the publisher set; the broker's own time is not told with the message.
        at: seconds.map(|s| {
            Timestamp::from_unix_millis(i64::try_from(s).unwrap_or(i64::MAX).saturating_mul(1000))
        }),
        is_broker_time: false,
        key: None,
        value: Some(body.into()),
        headers,
        properties: told,
        size_bytes: size_bytes as u64,
    })
}

fn told(delivery: &Delivery) -> Vec<(&'static str, String)> {
    let properties = &delivery.properties;
    let mut told = vec![
        ("exchange", delivery.exchange.to_string()),
        ("routing_key", delivery.routing_key.to_string()),
    ];
    let texts = [
        ("content_type", properties.content_type()),
        ("content_encoding", properties.content_encoding()),
        ("message_id", properties.message_id()),
        ("correlation_id", properties.correlation_id()),
        ("reply_to", properties.reply_to()),
        ("expiration", properties.expiration()),
        ("type", properties.kind()),
        ("user_id", properties.user_id()),
        ("app_id", properties.app_id()),
    ];
    for (name, value) in texts {
        told.extend(value.as_ref().map(|value| (name, value.to_string())));
    }
    let numbers = [
        ("delivery_mode", properties.delivery_mode()),
        ("priority", properties.priority()),
    ];
    for (name, value) in numbers {
        told.extend(value.as_ref().map(|value| (name, value.to_string())));
    }
    told
}

/// Texts and bytes as they are, everything else in words.
fn header(value: &AMQPValue) -> Option<Bytes> {
    match value {
        AMQPValue::Void => None,
        AMQPValue::LongString(text) => Some(Bytes::copy_from_slice(text.as_bytes())),
        AMQPValue::ByteArray(bytes) => Some(Bytes::copy_from_slice(bytes.as_slice())),
        other => {
            let mut words = String::new();
            write(other, DEEPEST, &mut words);
            Some(words.into())
        }
    }
}

/// Like JSON, for a person.
fn write(value: &AMQPValue, depth: u32, to: &mut String) {
    match value {
        AMQPValue::Boolean(value) => to.push_str(&value.to_string()),
        AMQPValue::ShortShortInt(value) => to.push_str(&value.to_string()),
        AMQPValue::ShortShortUInt(value) => to.push_str(&value.to_string()),
        AMQPValue::ShortInt(value) => to.push_str(&value.to_string()),
        AMQPValue::ShortUInt(value) => to.push_str(&value.to_string()),
        AMQPValue::LongInt(value) => to.push_str(&value.to_string()),
        AMQPValue::LongUInt(value) => to.push_str(&value.to_string()),
        AMQPValue::LongLongInt(value) => to.push_str(&value.to_string()),
        AMQPValue::Float(value) => to.push_str(&value.to_string()),
        AMQPValue::Double(value) => to.push_str(&value.to_string()),
        AMQPValue::Timestamp(value) => to.push_str(&value.to_string()),
        AMQPValue::DecimalValue(value) => to.push_str(&format!("{value:?}")),
        AMQPValue::ShortString(text) => to.push_str(&format!("{:?}", text.as_str())),
        AMQPValue::LongString(text) => {
            to.push_str(&format!("{:?}", String::from_utf8_lossy(text.as_bytes())));
        }
        AMQPValue::ByteArray(bytes) => to.push_str(&format!("{} bytes", bytes.len())),
        AMQPValue::Void => to.push_str("null"),
        AMQPValue::FieldArray(_) | AMQPValue::FieldTable(_) if depth == 0 => to.push('…'),
        AMQPValue::FieldArray(items) => {
            to.push('[');
            for (at, item) in items.as_slice().iter().enumerate() {
                to.push_str(if at > 0 { "," } else { "" });
                write(item, depth - 1, to);
            }
            to.push(']');
        }
        AMQPValue::FieldTable(table) => fields(table, depth - 1, to),
    }
}

fn fields(table: &FieldTable, depth: u32, to: &mut String) {
    to.push('{');
    for (at, (name, value)) in table.inner().iter().enumerate() {
        to.push_str(if at > 0 { "," } else { "" });
        to.push_str(&format!("{:?}:", name.as_str()));
        write(value, depth, to);
    }
    to.push('}');
}
