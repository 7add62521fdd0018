//! Which queues hold what a client put to an exchange, or to a queue through the default exchange.

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::topology::{Destination, DestinationKind, Route, RouteKind, Setting, Topology};

use super::routing::Routing;
use super::topic::Key;
use crate::adapter::{Put, Rest, RestingQueue};

/// Settings by which messages leave a queue that nobody took them from.
const LETTING_GO: &[&str] = &["message-ttl", "max-length", "max-length-bytes", "expires"];

pub(super) fn rests(topology: &Topology, asked: &[Put<'_>]) -> Vec<Option<Rest>> {
    // What could not be read may lead elsewhere.
    let is_whole = ["destinations", "routes", "settings"]
        .iter()
        .all(|list| topology.unknown.iter().all(|gap| gap.member != *list));
    if !is_whole {
        return asked.iter().map(|_| None).collect();
    }
    let mut hosts: BTreeMap<&str, Host<'_>> = BTreeMap::new();
    for one in &topology.destinations {
        let host = hosts
            .entry(namespace(one.namespace.as_deref()))
            .or_default();
        match one.kind {
            DestinationKind::Exchange => host.exchanges.insert(&one.name, one),
            _ => host.queues.insert(&one.name, one),
        };
    }
    for route in &topology.routes {
        let host = hosts
            .entry(namespace(route.namespace.as_deref()))
            .or_default();
        host.routes.push(route);
    }
    let mut routing: BTreeMap<&str, Routing> = BTreeMap::new();
    let mut one = |put: &Put<'_>| {
        let mut having = hosts.iter().filter(|(_, host)| host.has(put.destination));
        let (vhost, host) = having.next()?;
        // Spans do not tell their virtual host.
        if having.next().is_some() {
            return None;
        }
        let routing = routing.entry(vhost).or_insert_with(|| host.routing());
        host.rest(vhost, routing, put)
    };
    asked.iter().map(&mut one).collect()
}

fn namespace(of: Option<&str>) -> &str {
    of.unwrap_or_default()
}

#[derive(Default)]
struct Host<'a> {
    exchanges: BTreeMap<&'a str, &'a Destination>,
    queues: BTreeMap<&'a str, &'a Destination>,
    routes: Vec<&'a Route>,
}

impl Host<'_> {
    fn has(&self, name: &str) -> bool {
        self.exchanges.contains_key(name) || self.queues.contains_key(name)
    }

    fn routing(&self) -> Routing {
        let exchanges = self.exchanges.values().map(|exchange| {
            let kind = exchange.subtype.clone().unwrap_or_default();
            let alternate = setting(&exchange.settings, "alternate-exchange");
            (exchange.name.clone(), kind, alternate.map(str::to_owned))
        });
        let bindings = self
            .routes
            .iter()
            .filter(|route| route.kind == RouteKind::Binding);
        let queues = self.queues.keys().map(|name| (*name).to_owned());
        Routing::told(exchanges, bindings.copied(), queues)
    }

    fn rest(&self, vhost: &str, routing: &Routing, put: &Put<'_>) -> Option<Rest> {
        let is_exchange = self.exchanges.contains_key(put.destination);
        let is_queue = self.queues.contains_key(put.destination);
        let names = match (is_exchange, is_queue) {
            (false, _) => BTreeSet::from([put.destination.to_owned()]),
            // The default exchange is named by the queue: which of the two it was is not told.
            (true, true) if put.route.is_none_or(|key| key == put.destination) => return None,
            (true, _) => {
                let key = Key::Exact(put.route?.to_owned());
                let reached = routing.route(put.destination, &key);
                if reached.uncertain.is_some() || reached.missing.is_some() {
                    return None;
                }
                reached.queues
            }
        };
        let queues = names.into_iter().map(|name| {
            let queue = self.queues.get(name.as_str())?;
            Some(RestingQueue {
                namespace: Some(vhost.to_owned()),
                lets_go: lets_go(queue),
                dead_letters: self.dead_letters(queue),
                name,
            })
        });
        // A queue that is bound and not told may hold it.
        Some(Rest {
            namespace: Some(vhost.to_owned()),
            queues: queues.collect::<Option<_>>()?,
        })
    }

    fn dead_letters(&self, queue: &Destination) -> Option<Vec<String>> {
        let leads = |route: &&&Route| {
            route.from == queue.name
                && matches!(route.kind, RouteKind::DeadLetter | RouteKind::Retry)
        };
        let to: BTreeSet<&str> = self
            .routes
            .iter()
            .filter(leads)
            .map(|r| r.to.as_str())
            .collect();
        let has_some = setting(&queue.settings, "dead-letter-exchange").is_some();
        if has_some && to.is_empty() {
            return None;
        }
        let known = to.iter().all(|name| self.queues.contains_key(name));
        known.then(|| to.into_iter().map(str::to_owned).collect())
    }
}

