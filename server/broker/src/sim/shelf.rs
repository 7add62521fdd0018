//! What a simulated cluster stores.

use std::collections::BTreeMap;

use bytes::Bytes;
use waybill_model::time::Timestamp;

use crate::browse::{Price, Shelf, Stored};

/// A destination with its messages.
#[derive(Clone, Debug)]
pub struct SimShelf {
    pub shelf: Shelf,
    /// In place of the price that its messages have.
    pub price: Option<Price>,
    pub partitions: BTreeMap<String, SimPartition>,
    /// As in [`crate::browse::Read::unread`].
    pub unread: Vec<(String, String)>,
}

#[derive(Clone, Debug, Default)]
pub struct SimPartition {
    /// In the order of their offsets, which may have gaps.
    pub messages: Vec<Stored>,
    /// The offset after the last; more than that where markers follow.
    pub end: i64,
}

impl SimShelf {
    pub fn new(namespace: Option<&str>, name: &str) -> Self {
        Self {
            shelf: Shelf {
                namespace: namespace.map(str::to_owned),
                name: name.to_owned(),
            },
            price: None,
            partitions: BTreeMap::new(),
            unread: Vec::new(),
        }
    }

    /// Partitions `0` to `partitions - 1`, empty.
    pub fn with_partitions(mut self, partitions: usize) -> Self {
        let all = (0..partitions).map(|at| (at.to_string(), SimPartition::default()));
        self.partitions.extend(all);
        self
    }

    /// At the end of a partition, which is made where it is new. Its offset is given here.
    pub fn put(&mut self, partition: &str, mut message: Stored) {
        let place = self.partitions.entry(partition.to_owned()).or_default();
        message.partition = Some(partition.to_owned());
        message.offset = place.end;
        place.end += 1;
        place.messages.push(message);
    }

    /// Retention: everything before `offset` is gone.
    pub fn drop_before(&mut self, partition: &str, offset: i64) {
        if let Some(place) = self.partitions.get_mut(partition) {
            place.messages.retain(|message| message.offset >= offset);
            place.end = place.end.max(offset);
        }
    }
}

impl SimPartition {
    pub(super) fn low(&self) -> i64 {
        self.messages
            .first()
            .map_or(self.end, |message| message.offset)
    }
}

/// A message without headers, stored at this Unix time in milliseconds.
pub fn stored(at_ms: i64, key: Option<&str>, value: &str) -> Stored {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    Stored {
        partition: None,
        offset: 0,
        at: Some(Timestamp::from_unix_millis(at_ms)),
        is_broker_time: false,
        key: key.map(bytes),
        value: Some(bytes(value)),
        headers: Vec::new(),
        properties: Vec::new(),
        size_bytes: (key.map_or(0, str::len) + value.len()) as u64,
    }
}
