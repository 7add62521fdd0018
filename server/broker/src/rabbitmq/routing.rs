//! Where an exchange leads a message, as its bindings tell.

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::topology::{DestinationKind, Route};

use super::answers::{Binding, Exchange};
use super::policy::Policies;
use super::topic::Key;

/// Exchanges bound to exchanges are followed this far.
const DEEPEST: usize = 32;

/// Of one virtual host.
#[derive(Debug, Default)]
pub(super) struct Routing {
    exchanges: BTreeMap<String, Known>,
    /// By source.
    bindings: BTreeMap<String, Bindings>,
    /// By queue: source and key.
    into_queues: BTreeMap<String, Vec<(String, String)>>,
    queues: BTreeSet<String>,
}

#[derive(Debug)]
struct Known {
    kind: String,
    alternate: Option<String>,
}

/// Of one exchange, by key: thousands of queues may share one exchange for their dead letters.
#[derive(Debug, Default)]
struct Bindings {
    by_key: BTreeMap<String, Vec<Bound>>,
    /// Keys that are patterns in a topic exchange.
    patterns: Vec<String>,
}

#[derive(Debug)]
struct Bound {
    to: String,
    to_exchange: bool,
}

impl Bindings {
    fn add(&mut self, key: String, bound: Bound) {
        let is_new = !self.by_key.contains_key(&key);
        if is_new && key.split('.').any(|word| matches!(word, "*" | "#")) {
            self.patterns.push(key.clone());
        }
        self.by_key.entry(key).or_default().push(bound);
    }

    fn direct(&self, key: &Key) -> Vec<&Bound> {
        match key {
            Key::Exact(key) => self.by_key.get(key).into_iter().flatten().collect(),
            key => self.all(|binding| key.may_equal(binding)),
        }
    }

    fn topic(&self, key: &Key) -> Vec<&Bound> {
        let Key::Exact(exact) = key else {
            return self.all(|binding| key.may_match(binding));
        };
        let patterns = self.patterns.iter().filter(|p| key.may_match(p));
        let plain = Some(exact).filter(|exact| !self.patterns.contains(exact));
        patterns
            .chain(plain)
            .filter_map(|binding| self.by_key.get(binding))
            .flatten()
            .collect()
    }

    fn all(&self, takes: impl Fn(&str) -> bool) -> Vec<&Bound> {
        let taken = self.by_key.iter().filter(|(binding, _)| takes(binding));
        taken.flat_map(|(_, bound)| bound).collect()
    }
}

/// The queues that a message may come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reached {
    pub queues: BTreeSet<String>,
    /// Why there may be others, or fewer.
    pub uncertain: Option<String>,
    /// An exchange or queue that was led to and does not exist.
    pub missing: Option<String>,
}

impl Reached {
    fn uncertain(why: String) -> Self {
        Self {
            uncertain: Some(why),
            ..Self::default()
        }
    }

    pub fn nowhere(&self) -> bool {
        self.queues.is_empty() && self.uncertain.is_none()
    }

    pub fn join(&mut self, other: Self) {
        self.queues.extend(other.queues);
        self.uncertain = self.uncertain.take().or(other.uncertain);
        self.missing = self.missing.take().or(other.missing);
    }
}

/// One for each virtual host.
pub(super) fn by_vhost(
    exchanges: &[Exchange],
    bindings: &[Binding],
    queues: &BTreeSet<(String, String)>,
    policies: &Policies,
) -> BTreeMap<String, Routing> {
    let mut all: BTreeMap<String, Routing> = BTreeMap::new();
    for exchange in exchanges {
        let (Some(vhost), Some(name)) = (&exchange.vhost, &exchange.name) else {
            continue;
        };
        let known = Known {
            kind: exchange.kind.clone().unwrap_or_default(),
            alternate: policies.alternate(exchange),
        };
        let routing = all.entry(vhost.clone()).or_default();
        routing.exchanges.insert(name.clone(), known);
    }
    for (vhost, name) in queues {
        let routing = all.entry(vhost.clone()).or_default();
        routing.queues.insert(name.clone());
    }
    for binding in bindings {
        all.entry(binding.vhost.clone().unwrap_or_default())
            .or_default()
            .bind(binding);
    }
    all
}

