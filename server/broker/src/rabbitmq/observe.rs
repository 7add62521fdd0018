//! The facet that reads a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use reqwest::Url;
use serde::de::DeserializeOwned;
use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;
use waybill_model::topology::{DestinationKind, Readings, Topology};

use super::answers::{Counts, Exchange, Queue, Vhost, Whoami};
use super::failure::Failure;
use super::figures::{self, Place};
use super::http::{Deadline, Format, Http, METRICS};
use super::leaders::Leaders;
use super::management::{Management, Question};
use super::paged;
use super::prometheus::{self, Exposition, Gauges, QueueKey};
use super::rights;
use super::settings::{Endpoint, RabbitSettings, VhostFilter};
use super::topology::{self, Known, NODE_DOWN, Told};
use crate::adapter::{MissingRight, Observe, Reason, Refused};

/// Counters are read this often where the metrics endpoints tell the rest.
const COUNTERS_EVERY: Duration = Duration::from_secs(30);
/// After a metrics endpoint failed, the management API alone is asked for this long.
const METRICS_REST: Duration = Duration::from_secs(60);
/// For one node's metrics: a slow one must leave time for the management API.
const METRICS_PATIENCE: Duration = Duration::from_secs(2);

/// Ready, unacknowledged and consumers of every queue that a node leads.
const FAMILIES: &str = "family=queue_coarse_metrics&family=queue_consumer_count";

pub(super) struct RabbitObserve {
    http: Http,
    management: Management,
    metrics: Vec<Endpoint>,
    user: String,
    vhosts: VhostFilter,
    memory: Mutex<Memory>,
}

/// What one reading leaves for the next.
#[derive(Default)]
struct Memory {
    known: Known,
    /// Some name can be read in two ways in a node's metrics.
    ambiguous_names: bool,
    leaders: Leaders,
    running_nodes: Option<usize>,
    counters_at: Option<Instant>,
    metrics_failed_at: Option<Instant>,
}

impl RabbitObserve {
    /// # Errors
    /// As [`Http::new`].
    pub fn new(cluster: &str, settings: RabbitSettings) -> Result<Self, Problem> {
        let http = Http::new(cluster, &settings)?;
        let first = settings.management.first();
        let credentials = first
            .and_then(|endpoint| endpoint.credentials.as_ref())
            .or(settings.credentials.as_ref());
        Ok(Self {
            http,
            user: credentials.map(|c| c.user.clone()).unwrap_or_default(),
            management: Management::new(settings.management, settings.credentials),
            metrics: settings.prometheus,
            vhosts: settings.vhosts,
            memory: Mutex::default(),
        })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        question: Question,
        deadline: Deadline,
    ) -> Result<T, Failure> {
        self.management.ask(&self.http, question, deadline).await
    }

    /// Of a list of queues, however long it is.
    async fn ask_queues<T: DeserializeOwned>(
        &self,
        question: Question,
        deadline: Deadline,
    ) -> Result<Vec<T>, Failure> {
        paged::list(&self.management, &self.http, question, deadline).await
    }

    /// As `ask`, for a part: its failure is told beside the rest, except that credentials which
    /// are no longer accepted end it all.
    async fn part<T: DeserializeOwned>(
        &self,
        question: Question,
        deadline: Deadline,
    ) -> Result<Result<T, Failure>, Refused> {
        beside(self.ask(question, deadline).await)
    }

    async fn told(&self, whoami: &Whoami, deadline: Deadline) -> Result<Told, Refused> {
        let overview = self.part(Question::Overview, deadline).await?;
        let nodes = self.part(Question::Nodes, deadline).await?;
        let vhosts = self.part(Question::Vhosts, deadline).await?;
        let queues: Result<Vec<Queue>, Failure> =
            beside(self.ask_queues(Question::Queues, deadline).await)?;
        let exchanges = self.part(Question::Exchanges, deadline).await?;
        let bindings = self.part(Question::Bindings, deadline).await?;
        let policies = self.part(Question::Policies, deadline).await?;
        let operator_policies = self.part(Question::OperatorPolicies, deadline).await?;
        let consumers = self.part(Question::Consumers, deadline).await?;
        let mut streams = queues.iter().flatten();
        let stream_consumers = match streams.any(|q| q.kind.as_deref() == Some("stream")) {
            true => Some(self.part(Question::StreamConsumers, deadline).await?),
            false => None,
        };
        let connections = match rights::sees_all(whoami) {
            true => Some(self.part(Question::Connections, deadline).await?),
            false => None,
        };
        Ok(Told {
            overview,
            nodes,
            vhosts,
            queues,
            exchanges,
            bindings,
            policies,
            operator_policies,
            consumers,
            connections,
            stream_consumers,
        })
    }

