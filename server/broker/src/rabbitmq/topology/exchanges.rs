//! Exchanges and bindings.

use waybill_model::messaging::DestinationRole;
use waybill_model::topology::{Destination, DestinationKind, Route, RouteKind, Setting, Topology};

use super::super::answers::{Binding, Exchange};
use super::super::policy::{Policies, from_arguments};
use super::unsupported;
use crate::roles;

pub(super) fn destinations(exchanges: &[Exchange], policies: &Policies, topology: &mut Topology) {
    for exchange in exchanges {
        let (Some(vhost), Some(name)) = (&exchange.vhost, &exchange.name) else {
            continue;
        };
        // What goes through the default exchange is named by its queue, in spans as well.
        if name.is_empty() {
            continue;
        }
        topology.destinations.push(Destination {
            name: name.clone(),
            namespace: Some(vhost.clone()),
            kind: DestinationKind::Exchange,
            role: role(exchange, name),
            subtype: exchange.kind.clone(),
            settings: settings(exchange, policies),
            unknown: ["id", "state", "consumers", "stored_bytes"]
                .map(unsupported)
                .into(),
            ..Destination::default()
        });
    }
}

/// Bindings of queues to the default exchange are no choice of anybody and left out.
pub(super) fn routes(bindings: &[Binding], topology: &mut Topology) {
    for binding in bindings {
        let (Some(source), Some(to)) = (&binding.source, &binding.destination) else {
            continue;
        };
        if source.is_empty() {
            continue;
        }
        topology.routes.push(Route {
            kind: RouteKind::Binding,
            namespace: binding.vhost.clone(),
            from: source.clone(),
            to: to.clone(),
            to_kind: match binding.destination_type.as_deref() {
                Some("exchange") => DestinationKind::Exchange,
                _ => DestinationKind::Queue,
            },
            routing_key: binding.routing_key.clone(),
            guarantee: None,
        });
    }
}

fn role(exchange: &Exchange, name: &str) -> DestinationRole {
    if exchange.internal == Some(true) || name.starts_with("amq.rabbitmq.") {
        DestinationRole::Internal
    } else {
        roles::by_name(name)
    }
}

fn settings(exchange: &Exchange, policies: &Policies) -> Vec<Setting> {
    let mut settings = from_arguments(&exchange.arguments).settings();
    let argument = exchange.arguments.contains_key("alternate-exchange");
    if let Some(alternate) = policies.alternate(exchange).filter(|_| !argument) {
        settings.push(Setting {
            name: "alternate-exchange".to_owned(),
            value: Some(alternate),
            source: format!("policy {}", exchange.policy.as_deref().unwrap_or_default()),
        });
    }
    for (name, told) in [
        ("durable", exchange.durable),
        ("auto-delete", exchange.auto_delete),
        ("internal", exchange.internal),
    ] {
        if let Some(value) = told {
            settings.push(Setting {
                name: name.to_owned(),
                value: Some(value.to_string()),
                source: "exchange".to_owned(),
            });
        }
    }
    settings
}
