//! Order lost: a later message of the same key that a group finished before this one.
//!
//! A group that lays a message aside for a retry, or gets it a second time, goes on with what came
//! behind it. Told only where all of it is known: key, place, group, and when both were finished.

use waybill_model::journey::{Attempt, Delivery, HopRole, Journey, Message, Outcome, Overtaken};
use waybill_model::time::{TimeRange, Timestamp};

use super::rebuild::began_at;

/// Clocks of two processes are taken to differ by no more.
const SKEW_MS: i64 = 1_000;
/// Told of one message.
const MOST: usize = 20;

/// When spans of messages that may have overtaken it begin; `None` where none can have: no key, or
/// no group that failed at it or tried it again.
pub fn stretch(journey: &Journey) -> Option<TimeRange> {
    journey.message.key.as_ref()?;
    let troubled = journey.deliveries.iter().filter(|d| in_trouble(journey, d));
    let finished = troubled.filter_map(|d| finish(journey, d)).max_by_key(end);
    let tried = journey.deliveries.iter().flat_map(|d| tried(journey, d));
    let first = tried.map(|attempt| attempt.started_at).min();
    let from = first.map_or(began_at(journey), |first| first.min(began_at(journey)));
    Some(TimeRange {
        from: from.plus_ms(-SKEW_MS),
        to: finished?.ended_at.plus_ms(SKEW_MS),
    })
}

/// One group tried it more than once.
pub fn was_tried_again(journey: &Journey) -> bool {
    let deliveries = journey.deliveries.iter();
    deliveries
        .map(|delivery| tried(journey, delivery).count())
        .any(|count| count > 1)
}

/// Which of the others overtook it, and in which group; the first that was finished first.
pub fn by(journey: &Journey, others: &[Journey]) -> Vec<Overtaken> {
    let troubled: Vec<&Delivery> = journey
        .deliveries
        .iter()
        .filter(|delivery| in_trouble(journey, delivery))
        .collect();
    let alike = others
        .iter()
        .filter(|other| other.id != journey.id && is_alike(&journey.message, &other.message));
    let mut found: Vec<Overtaken> = alike
        .flat_map(|other| {
            let each = troubled.iter();
            each.filter_map(move |delivery| overtaking(journey, delivery, other))
        })
        .collect();
    found.sort_by(|a, b| {
        (a.finished_at, &a.journey, &a.group).cmp(&(b.finished_at, &b.journey, &b.group))
    });
    found.dedup();
    found.truncate(MOST);
    found
}

fn overtaking(journey: &Journey, delivery: &Delivery, other: &Journey) -> Option<Overtaken> {
    let group = delivery.group.as_ref()?;
    let (first, last) = (begin(journey, delivery)?, finish(journey, delivery)?);
    let theirs = other
        .deliveries
        .iter()
        .filter(|theirs| theirs.group.as_ref() == Some(group));
    theirs
        .filter_map(|theirs| Some((begin(other, theirs)?, finish(other, theirs)?)))
        .find(|(their_first, their_last)| {
            their_last.outcome == Outcome::Ok
                && is_later((&other.message, their_first), (&journey.message, first))
                && ended_before(their_last, last)
        })
        .map(|(_, their_last)| Overtaken {
            journey: other.id.clone(),
            group: group.clone(),
            finished_at: their_last.ended_at,
        })
}

/// The same key at the same place; where both tell their partition, in the same one.
fn is_alike(one: &Message, other: &Message) -> bool {
    let partitions = one.partition.as_ref().zip(other.partition.as_ref());
    one.key.is_some()
        && one.key == other.key
        && one.destination.is_some()
        && one.destination == other.destination
        && one.system == other.system
        && one.cluster == other.cluster
        && partitions.is_none_or(|(one, other)| one == other)
}

/// By the partition's own order; else by when they were created, and where that is close by the
/// order in which one process got both.
fn is_later(
    (later, later_first): (&Message, &Attempt),
    (earlier, earlier_first): (&Message, &Attempt),
) -> bool {
    let is_placed = later.partition.is_some() && later.partition == earlier.partition;
    if let Some((later, earlier)) = later.offset.zip(earlier.offset).filter(|_| is_placed) {
        return later > earlier;
    }
    let (Some(later), Some(earlier)) = (later.created_at, earlier.created_at) else {
        return false;
    };
    let came_later = || {
        is_one_clock(later_first, earlier_first)
            && later_first.started_at > earlier_first.started_at
    };
    later > earlier.plus_ms(SKEW_MS) || (later > earlier && came_later())
}

