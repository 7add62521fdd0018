//! What an attempt waited for, by the client spans under it.
//!
//! Time is the union of spans: queries that run side by side count once.

use std::collections::BTreeMap;

use waybill_model::journey::Cause;
use waybill_model::span::{Span, SpanKind};

use super::{CONNECTION_WAIT, SLOW_MS, cause, statement};
use crate::journey::attempts::Try;
use crate::journey::graph::Graph;

/// Of the processing.
const LARGE_SHARE: f64 = 0.6;
/// A trace with more spans under one attempt is looked at in part.
const MOST_SPANS: usize = 5_000;

/// `None` where the attempt is not slow, or no one thing took most of it.
pub fn of(graph: &Graph<'_>, t: &Try) -> Option<Cause> {
    let main = &graph.nodes[t.main].span;
    let whole_ms = main.duration_nanos() as f64 / 1e6;
    if whole_ms < SLOW_MS {
        return None;
    }
    let (mut connecting, mut waits) = (Spent::default(), BTreeMap::<Server, Asked>::new());
    for node in graph.below(t.main).take(MOST_SPANS) {
        let span = &graph.nodes[node].span;
        let Some(time) = within(span, main) else {
            continue;
        };
        if is_connecting(span) {
            connecting.add(time);
        } else if let Some((server, asked)) = dependency(span) {
            let waited = waits.entry(server).or_default();
            waited.all.add(time);
            waited.each.entry(asked).or_default().add(time);
        }
    }
    let share = |spent: &Spent| spent.ms() / whole_ms;
    if share(&connecting) >= LARGE_SHARE {
        let text = format!(
            "{} of processing waits for a database connection",
            percent(share(&connecting))
        );
        return Some(cause(CONNECTION_WAIT, text));
    }
    let (server, waited) = waits
        .iter()
        .max_by(|a, b| a.1.all.ms().total_cmp(&b.1.all.ms()))?;
    if share(&waited.all) < LARGE_SHARE {
        return None;
    }
    let most = waited.each.iter();
    let most = most.max_by(|a, b| a.1.ms().total_cmp(&b.1.ms()))?;
    let one = share(most.1) >= LARGE_SHARE;
    let (spent, what) = match one {
        true => (most.1, Some(most.0).filter(|asked| !asked.is_empty())),
        false => (&waited.all, None),
    };
    let times = match (spent.times.len(), server.is_database) {
        (1, true) => "one query".to_owned(),
        (1, false) => "one call".to_owned(),
        (n, true) => format!("{n} queries"),
        (n, false) => format!("{n} calls"),
    };
    let what = what.map_or_else(String::new, |asked| format!(": {asked}"));
    let text = format!(
        "{} of processing is {times} of {}{what}",
        percent(share(spent)),
        server.name
    );
    Some(cause("slow_dependency", text))
}

pub fn percent(share: f64) -> String {
    format!("{:.0} %", (share * 100.0).min(100.0))
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Server {
    is_database: bool,
    name: String,
}

#[derive(Default)]
struct Asked {
    all: Spent,
    each: BTreeMap<String, Spent>,
}

#[derive(Default)]
struct Spent {
    /// Start and end, nanoseconds.
    times: Vec<(i64, i64)>,
}

impl Spent {
    fn add(&mut self, time: (i64, i64)) {
        self.times.push(time);
    }

    fn ms(&self) -> f64 {
        let mut times = self.times.clone();
        times.sort_unstable();
        let (mut sum, mut until) = (0, i64::MIN);
        for (from, to) in times {
            let from = from.max(until);
            sum += (to - from).max(0);
            until = until.max(to);
        }
        sum as f64 / 1e6
    }
}

/// The part of the span's time that lies within the attempt.
fn within(span: &Span, main: &Span) -> Option<(i64, i64)> {
    let from = span.started_at.max(main.started_at).unix_nanos();
    let to = span.ended_at.min(main.ended_at).unix_nanos();
    (from < to).then_some((from, to))
}

/// Spans that some instrumentations make of taking a connection out of its pool.
fn is_connecting(span: &Span) -> bool {
    span.name.ends_with(".getConnection") || span.name == "pg-pool.connect"
}

/// Which database or server a client span waits for, and what it asks.
fn dependency(span: &Span) -> Option<(Server, String)> {
    if span.kind != SpanKind::Client {
        return None;
    }
    let text = |names: &[&str]| names.iter().find_map(|name| span.text(name));
    let address = || {
        text(&["server.address", "net.peer.name", "net.sock.peer.addr"])
            .filter(|address| !address.starts_with('['))
    };
    if let Some(system) = text(&["db.system.name", "db.system"]) {
        let namespace = text(&["db.namespace", "db.name"]).filter(|n| !n.is_empty());
        let name = match (namespace, address()) {
            (Some(namespace), Some(address)) => format!("{namespace} ({address})"),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => system.to_owned(),
        };
        let asked = text(&["db.query.text", "db.statement"])
            .map(statement::shown)
            .or_else(|| text(&["db.query.summary"]).map(str::to_owned))
            .unwrap_or_else(|| statement::shown(&span.name));
        let is_database = true;
        return Some((Server { is_database, name }, asked));
    }
    let is_call = text(&[
        "http.request.method",
        "http.method",
        "rpc.system",
        "rpc.system.name",
    ]);
    is_call?;
    let server = Server {
        is_database: false,
        name: address()?.to_owned(),
    };
    // Addresses of HTTP hold ids and secrets: the route, where the client knows one.
    let asked = text(&["url.template", "http.route", "rpc.method"]);
    Some((server, asked.unwrap_or_default().to_owned()))
}
