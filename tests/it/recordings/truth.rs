//! `truth.json`: what the programs and the brokers say happened.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Truth {
    pub messages: Vec<Message>,
    pub log: Vec<LogLine>,
    #[serde(default)]
    pub broker: Broker,
}

/// Topic, partition, offset.
pub type Place = (String, i64, i64);

/// What the broker held afterwards.
#[derive(Default, Deserialize)]
pub struct Broker {
    #[serde(default)]
    pub topics: BTreeMap<String, Vec<Record>>,
}

#[derive(Deserialize)]
pub struct Record {
    pub partition: i64,
    pub offset: i64,
    /// Name and value; a value that is no text is an object.
    pub headers: Vec<(String, serde_json::Value)>,
}

#[derive(Deserialize)]
pub struct Message {
    pub id: String,
    pub sent: Vec<Sent>,
}

#[derive(Deserialize)]
pub struct Sent {
    pub topic: Option<String>,
    pub exchange: Option<String>,
    pub routing_key: Option<String>,
    pub partition: Option<i64>,
    pub offset: Option<i64>,
    pub current: Option<Current>,
}

/// The span that was current in the program at that moment.
#[derive(Clone, Deserialize)]
pub struct Current {
    pub span_id: String,
}

#[derive(Deserialize)]
pub struct LogLine {
    pub event: String,
    pub id: Option<String>,
    pub topic: Option<String>,
    pub partition: Option<i64>,
    pub offset: Option<i64>,
    pub current: Option<Current>,
}

impl Record {
    /// The last of that name: what was added to copied ones.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().rev().filter(|(n, _)| n == name);
        values.find_map(|(_, value)| value.as_str())
    }

    /// The id of the span that put it, as its trace header says.
    pub fn put_by(&self) -> Option<&str> {
        self.header("traceparent")?.split('-').nth(2)
    }
}

impl Sent {
    pub fn place(&self) -> Option<Place> {
        Some((self.topic.clone()?, self.partition?, self.offset?))
    }

    pub fn destination(&self) -> &str {
        let exchange = self.exchange.as_deref().filter(|e| !e.is_empty());
        self.topic
            .as_deref()
            .or(exchange)
            .or(self.routing_key.as_deref())
            .unwrap_or("")
    }
}
