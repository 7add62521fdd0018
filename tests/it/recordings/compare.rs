//! Any recording against its truth, whatever the client.
//!
//! A send to an ordinary destination is one journey; puts of the same message at a retry or
//! dead-letter destination, by the program or by its library, are its hops; each `received` in a
//! program's log whose current span was recorded is one attempt of exactly that journey: that span,
//! or one within it (a poll's). Where a client's span is over before its program sees the message,
//! nothing was current: then the attempts are counted, and what the program sent on stands alone.

use std::collections::{BTreeMap, HashSet};

use waybill_broker::DestinationRole;
use waybill_model::journey::{HopRole, Journey};

use super::read;
use super::story::{Story, attempts};
use super::truth::{LogLine, Message, Sent, Truth};

/// A scenario that agrees with its truth: the journeys of each message, in order of sending.
pub struct Checked {
    pub scenario: String,
    pub journeys: BTreeMap<String, Vec<Journey>>,
    /// Puts at a retry or dead-letter destination that no span joins to their message.
    pub apart: Vec<Journey>,
}

pub fn check(client: &str, scenario: &str) -> Checked {
    let truth: Truth = serde_json::from_str(&read::truth(client, scenario)).unwrap();
    let story = Story::new(
        format!("{client}/{scenario}"),
        &read::spans(client, scenario),
        &truth,
    );
    let mut checking = Checking {
        truth: &truth,
        story: &story,
        seen: HashSet::new(),
        apart: Vec::new(),
    };
    let mut journeys: BTreeMap<String, Vec<Journey>> = BTreeMap::new();
    for message in &truth.messages {
        let found = checking.message(message);
        journeys.insert(message.id.clone(), found.into_iter().cloned().collect());
    }
    let others: Vec<&str> = story
        .rebuilt
        .journeys
        .iter()
        .map(|j| j.id.as_str())
        .filter(|id| !checking.seen.contains(id))
        .collect();
    assert!(
        others.is_empty(),
        "{}: journeys of no message: {others:?}",
        story.name
    );
    checking.causes(&journeys);
    Checked {
        scenario: scenario.to_owned(),
        journeys,
        apart: checking.apart,
    }
}

struct Checking<'a> {
    truth: &'a Truth,
    story: &'a Story,
    seen: HashSet<&'a str>,
    apart: Vec<Journey>,
}

