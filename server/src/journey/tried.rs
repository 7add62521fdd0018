//! What a consumer's span tried, as a number: the same message tried again by the same group gives
//! the same one. Runs for each span that arrives; it leads to spans, and rebuilding decides.

use waybill_model::messaging::{DestinationRole, Facts, LinkFacts, Operation};
use waybill_model::reference::Term;
use waybill_model::span::Span;
use xxhash_rust::xxh3::Xxh3;

/// Messages of one batch span.
const MOST: usize = 256;

/// One for each message. Nothing of spans that tell of trouble by themselves: those are looked at
/// anyway. A poll and the processing of what it got are two kinds of try, so they are not taken for
/// a second delivery.
pub fn tries(span: &Span, facts: &Facts) -> Vec<u64> {
    let consumes = matches!(facts.operation, Operation::Process | Operation::Receive);
    if !consumes || facts.failed || facts.destination_role != DestinationRole::Origin {
        return Vec::new();
    }
    let who = facts.group.as_deref().unwrap_or(span.service());
    let tried = |message: Term| {
        let mut hasher = Xxh3::new();
        hasher.update(&[u8::from(facts.operation == Operation::Process)]);
        hasher.update(&message.0.to_le_bytes());
        hasher.update(who.as_bytes());
        hasher.digest()
    };
    messages(span, facts).into_iter().map(tried).collect()
}

/// Places first: they are of one message alone, and the same wherever it is read from again.
fn messages(span: &Span, facts: &Facts) -> Vec<Term> {
    let place = place(
        &facts.system,
        facts.destination.as_deref(),
        facts.partition.as_deref(),
        facts.offset,
    );
    if let Some(place) = place {
        return vec![place];
    }
    if !facts.links.is_empty() {
        let of = |link: &LinkFacts| {
            let destination = link.destination.as_deref().or(facts.destination.as_deref());
            let partition = link.partition.as_deref().or(facts.partition.as_deref());
            let place = self::place(&facts.system, destination, partition, link.offset);
            place.unwrap_or_else(|| Term::context(link.trace_id, link.span_id))
        };
        return facts.links.iter().take(MOST).map(of).collect();
    }
    let context = span
        .parent_id
        .map(|parent| Term::context(span.trace_id, parent));
    let id = || facts.message_id.as_deref().map(Term::message_id);
    context.or_else(id).into_iter().collect()
}

fn place(
    system: &str,
    destination: Option<&str>,
    partition: Option<&str>,
    offset: Option<i64>,
) -> Option<Term> {
    Some(Term::place(system, destination?, partition?, offset?))
}

#[cfg(test)]
mod tests {
    use waybill_broker::Dialects;

    use super::*;
    use crate::journey::fixture::{Make, link, process, span_id};

    fn of(span: &Span) -> Vec<u64> {
        tries(span, &Dialects::builtin().facts(span).unwrap())
    }

    fn billing(trace: u64, id: u64) -> Span {
        process("billing", "kafka", "orders", trace, id)
    }

    fn at(span: Span, offset: &str) -> Span {
        span.with("messaging.destination.partition.id", "0")
            .with("messaging.kafka.offset", offset)
    }

    #[test]
    fn the_same_message_for_the_same_group_is_the_same_try() {
        let group = |span: Span, group| span.with("messaging.consumer.group.name", group);
        let first = of(&group(at(billing(1, 1), "7"), "a"));
        assert_eq!(first.len(), 1);
        assert_eq!(
            of(&group(at(billing(2, 2), "7"), "a")),
            first,
            "another trace"
        );
        assert_ne!(
            of(&group(at(billing(1, 1), "8"), "a")),
            first,
            "another message"
        );
        assert_ne!(
            of(&group(at(billing(1, 1), "7"), "b")),
            first,
            "another group"
        );
        // Without a place by what it links to, one for each; else by its parent.
        let mut batch = billing(3, 3);
        batch.links = vec![link(0x11, 0x31), link(0x11, 0x32)];
        let linked = of(&batch);
        assert_eq!(linked.len(), 2);
        let mut again = billing(4, 4);
        again.links = vec![link(0x11, 0x32)];
        assert_eq!(of(&again), linked[1..]);
        let mut child = billing(5, 5);
        child.parent_id = Some(span_id(9));
        let mut other = billing(5, 6);
        other.parent_id = Some(span_id(9));
        assert_eq!(of(&child), of(&other));
        assert_eq!(of(&child).len(), 1);
    }

    #[test]
    fn what_fails_is_looked_at_anyway() {
        let failed = at(billing(1, 1), "7").failed("Declined", "no");
        assert!(of(&failed).is_empty());
        let put = crate::journey::fixture::send("shop", "kafka", "orders", 1, 1);
        assert!(of(&put).is_empty());
    }
}
