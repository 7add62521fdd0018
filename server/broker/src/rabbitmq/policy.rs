//! Arguments of a queue, its policy and its operator policy, resolved into what holds.
//!
//! Of an argument and a policy the smaller number holds for limits, and the argument for the rest,
//! except the overflow of quorum queues, where the policy wins. Operator policies cap limits.
//! Source: RabbitMQ's guides "Parameters and Policies" and "Operator policies", and the order in
//! which its queue types look settings up.

use std::collections::BTreeMap;

use serde_json::Value;
use waybill_model::topology::Setting;

use super::answers::{Arguments, Exchange, Policy, Queue, whole};

/// Longer values are cut: an argument may be a table of any size.
const LONGEST_VALUE: usize = 1024;

const SMALLER_HOLDS: &[&str] = &[
    "delivery-limit",
    "expires",
    "max-age",
    "max-length",
    "max-length-bytes",
    "message-ttl",
];

/// What holds, by the name that policies use (`message-ttl`), and where it comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Effective(BTreeMap<String, (Value, String)>);

impl Effective {
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.0.as_str()
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        whole(&self.0.get(name)?.0)
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn settings(&self) -> Vec<Setting> {
        let setting = |(name, (value, source)): (&String, &(Value, String))| Setting {
            name: name.clone(),
            value: Some(shown(value)),
            source: source.clone(),
        };
        self.0.iter().map(setting).collect()
    }
}

/// All policies of a cluster, by virtual host and name. `None`: not told.
#[derive(Clone, Debug, Default)]
pub(super) struct Policies {
    pub policies: Option<BTreeMap<(String, String), Arguments>>,
    pub operator: Option<BTreeMap<(String, String), Arguments>>,
}

pub(super) fn by_name(policies: Vec<Policy>) -> BTreeMap<(String, String), Arguments> {
    policies
        .into_iter()
        .filter_map(|policy| Some(((policy.vhost?, policy.name?), policy.definition)))
        .collect()
}

impl Policies {
    fn definition<'a>(
        list: &'a Option<BTreeMap<(String, String), Arguments>>,
        vhost: &str,
        name: Option<&str>,
    ) -> Option<&'a Arguments> {
        list.as_ref()?.get(&(vhost.to_owned(), name?.to_owned()))
    }

    pub fn of_queue(&self, queue: &Queue) -> Effective {
        let vhost = queue.vhost.as_deref().unwrap_or_default();
        let policy = Self::definition(&self.policies, vhost, queue.policy.as_deref());
        let operator = Self::definition(&self.operator, vhost, queue.operator_policy.as_deref());
        let mut effective = from_arguments(&queue.arguments);
        let merged = match &queue.effective_policy_definition {
            Some(told) => told.clone(),
            None => merge(policy, operator),
        };
        for (name, value) in merged {
            let source = policy_source(queue, operator, &name, &value);
            let argument = effective.0.get(&name).map(|(value, _)| value);
            if policy_holds(queue.kind.as_deref(), &name, argument, &value) {
                effective.0.insert(name, (value, source));
            }
        }
        effective
    }

    /// The exchange that takes what this one routes nowhere.
    pub fn alternate(&self, exchange: &Exchange) -> Option<String> {
        const NAME: &str = "alternate-exchange";
        if let Some(argument) = exchange.arguments.get(NAME) {
            return argument.as_str().map(str::to_owned);
        }
        let vhost = exchange.vhost.as_deref().unwrap_or_default();
        let policy = Self::definition(&self.policies, vhost, exchange.policy.as_deref())?;
        policy.get(NAME)?.as_str().map(str::to_owned)
    }
}

pub(super) fn from_arguments(arguments: &Arguments) -> Effective {
    let entry = |(name, value): (&String, &Value)| {
        let bare = name.strip_prefix("x-").unwrap_or(name);
        (bare.to_owned(), (value.clone(), format!("argument {name}")))
    };
    Effective(arguments.iter().map(entry).collect())
}

fn merge(policy: Option<&Arguments>, operator: Option<&Arguments>) -> Arguments {
    let mut merged = policy.cloned().unwrap_or_default();
    for (name, value) in operator.into_iter().flatten() {
        let smaller = SMALLER_HOLDS.contains(&name.as_str())
            && merged.get(name).is_some_and(|set| is_smaller(set, value));
        if !smaller {
            merged.insert(name.clone(), value.clone());
        }
    }
    merged
}

