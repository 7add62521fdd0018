//! The chain as rows on one clock: who worked when, and what the message waited for between.

use waybill_model::journey::{Attempt, Delivery, HopRole, Journey, Outcome};
use waybill_model::time::Timestamp;

/// A clock is at least this long, so that shares of it can be told.
pub const TINIEST_MS: f64 = 0.001;

pub struct Lanes<'a> {
    /// The length of the clock in milliseconds, more than 0.
    pub total_ms: f64,
    pub messages: Vec<MessageLanes<'a>>,
}

pub struct MessageLanes<'a> {
    pub journey: &'a Journey,
    /// How many causes stand between the root and this message.
    pub depth: usize,
    pub rows: Vec<Row<'a>>,
}

pub struct Row<'a> {
    pub what: What<'a>,
    /// Milliseconds from the start of the clock; `None`: not known.
    pub at_ms: Option<f64>,
    /// `None` where nothing was waited for, or clocks differ.
    pub wait: Option<Wait>,
    pub took_ms: Option<f64>,
}

pub enum What<'a> {
    Published(&'a str),
    /// Nobody told who published it.
    PublishUnknown,
    Attempt {
        delivery: &'a Delivery,
        attempt: &'a Attempt,
        /// Where it was read, if not where it was published.
        read_from: Option<(HopRole, &'a str)>,
    },
    DeadLetter(&'a str),
    NoDelivery,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wait {
    pub from_ms: f64,
    pub ms: f64,
    pub backoff: bool,
}

pub fn lanes(chain: &[Journey]) -> Lanes<'_> {
    let instants = || chain.iter().flat_map(instants);
    let start = instants().min().unwrap_or_default();
    let end = instants().max().unwrap_or_default();
    Lanes {
        total_ms: end.ms_since(start).max(TINIEST_MS),
        messages: chain
            .iter()
            .map(|journey| MessageLanes {
                journey,
                depth: depth(chain, journey),
                rows: rows(journey, start),
            })
            .collect(),
    }
}

fn instants(journey: &Journey) -> Vec<Timestamp> {
    let mut all = Vec::new();
    if let Some(producer) = &journey.producer {
        all.extend([producer.started_at, producer.ended_at]);
    }
    for attempt in journey.deliveries.iter().flat_map(|d| &d.attempts) {
        all.extend([attempt.started_at, attempt.ended_at]);
    }
    all.extend(journey.dead_letter.as_ref().and_then(|dead| dead.at));
    all
}

fn depth(chain: &[Journey], journey: &Journey) -> usize {
    let mut depth = 0;
    let mut at = journey;
    // Bounded by the chain's length, should causes ever form a ring.
    while depth < chain.len()
        && let Some(cause) = at.caused_by.as_ref()
        && let Some(next) = chain.iter().find(|journey| journey.id == *cause)
    {
        depth += 1;
        at = next;
    }
    depth
}

fn rows(journey: &Journey, start: Timestamp) -> Vec<Row<'_>> {
    let mut rows = vec![match &journey.producer {
        Some(producer) => Row {
            what: What::Published(&producer.service),
            at_ms: Some(producer.started_at.ms_since(start)),
            wait: None,
            took_ms: Some(producer.ended_at.ms_since(producer.started_at)),
        },
        None => Row {
            what: What::PublishUnknown,
            at_ms: None,
            wait: None,
            took_ms: None,
        },
    }];
    let sent = journey.producer.as_ref().map(|producer| producer.ended_at);
    for delivery in &journey.deliveries {
        let mut before: Option<&Attempt> = None;
        for attempt in &delivery.attempts {
            rows.push(attempt_row(journey, delivery, attempt, before, sent, start));
            before = Some(attempt);
        }
    }
    if journey.deliveries.is_empty() {
        rows.push(Row {
            what: What::NoDelivery,
            at_ms: None,
            wait: None,
            took_ms: None,
        });
    }
    if let Some(dead) = &journey.dead_letter {
        rows.push(Row {
            what: What::DeadLetter(&dead.destination),
            at_ms: dead.at.map(|at| at.ms_since(start)),
            wait: None,
            took_ms: None,
        });
    }
    rows
}

fn attempt_row<'a>(
    journey: &'a Journey,
    delivery: &'a Delivery,
    attempt: &'a Attempt,
    before: Option<&Attempt>,
    sent: Option<Timestamp>,
    start: Timestamp,
) -> Row<'a> {
    let hop = journey.hops.get(attempt.hop);
    let dead_at = || journey.dead_letter.as_ref().and_then(|dead| dead.at);
    let free_since = match (hop.map(|hop| hop.role), before) {
        (Some(HopRole::DeadLetter), _) => dead_at(),
        (_, Some(before)) => Some(before.ended_at),
        (_, None) => sent,
    };
    let backoff = before.is_some() && attempt.backoff_ms > 0.0;
    let wait = free_since
        .map(|from| (from, attempt.started_at.ms_since(from)))
        .filter(|(_, ms)| *ms > 0.0)
        .map(|(from, ms)| Wait {
            from_ms: from.ms_since(start),
            ms,
            backoff,
        });
    Row {
        what: What::Attempt {
            delivery,
            attempt,
            read_from: hop
                .filter(|hop| hop.role != HopRole::Origin)
                .and_then(|hop| Some((hop.role, hop.destination.as_deref()?))),
        },
        at_ms: Some(attempt.started_at.ms_since(start)),
        wait,
        took_ms: Some(attempt.ended_at.ms_since(attempt.started_at)),
    }
}

