//! Since when the routes of a cluster are watched, and in which of its namespaces one was lost: what
//! leads nowhere now may have led somewhere when a message was put.

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::time::Timestamp;
use waybill_model::topology::{DestinationKind, RouteKind, Topology};

#[derive(Clone, Debug, Default)]
pub struct RouteWatch {
    pub since: Option<Timestamp>,
    /// By namespace. An exchange may lead on through others, so all of them count.
    lost: BTreeMap<Option<String>, Timestamp>,
}

impl RouteWatch {
    pub fn take(&mut self, old: Option<&Topology>, new: &Topology, at: Timestamp) {
        self.since.get_or_insert(at);
        let Some(old) = old else { return };
        for (namespace, _) in leads(old).difference(&leads(new)) {
            self.lost.insert(namespace.map(str::to_owned), at);
        }
    }

    pub fn lost_at(&self, namespace: Option<&str>) -> Option<Timestamp> {
        self.lost.get(&namespace.map(str::to_owned)).copied()
    }
}

/// Everything that leads a message on: bindings, and exchanges with their settings (an alternate is
/// one), by namespace.
fn leads(topology: &Topology) -> BTreeSet<(Option<&str>, Vec<&str>)> {
    let bindings = topology
        .routes
        .iter()
        .filter(|route| route.kind == RouteKind::Binding)
        .map(|route| {
            let key = route.routing_key.as_deref().unwrap_or_default();
            let words = vec![route.from.as_str(), route.to.as_str(), key];
            (route.namespace.as_deref(), words)
        });
    let exchanges = topology
        .destinations
        .iter()
        .filter(|one| one.kind == DestinationKind::Exchange)
        .map(|one| {
            let settings = one.settings.iter();
            let settings = settings.flat_map(|s| [Some(s.name.as_str()), s.value.as_deref()]);
            let words = std::iter::once(one.name.as_str()).chain(settings.flatten());
            (one.namespace.as_deref(), words.collect())
        });
    bindings.chain(exchanges).collect()
}

#[cfg(test)]
mod tests {
    use waybill_model::topology::{Destination, Route};

    use super::*;

    fn topology(bound: &[&str]) -> Topology {
        let binding = |to: &&str| Route {
            kind: RouteKind::Binding,
            namespace: Some("/".into()),
            from: "orders".into(),
            to: (*to).to_owned(),
            to_kind: DestinationKind::Queue,
            routing_key: Some("#".into()),
            guarantee: None,
        };
        Topology {
            destinations: vec![Destination {
                name: "orders".into(),
                namespace: Some("/".into()),
                kind: DestinationKind::Exchange,
                ..Destination::default()
            }],
            routes: bound.iter().map(binding).collect(),
            ..Topology::default()
        }
    }

    #[test]
    fn what_led_on_and_is_lost_is_remembered() {
        let at = Timestamp::from_unix_millis;
        let mut watch = RouteWatch::default();
        watch.take(None, &topology(&["a"]), at(1));
        watch.take(Some(&topology(&["a"])), &topology(&["a", "b"]), at(2));
        assert_eq!(watch.lost_at(Some("/")), None, "one came");
        watch.take(Some(&topology(&["a", "b"])), &topology(&["b"]), at(3));
        watch.take(Some(&topology(&["b"])), &topology(&["b"]), at(4));
        assert_eq!(watch.lost_at(Some("/")), Some(at(3)));
        assert_eq!(watch.since, Some(at(1)));
        assert_eq!(watch.lost_at(Some("other")), None);
        // The exchange with all that it led to.
        watch.take(Some(&topology(&[])), &Topology::default(), at(5));
        assert_eq!(watch.lost_at(Some("/")), Some(at(5)));
    }
}