    /// What a queue holds in the words of every node; `None`: they do not tell all, or not now.
    async fn by_nodes(&self, deadline: Deadline) -> Option<BTreeMap<QueueKey, Gauges>> {
        if !self.nodes_tell_all() {
            return None;
        }
        let mut nodes = Vec::new();
        for endpoint in &self.metrics {
            match self.metrics_of(endpoint, deadline).await {
                Ok(node) if node.unreadable == 0 => nodes.push(node),
                Ok(_) | Err(_) => {
                    self.memory().metrics_failed_at = Some(Instant::now());
                    return None;
                }
            }
        }
        Some(figures::joined(nodes))
    }

    fn of_nodes(&self, queues: BTreeMap<QueueKey, Gauges>, at: Timestamp) -> Readings {
        let memory = self.memory();
        Readings {
            depths: figures::of_metrics(queues, memory.known.keys(), &self.vhosts, at),
            source: Some(Place::Metrics.name().to_owned()),
            ..Readings::default()
        }
    }

    /// A queue is told by the node that leads it: all running nodes must be asked.
    fn nodes_tell_all(&self) -> bool {
        let memory = self.memory();
        let resting = memory
            .metrics_failed_at
            .is_some_and(|at| at.elapsed() < METRICS_REST);
        let all_nodes = memory
            .running_nodes
            .is_none_or(|running| running <= self.metrics.len());
        let wanted = !self.metrics.is_empty() && !memory.ambiguous_names;
        wanted && all_nodes && !resting
    }

    /// Which the metrics endpoints do not have.
    fn counters_are_due(&self) -> bool {
        let counters_at = self.memory().counters_at;
        counters_at.is_none_or(|at| at.elapsed() >= COUNTERS_EVERY)
    }

    async fn metrics_of(
        &self,
        endpoint: &Endpoint,
        deadline: Deadline,
    ) -> Result<Exposition, Failure> {
        let mut url: Url = endpoint.url.clone();
        let prefix = endpoint.url.path().trim_end_matches('/');
        // The address may name the usual path already.
        let prefix = prefix.strip_suffix("/metrics").unwrap_or(prefix);
        url.set_path(&format!("{prefix}/{METRICS}"));
        url.set_query(Some(FAMILIES));
        let deadline = deadline.sooner(METRICS_PATIENCE);
        // The endpoint is open by default: the management user is not shown to it.
        let credentials = endpoint.credentials.as_ref();
        let body = self
            .http
            .get(url, credentials, Format::Metrics, deadline)
            .await?;
        Ok(prometheus::read(&String::from_utf8_lossy(&body)))
    }

