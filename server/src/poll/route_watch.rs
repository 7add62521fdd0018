//! Since when the routes of a cluster are watched, and which destinations lost one: what leads nowhere
//! now may have led somewhere when a message was put.

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::time::Timestamp;
use waybill_model::topology::{RouteKind, Topology};

/// Namespace and name.
type From = (Option<String>, String);

#[derive(Clone, Debug, Default)]
pub struct RouteWatch {
    pub since: Option<Timestamp>,
    lost: BTreeMap<From, Timestamp>,
}

impl RouteWatch {
    pub fn take(&mut self, old: Option<&Topology>, new: &Topology, at: Timestamp) {
        self.since.get_or_insert(at);
        let Some(old) = old else { return };
        let bindings = |topology: &Topology| -> BTreeSet<(From, String, Option<String>)> {
            let bindings = topology.routes.iter();
            bindings
                .filter(|route| route.kind == RouteKind::Binding)
                .map(|route| {
                    let from = (route.namespace.clone(), route.from.clone());
                    (from, route.to.clone(), route.routing_key.clone())
                })
                .collect()
        };
        for (from, _, _) in bindings(old).difference(&bindings(new)) {
            self.lost.insert(from.clone(), at);
        }
        // A destination that is gone need not be remembered.
        let exists: BTreeSet<From> = new
            .destinations
            .iter()
            .map(|one| (one.namespace.clone(), one.name.clone()))
            .collect();
        self.lost.retain(|from, _| exists.contains(from));
    }

    pub fn lost_at(&self, namespace: Option<&str>, name: &str) -> Option<Timestamp> {
        let from = (namespace.map(str::to_owned), name.to_owned());
        self.lost.get(&from).copied()
    }
}

#[cfg(test)]
mod tests {
    use waybill_model::topology::{Destination, DestinationKind, Route};

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
    fn a_lost_binding_is_remembered_while_its_exchange_lives() {
        let at = Timestamp::from_unix_millis;
        let mut watch = RouteWatch::default();
        watch.take(None, &topology(&["a"]), at(1));
        watch.take(Some(&topology(&["a"])), &topology(&["a", "b"]), at(2));
        assert_eq!(watch.lost_at(Some("/"), "orders"), None, "one came");
        watch.take(Some(&topology(&["a", "b"])), &topology(&["b"]), at(3));
        watch.take(Some(&topology(&["b"])), &topology(&["b"]), at(4));
        assert_eq!(watch.lost_at(Some("/"), "orders"), Some(at(3)));
        assert_eq!(watch.since, Some(at(1)));
        watch.take(Some(&topology(&["b"])), &Topology::default(), at(5));
        assert_eq!(watch.lost_at(Some("/"), "orders"), None);
    }
}
