//! How RocketMQ clients write spans.
//!
//! Recorded from a running client: Java agent with the remoting client. Unverified, read in code
//! only: the gRPC client.

use waybill_model::messaging::{DestinationKind, DestinationRole, Facts};
use waybill_model::span::{Span, Value};

use crate::adapter::{Dialect, Habits};
use crate::convention::Said;
use crate::roles;

pub(super) const SYSTEM: &str = "rocketmq";

const SYSTEM_TOPICS: &[&str] = &["RMQ_SYS_", "SCHEDULE_TOPIC_XXXX", "rmq_sys_"];

pub(super) struct RocketDialect;

impl Dialect for RocketDialect {
    fn speaks(&self, system: &str) -> bool {
        system.eq_ignore_ascii_case(SYSTEM)
    }

    fn facts(&self, span: &Span, said: &Said<'_>) -> Option<Facts> {
        let mut facts = said.facts(SYSTEM, span);
        // Retries, delayed and transactional sends report the position in a system topic under
        // the origin's name: a position of RocketMQ's spans says nothing.
        facts.offset = None;
        for link in &mut facts.links {
            link.offset = None;
        }
        // A batch send joins the ids of its messages; one span, many messages, none of them its own.
        if facts
            .message_id
            .as_deref()
            .is_some_and(|id| id.contains(','))
        {
            facts.message_id = None;
        }
        if facts.key.is_none() {
            facts.key = said.message_keys.and_then(only_key);
        }
        if let Some(destination) = &facts.destination {
            facts.destination_role = self.destination_role(destination);
        }
        facts.failed |= span
            .text("messaging.rocketmq.consume_result")
            .is_some_and(|result| result.eq_ignore_ascii_case("FAILURE"));
        Some(facts)
    }

    fn destination_role(&self, name: &str) -> DestinationRole {
        if SYSTEM_TOPICS.iter().any(|topic| name.starts_with(topic)) {
            DestinationRole::Internal
        } else if name.starts_with("%RETRY%") {
            DestinationRole::Retry
        } else if name.starts_with("%DLQ%") {
            DestinationRole::DeadLetter
        } else {
            roles::by_name(name)
        }
    }

    fn destination_kind(&self, _name: &str) -> Option<DestinationKind> {
        Some(DestinationKind::Topic)
    }

    fn habits(&self) -> Habits {
        Habits {
            one_name: true,
            positions: false,
        }
    }
}

fn only_key(keys: &Value) -> Option<String> {
    match keys {
        Value::String(text) => Some(text.clone()),
        Value::Array(values) => values.first().and_then(Value::as_str).map(str::to_owned),
        _ => None,
    }
    .filter(|key| !key.is_empty())
}
