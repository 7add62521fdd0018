//! Where messages go that a group could not process: to its retry topic, and in the end to its
//! dead-letter topic. Brokers make both when they are first needed; what is not there yet is no route.

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::topology::{DestinationKind, Route, RouteKind};

use super::groups::{POP, PULL, PUSH};
use super::names;

/// `groups`: what each reads; `kinds`: what it is. Groups that pop never look into a retry topic of the
/// other kind, nor the others into theirs.
pub(super) fn of(
    groups: &BTreeMap<&str, BTreeSet<&str>>,
    kinds: &BTreeMap<&str, &str>,
    topics: &BTreeSet<&str>,
) -> Vec<Route> {
    let mut routes = BTreeSet::new();
    for (group, read) in groups {
        let dead_letters = names::dead_letters(group);
        let mut add = |kind, from: &str, to: &str| {
            if topics.contains(from) && topics.contains(to) {
                routes.insert((from.to_owned(), to.to_owned(), kind == RouteKind::Retry));
            }
        };
        let own = names::retry(group);
        for topic in read.iter().filter(|topic| !topic.starts_with(names::RETRY)) {
            let [pop, pop_v2] = names::pop_retries(group, topic);
            let retries: &[&str] = match kinds.get(group).copied().unwrap_or_default() {
                POP => &[&pop, &pop_v2],
                PUSH | PULL => &[&own],
                _ => &[&own, &pop, &pop_v2],
            };
            for retry in retries.iter().copied() {
                add(RouteKind::Retry, topic, retry);
                add(RouteKind::DeadLetter, retry, &dead_letters);
            }
        }
    }
    let routes = routes.into_iter().map(|(from, to, retries)| Route {
        kind: match retries {
            true => RouteKind::Retry,
            false => RouteKind::DeadLetter,
        },
        namespace: None,
        from,
        to,
        to_kind: DestinationKind::Topic,
        routing_key: None,
        guarantee: None,
    });
    routes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_group_has_its_own_retry_topic() {
        let groups = BTreeMap::from([
            ("billing", BTreeSet::from(["orders", "%RETRY%billing"])),
            ("points", BTreeSet::from(["orders"])),
            ("idle", BTreeSet::from(["orders"])),
        ]);
        let kinds = BTreeMap::from([("billing", PUSH), ("points", POP)]);
        let topics = BTreeSet::from([
            "orders",
            "%RETRY%billing",
            "%DLQ%billing",
            "%RETRY%points",
            "%RETRY%points_orders",
            "%DLQ%points",
        ]);
        let told = of(&groups, &kinds, &topics);
        let routes: Vec<(&str, &str, RouteKind)> = told
            .iter()
            .map(|route| (route.from.as_str(), route.to.as_str(), route.kind))
            .collect();
        assert_eq!(
            routes,
            [
                ("%RETRY%billing", "%DLQ%billing", RouteKind::DeadLetter),
                ("%RETRY%points_orders", "%DLQ%points", RouteKind::DeadLetter),
                ("orders", "%RETRY%billing", RouteKind::Retry),
                ("orders", "%RETRY%points_orders", RouteKind::Retry),
            ]
        );
    }
}