/// Clocks that may differ tell only what is far apart.
fn ended_before(one: &Attempt, other: &Attempt) -> bool {
    let skew = match is_one_clock(one, other) {
        true => 0,
        false => SKEW_MS,
    };
    one.ended_at.plus_ms(skew) < other.ended_at
}

/// Two that do not tell their instance are not known to be one.
fn is_one_clock(one: &Attempt, other: &Attempt) -> bool {
    one.instance.is_some() && one.instance == other.instance && one.service == other.service
}

fn in_trouble(journey: &Journey, delivery: &Delivery) -> bool {
    delivery.group.is_some()
        && (tried(journey, delivery).count() > 1
            || tried(journey, delivery).any(|attempt| attempt.outcome == Outcome::Failed))
}

/// Who reads what was laid aside does not process it.
fn tried<'a>(journey: &'a Journey, delivery: &'a Delivery) -> impl Iterator<Item = &'a Attempt> {
    let is_aside = |attempt: &&Attempt| {
        let hop = journey.hops.get(attempt.hop);
        hop.is_some_and(|hop| hop.role == HopRole::DeadLetter)
    };
    delivery.attempts.iter().filter(move |a| !is_aside(a))
}

/// The attempt that began first; `None` where one of them does not tell when.
fn begin<'a>(journey: &'a Journey, delivery: &'a Delivery) -> Option<&'a Attempt> {
    let first = tried(journey, delivery).min_by_key(|attempt| attempt.started_at);
    first.filter(|attempt| attempt.started_at != Timestamp::EPOCH)
}

/// The attempt that ended last; `None` where one of them does not tell when.
fn finish<'a>(journey: &'a Journey, delivery: &'a Delivery) -> Option<&'a Attempt> {
    let is_told = |attempt: &Attempt| attempt.ended_at != Timestamp::EPOCH;
    if !tried(journey, delivery).all(is_told) {
        return None;
    }
    tried(journey, delivery).max_by_key(end)
}

