//! Stored messages as a person sees them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use waybill_broker::browse::Stored;
use waybill_model::stored::{Payload, Property, StoredHeader, StoredMessage};

use super::Sight;
use super::sieve::Kept;
use crate::journey::masking::{MASK, is_secret, without_credentials};
use crate::payload::{Decoded, Decoder, Veil};

/// For all schemas that the messages of one page still need.
const SCHEMAS: Duration = Duration::from_secs(3);
/// Of one header as shown, in characters, and of all headers of a message.
const HEADER_CHARS: usize = 4_096;
const HEADERS: usize = 200;
/// Bytes of the texts of one page: beyond it values are left out, and said to be.
const PAGE_BYTES: usize = 8 << 20;
/// Properties that say nothing of what a producer wrote, a routing key or the id of a customer.
const OF_BROKER: &[&str] = &[
    "compression",
    "producer_id",
    "transactional",
    "delivery_mode",
    "priority",
    "exchange",
    "cut_from_bytes",
    "delay_level",
    "reconsume_times",
    "transaction",
    "transaction_check_times",
];

pub(super) fn withheld(sight: Sight) -> Vec<String> {
    match sight.bodies {
        true => Vec::new(),
        false => ["key", "value", "header_values"].map(str::to_owned).into(),
    }
}

/// Whether properties of these are left out as well.
pub(super) fn withholds_properties(kept: &[Kept], sight: Sight) -> bool {
    let mut properties = kept.iter().flat_map(|stored| &stored.properties);
    properties.any(|(name, _)| !is_shown(name, sight))
}

fn is_shown(property: &str, sight: Sight) -> bool {
    sight.bodies || OF_BROKER.contains(&property)
}

pub(super) async fn items(kept: Vec<Kept>, decoder: &Decoder, sight: Sight) -> Vec<StoredMessage> {
    if sight.bodies {
        learn(&kept, decoder).await;
    }
    let mut left = PAGE_BYTES;
    kept.iter()
        .map(|stored| {
            let mut item = one(stored, decoder, sight);
            for payload in item.key.iter_mut().chain(&mut item.value) {
                // Text and JSON say the same twice.
                let size = payload.text.len() * 2;
                match left.checked_sub(size) {
                    Some(rest) => left = rest,
                    None => leave_out(payload),
                }
            }
            item
        })
        .collect()
}

fn leave_out(payload: &mut Payload) {
    payload.text.clear();
    payload.json = None;
    payload.truncated = true;
    payload.problem = Some("left out: the page is full; ask for fewer messages at once".to_owned());
}

async fn learn(kept: &[Kept], decoder: &Decoder) {
    let until = Instant::now() + SCHEMAS;
    for id in missing(kept, decoder) {
        let patience = until.saturating_duration_since(Instant::now());
        if patience.is_zero() {
            return;
        }
        decoder.learn(id, patience).await;
    }
}

/// Schemas that must be asked for, each once.
pub(super) fn missing(kept: &[Kept], decoder: &Decoder) -> BTreeSet<u32> {
    let bodies = kept.iter().flat_map(|one| one.value.iter().chain(&one.key));
    bodies.filter_map(|bytes| decoder.missing(bytes)).collect()
}

pub(super) fn one(stored: &Stored, decoder: &Decoder, sight: Sight) -> StoredMessage {
    let payload = |bytes: &Option<Bytes>| {
        let bytes = bytes.as_ref().filter(|_| sight.bodies)?;
        Some(of_decoded(decoder.decode(bytes, sight.veil), bytes.len()))
    };
    let headers = headers(&stored.headers, sight);
    StoredMessage {
        partition: stored.partition.clone(),
        offset: stored.offset,
        at: stored.at,
        is_broker_time: stored.is_broker_time,
        size_bytes: stored.size_bytes,
        key: payload(&stored.key),
        value: payload(&stored.value),
        has_no_body: sight.bodies.then_some(stored.value.is_none()),
        headers: headers
            .into_iter()
            .map(|(name, value)| StoredHeader { name, value })
            .collect(),
        properties: stored
            .properties
            .iter()
            .filter(|(name, _)| is_shown(name, sight))
            .map(|(name, value)| Property {
                name: (*name).to_owned(),
                value: veiled(name, value, sight.veil),
            })
            .collect(),
        journey: None,
    }
}

fn of_decoded(decoded: Decoded, size_bytes: usize) -> Payload {
    Payload {
        format: decoded.format.to_owned(),
        // Text and JSON that is whole, or the text's beginning alone.
        json: decoded.json.filter(|_| !decoded.truncated),
        text: decoded.text,
        schema: decoded.schema,
        truncated: decoded.truncated,
        problem: decoded.problem,
        size_bytes: size_bytes as u64,
    }
}

/// Names, and what they hold where the reader may see it.
pub(super) fn headers(
    headers: &[(String, Option<Bytes>)],
    sight: Sight,
) -> Vec<(String, Option<String>)> {
    let shown = headers.iter().take(HEADERS).map(|(name, value)| {
        let value = value.as_ref().filter(|_| sight.bodies);
        let value = value.map(|bytes| veiled(name, &header_text(bytes), sight.veil));
        (name.chars().take(HEADER_CHARS).collect(), value)
    });
    shown.collect()
}

fn header_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.chars().take(HEADER_CHARS).collect(),
        Err(_) => format!(
            "0x{}",
            hex::encode(&bytes[..bytes.len().min(HEADER_CHARS / 2)])
        ),
    }
}

fn veiled(name: &str, value: &str, veil: Veil) -> String {
    match veil {
        Veil::Bare => value.to_owned(),
        Veil::Masked if is_secret(name) => MASK.to_owned(),
        Veil::Masked => without_credentials(value),
    }
}
