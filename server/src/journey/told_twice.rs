//! Tries that a broker's own trace and a span of OpenTelemetry both tell of: each is one try.

use waybill_model::time::Timestamp;

use super::attempts::Try;
use super::graph::Graph;

/// Both are written by one client, with one clock; the broker's own trace counts in milliseconds, and
/// its time of the end is told less exactly than that of the start.
const SLACK_MS: f64 = 20.0;

/// Where one try of each kind meets, the two are one: the broker's own trace adds the group and the
/// verdict. Where several meet and nothing tells which is which, those of OpenTelemetry stand, and as
/// many of the others are left out: no group is given to a try that may be of another.
pub fn told_once(graph: &Graph<'_>, tries: Vec<Try>) -> Vec<Try> {
    let (natives, mut told): (Vec<Try>, Vec<Try>) =
        tries.into_iter().partition(|t| is_native(graph, t));
    if natives.is_empty() || told.is_empty() {
        told.extend(natives);
        return told;
    }
    let meets = |native: &Try, t: &Try| {
        native.hop == t.hop
            && !matches!((&native.group, &t.group), (Some(a), Some(b)) if a != b)
            && overlap(span_of(graph, native), span_of(graph, t))
    };
    let met: Vec<Vec<usize>> = natives
        .iter()
        .map(|native| {
            (0..told.len())
                .filter(|&i| meets(native, &told[i]))
                .collect()
        })
        .collect();
    let mut is_taken = vec![false; told.len()];
    let mut left = Vec::new();
    for (native, met_by) in natives.into_iter().zip(&met) {
        if let [only] = met_by.as_slice()
            && met.iter().filter(|others| others.contains(only)).count() == 1
        {
            is_taken[*only] = true;
            add(&mut told[*only], native);
        } else {
            left.push((native, met_by));
        }
    }
    let mut alone = Vec::new();
    for (native, met_by) in left {
        match met_by.iter().find(|&&i| !is_taken[i]) {
            Some(&one) => is_taken[one] = true,
            None => alone.push(native),
        }
    }
    told.extend(alone);
    told
}

fn is_native(graph: &Graph<'_>, t: &Try) -> bool {
    t.nodes.iter().all(|&node| graph.is_native(node))
}

fn add(told: &mut Try, native: Try) {
    told.nodes.extend(native.nodes);
    told.nodes.sort_unstable();
    if told.group.is_none() {
        told.group = native.group;
    }
}

fn span_of(graph: &Graph<'_>, t: &Try) -> (Timestamp, Timestamp) {
    let span = &graph.nodes[t.main].span;
    (span.started_at, span.ended_at)
}

fn overlap(a: (Timestamp, Timestamp), b: (Timestamp, Timestamp)) -> bool {
    let after = |end: Timestamp, start: Timestamp| end.ms_since(start) >= -SLACK_MS;
    after(a.1, b.0) && after(b.1, a.0)
}
