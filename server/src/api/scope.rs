//! Grants narrower than a role: what of an answer a caller may see.

use std::collections::HashSet;

use waybill_model::access::{Action, Caller, Target};
use waybill_model::journey::Message;
use waybill_model::map::{Map, MapFlow, MapNode, MapSource};
use waybill_model::problem::{Code, Problem};
use waybill_model::query::JourneyQuery;
use waybill_model::time::Timestamp;
use waybill_model::view::{JourneyPage, Overview};

/// Whether the caller may see a message. An unknown cluster or destination is only seen by those
/// who see all of them.
pub fn sees(caller: &Caller, message: &Message, now: Timestamp) -> bool {
    sees_place(
        caller,
        message.cluster.as_deref(),
        message.destination.as_deref(),
        now,
    )
}

pub fn sees_everything(caller: &Caller, now: Timestamp) -> bool {
    caller.grants.iter().any(|grant| {
        grant.action == Action::TraceRead
            && grant.cluster == "*"
            && grant.resource == "*"
            && grant.expires_at.is_none_or(|end| now < end)
    })
}

fn sees_place(caller: &Caller, cluster: Option<&str>, name: Option<&str>, now: Timestamp) -> bool {
    let target = Target {
        cluster: Some(cluster.unwrap_or_default()),
        resource: Some(name.unwrap_or_default()),
    };
    caller.may(Action::TraceRead, target, now)
}

/// Roll-ups do not tell clusters, so a narrowed caller sees what no other cluster is in.
pub fn narrow_overview(caller: &Caller, mut overview: Overview, now: Timestamp) -> Overview {
    if sees_everything(caller, now) {
        return overview;
    }
    let sees_name = |name: &str| sees_destination(caller, name, now);
    overview
        .troubled
        .retain(|summary| sees(caller, &summary.message, now));
    overview
        .destinations
        .retain(|line| sees_name(&line.destination));
    overview.muted_failures = None;
    overview.totals = Default::default();
    overview.traffic.clear();
    overview
}

/// As [`narrow_overview`]: a destination counts as of an unknown cluster.
pub fn sees_destination(caller: &Caller, name: &str, now: Timestamp) -> bool {
    sees_place(caller, None, Some(name), now)
}

/// What brokers tell was narrowed when it was read. Nodes that only spans tell of go with their last
/// flow.
pub fn narrow_map(caller: &Caller, mut map: Map, now: Timestamp) -> Map {
    if sees_everything(caller, now) {
        return map;
    }
    map.edges
        .retain(|edge| edge.is_of_broker() || sees_destination(caller, &edge.destination, now));
    let named = |edge: &MapFlow| {
        [
            Some(edge.from.clone()),
            Some(edge.to.clone()),
            edge.via.clone(),
        ]
    };
    let left: HashSet<String> = map.edges.iter().flat_map(named).flatten().collect();
    let of_broker = |node: &MapNode| node.told_by().contains(&MapSource::Broker);
    map.nodes
        .retain(|node| of_broker(node) || left.contains(node.id()));
    map
}

/// Other messages of the chain and spans of other people's services are left out.
///
/// # Errors
/// `NotFound`, as for a journey that does not exist: that it does is not told.
pub fn narrow_journey(
    caller: &Caller,
    mut page: JourneyPage,
    now: Timestamp,
) -> Result<JourneyPage, Problem> {
    if sees_everything(caller, now) {
        return Ok(page);
    }
    if !sees(caller, &page.journey.message, now) {
        return Err(no_journey());
    }
    page.chain
        .retain(|journey| sees(caller, &journey.message, now));
    page.spans.clear();
    Ok(page)
}

pub fn no_journey() -> Problem {
    Problem::new(
        Code::NotFound,
        "No message is known by this id.",
        "Ids come from an answer of GET /api/v1/journeys; spans older than the retention are gone.",
    )
}

/// `attribute` may be written `name=value`; it is asked as `name:value`.
pub fn normalise(mut query: JourneyQuery) -> Result<JourneyQuery, Problem> {
    if let Some(attribute) = query.attribute.take() {
        let at = attribute.find([':', '=']).filter(|at| *at > 0);
        let Some(at) = at.filter(|at| at + 1 < attribute.len()) else {
            return Err(super::params::invalid(
                "attribute",
                "is written name:value, such as order.id:1001",
            ));
        };
        query.attribute = Some(format!("{}:{}", &attribute[..at], &attribute[at + 1..]));
    }
    Ok(query)
}

#[cfg(test)]
mod tests {
    use waybill_model::access::{Grant, Role};
    use waybill_model::map::MapEdgeKind;

    use super::*;

    fn caller(cluster: &str, resource: &str) -> Caller {
        let grant = Grant {
            cluster: cluster.into(),
            resource: resource.into(),
            ..Grant::everywhere(Action::TraceRead)
        };
        Caller {
            user_id: 1,
            name: "bob".into(),
            role: Role::Viewer,
            grants: vec![grant],
            token: None,
        }
    }

    #[test]
    fn a_destination_of_no_known_cluster_is_seen_by_who_sees_all_of_them() {
        let now = Timestamp::EPOCH;
        for (who, expected) in [
            (caller("*", "*"), true),
            (caller("*", "orders*"), true),
            (caller("east", "*"), false),
        ] {
            assert_eq!(sees_destination(&who, "orders.eu", now), expected);
        }
    }

    #[test]
    fn a_narrowed_map_keeps_no_node_without_a_flow() {
        let node = |name: &str| MapNode::Service {
            id: name.into(),
            name: name.into(),
        };
        let flow = |from: &str, destination: &str| MapFlow {
            kind: MapEdgeKind::Publishes,
            from: from.into(),
            to: destination.into(),
            via: None,
            service: Some(from.into()),
            system: "examplemq".into(),
            cluster: None,
            destination: destination.into(),
            group: None,
            told_by: vec![MapSource::Spans],
            per_s: Some(1.0),
            per_s_by: Some(MapSource::Spans),
            failed_share: Some(0.0),
            p50_ms: None,
            p99_ms: None,
            lag_messages: None,
            unknown: Vec::new(),
        };
        let map = Map {
            as_of: Timestamp::EPOCH,
            from: Timestamp::EPOCH,
            to: Timestamp::EPOCH,
            window_ms: 0,
            nodes: ["shop", "orders", "bank", "payments"].map(node).into(),
            edges: vec![flow("shop", "orders"), flow("bank", "payments")],
            with_brokers: false,
        };
        let seen = narrow_map(&caller("*", "orders*"), map, Timestamp::EPOCH);
        let ids: Vec<&str> = seen.nodes.iter().map(MapNode::id).collect();
        assert_eq!((ids, seen.edges.len()), (vec!["shop", "orders"], 1));
    }
}
