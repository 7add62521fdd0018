//! Whether a queue or an exchange outlives what may happen to it.

use waybill_model::messaging::DestinationRole;
use waybill_model::posture::{CureKind, RiskKind, Severity};
use waybill_model::topology::{Destination, Unknown, Why};

use super::Around;
use crate::posture::{Judged, counted};

pub(super) fn queue(judged: &mut Judged<'_>, queue: &Destination, around: &Around<'_>) {
    let is = |judged: &Judged<'_>, name: &str| judged.value(name) == Some("true");
    if is(judged, "exclusive") {
        judged.risk(
            Severity::Low,
            RiskKind::Vanishes,
            "exclusive",
            "it is deleted with the connection that declared it, and what it holds with it",
            (CureKind::Recreate, "exclusive=false, durable=true"),
        );
        return;
    }
    match judged.value("durable") {
        Some("false") => judged.risk(
            Severity::High,
            RiskKind::NotDurable,
            "durable",
            "the queue and what it holds are gone when its node restarts, persistent messages too",
            (CureKind::Recreate, "durable=true"),
        ),
        Some(_) => {}
        None => judged.not_known(not_told("durable")),
    }
    if is(judged, "auto-delete") {
        judged.risk(
            Severity::Medium,
            RiskKind::Vanishes,
            "auto-delete",
            "it is deleted when its last consumer goes, and what it holds with it",
            (CureKind::Recreate, "auto-delete=false"),
        );
    }
    if let Some(ms) = judged.value("expires").map(str::to_owned) {
        judged.risk(
            Severity::Medium,
            RiskKind::Vanishes,
            "expires",
            format!("unused for {ms} ms it is deleted, and what it holds with it"),
            (CureKind::Recreate, "no x-expires"),
        );
    }
    if judged.value("durable") != Some("false") {
        copies(judged, queue, around);
    }
}

fn copies(judged: &mut Judged<'_>, queue: &Destination, around: &Around<'_>) {
    let copies = queue.partitions.first().map_or(0, |one| one.replicas.len());
    match (around.nodes, copies) {
        // Where there is one node, there is nowhere to copy to: the cluster's page shows its nodes.
        (1, _) => return,
        (0, _) => {
            return judged.not_known(Unknown {
                member: "nodes".to_owned(),
                why: Why::Missing,
                detail: Some("how many nodes there are is not told".to_owned()),
            });
        }
        (_, 0) => return judged.not_known(not_told("members")),
        (_, 1) => {}
        _ => return,
    }
    let (name, cure) = match queue.subtype.as_deref() {
        Some("quorum") => (
            "members",
            (
                CureKind::Replicate,
                format!(
                    "rabbitmq-queues add_member --vhost {} {} NODE",
                    queue.namespace.as_deref().unwrap_or("/"),
                    queue.name
                ),
            ),
        ),
        Some("stream") => (
            "members",
            (
                CureKind::Replicate,
                format!(
                    "rabbitmq-streams add_replica --vhost {} {} NODE",
                    queue.namespace.as_deref().unwrap_or("/"),
                    queue.name
                ),
            ),
        ),
        _ => (
            "nodes that hold it",
            (CureKind::Recreate, "x-queue-type=quorum".to_owned()),
        ),
    };
    judged.risk_of(
        Severity::High,
        RiskKind::OneCopy,
        counted(name, copies),
        format!(
            "one of {} nodes holds it: without that node it cannot be used, and what it holds is \
             lost with that node's disk",
            around.nodes
        ),
        cure,
    );
}

pub(super) fn exchange(judged: &mut Judged<'_>, exchange: &Destination, around: &Around<'_>) {
    // The broker makes its own again.
    if exchange.name.starts_with("amq.") || exchange.role == DestinationRole::Internal {
        return;
    }
    match judged.value("durable") {
        Some("false") => judged.risk(
            Severity::High,
            RiskKind::NotDurable,
            "durable",
            "the exchange and its bindings are gone when the broker restarts: what is published \
             to it then is refused or lost",
            (CureKind::Recreate, "durable=true"),
        ),
        Some(_) => {}
        None => judged.not_known(not_told("durable")),
    }
    if judged.value("auto-delete") == Some("true") {
        judged.risk(
            Severity::Medium,
            RiskKind::Vanishes,
            "auto-delete",
            "it is deleted when the last binding from it goes: what is published to it then is \
             refused or lost",
            (CureKind::Recreate, "auto-delete=false"),
        );
    }
    if around.is_bound(exchange) || judged.value("alternate-exchange").is_some() {
        return;
    }
    if !around.bindings_are_told {
        return judged.not_known(not_told("bindings"));
    }
    judged.risk(
        Severity::High,
        RiskKind::Unrouted,
        "alternate-exchange",
        "nothing is bound to it and it has no alternate exchange: what is published to it without \
         the flag mandatory is dropped, although it is confirmed",
        (
            CureKind::Route,
            "a binding, or a policy with alternate-exchange",
        ),
    );
}

pub(super) fn not_told(setting: &str) -> Unknown {
    Unknown {
        member: format!("settings.{setting}"),
        why: Why::Missing,
        detail: None,
    }
}