fn end(attempt: &&Attempt) -> Timestamp {
    attempt.ended_at
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use waybill_broker::Dialects;
    use waybill_model::span::{Resource, Span};

    use super::*;
    use crate::journey::fixture::{Make, attributes, process, send, trace_id};
    use crate::journey::{Context, rebuild};

    /// One message: where it lies, and when its tries were, the last one the one that went well.
    #[derive(Clone, Copy)]
    struct Told<'a> {
        trace: u64,
        key: &'a str,
        partition: Option<&'a str>,
        offset: Option<&'a str>,
        group: &'a str,
        instance: Option<&'a str>,
        sent_ms: i64,
        /// Milliseconds of begin and end; all but the last fail and go to a retry destination.
        tries: &'a [(i64, i64)],
    }

    const FIRST: Told<'_> = Told {
        trace: 1,
        key: "k1",
        partition: Some("0"),
        offset: Some("7"),
        group: "billing",
        instance: Some("billing-1"),
        sent_ms: 10,
        tries: &[(20, 30), (5_000, 5_010)],
    };
    const SECOND: Told<'_> = Told {
        trace: 2,
        offset: Some("8"),
        sent_ms: 12,
        tries: &[(40, 50)],
        ..FIRST
    };

    impl Told<'_> {
        fn spans(&self) -> Vec<Span> {
            let mut spans = Vec::new();
            let put = send("shop", "kafka", "orders", self.trace, self.trace * 100);
            let put = self.placed(put, true);
            spans.push(put.at(self.sent_ms, self.sent_ms + 1));
            let mut put_by = self.trace * 100;
            for (n, &(from, to)) in (0..).zip(self.tries) {
                let place = if n == 0 { "orders" } else { "orders-retry" };
                let id = self.trace * 100 + 10 * (n + 1);
                let tried = process("billing", "kafka", place, self.trace, id).under(put_by);
                let mut tried = self.placed(tried, n == 0).at(from, to);
                tried = tried.with("messaging.consumer.group.name", self.group);
                if let Some(instance) = self.instance {
                    tried.resource = Arc::new(Resource {
                        attributes: attributes(&[
                            ("service.name", "billing"),
                            ("service.instance.id", instance),
                        ]),
                        ..Resource::default()
                    });
                }
                if n + 1 < self.tries.len() as u64 {
                    tried = tried.failed("Declined", "no");
                    put_by = id + 1;
                    let again = send("billing", "kafka", "orders-retry", self.trace, put_by);
                    spans.push(self.placed(again, false).under(id).at(to - 1, to));
                }
                spans.push(tried);
            }
            spans
        }

        fn placed(&self, mut span: Span, at_origin: bool) -> Span {
            span = span.with("messaging.kafka.message.key", self.key);
            let place = [
                ("messaging.destination.partition.id", self.partition),
                ("messaging.kafka.offset", self.offset),
            ];
            for (name, value) in place.into_iter().filter(|_| at_origin) {
                if let Some(value) = value {
                    span = span.with(name, value);
                }
            }
            span
        }
    }

    /// What overtook the first one.
    fn found(first: Told<'_>, second: Told<'_>) -> Vec<Overtaken> {
        let spans: Vec<Arc<Span>> = [first, second]
            .iter()
            .flat_map(Told::spans)
            .map(Arc::new)
            .collect();
        let all = rebuild(&spans, &Dialects::builtin(), &Context::default()).journeys;
        assert_eq!(all.len(), 2, "{all:?}");
        let of = |trace| {
            let is_of = |journey: &&Journey| journey.trace_ids.contains(&trace_id(trace));
            all.iter().find(is_of).unwrap()
        };
        assert!(by(of(second.trace), &all).is_empty(), "the other way round");
        let told = by(of(first.trace), &all);
        assert!(told.iter().all(|one| one.journey == of(second.trace).id));
        if let Some(one) = told.first() {
            let stretch = stretch(of(first.trace)).unwrap();
            assert!(stretch.from < one.finished_at && one.finished_at < stretch.to);
        }
        told
    }

    #[test]
    fn a_later_message_of_the_key_that_was_finished_first_is_told() {
        let told = found(FIRST, SECOND);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].group, "billing");
    }

    #[test]
    fn another_message_is_not() {
        for (why, second) in [
            (
                "key",
                Told {
                    key: "k2",
                    ..SECOND
                },
            ),
            (
                "partition",
                Told {
                    partition: Some("1"),
                    ..SECOND
                },
            ),
            (
                "group",
                Told {
                    group: "mail",
                    ..SECOND
                },
            ),
            (
                "came before",
                Told {
                    offset: Some("6"),
                    ..SECOND
                },
            ),
            (
                "finished after",
                Told {
                    tries: &[(6_000, 6_010)],
                    ..SECOND
                },
            ),
            (
                "clocks may differ",
                Told {
                    instance: Some("billing-2"),
                    tries: &[(4_000, 4_500)],
                    ..SECOND
                },
            ),
            (
                "unknown instances are not one",
                Told {
                    instance: None,
                    tries: &[(4_000, 4_500)],
                    ..SECOND
                },
            ),
        ] {
            assert!(found(FIRST, second).is_empty(), "{why}");
        }
    }

    #[test]
    fn what_is_far_apart_is_told_whatever_the_clock() {
        let elsewhere = Told {
            instance: None,
            ..SECOND
        };
        assert_eq!(found(FIRST, elsewhere).len(), 1);
    }

    #[test]
    fn one_that_was_never_in_trouble_is_not_asked() {
        let well = Told {
            tries: &[(20, 5_010)],
            ..FIRST
        };
        assert!(found(well, SECOND).is_empty());
    }

    #[test]
    fn without_offsets_the_order_is_that_of_creation() {
        let first = Told {
            offset: None,
            partition: None,
            ..FIRST
        };
        let second = Told {
            offset: None,
            partition: None,
            ..SECOND
        };
        assert_eq!(found(first, second).len(), 1, "one process got both");
        let elsewhere = Told {
            instance: Some("billing-2"),
            ..second
        };
        assert!(found(first, elsewhere).is_empty(), "created at once");
        let much_later = Told {
            sent_ms: 1_500,
            tries: &[(1_510, 1_520)],
            ..elsewhere
        };
        assert_eq!(found(first, much_later).len(), 1);
    }
}