impl Row<'_> {
    /// The class of the row's bar.
    pub fn bar(&self) -> &'static str {
        match &self.what {
            What::Attempt { attempt, .. } => match attempt.outcome {
                Outcome::Ok => "bar work",
                Outcome::Failed => "bar failed",
                Outcome::Unknown => "bar unknown",
            },
            What::DeadLetter(_) => "bar dead",
            _ => "bar publish",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_model::journey::{DeliveryState, JourneyState, Message, Producer, Witness};

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_millis(1_795_444_307_000 + ms)
    }

    fn attempt(n: u32, from: i64, to: i64, backoff_ms: f64) -> Attempt {
        Attempt {
            n,
            hop: 0,
            service: "billing".into(),
            version: None,
            instance: None,
            trace_id: "00000000000000000000000000000001".parse().unwrap(),
            span_id: "0000000000000001".parse().unwrap(),
            started_at: at(from),
            ended_at: at(to),
            outcome: Outcome::Ok,
            error: None,
            joined_by: Some(Witness::Link),
            backoff_ms,
            cause: None,
        }
    }

    fn journey(id: &str, caused_by: Option<&str>, attempts: Vec<Attempt>) -> Journey {
        Journey {
            id: id.into(),
            state: JourneyState::Delivered,
            message: Message {
                system: "queue".into(),
                cluster: None,
                destination: Some("orders".into()),
                partition: None,
                offset: None,
                message_id: None,
                key: None,
                size_bytes: None,
                created_at: None,
            },
            hops: vec![],
            trace_ids: vec![],
            producer: Some(Producer {
                service: "shop".into(),
                span_id: "0000000000000001".parse().unwrap(),
                trace_id: "00000000000000000000000000000001".parse().unwrap(),
                started_at: at(0),
                ended_at: at(10),
            }),
            deliveries: vec![Delivery {
                group: None,
                service: Some("billing".into()),
                state: DeliveryState::Done,
                attempts,
            }],
            budget: vec![],
            dead_letter: None,
            replays: vec![],
            caused: vec![],
            caused_by: caused_by.map(Into::into),
            gaps: vec![],
            evidence: vec![],
            diagnosis: None,
            diagnosis_rule: None,
            owner: None,
            overtaken_by: Vec::new(),
            assembling: false,
        }
    }

    #[test]
    fn waits_stand_between_what_was_done() {
        let chain = [journey(
            "a",
            None,
            vec![attempt(1, 30, 40, 0.0), attempt(2, 140, 150, 100.0)],
        )];
        let lanes = lanes(&chain);
        assert_eq!(lanes.total_ms, 150.0);
        let rows = &lanes.messages[0].rows;
        assert_eq!(rows.len(), 3);
        let wait = |from_ms, ms, backoff| {
            Some(Wait {
                from_ms,
                ms,
                backoff,
            })
        };
        assert_eq!(rows[1].wait, wait(10.0, 20.0, false));
        assert_eq!(rows[2].wait, wait(40.0, 100.0, true));
    }

    #[test]
    fn a_clock_that_runs_behind_gives_no_wait() {
        let chain = [journey("a", None, vec![attempt(1, 5, 40, 0.0)])];
        assert_eq!(lanes(&chain).messages[0].rows[1].wait, None);
    }

    #[test]
    fn depth_counts_causes_and_survives_rings() {
        let chain = [
            journey("a", None, vec![]),
            journey("b", Some("a"), vec![]),
            journey("c", Some("b"), vec![]),
            journey("r", Some("r"), vec![]),
        ];
        let depths: Vec<_> = lanes(&chain).messages.iter().map(|m| m.depth).collect();
        assert_eq!(depths[..3], [0, 1, 2]);
        assert!(depths[3] <= chain.len());
    }
}