impl Routing {
    /// Of exchanges, each with its type and alternate, bindings and queues of one virtual host, as
    /// the model tells them.
    pub fn told<'a>(
        exchanges: impl Iterator<Item = (String, String, Option<String>)>,
        bindings: impl Iterator<Item = &'a Route>,
        queues: impl Iterator<Item = String>,
    ) -> Self {
        let known = |(name, kind, alternate)| (name, Known { kind, alternate });
        let mut routing = Self {
            exchanges: exchanges.map(known).collect(),
            queues: queues.collect(),
            ..Self::default()
        };
        for route in bindings {
            let to_exchange = route.to_kind == DestinationKind::Exchange;
            let key = route.routing_key.clone().unwrap_or_default();
            routing.lead(&route.from, key, &route.to, to_exchange);
        }
        routing
    }

    fn bind(&mut self, binding: &Binding) {
        let (Some(source), Some(to)) = (&binding.source, &binding.destination) else {
            return;
        };
        // The default exchange binds every queue by its name and needs no list.
        if source.is_empty() {
            return;
        }
        let key = binding.routing_key.clone().unwrap_or_default();
        let to_exchange = binding.destination_type.as_deref() == Some("exchange");
        self.lead(source, key, to, to_exchange);
    }

    fn lead(&mut self, source: &str, key: String, to: &str, to_exchange: bool) {
        if !to_exchange {
            let into = self.into_queues.entry(to.to_owned()).or_default();
            into.push((source.to_owned(), key.clone()));
        }
        let bound = Bound {
            to: to.to_owned(),
            to_exchange,
        };
        let bindings = self.bindings.entry(source.to_owned()).or_default();
        bindings.add(key, bound);
    }

    /// The keys of messages that come into a queue through its bindings; empty where only the
    /// default exchange leads there.
    pub fn keys_into(&self, queue: &str) -> BTreeSet<Key> {
        let key = |(source, key): &(String, String)| match self.kind(source) {
            "direct" => Key::Exact(key.clone()),
            "topic" => Key::Pattern(key.clone()),
            _ => Key::Any,
        };
        self.into_queues
            .get(queue)
            .into_iter()
            .flatten()
            .map(key)
            .collect()
    }

    /// The exchanges that lead to a queue directly.
    pub fn sources_of(&self, queue: &str) -> impl Iterator<Item = &str> {
        let bindings = self.into_queues.get(queue).into_iter().flatten();
        bindings.map(|(source, _)| source.as_str())
    }

    pub fn route(&self, exchange: &str, key: &Key) -> Reached {
        self.follow(exchange, key, &mut BTreeSet::new(), DEEPEST)
    }

    fn kind(&self, exchange: &str) -> &str {
        self.exchanges
            .get(exchange)
            .map_or("", |known| known.kind.as_str())
    }

    fn follow<'a>(
        &'a self,
        exchange: &'a str,
        key: &Key,
        seen: &mut BTreeSet<&'a str>,
        depth: usize,
    ) -> Reached {
        if exchange.is_empty() {
            return self.by_queue_name(key);
        }
        let Some(known) = self.exchanges.get(exchange) else {
            return Reached {
                missing: Some(format!("exchange {exchange}")),
                ..Reached::default()
            };
        };
        if depth == 0 {
            return Reached::uncertain("exchanges are bound to each other too deeply".to_owned());
        }
        if !seen.insert(exchange) {
            return Reached::default();
        }
        let bindings = self.bindings.get(exchange);
        let taken = match known.kind.as_str() {
            "direct" => bindings.map(|bindings| bindings.direct(key)),
            "topic" => bindings.map(|bindings| bindings.topic(key)),
            "fanout" => bindings.map(|bindings| bindings.all(|_| true)),
            kind => {
                return Reached::uncertain(format!(
                    "exchange {exchange} is of the type {kind}, which does not route by the key alone"
                ));
            }
        };
        let mut reached = Reached::default();
        for bound in taken.into_iter().flatten() {
            if bound.to_exchange {
                reached.join(self.follow(&bound.to, key, seen, depth - 1));
            } else {
                reached.queues.insert(bound.to.clone());
            }
        }
        match &known.alternate {
            Some(alternate) if reached.nowhere() => self.follow(alternate, key, seen, depth - 1),
            _ => reached,
        }
    }

    fn by_queue_name(&self, key: &Key) -> Reached {
        match key {
            Key::Exact(name) if self.queues.contains(name) => Reached {
                queues: BTreeSet::from([name.clone()]),
                ..Reached::default()
            },
            Key::Exact(name) => Reached {
                missing: Some(format!("queue {name}")),
                ..Reached::default()
            },
            Key::Pattern(_) | Key::Any => Reached::uncertain(
                "the default exchange leads to the queue named by the message's own routing key"
                    .to_owned(),
            ),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(in super::super) fn routing(exchanges: Value, bindings: Value, queues: &[&str]) -> Routing {
        let exchanges: Vec<Exchange> = serde_json::from_value(exchanges).unwrap();
        let bindings: Vec<Binding> = serde_json::from_value(bindings).unwrap();
        let queues = queues
            .iter()
            .map(|q| ("/".to_owned(), (*q).to_owned()))
            .collect();
        by_vhost(&exchanges, &bindings, &queues, &Policies::default())
            .remove("/")
            .unwrap()
    }

    pub(in super::super) fn exchange(name: &str, kind: &str) -> Value {
        json!({"name": name, "vhost": "/", "type": kind, "arguments": {}})
    }

    pub(in super::super) fn binding(source: &str, to: &str, key: &str) -> Value {
        json!({"source": source, "vhost": "/", "destination": to, "destination_type": "queue",
               "routing_key": key})
    }

    fn names(reached: &Reached) -> Vec<&str> {
        reached.queues.iter().map(String::as_str).collect()
    }

    fn exact(key: &str) -> Key {
        Key::Exact(key.to_owned())
    }

    #[test]
    fn each_type_of_exchange_leads_by_its_own_rule() {
        let mut spare = exchange("with-spare", "direct");
        spare["arguments"] = json!({"alternate-exchange": "all"});
        let mut e2e = binding("front", "topics", "order.#");
        e2e["destination_type"] = json!("exchange");
        let mut back = binding("topics", "front", "#");
        back["destination_type"] = json!("exchange");
        let routing = routing(
            json!([
                exchange("keys", "direct"),
                exchange("topics", "topic"),
                exchange("all", "fanout"),
                exchange("by-header", "headers"),
                exchange("hashed", "x-consistent-hash"),
                exchange("front", "topic"),
                spare,
            ]),
            json!([
                binding("keys", "a", "one"),
                binding("keys", "b", "two"),
                binding("topics", "a", "order.*"),
                binding("topics", "b", "#"),
                binding("all", "a", "ignored"),
                binding("all", "b", ""),
                binding("by-header", "a", ""),
                e2e,
                back,
            ]),
            &["a", "b"],
        );
        assert_eq!(names(&routing.route("keys", &exact("one"))), ["a"]);
        assert!(routing.route("keys", &exact("three")).nowhere());
        assert_eq!(
            names(&routing.route("topics", &exact("order.new"))),
            ["a", "b"]
        );
        assert_eq!(names(&routing.route("topics", &exact("bill"))), ["b"]);
        assert_eq!(names(&routing.route("all", &exact("x"))), ["a", "b"]);
        assert_eq!(names(&routing.route("", &exact("a"))), ["a"]);
        // Through the alternate exchange, since nothing is bound.
        assert_eq!(names(&routing.route("with-spare", &exact("x"))), ["a", "b"]);
        // Exchange to exchange, and round in a circle.
        assert_eq!(
            names(&routing.route("front", &exact("order.new"))),
            ["a", "b"]
        );
        assert!(routing.route("front", &exact("bill")).nowhere());
        for unknown in ["by-header", "hashed"] {
            let reached = routing.route(unknown, &exact("x"));
            assert!(reached.uncertain.is_some() && reached.queues.is_empty());
        }
        assert_eq!(
            routing.route("gone", &exact("x")).missing.as_deref(),
            Some("exchange gone")
        );
        assert_eq!(
            routing.route("", &exact("gone")).missing.as_deref(),
            Some("queue gone")
        );
    }

    #[test]
    fn keys_that_a_message_may_have_kept() {
        let routing = routing(
            json!([
                exchange("keys", "direct"),
                exchange("topics", "topic"),
                exchange("all", "fanout")
            ]),
            json!([
                binding("keys", "q", "k"),
                binding("topics", "q", "t.#"),
                binding("all", "r", "")
            ]),
            &["q", "r", "s"],
        );
        assert_eq!(
            routing.keys_into("q"),
            BTreeSet::from([exact("k"), Key::Pattern("t.#".to_owned())])
        );
        assert_eq!(routing.keys_into("r"), BTreeSet::from([Key::Any]));
        assert!(routing.keys_into("s").is_empty());
    }
}