fn policy_holds(kind: Option<&str>, name: &str, argument: Option<&Value>, policy: &Value) -> bool {
    let Some(argument) = argument else {
        return true;
    };
    if SMALLER_HOLDS.contains(&name) {
        return is_smaller(policy, argument);
    }
    name == "overflow" && kind == Some("quorum")
}

/// A negative limit means none.
fn is_smaller(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) if a < 0.0 || b < 0.0 => a > b,
        (Some(a), Some(b)) => a < b,
        _ => false,
    }
}

fn policy_source(queue: &Queue, operator: Option<&Arguments>, name: &str, value: &Value) -> String {
    match (&queue.policy, &queue.operator_policy, operator) {
        (_, Some(by), Some(definition)) if definition.get(name) == Some(value) => {
            format!("operator policy {by}")
        }
        (Some(by), Some(_), Some(_)) | (Some(by), None, _) => format!("policy {by}"),
        (None, Some(by), _) => format!("operator policy {by}"),
        (Some(by), Some(operator), None) => format!("policy {by} or operator policy {operator}"),
        (None, None, _) => "policy".to_owned(),
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn queue(value: Value) -> Queue {
        serde_json::from_value(value).unwrap()
    }

    fn policies() -> Policies {
        let policy = |name: &str, definition: Value| {
            let policy = json!({"vhost": "/", "name": name, "definition": definition});
            by_name(vec![serde_json::from_value(policy).unwrap()])
        };
        Policies {
            policies: Some(policy(
                "orders",
                json!({"message-ttl": 5000, "delivery-limit": 3, "dead-letter-exchange": "of-policy",
                       "overflow": "drop-head", "alternate-exchange": "spare"}),
            )),
            operator: Some(policy(
                "caps",
                json!({"message-ttl": 4000, "max-length": 10}),
            )),
        }
    }

    #[test]
    fn each_setting_has_its_value_and_its_source() {
        let queue = queue(json!({
            "name": "q", "vhost": "/", "type": "quorum", "policy": "orders", "operator_policy": "caps",
            "arguments": {"x-message-ttl": 9000, "x-delivery-limit": 2,
                          "x-dead-letter-exchange": "of-argument", "x-overflow": "reject-publish"},
        }));
        let effective = policies().of_queue(&queue);
        let told: Vec<_> = effective
            .settings()
            .into_iter()
            .map(|s| (s.name, s.value.unwrap(), s.source))
            .collect();
        let expected = [
            ("alternate-exchange", "spare", "policy orders"),
            (
                "dead-letter-exchange",
                "of-argument",
                "argument x-dead-letter-exchange",
            ),
            ("delivery-limit", "2", "argument x-delivery-limit"),
            ("max-length", "10", "operator policy caps"),
            ("message-ttl", "4000", "operator policy caps"),
            // In a quorum queue the policy's overflow wins.
            ("overflow", "drop-head", "policy orders"),
        ];
        let expected: Vec<_> = expected
            .map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()))
            .into();
        assert_eq!(told, expected);
    }

    #[test]
    fn the_brokers_own_merge_is_believed() {
        let queue = queue(json!({
            "name": "q", "vhost": "/", "policy": "orders",
            "effective_policy_definition": {"message-ttl": 1},
            "arguments": {"x-message-ttl": 2, "x-overflow": "drop-head"},
        }));
        let effective = policies().of_queue(&queue);
        assert_eq!(effective.number("message-ttl"), Some(1));
        assert!(!effective.has("max-length"));
    }

    #[test]
    fn a_negative_delivery_limit_is_none() {
        let queue = queue(json!({
            "name": "q", "vhost": "/", "policy": "orders",
            "arguments": {"x-delivery-limit": -1},
        }));
        assert_eq!(
            policies().of_queue(&queue).number("delivery-limit"),
            Some(3)
        );
    }

    #[test]
    fn the_alternate_of_an_exchange() {
        let exchange = |arguments: Value| {
            let value =
                json!({"name": "x", "vhost": "/", "policy": "orders", "arguments": arguments});
            serde_json::from_value::<Exchange>(value).unwrap()
        };
        let named = exchange(json!({"alternate-exchange": "other"}));
        assert_eq!(policies().alternate(&named).as_deref(), Some("other"));
        let plain = exchange(json!([]));
        assert_eq!(policies().alternate(&plain).as_deref(), Some("spare"));
    }
}