    async fn of_management(&self, deadline: Deadline) -> Result<Readings, Refused> {
        let mut place = Place::Management;
        let mut at = now();
        let mut queues: Vec<Counts> = self.ask_queues(Question::Counts, deadline).await?;
        if figures::without_statistics(&queues) {
            at = now();
            let totals: Vec<Counts> = self.ask_queues(Question::Totals, deadline).await?;
            if !figures::without_statistics(&totals) {
                place = Place::Totals;
                queues = totals;
            }
        }
        let mut memory = self.memory();
        let settling = memory.leaders.settling(&queues, Instant::now());
        let mut depths = figures::of_management(queues, place, &settling, &self.vhosts, at);
        memory.counters_at = Some(Instant::now());
        let told: BTreeSet<(Option<&str>, &str)> = depths
            .iter()
            .map(|depth| (depth.namespace.as_deref(), depth.destination.as_str()))
            .collect();
        let down: Vec<_> = memory
            .known
            .iter()
            .filter(|(_, queue)| queue.state.as_deref() == Some(NODE_DOWN))
            .filter(|((vhost, name), _)| !told.contains(&(Some(vhost), name)))
            .map(|(key, _)| figures::of_stopped_node(key, at))
            .collect();
        depths.extend(down);
        Ok(Readings {
            depths,
            source: Some(place.name().to_owned()),
            ..Readings::default()
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, topology: &Topology) {
        let queues = topology
            .destinations
            .iter()
            .filter(|d| d.kind != DestinationKind::Exchange)
            .filter_map(|d| Some(((d.namespace.clone()?, d.name.clone()), d.clone())));
        let running = topology.nodes.iter().filter(|n| n.running != Some(false));
        let mut memory = self.memory();
        let told = |member| topology.unknown.iter().all(|u| u.member != member);
        // Where queues could not be read, the last ones are still known.
        if told("groups") {
            memory.known = queues.collect();
            let plain = |(vhost, name): &QueueKey| {
                prometheus::is_plain(vhost) && prometheus::is_plain(name)
            };
            memory.ambiguous_names = !memory.known.keys().all(plain);
        }
        memory.running_nodes = told("nodes").then(|| running.count());
    }
}

#[async_trait]
impl Observe for RabbitObserve {
    async fn topology(&self, patience: Duration) -> Result<Topology, Refused> {
        let deadline = Deadline::after(patience);
        let whoami: Whoami = self.ask(Question::Whoami, deadline).await?;
        let told = self.told(&whoami, deadline).await?;
        if let Some(failure) = told.nothing() {
            return Err(failure.clone().into());
        }
        let known = self.memory().known.clone();
        let vhosts = self.vhosts.clone();
        // Tens of thousands of queues take long enough to keep others waiting.
        let assembled =
            tokio::task::spawn_blocking(move || topology::assemble(told, &vhosts, &known)).await;
        let topology = assembled.map_err(|_| Refused {
            reason: Reason::BadAnswer,
            detail: "the answers of the management API could not be put together".to_owned(),
            hint: "The log says where it broke; please report it.".to_owned(),
        })?;
        self.remember(&topology);
        Ok(topology)
    }

    async fn readings(&self, patience: Duration) -> Result<Readings, Refused> {
        let deadline = Deadline::after(patience);
        let at = now();
        let by_nodes = self.by_nodes(deadline).await;
        match by_nodes {
            Some(queues) if !self.counters_are_due() => Ok(self.of_nodes(queues, at)),
            Some(queues) => {
                let mut readings = self.of_management(deadline).await?;
                figures::corrected(&mut readings.depths, &queues);
                Ok(readings)
            }
            None => self.of_management(deadline).await,
        }
    }

    async fn missing_rights(&self, patience: Duration) -> Result<Vec<MissingRight>, Refused> {
        let deadline = Deadline::after(patience);
        let whoami: Whoami = match self.ask(Question::Whoami, deadline).await {
            Ok(whoami) => whoami,
            Err(failure) if failure.reason == Reason::Forbidden => {
                return Ok(vec![rights::without_any_tag(&self.user)]);
            }
            Err(failure) => return Err(failure.into()),
        };
        let user = whoami.name.clone().unwrap_or_else(|| self.user.clone());
        let vhosts: Vec<Vhost> = self.ask(Question::Vhosts, deadline).await?;
        let exchanges: Vec<Exchange> = self.ask(Question::Exchanges, deadline).await?;
        Ok(rights::missing(
            &user,
            &whoami,
            &vhosts,
            &exchanges,
            &self.vhosts,
        ))
    }
}

/// A failure is told beside the rest, except one that ends all.
fn beside<T>(told: Result<T, Failure>) -> Result<Result<T, Failure>, Refused> {
    match told {
        Err(failure) if failure.reason == Reason::WrongCredentials => Err(failure.into()),
        told => Ok(told),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
