use axum::Json;
use axum::extract::{Path, RawQuery, State};
use waybill_model::access::{Action, Caller, Target};
use waybill_model::cluster::{Cluster, ObservedCluster};
use waybill_model::destination::{DestinationId, Exact};
use waybill_model::posture::{Durability, Posture, RiskKind, RiskPlace, RiskQuery, Severity};
use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;
use waybill_model::topology::{Unknown, Why};

use super::params::Params;
use super::{Answer, AppState, clusters};
use crate::auth::gate::User;
use crate::clock;

/// What of `unjudged` a page tells.
const MOST_UNJUDGED: usize = 200;

/// Every destination whose settings let messages be lost, the gravest first. What could not be
/// judged is in `unjudged`, at most 200 of them on any page; `counts.unjudged` tells how many there
/// are. It is neither safe nor at risk.
#[utoipa::path(
    get, path = "/api/v1/clusters/{id}/durability", tag = "clusters",
    params(
        ("id" = String, Path),
        ("severity" = Option<Severity>, Query),
        ("risk" = Option<RiskKind>, Query),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query,),
    ),
    responses((status = 200, body = Durability)),
)]
pub async fn get_durability(
    State(state): State<AppState>,
    User(caller): User,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Durability> {
    let known = ["severity", "risk", "limit", "cursor"];
    let params = Params::parse(query.as_deref(), &known)?;
    let query = RiskQuery {
        severity: params.word("severity", Severity::WORDS)?,
        risk: params.word("risk", RiskKind::WORDS)?,
    };
    let mut told = durability(&state, &caller, &id, query).await?;
    let page = params.page(std::mem::take(&mut told.items))?;
    (told.items, told.next) = (page.items, page.next);
    told.unjudged.truncate(MOST_UNJUDGED);
    Ok(Json(told))
}

/// All of it, without pages.
///
/// # Errors
/// `NotFound` where there is no such cluster or the caller may not see it; `StoreUnavailable`.
pub(crate) async fn durability(
    state: &AppState,
    caller: &Caller,
    id: &str,
    query: RiskQuery,
) -> Result<Durability, Problem> {
    let cluster = clusters::cluster(state, caller, id).await?;
    let observed = state.reads.observed().await?;
    let observed = observed.into_iter().find(|one| {
        // What only spans name has the id of no configured cluster.
        cluster.configured && cluster.managed && one.state.cluster == cluster.name
    });
    let posture = observed.as_ref().and_then(|one| one.posture.as_deref());
    let mut told = Durability {
        cluster: cluster.name.clone(),
        as_of: cluster.topology_as_of,
        stale: cluster.topology_stale,
        counts: None,
        items: Vec::new(),
        next: None,
        unjudged: Vec::new(),
        unknown: Vec::new(),
    };
    match posture {
        Some(posture) => judged(&mut told, &cluster, posture, caller, query),
        None => told.unknown.push(unjudged(&cluster, observed.as_ref())),
    }
    Ok(told)
}

fn judged(
    told: &mut Durability,
    cluster: &Cluster,
    posture: &Posture,
    caller: &Caller,
    query: RiskQuery,
) {
    let mut seen = narrowed(posture, caller, &cluster.name, clock::now());
    told.counts = Some(seen.counts());
    seen.risks.retain(|risk| query.takes(risk));
    for risk in &mut seen.risks {
        risk.place.id = id_of(cluster, &risk.place);
    }
    for one in &mut seen.unjudged {
        one.place.id = id_of(cluster, &one.place);
    }
    told.items = seen.risks;
    told.unjudged = seen.unjudged;
    told.unknown = cluster
        .reasons
        .iter()
        .filter(|reason| ["destinations", "settings", "nodes"].contains(&reason.member.as_str()))
        .cloned()
        .collect();
}

/// What of a posture the caller sees: risks of destinations that it sees.
pub(super) fn narrowed(
    posture: &Posture,
    caller: &Caller,
    cluster: &str,
    now: Timestamp,
) -> Posture {
    posture.narrowed(|place| {
        let on = Target {
            cluster: Some(cluster),
            resource: Some(&place.destination),
        };
        caller.may(Action::TraceRead, on, now)
    })
}

fn id_of(cluster: &Cluster, place: &RiskPlace) -> String {
    let exact = Exact {
        cluster: cluster.name.clone(),
        kind: place.kind,
        namespace: place.namespace.clone(),
    };
    let id = DestinationId {
        system: cluster.broker.clone(),
        name: place.destination.clone(),
        exact: Some(exact),
    };
    id.to_string()
}

fn unjudged(cluster: &Cluster, observed: Option<&ObservedCluster>) -> Unknown {
    let (why, detail) = match observed {
        Some(one) if one.topology.is_some() => {
            (Why::Unsupported, "nothing judges clusters of this broker")
        }
        _ if !cluster.managed => (Why::Unsupported, "only spans tell of this cluster"),
        _ => (Why::NotAsked, "its topology has not been read yet"),
    };
    Unknown {
        member: "counts".to_owned(),
        why,
        detail: Some(detail.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use waybill_model::access::{Grant, Role};
    use waybill_model::messaging::DestinationRole;
    use waybill_model::posture::Unjudged;
    use waybill_model::topology::DestinationKind;

    use super::*;

    #[test]
    fn only_destinations_that_are_seen_are_told_and_counted() {
        let unjudged = |name: &str| Unjudged {
            place: RiskPlace {
                id: String::new(),
                namespace: None,
                destination: name.into(),
                kind: DestinationKind::Topic,
                role: DestinationRole::Origin,
            },
            unknown: Vec::new(),
        };
        let posture = Posture {
            risks: Vec::new(),
            unjudged: vec![unjudged("orders"), unjudged("audit")],
        };
        let caller = |cluster: &str, resource: &str| Caller {
            user_id: 1,
            name: "bob".into(),
            role: Role::Viewer,
            grants: vec![Grant {
                cluster: cluster.into(),
                resource: resource.into(),
                ..Grant::everywhere(Action::TraceRead)
            }],
            token: None,
        };
        for (who, seen) in [
            (caller("*", "*"), 2),
            (caller("east", "ord*"), 1),
            (caller("west", "*"), 0),
        ] {
            let narrowed = narrowed(&posture, &who, "east", Timestamp::EPOCH);
            assert_eq!(narrowed.counts().unjudged, seen);
        }
    }
}
