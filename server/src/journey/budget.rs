//! Where the time of one delivery went. Phases follow each other and sum to the whole; where two
//! clocks contradict each other a phase is unknown, never negative.

use waybill_model::journey::{Phase, PhaseKind};
use waybill_model::messaging::Operation;
use waybill_model::time::Timestamp;

use super::attempts::Try;
use super::deliveries::Told;
use super::graph::Graph;
use super::message::Put;
use super::trail::Trail;

pub struct Budget {
    pub phases: Vec<Phase>,
    /// What the clocks contradict, in words.
    pub skew: Option<String>,
}

pub fn of(
    graph: &Graph<'_>,
    first: &Put,
    trail: &Trail,
    tries: &[Try],
    told: Option<&Told>,
) -> Budget {
    let mut line = Line {
        at: None,
        budget: Budget {
            phases: Vec::new(),
            skew: None,
        },
    };
    let tries: Vec<&Try> =
        told.map_or_else(Vec::new, |t| t.tries.iter().map(|&i| &tries[i]).collect());
    let received = tries.first().map(|t| start_of(graph, t));
    line.putting(graph, first, received);
    for (n, t) in tries.iter().enumerate() {
        let main = &graph.nodes[t.main].span;
        if n == 0 {
            line.until_first(graph, t);
        } else {
            line.until(PhaseKind::Backoff, main.started_at);
        }
        let next = tries
            .get(n + 1)
            .map(|t| graph.nodes[t.main].span.started_at);
        let end = next
            .filter(|&n| n >= main.started_at)
            .map_or(main.ended_at, |n| n.min(main.ended_at));
        line.at = Some(main.started_at);
        line.until(PhaseKind::Process, end);
    }
    let dead = trail.steps.iter().find(|s| {
        s.role == waybill_model::journey::HopRole::DeadLetter
            && s.by
                .is_some_and(|by| tries.iter().any(|t| t.nodes.contains(&by)))
    });
    if let Some(put) = dead.and_then(|s| s.put) {
        let end = graph.nodes[put].span.ended_at;
        let at = line.at.unwrap_or(end);
        line.until(PhaseKind::DeadLetter, end.max(at));
    }
    line.budget
}

/// When a try first touched the message: its poll may have waited long before there was one.
fn start_of(graph: &Graph<'_>, t: &Try) -> Timestamp {
    graph.nodes[t.main].span.started_at
}

/// OTLP's 0 is a time that was not told.
fn told(at: Timestamp) -> Option<Timestamp> {
    (at != Timestamp::EPOCH).then_some(at)
}

struct Line {
    at: Option<Timestamp>,
    budget: Budget,
}

impl Line {
    fn putting(&mut self, graph: &Graph<'_>, put: &Put, received: Option<Timestamp>) {
        let spans = || put.spans.iter().map(|&s| (s, &graph.nodes[s].span));
        let created = spans()
            .filter(|(s, _)| graph.is(*s, Operation::Create))
            .filter_map(|(_, s)| told(s.started_at))
            .min();
        let sending = || {
            spans()
                .filter(|(s, _)| graph.is(*s, Operation::Send))
                .map(|(_, s)| s)
        };
        let sent_from = sending().filter_map(|s| told(s.started_at)).min();
        let sent_to = sending().filter_map(|s| told(s.ended_at)).max();
        if !put.spans.is_empty() && (sent_from.is_none() || sent_to.is_none()) {
            self.budget.skew.get_or_insert_with(|| {
                "the producer's span does not tell when it began or ended".into()
            });
        }
        self.at = created.or(sent_from);
        if let (Some(_), Some(from)) = (created, sent_from) {
            self.until(PhaseKind::Outbox, from);
        }
        if let (Some(from), Some(to)) = (sent_from, sent_to) {
            self.at = Some(from);
            // A consumer may begin before the producer has read its acknowledgement.
            let end = received.filter(|&r| r >= from).map_or(to, |r| r.min(to));
            self.until(PhaseKind::Publish, end);
            // An end before the start tells nothing of what came after.
            self.at = Some(end.max(from));
        }
    }

    fn until_first(&mut self, graph: &Graph<'_>, t: &Try) {
        let main = &graph.nodes[t.main].span;
        let (Some(at), Some(poll)) = (self.at, t.receive) else {
            if self.at.is_some() {
                self.until(PhaseKind::Queue, main.started_at);
            }
            return;
        };
        let polled = graph.nodes[poll].span.started_at;
        if polled > at && polled <= main.started_at {
            self.until(PhaseKind::Queue, polled);
        } else if main.started_at < at {
            self.until(PhaseKind::Queue, main.started_at);
            self.at = Some(main.started_at);
        } else {
            self.until(PhaseKind::Queue, at);
        }
        self.until(PhaseKind::Receive, main.started_at);
    }

    fn until(&mut self, phase: PhaseKind, to: Timestamp) {
        let ms = self.at.map(|at| to.ms_since(at));
        if let Some(ms) = ms.filter(|ms| *ms < 0.0) {
            self.budget.skew.get_or_insert_with(|| {
                format!(
                    "the clocks of two hosts contradict each other by at least {:.0} ms",
                    -ms
                )
            });
        }
        self.budget.phases.push(Phase {
            phase,
            ms: ms.filter(|ms| *ms >= 0.0),
        });
        self.at = Some(to);
    }
}