impl<'a> Checking<'a> {
    fn message(&mut self, message: &'a Message) -> Vec<&'a Journey> {
        let story = self.story;
        let all: Vec<&LogLine> = self
            .truth
            .log
            .iter()
            .filter(|l| l.event == "received" && l.id.as_ref() == Some(&message.id))
            .collect();
        let own: Vec<&LogLine> = all
            .iter()
            .copied()
            .filter(|l| l.current.as_ref().is_some_and(|c| story.is_consumer(c)))
            .collect();
        let (origins, hops): (Vec<&Sent>, Vec<&Sent>) = message
            .sent
            .iter()
            .partition(|s| story.role(s.destination()) == DestinationRole::Origin);
        let mut found: Vec<&Journey> = Vec::new();
        for sent in &origins {
            let journey = story
                .journey_of(sent, &own)
                .or_else(|| story.named(&message.id, sent, &self.seen));
            let journey =
                journey.unwrap_or_else(|| panic!("{}: no journey of {}", story.name, message.id));
            assert!(
                self.seen.insert(&journey.id),
                "{}: {} is two sends in one journey",
                story.name,
                message.id
            );
            found.push(journey);
        }
        self.hops(&message.id, &hops, &found);
        self.attempts(&message.id, &own, &all, &found);
        found
    }

    fn hops(&mut self, id: &str, hops: &[&Sent], journeys: &[&Journey]) {
        let story = self.story;
        let (within, apart): (Vec<&Sent>, Vec<&Sent>) =
            hops.iter().partition(|s| s.current.is_some());
        for sent in &within {
            let hop = journeys.iter().flat_map(|j| &j.hops).find(|h| {
                let current = sent.current.as_ref();
                h.destination.as_deref() == Some(sent.destination())
                    && h.span_id
                        .zip(current)
                        .is_some_and(|(s, c)| story.is_within(&s.to_string(), c))
            });
            let hop = hop.unwrap_or_else(|| {
                panic!("{}: {id} has no hop at {}", story.name, sent.destination())
            });
            assert!(matches!(hop.role, HopRole::Retry | HopRole::DeadLetter));
        }
        let by_library = story.put_by_library(self.truth, id, hops);
        for (topic, _, offset) in &by_library {
            let mut all = journeys.iter().flat_map(|j| &j.hops);
            assert!(
                all.any(|h| h.destination.as_ref() == Some(topic) && h.offset == Some(*offset)),
                "{}: {id} has no hop at {topic}, {offset}",
                story.name
            );
        }
        for sent in apart {
            let journey = story
                .sent_by_span(sent)
                .unwrap_or_else(|| panic!("{}: the put of {id} is nowhere", story.name));
            assert!(self.seen.insert(&journey.id), "{}: {id}", story.name);
            self.apart.push(journey.clone());
        }
        let put: usize = journeys
            .iter()
            .flat_map(|j| &j.hops)
            .filter(|h| h.role != HopRole::Origin && h.span_id.is_some())
            .count();
        assert_eq!(
            put,
            within.len() + by_library.len(),
            "{}: hops of {id}",
            story.name
        );
    }

    fn attempts(&self, id: &str, own: &[&LogLine], all: &[&LogLine], journeys: &[&Journey]) {
        let story = self.story;
        for line in own {
            let current = line.current.as_ref().unwrap();
            let holder = journeys
                .iter()
                .find(|j| story.attempt_in(j, current).is_some());
            let journey = holder.unwrap_or_else(|| {
                panic!("{}: {id} lacks the attempt {}", story.name, current.span_id)
            });
            let (_, hop) = story.attempt_in(journey, current).unwrap();
            if let Some(topic) = &line.topic {
                let hop = &journey.hops[hop];
                assert_eq!(
                    hop.destination.as_ref(),
                    Some(topic),
                    "{}: {id}",
                    story.name
                );
                if hop.offset.is_some() {
                    assert_eq!(hop.offset, line.offset, "{}: {id}", story.name);
                }
            }
        }
        let mut told = 0;
        let mut topics: Vec<&String> = all.iter().filter_map(|l| l.topic.as_ref()).collect();
        for (_, hop, journey) in journeys
            .iter()
            .flat_map(|j| attempts(j).map(move |(span, hop)| (span, hop, j)))
        {
            told += 1;
            if !topics.is_empty() || all.iter().any(|l| l.topic.is_some()) {
                let read = journey.hops[hop].destination.as_ref();
                let at = topics.iter().position(|t| Some(*t) == read);
                let at =
                    at.unwrap_or_else(|| panic!("{}: {id} was not read from {read:?}", story.name));
                topics.swap_remove(at);
            }
        }
        assert!(
            (own.len()..=all.len()).contains(&told),
            "{}: {told} attempts of {id}",
            story.name
        );
    }

    /// `o-1/ship` was sent while `o-1` was processed; nothing else caused anything.
    fn causes(&self, journeys: &BTreeMap<String, Vec<Journey>>) {
        let name = &self.story.name;
        for (id, own) in journeys {
            let begun = || id.split_once('/').filter(|_| self.tells_cause(id));
            let causes = begun().and_then(|(cause, _)| journeys.get(cause));
            for journey in own {
                let Some(causes) = causes else {
                    assert_eq!(journey.caused_by, None, "{name}: {id}");
                    continue;
                };
                let by = journey
                    .caused_by
                    .as_ref()
                    .unwrap_or_else(|| panic!("{name}: {id} has no cause"));
                let cause = causes
                    .iter()
                    .find(|c| &c.id == by)
                    .unwrap_or_else(|| panic!("{name}: wrong cause of {id}"));
                assert_eq!(
                    cause.caused,
                    std::slice::from_ref(&journey.id),
                    "{name}: {id}"
                );
            }
        }
    }

    /// Whether a span that got one message alone was at work when it was sent. What a whole batch's
    /// span sent came from any of its messages.
    fn tells_cause(&self, id: &str) -> bool {
        let sent = self.truth.messages.iter().find(|m| m.id == id);
        let current = sent.and_then(|m| m.sent.first()?.current.as_ref());
        let Some(consumer) = current.and_then(|c| self.story.consumer_of(c)) else {
            return false;
        };
        let got: HashSet<&Option<String>> = self
            .truth
            .log
            .iter()
            .filter(|l| l.event == "received")
            .filter(|l| {
                let current = l.current.as_ref();
                current.and_then(|c| self.story.consumer_of(c)).as_deref() == Some(&*consumer)
            })
            .map(|l| &l.id)
            .collect();
        got.len() == 1
    }
}
