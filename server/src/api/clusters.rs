use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde::Serialize;
use utoipa::ToSchema;
use waybill_model::access::{Action, Caller, Target};
use waybill_model::cluster::{MissingRight, ObservedCluster, Refusal};
use waybill_model::problem::{Code, Problem};
use waybill_model::query::Page;
use waybill_model::time::Timestamp;
use waybill_model::topology::{Node, Unknown};

use super::params::Params;
use super::{Answer, AppState};
use crate::auth::gate::User;
use crate::clock;
use crate::config::{self, ActionLevel};

/// A cluster as the configuration names it, or a system that only spans name.
#[derive(Clone, Serialize, ToSchema)]
pub struct Cluster {
    pub id: String,
    pub name: String,
    pub broker: String,
    pub site: Option<String>,
    /// All of its sites; empty where none was named.
    pub sites: Vec<String>,
    pub colour: Option<String>,
    /// `off`, `replay` or `all`.
    pub actions: &'static str,
    /// `false`: only spans tell of it.
    pub managed: bool,
    /// Stands in the configuration.
    pub configured: bool,
    /// `journeys`: its messages are followed by their spans; `observe`: its broker is read.
    pub capabilities: Vec<&'static str>,
    pub version: Option<String>,
    /// The broker's own id of the cluster.
    pub cluster_id: Option<String>,
    /// Id of the node that decides for the cluster.
    pub controller: Option<String>,
    pub nodes: Option<Vec<Node>>,
    pub destination_count: Option<u64>,
    pub group_count: Option<u64>,
    /// Empty: none is missing. Null: nobody has told.
    pub missing_rights: Option<Vec<MissingRight>>,
    pub poll_interval_ms: Option<u64>,
    /// Since the broker was last read.
    pub poll_age_ms: Option<u64>,
    /// Why the broker is not read now; null while it answers.
    pub refused: Option<Refusal>,
    /// Of the last good readings, and whether they are older than two intervals.
    pub as_of: Option<Timestamp>,
    pub stale: Option<bool>,
    /// The same of nodes, version and what else is read seldom.
    pub topology_as_of: Option<Timestamp>,
    pub topology_stale: Option<bool>,
    /// Members that are null because nobody has said.
    pub unknown: Vec<&'static str>,
    /// Why, where the broker tells it.
    pub reasons: Vec<Unknown>,
}

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
    let found = clusters(&state, &caller)
        .await?
        .into_iter()
        .find(|cluster| cluster.id == id);
    Ok(Json(found.ok_or_else(|| {
        Problem::new(
            Code::NotFound,
            "There is no such cluster.",
            "GET /api/v1/clusters lists them.",
        )
    })?))
}

/// Those that the caller may see, each as its grants name it.
async fn clusters(state: &AppState, caller: &Caller) -> Result<Vec<Cluster>, Problem> {
    let now = clock::now();
    let observed = state.reads.observed().await?;
    let configured = state.settings.clusters.iter().map(|cluster| {
        let observed = observed
            .iter()
            .find(|one| one.state.cluster == cluster.name);
        Cluster::configured(cluster, observed.filter(|_| cluster.managed), now)
    });
    let mut clusters: Vec<Cluster> = configured.collect();
    let mut systems = state.reads.systems().await?;
    systems.retain(|system| !clusters.iter().any(|cluster| cluster.broker == *system));
    clusters.extend(systems.into_iter().map(Cluster::of_spans));
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

impl Cluster {
    fn configured(
        cluster: &config::Cluster,
        observed: Option<&ObservedCluster>,
        now: Timestamp,
    ) -> Self {
        let mut told = Self {
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
            ..Self::of_spans(cluster.broker.clone())
        };
        if let Some(observed) = observed {
            told.observed(observed, now);
        }
        told.unknown = told.untold();
        told
    }

    /// What only spans name.
    fn of_spans(system: String) -> Self {
        let mut told = Self {
            id: format!("spans:{system}"),
            name: system.clone(),
            broker: system,
            site: None,
            sites: Vec::new(),
            colour: None,
            actions: "off",
            managed: false,
            configured: false,
            capabilities: vec!["journeys"],
            version: None,
            cluster_id: None,
            controller: None,
            nodes: None,
            destination_count: None,
            group_count: None,
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
        };
        told.unknown = ["site", "colour"]
            .into_iter()
            .chain(told.untold())
            .collect();
        told
    }

    fn observed(&mut self, observed: &ObservedCluster, now: Timestamp) {
        let state = &observed.state;
        self.missing_rights.clone_from(&state.missing_rights);
        self.poll_interval_ms = Some(state.interval_ms);
        self.refused.clone_from(&state.refused);
        self.as_of = state.readings_at;
        self.poll_age_ms = state.readings_at.map(|at| now.ms_since(at).max(0.0) as u64);
        self.stale = Some(state.readings_are_stale(now));
        self.topology_as_of = state.topology_at;
        self.topology_stale = Some(state.topology_is_stale(now));
        if let Some(topology) = &observed.topology {
            self.version.clone_from(&topology.version);
            self.cluster_id.clone_from(&topology.cluster_id);
            self.controller.clone_from(&topology.controller);
            self.nodes = Some(topology.nodes.clone());
            self.destination_count = Some(topology.destinations.len() as u64);
            self.group_count = Some(topology.groups.len() as u64);
            self.reasons.clone_from(&topology.unknown);
        }
    }

    /// Of what only a broker tells of itself.
    fn untold(&self) -> Vec<&'static str> {
        [
            ("version", self.version.is_none()),
            ("cluster_id", self.cluster_id.is_none()),
            ("controller", self.controller.is_none()),
            ("nodes", self.nodes.is_none()),
            ("destination_count", self.destination_count.is_none()),
            ("group_count", self.group_count.is_none()),
            ("missing_rights", self.missing_rights.is_none()),
            ("poll_interval_ms", self.poll_interval_ms.is_none()),
            ("poll_age_ms", self.poll_age_ms.is_none()),
            ("as_of", self.as_of.is_none()),
            ("stale", self.stale.is_none()),
            ("topology_as_of", self.topology_as_of.is_none()),
            ("topology_stale", self.topology_stale.is_none()),
        ]
        .into_iter()
        .filter_map(|(name, untold)| untold.then_some(name))
        .collect()
    }
}
