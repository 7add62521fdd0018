//! Which queue leads its dead letters to which, and the cycles in that.

use std::collections::BTreeMap;

use waybill_model::topology::{Finding, FindingKind};

use super::super::cycles::cycles;
use super::super::failure::printable;
use super::{Derived, Source};

/// A shared fanout may lead every queue to every other.
const MOST_ROUTES: usize = 100_000;

pub(super) struct Graph<'a> {
    queues: &'a [Source],
    by_key: BTreeMap<(&'a str, &'a str), usize>,
    /// By queue: the queues that it leads to, as positions.
    edges: Vec<Vec<usize>>,
    count: usize,
    /// The cycle that a queue is in, of those that wait somewhere. Made by `loops`.
    retrying: Vec<Option<usize>>,
}

impl<'a> Graph<'a> {
    pub fn new(queues: &'a [Source]) -> Self {
        let keys = queues.iter().enumerate();
        let by_key = keys
            .map(|(index, queue)| ((queue.key.0.as_str(), queue.key.1.as_str()), index))
            .collect();
        Self {
            queues,
            by_key,
            edges: vec![Vec::new(); queues.len()],
            count: 0,
            retrying: vec![None; queues.len()],
        }
    }

    /// Each pair once. A binding to a queue that is not listed (its node is down) leads nowhere
    /// here. `false`: there are too many.
    pub fn lead(&mut self, from: usize, to: &str) -> bool {
        let source = self.queues.get(from).map(|queue| queue.key.0.as_str());
        let to = source.and_then(|vhost| self.by_key.get(&(vhost, to)));
        let (Some(to), Some(edges)) = (to, self.edges.get_mut(from)) else {
            return true;
        };
        if self.count == MOST_ROUTES {
            return false;
        }
        self.count += 1;
        edges.push(*to);
        true
    }

    pub fn targets(&self, from: usize) -> impl Iterator<Item = usize> {
        self.edges.get(from).into_iter().flatten().copied()
    }

    pub fn name(&self, index: usize) -> &str {
        self.queues
            .get(index)
            .map_or("", |queue| queue.key.1.as_str())
    }

    /// Both stand in one cycle that waits somewhere.
    pub fn retries(&self, from: usize, to: usize) -> bool {
        let cycle = |index| self.retrying.get(index).copied().flatten();
        cycle(from).is_some() && cycle(from) == cycle(to)
    }

    pub fn loops(&mut self, derived: &mut Derived) {
        let all = cycles(&self.edges);
        for (number, cycle) in all.iter().enumerate() {
            if !cycle.iter().any(|index| self.is(*index, Source::waits)) {
                continue;
            }
            for index in cycle {
                if let Some(place) = self.retrying.get_mut(*index) {
                    *place = Some(number);
                }
            }
        }
        let alone = self.only(Source::dies_by_itself);
        for cycle in cycles(&alone) {
            let names = self.names(&cycle);
            self.tell(
                &cycle,
                format!("messages come round without a consumer ({names}): the broker drops a message when it comes back"),
                derived,
            );
        }
        let unrejected = self.only(Source::dies_unrejected);
        for cycle in cycles(&unrejected) {
            let names = self.names(&cycle);
            self.tell(
                &cycle,
                format!(
                    "a message that reaches its delivery limit is dropped on its way back ({names}): only a rejected one may come round"
                ),
                derived,
            );
        }
        let hot = self.only(|queue| !queue.waits());
        for cycle in cycles(&hot) {
            let names = self.names(&cycle);
            self.tell(
                &cycle,
                format!("a rejected message comes back at once ({names}): nothing waits and nothing ends it"),
                derived,
            );
        }
    }

    fn is(&self, index: usize, has: impl Fn(&Source) -> bool) -> bool {
        self.queues.get(index).is_some_and(has)
    }

    /// The edges that begin at queues of this kind.
    fn only(&self, kept: impl Fn(&Source) -> bool) -> Vec<Vec<usize>> {
        let edges = self.queues.iter().zip(&self.edges);
        edges
            .map(|(queue, edges)| {
                if kept(queue) {
                    edges.clone()
                } else {
                    Vec::new()
                }
            })
            .collect()
    }

    fn names(&self, cycle: &[usize]) -> String {
        const SHOWN: usize = 6;
        let mut names: Vec<&str> = cycle
            .iter()
            .take(SHOWN)
            .map(|index| self.name(*index))
            .collect();
        if cycle.len() > SHOWN {
            names.push("…");
        }
        names.extend(cycle.first().map(|first| self.name(*first)));
        names.join(" → ")
    }

    fn tell(&self, cycle: &[usize], detail: String, derived: &mut Derived) {
        for queue in cycle.iter().filter_map(|index| self.queues.get(*index)) {
            let findings = derived.findings.entry(queue.key.clone()).or_default();
            if findings.iter().all(|f| f.kind != FindingKind::Loop) {
                findings.push(Finding {
                    kind: FindingKind::Loop,
                    detail: printable(&detail),
                });
            }
        }
    }
}
