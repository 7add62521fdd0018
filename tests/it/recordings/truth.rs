//! `truth.json`: what the programs and the brokers say happened.

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Truth {
    pub messages: Vec<Message>,
    pub log: Vec<LogLine>,
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

impl Sent {
    pub fn destination(&self) -> &str {
        let exchange = self.exchange.as_deref().filter(|e| !e.is_empty());
        self.topic
            .as_deref()
            .or(exchange)
            .or(self.routing_key.as_deref())
            .unwrap_or("")
    }
}
