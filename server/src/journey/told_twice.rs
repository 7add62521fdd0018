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
    let is_sure = |met_by: &[usize]| match met_by {
        [only] => met.iter().filter(|others| others.contains(only)).count() == 1,
        _ => false,
    };
    let matched = matched(&met, told.len());
    let mut alone = Vec::new();
    for (n, native) in natives.into_iter().enumerate() {
        if is_sure(&met[n]) {
            add(&mut told[met[n][0]], native);
        } else if !matched.contains(&Some(n)) {
            alone.push(native);
        }
    }
    told.extend(alone);
    told
}

/// As many pairs as there can be: for each try of OpenTelemetry the other's number. By augmenting
/// paths (Kuhn 1955); the tries of one message are few.
fn matched(met: &[Vec<usize>], told: usize) -> Vec<Option<usize>> {
    fn place(
        native: usize,
        met: &[Vec<usize>],
        of: &mut [Option<usize>],
        seen: &mut [bool],
    ) -> bool {
        met[native].iter().any(|&i| {
            if std::mem::replace(&mut seen[i], true) {
                return false;
            }
            let is_free = match of[i] {
                None => true,
                Some(other) => place(other, met, of, seen),
            };
            if is_free {
                of[i] = Some(native);
            }
            is_free
        })
    }
    let mut of = vec![None; told];
    for native in 0..met.len() {
        place(native, met, &mut of, &mut vec![false; told]);
    }
    of
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
