//! The log records of a journey's page: those of its chain's traces, and, where asked, those that
//! its attempts' processes wrote meanwhile.

use std::collections::{BTreeSet, HashMap};

use waybill_model::id::{SpanId, TraceId};
use waybill_model::journey::{Attempt, Delivery, Journey};
use waybill_model::log::{JourneyLogs, LogAttempt, LogLine, LogQuery};
use waybill_model::problem::Problem;
use waybill_model::signal::{LogRecord, Severity};
use waybill_model::span::{Attribute, Value, attribute};
use waybill_model::time::{TimeRange, Timestamp};
use waybill_model::view::JourneyPage;
use waybill_store::signals::{Most, ProcessOf};

use super::Query;
use super::page::{plain, shown};
use crate::auth::store_problem;
use crate::journey::masking::{masked, masked_text};

/// Lines of one answer, and what is read for them.
const LINES: usize = 500;
const MOST: Most = Most {
    blocks: 512,
    records: 4 * LINES,
};
/// Records are looked for among those that arrived so long before a span began, and after it ended.
const BEFORE_MS: i64 = 5 * 60_000;
const AFTER_MS: i64 = 15 * 60_000;
/// All such times of one answer together.
const LOOKED_MS: f64 = 12.0 * 3_600_000.0;
/// Characters of a body and of an attribute's value, and attributes of a line.
const BODY: usize = 8_000;
const VALUE: usize = 1_000;
const ATTRIBUTES: usize = 64;
/// Spans between a record's and its attempt's.
const DEEPEST: usize = 64;

/// Names under which a body or attributes tell the severity, the text and the service, where the
/// record itself does not.
const LEVELS: [&str; 6] = [
    "level",
    "severity",
    "log.level",
    "levelname",
    "lvl",
    "severityText",
];
const TEXTS: [&str; 5] = ["message", "msg", "log", "event", "text"];

impl Query {
    /// None where the page shows no spans: who may not see those may not see these.
    ///
    /// # Errors
    /// `StoreUnavailable`.
    pub async fn logs(&self, page: &JourneyPage, asked: LogQuery) -> Result<JourneyLogs, Problem> {
        if page.spans.is_empty() {
            return Ok(JourneyLogs::default());
        }
        let least = asked.severity;
        let fits = move |log: &LogRecord| least.is_none_or(|least| severity(log) >= Some(least));
        let spans = page.spans.iter();
        let times = spans.map(|span| {
            let ended_at = span.started_at.plus_ms(span.duration_ms as i64);
            (span.started_at, ended_at)
        });
        let (arrived, mut truncated) = around(times);
        let traces: BTreeSet<TraceId> = page
            .chain
            .iter()
            .flat_map(|j| j.trace_ids.clone())
            .collect();
        let found = self
            .store
            .logs_of_traces(&traces, &arrived, MOST, fits)
            .await
            .map_err(store_problem)?;
        truncated |= found.truncated;
        let mut records = found.records;
        if asked.untied {
            let found = self.untied(&page.journey, fits).await?;
            truncated |= found.truncated;
            records.extend(found.records);
        }
        let mut lines: Vec<LogLine> = {
            let places = Places::of(page);
            records.iter().map(|log| places.line(log)).collect()
        };
        lines.sort_by(|a, b| (a.at, &a.body).cmp(&(b.at, &b.body)));
        // A sender that got no answer sends again.
        lines.dedup();
        truncated |= lines.len() > LINES;
        lines.truncate(LINES);
        Ok(JourneyLogs {
            items: lines,
            truncated,
        })
    }

    async fn untied(
        &self,
        journey: &Journey,
        fits: impl Fn(&LogRecord) -> bool + Send + Sync,
    ) -> Result<waybill_store::signals::Signals<LogRecord>, Problem> {
        let attempts: Vec<&Attempt> = journey
            .deliveries
            .iter()
            .flat_map(|d| &d.attempts)
            .collect();
        let processes: BTreeSet<ProcessOf> = attempts.iter().map(|a| process(a)).collect();
        let (arrived, cut) = around(attempts.iter().map(|a| (a.started_at, a.ended_at)));
        let fits = |log: &LogRecord| attempts.iter().any(|a| is_within(log, a)) && fits(log);
        let mut found = self
            .store
            .logs_without_trace(&processes, &arrived, MOST, fits)
            .await
            .map_err(store_problem)?;
        found.truncated |= cut;
        Ok(found)
    }
}