fn lets_go(queue: &Destination) -> bool {
    // A policy that is not told yet may set any of them.
    let untold = queue.unknown.iter().any(|gap| gap.member == "settings");
    untold
        || LETTING_GO
            .iter()
            .any(|name| setting(&queue.settings, name).is_some())
}

fn setting<'a>(settings: &'a [Setting], name: &str) -> Option<&'a str> {
    let found = settings.iter().find(|setting| setting.name == name)?;
    Some(found.value.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(kind: DestinationKind, name: &str, subtype: &str) -> Destination {
        Destination {
            name: name.into(),
            namespace: Some("/".into()),
            kind,
            subtype: Some(subtype.into()),
            ..Destination::default()
        }
    }

    fn route(kind: RouteKind, from: &str, key: &str, to: &str) -> Route {
        Route {
            kind,
            namespace: Some("/".into()),
            from: from.into(),
            to: to.into(),
            to_kind: DestinationKind::Queue,
            routing_key: Some(key.into()),
            guarantee: None,
        }
    }

    fn set(name: &str, value: &str) -> Setting {
        Setting {
            name: name.into(),
            value: Some(value.into()),
            source: "argument".into(),
        }
    }

    fn shop() -> Topology {
        let mut retry = destination(DestinationKind::Queue, "payment.retry", "quorum");
        retry.settings.push(set("message-ttl", "1000"));
        let mut payment = destination(DestinationKind::Queue, "payment", "quorum");
        payment.settings.push(set("dead-letter-exchange", ""));
        let mut lost = destination(DestinationKind::Queue, "lost", "classic");
        lost.settings.push(set("dead-letter-exchange", "gone"));
        Topology {
            destinations: vec![
                destination(DestinationKind::Exchange, "payments", "topic"),
                destination(DestinationKind::Exchange, "by-header", "headers"),
                destination(DestinationKind::Queue, "payment.dlq", "quorum"),
                payment,
                retry,
                lost,
            ],
            routes: vec![
                route(RouteKind::Binding, "payments", "payment.*", "payment"),
                route(
                    RouteKind::DeadLetter,
                    "payment",
                    "payment.dlq",
                    "payment.dlq",
                ),
            ],
            ..Topology::default()
        }
    }

    fn asked(topology: &Topology, destination: &str, route: Option<&str>) -> Option<Rest> {
        rests(topology, &[Put { destination, route }]).remove(0)
    }

    #[test]
    fn an_exchange_leads_to_queues_or_nowhere() {
        let shop = shop();
        let payment = asked(&shop, "payments", Some("payment.requested")).unwrap();
        assert_eq!(payment.queues.len(), 1);
        assert_eq!(payment.queues[0].name, "payment");
        assert!(!payment.queues[0].lets_go);
        assert_eq!(
            payment.queues[0].dead_letters,
            Some(vec!["payment.dlq".into()])
        );
        let nowhere = asked(&shop, "payments", Some("refund")).unwrap();
        assert!(nowhere.queues.is_empty());
    }

    #[test]
    fn a_queue_is_its_own_rest_and_says_how_messages_leave() {
        let shop = shop();
        let retry = asked(&shop, "payment.retry", None).unwrap();
        assert!(retry.queues[0].lets_go);
        assert_eq!(retry.queues[0].dead_letters, Some(Vec::new()));
        let lost = asked(&shop, "lost", Some("lost")).unwrap();
        assert_eq!(lost.queues[0].dead_letters, None);
    }

    #[test]
    fn what_cannot_be_told_is_not() {
        let mut shop = shop();
        for (destination, key) in [
            ("payments", None),
            ("by-header", Some("k")),
            ("unheard-of", Some("k")),
        ] {
            assert_eq!(asked(&shop, destination, key), None, "{destination}");
        }
        // A twin in another virtual host, then a queue of the exchange's name.
        let mut twin = destination(DestinationKind::Queue, "lost", "classic");
        twin.namespace = Some("other".into());
        shop.destinations.push(twin);
        assert_eq!(asked(&shop, "lost", None), None);
        shop.destinations
            .push(destination(DestinationKind::Queue, "payments", "classic"));
        assert_eq!(asked(&shop, "payments", Some("payments")), None);
        assert!(asked(&shop, "payments", Some("payment.x")).is_some());
        let mut partial = self::shop();
        partial.unknown.push(waybill_model::topology::Unknown {
            member: "routes".into(),
            why: waybill_model::topology::Why::Missing,
            detail: None,
        });
        assert_eq!(asked(&partial, "payment", None), None);
    }
}
