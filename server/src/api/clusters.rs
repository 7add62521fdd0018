use axum::Json;
use axum::extract::{Path, RawQuery, State};
use waybill_model::access::{Action, Caller, Target};
use waybill_model::cluster::{Cluster, ObservedCluster};
use waybill_model::problem::{Code, Problem};
use waybill_model::query::Page;
use waybill_model::time::Timestamp;

use super::durability::narrowed;
use super::params::Params;
use super::{Answer, AppState};
use crate::auth::gate::User;
use crate::clock;
use crate::config::{self, ActionLevel};

/// Clusters of the configuration, then systems that only spans name.
#[utoipa::path(
    get, path = "/api/v1/clusters", tag = "clusters",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query,),
    ),
    responses((status = 200, body = Page<Cluster>)),
)]
pub async fn list_clusters(
    State(state): State<AppState>,
    User(caller): User,
    RawQuery(query): RawQuery,
) -> Answer<Page<Cluster>> {
    let params = Params::parse(query.as_deref(), &["limit", "cursor"])?;
    Ok(Json(params.page(clusters(&state, &caller).await?)?))
}

#[utoipa::path(
    get, path = "/api/v1/clusters/{id}", tag = "clusters",
    params(("id" = String, Path)),
    responses((status = 200, body = Cluster)),
)]
pub async fn get_cluster(
    State(state): State<AppState>,
    User(caller): User,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Cluster> {
    Params::parse(query.as_deref(), &[])?;
    Ok(Json(cluster(&state, &caller, &id).await?))
}

/// # Errors
/// `NotFound` where it does not exist, or the caller may not see it; `StoreUnavailable`.
pub(crate) async fn cluster(
    state: &AppState,
    caller: &Caller,
    id: &str,
) -> Result<Cluster, Problem> {
    let mut found = clusters(state, caller).await?;
    found.retain(|cluster| cluster.id == id);
    found.pop().ok_or_else(|| {
        Problem::new(
            Code::NotFound,
            "There is no such cluster.",
            "GET /api/v1/clusters lists them.",
        )
    })
}

/// Those that the caller may see, each as its grants name it.
pub(crate) async fn clusters(state: &AppState, caller: &Caller) -> Result<Vec<Cluster>, Problem> {
    let now = clock::now();
    let observed = state.reads.observed().await?;
    let all = state.settings.clusters.iter().map(|cluster| {
        let observed = observed
            .iter()
            .find(|one| one.state.cluster == cluster.name);
        let observed = observed.filter(|_| cluster.managed);
        let mut told = configured(cluster, observed, now);
        let posture = observed.and_then(|one| one.posture.as_deref());
        told.risks = posture.map(|posture| narrowed(posture, caller, &cluster.name, now).counts());
        told
    });
    let mut clusters: Vec<Cluster> = all.collect();
    let mut systems = state.reads.systems().await?;
    systems.retain(|system| !clusters.iter().any(|cluster| cluster.broker == *system));
    clusters.extend(systems.into_iter().map(of_spans));
    for cluster in &mut clusters {
        cluster.words = state.settings.words.get(&cluster.broker).cloned();
        cluster.unknown = untold(cluster);
    }
    clusters.retain(|cluster| {
        let on = Target {
            // One that is not configured counts as of no name: seen by who sees all of them.
            cluster: Some(if cluster.configured {
                &cluster.name
            } else {
                ""
            }),
            resource: None,
        };
        caller.may(Action::StatusRead, on, now)
    });
    Ok(clusters)
}

fn configured(
    cluster: &config::Cluster,
    observed: Option<&ObservedCluster>,
    now: Timestamp,
) -> Cluster {
    let mut told = Cluster {
        id: cluster.name.clone(),
        name: cluster.name.clone(),
        site: cluster.site.clone(),
        sites: cluster.site.iter().cloned().collect(),
        colour: cluster.colour.clone(),
        actions: match cluster.actions {
            ActionLevel::Off => "off",
            ActionLevel::Replay => "replay",
            ActionLevel::All => "all",
        },
        managed: cluster.managed,
        configured: true,
        capabilities: cluster.capabilities.clone(),
        ..of_spans(cluster.broker.clone())
    };
    if let Some(observed) = observed {
        add_observed(&mut told, observed, now);
    }
    told
}

/// What only spans name.
fn of_spans(system: String) -> Cluster {
    Cluster {
        id: format!("spans:{system}"),
        name: system.clone(),
        broker: system,
        site: None,
        sites: Vec::new(),
        colour: None,
        actions: "off",
        managed: false,
        configured: false,
        words: None,
        capabilities: vec!["journeys"],
        version: None,
        cluster_id: None,
        controller: None,
        connections: None,
        connection_states: None,
        nodes: None,
        destination_count: None,
        group_count: None,
        risks: None,
        missing_rights: None,
        poll_interval_ms: None,
        poll_age_ms: None,
        refused: None,
        as_of: None,
        stale: None,
        topology_as_of: None,
        topology_stale: None,
        unknown: Vec::new(),
        reasons: Vec::new(),
    }
}

fn add_observed(cluster: &mut Cluster, observed: &ObservedCluster, now: Timestamp) {
    let state = &observed.state;
    cluster.missing_rights.clone_from(&state.missing_rights);
    cluster.poll_interval_ms = Some(state.interval_ms);
    cluster.refused.clone_from(&state.refused);
    cluster.as_of = state.readings_at;
    cluster.poll_age_ms = state.readings_at.map(|at| now.ms_since(at).max(0.0) as u64);
    cluster.stale = Some(state.readings_are_stale(now));
    cluster.topology_as_of = state.topology_at;
    cluster.topology_stale = Some(state.topology_is_stale(now));
    if let Some(topology) = &observed.topology {
        cluster.version.clone_from(&topology.version);
        cluster.cluster_id.clone_from(&topology.cluster_id);
        cluster.controller.clone_from(&topology.controller);
        cluster.connections = topology.connections;
        let states = &topology.connection_states;
        cluster.connection_states.clone_from(states);
        cluster.nodes = Some(topology.nodes.clone());
        cluster.destination_count = Some(topology.destinations.len() as u64);
        cluster.group_count = Some(topology.groups.len() as u64);
        cluster.reasons.clone_from(&topology.unknown);
    }
}

fn untold(cluster: &Cluster) -> Vec<&'static str> {
    [
        // A configuration that leaves them out has said so.
        ("site", !cluster.configured),
        ("colour", !cluster.configured),
        ("words", cluster.words.is_none()),
        ("version", cluster.version.is_none()),
        ("cluster_id", cluster.cluster_id.is_none()),
        ("controller", cluster.controller.is_none()),
        ("connections", cluster.connections.is_none()),
        ("connection_states", cluster.connection_states.is_none()),
        ("nodes", cluster.nodes.is_none()),
        ("destination_count", cluster.destination_count.is_none()),
        ("group_count", cluster.group_count.is_none()),
        ("risks", cluster.risks.is_none()),
        ("missing_rights", cluster.missing_rights.is_none()),
        ("poll_interval_ms", cluster.poll_interval_ms.is_none()),
        ("poll_age_ms", cluster.poll_age_ms.is_none()),
        ("as_of", cluster.as_of.is_none()),
        ("stale", cluster.stale.is_none()),
        ("topology_as_of", cluster.topology_as_of.is_none()),
        ("topology_stale", cluster.topology_stale.is_none()),
    ]
    .into_iter()
    .filter_map(|(name, untold)| untold.then_some(name))
    .collect()
}