pub(super) fn process(attempt: &Attempt) -> ProcessOf {
    ProcessOf {
        service: attempt.service.clone(),
        instance: attempt.instance.clone(),
    }
}

/// When what belongs to these times may have arrived, as ranges that do not overlap, oldest first;
/// and whether they were too long to be looked through whole.
fn around(times: impl Iterator<Item = (Timestamp, Timestamp)>) -> (Vec<TimeRange>, bool) {
    let mut ranges: Vec<TimeRange> = times
        .filter(|(from, _)| *from != Timestamp::EPOCH)
        .map(|(from, to)| TimeRange {
            from: from.plus_ms(-BEFORE_MS),
            to: to.max(from).plus_ms(AFTER_MS),
        })
        .collect();
    ranges.sort_by_key(|range| range.from);
    let mut merged: Vec<TimeRange> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.from <= last.to => last.to = last.to.max(range.to),
            _ => merged.push(range),
        }
    }
    let mut left_ms = LOOKED_MS;
    let mut cut = false;
    merged.retain_mut(|range| {
        let whole_ms = range.to.ms_since(range.from);
        if whole_ms > left_ms {
            range.to = range.from.plus_ms(left_ms as i64);
            cut = true;
        }
        left_ms = (left_ms - whole_ms).max(0.0);
        range.from < range.to
    });
    (merged, cut)
}

/// Written by the attempt's process while it ran.
fn is_within(log: &LogRecord, attempt: &Attempt) -> bool {
    log.resource.service() == attempt.service
        && log.resource.text("service.instance.id") == attempt.instance.as_deref()
        && attempt.started_at <= log.at
        && log.at <= attempt.ended_at
}

type Key = (TraceId, SpanId);

/// The spans and attempts that a record may stand in.
struct Places<'a> {
    parents: HashMap<Key, Key>,
    services: HashMap<Key, &'a str>,
    attempts: Vec<(&'a Journey, &'a Delivery, &'a Attempt)>,
    by_span: HashMap<Key, usize>,
}

impl<'a> Places<'a> {
    fn of(page: &'a JourneyPage) -> Self {
        let spans = || page.spans.iter();
        let deliveries = page
            .chain
            .iter()
            .flat_map(|j| j.deliveries.iter().map(move |d| (j, d)));
        let attempts: Vec<(&Journey, &Delivery, &Attempt)> = deliveries
            .flat_map(|(j, d)| d.attempts.iter().map(move |a| (j, d, a)))
            .collect();
        Self {
            parents: spans()
                .filter_map(|s| Some(((s.trace_id, s.span_id), (s.trace_id, s.parent_id?))))
                .collect(),
            services: spans()
                .map(|s| ((s.trace_id, s.span_id), s.service.as_str()))
                .collect(),
            by_span: attempts
                .iter()
                .enumerate()
                .map(|(at, (_, _, a))| ((a.trace_id, a.span_id), at))
                .collect(),
            attempts,
        }
    }

    fn line(&self, log: &LogRecord) -> LogLine {
        let key = log.trace_id.zip(log.span_id);
        // What passes on lines of others often does not say whose they are.
        let told = log.resource.text("service.name");
        let of_span = || key.and_then(|key| self.services.get(&key).copied());
        let service = told.or_else(of_span);
        let attempt = self.attempt(log, service);
        let of_attempt = attempt.as_ref().map(|attempt| attempt.service.as_str());
        let service = service.or(of_attempt).unwrap_or(log.resource.service());
        LogLine {
            at: log.at,
            instance: log.resource.text("service.instance.id").map(str::to_owned),
            severity: severity(log),
            body: cut(&body(log), BODY),
            attributes: log
                .attributes
                .iter()
                .take(ATTRIBUTES)
                .map(|attribute| {
                    let (key, value) = shown(attribute);
                    (key, cut(&value, VALUE))
                })
                .collect(),
            trace_id: log.trace_id,
            span_id: log.span_id,
            service: service.to_owned(),
            attempt,
            tied: log.trace_id.is_some(),
        }
    }

    /// By its span, else the only one of its trace, and of its service where that is told, that ran
    /// then.
    fn attempt(&self, log: &LogRecord, service: Option<&str>) -> Option<LogAttempt> {
        let key = log.trace_id.zip(log.span_id);
        let up = std::iter::successors(key, |key| self.parents.get(key).copied());
        let by_span = up.take(DEEPEST).find_map(|key| self.by_span.get(&key));
        let at = by_span.copied().or_else(|| {
            let ran = |(_, _, a): &(_, _, &Attempt)| match log.trace_id {
                Some(trace_id) => {
                    let during = a.started_at <= log.at && log.at <= a.ended_at;
                    let is_its = service.is_none_or(|service| a.service == service);
                    a.trace_id == trace_id && is_its && during
                }
                None => is_within(log, a),
            };
            let mut fits = (0..self.attempts.len()).filter(|&at| ran(&self.attempts[at]));
            fits.next().filter(|_| fits.next().is_none())
        })?;
        let (journey, delivery, attempt) = self.attempts[at];
        Some(LogAttempt {
            journey: journey.id.clone(),
            group: delivery.group.clone(),
            service: attempt.service.clone(),
            n: attempt.n,
        })
    }
}

fn severity(log: &LogRecord) -> Option<Severity> {
    let named = |entries: &[Attribute]| {
        let mut texts = LEVELS
            .iter()
            .filter_map(|name| attribute(entries, name)?.as_str());
        texts.find_map(Severity::of_text)
    };
    Severity::of_number(log.severity)
        .or_else(|| Severity::of_text(&log.severity_text))
        .or_else(|| named(&log.attributes))
        .or_else(|| match &log.body {
            Value::Map(entries) => named(entries),
            _ => None,
        })
}

/// The text first where the body is a map, then what else it holds.
fn body(log: &LogRecord) -> String {
    match &log.body {
        Value::String(text) => masked_text(text),
        Value::Empty => log.event_name.clone(),
        Value::Map(entries) => {
            let is_text = |entry: &&Attribute| TEXTS.contains(&entry.key.as_str());
            let text = entries
                .iter()
                .find(is_text)
                .and_then(|entry| entry.value.as_str());
            let rest = entries.iter().filter(|entry| match entry.value.as_str() {
                Some(value) => Some(value) != text,
                None => true,
            });
            let rest = rest.map(|entry| format!("{}={}", entry.key, plain(&masked(entry))));
            let parts: Vec<String> = text.map(masked_text).into_iter().chain(rest).collect();
            parts.join(" ")
        }
        other => plain(&masked(&Attribute {
            key: String::new(),
            value: other.clone(),
        })),
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most).collect::<String>() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_through_is_merged_and_bounded() {
        let at = |minutes: i64| Timestamp::from_unix_millis(1_795_444_307_000 + minutes * 60_000);
        let (ranges, cut) = around([(at(60), at(61)), (at(0), at(1)), (at(2), at(2))].into_iter());
        assert_eq!(ranges.len(), 2);
        assert_eq!((ranges[0].from, ranges[0].to), (at(-5), at(17)));
        assert_eq!((ranges[1].from, ranges[1].to), (at(55), at(76)));
        assert!(!cut);
        let (ranges, cut) = around([(at(0), at(100_000)), (at(200_000), at(200_001))].into_iter());
        assert_eq!((ranges.len(), cut), (1, true));
        assert_eq!(ranges[0].to, at(12 * 60 - 5));
        let untold = around([(Timestamp::EPOCH, at(1))].into_iter());
        assert_eq!(untold, (vec![], false));
    }
}
