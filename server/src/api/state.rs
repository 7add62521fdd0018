//! What every route may use. Handlers see questions (`Reads`), the process (`Process`), accounts
//! and the audit log; never the store, never a broker.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use waybill_model::access::Sight;
use waybill_model::cluster::{BrokerWords, ObservedCluster};
use waybill_model::destination::{Destination, DestinationItem, DestinationQuery, Window};
use waybill_model::failure::{FailureGroup, FailurePage, FailureQuery};
use waybill_model::group::{GroupLine, GroupPage, GroupQuery, LagSeries};
use waybill_model::id::TraceId;
use waybill_model::journey::JourneySummary;
use waybill_model::log::{JourneyLogs, LogQuery};
use waybill_model::map::Map;
use waybill_model::problem::Problem;
use waybill_model::query::{JourneyQuery, Page};
use waybill_model::status::Status;
use waybill_model::stored::StoredPage;
use waybill_model::time::TimeRange;
use waybill_model::view::{JourneyPage, Overview};

use super::events::Events;
use super::idempotency::Idempotency;
use crate::audit::Audit;
use crate::auth::Auth;
use crate::config::{Cluster, Network};
use crate::failures::Failures;
use crate::query::Trace;
use crate::query::ask::Asker;
use crate::query::browse::tail::{Tail, Watch};
use crate::query::browse::{Place, Reading};
use crate::searches::Searches;
use crate::ui::Issued;

/// What can be asked of the data.
#[async_trait]
pub trait Reads: Send + Sync {
    async fn overview(&self) -> Result<Overview, Problem>;
    async fn destinations(&self, query: DestinationQuery)
    -> Result<Page<DestinationItem>, Problem>;
    /// `NotFound` where neither a broker nor a span of the window names it, or `sights` do not show
    /// it; `None`: everything is seen.
    async fn destination(
        &self,
        id: &str,
        window: Window,
        sights: Option<Vec<Sight>>,
    ) -> Result<Destination, Problem>;
    /// The destination whose messages are meant; as [`Self::destination`], and `NotBrowsable` where
    /// no broker tells of it.
    async fn place(&self, id: &str, sights: Option<Vec<Sight>>) -> Result<Place, Problem>;
    /// Reads the broker, within the reading's budget.
    async fn messages(&self, reading: Reading) -> Result<StoredPage, Problem>;
    async fn tail(&self, watch: Watch) -> Result<Tail, Problem>;
    /// Every cluster that was polled, with its last topology.
    async fn observed(&self) -> Result<Vec<ObservedCluster>, Problem>;
    async fn groups(&self, query: GroupQuery) -> Result<Page<GroupLine>, Problem>;
    /// `NotFound` where no broker tells of it, or `sights` do not show it.
    async fn group(
        &self,
        id: &str,
        sights: Option<Vec<Sight>>,
        asker: Option<Asker>,
    ) -> Result<GroupPage, Problem>;
    async fn group_lag(
        &self,
        id: &str,
        sights: Option<Vec<Sight>>,
        range: TimeRange,
        step_ms: Option<i64>,
    ) -> Result<LagSeries, Problem>;
    async fn failures(&self, query: FailureQuery) -> Result<Page<FailureGroup>, Problem>;
    /// `NotFound` where none is kept, or `sights` show none; the window is that of its trend.
    async fn failure(
        &self,
        id: &str,
        window: Window,
        sights: Option<Vec<Sight>>,
    ) -> Result<FailurePage, Problem>;
    /// `sights`: of what brokers tell; what spans tell is narrowed by who asks.
    async fn map(&self, window: Window, sights: Option<Vec<Sight>>) -> Result<Map, Problem>;
    /// Systems that spans of the last hour name.
    async fn systems(&self) -> Result<Vec<String>, Problem>;
    async fn journeys(&self, query: JourneyQuery) -> Result<Page<JourneySummary>, Problem>;
    /// `NotFound` where no message has this reference.
    async fn journey(&self, id: &str, asker: Option<Asker>) -> Result<JourneyPage, Problem>;
    /// The log records of the chain that `page` shows; none where it shows no spans.
    async fn logs(&self, page: &JourneyPage, query: LogQuery) -> Result<JourneyLogs, Problem>;
    /// Messages that brokers hold and no span tells of.
    async fn ask_brokers(
        &self,
        query: JourneyQuery,
        asker: Asker,
    ) -> Result<Page<JourneySummary>, Problem>;
    /// Without spans where the trace is not known.
    async fn trace(&self, trace_id: TraceId) -> Result<Trace, Problem>;
}

/// What can be asked of the process itself.
#[async_trait]
pub trait Process: Send + Sync {
    async fn status(&self) -> Result<Status, Problem>;
    /// Why no data can be taken and no page shown; empty when both can.
    fn not_ready(&self) -> Vec<String>;
    /// In Prometheus' text format.
    async fn metrics(&self) -> String;
}

/// What `app` builds a router from.
pub struct Parts {
    pub auth: Auth,
    pub audit: Audit,
    pub searches: Searches,
    pub reads: Arc<dyn Reads>,
    pub process: Arc<dyn Process>,
    pub failures: Failures,
    pub events: Events,
    pub settings: Settings,
}

#[derive(Clone)]
pub struct Settings {
    /// Whether `public_url` is https.
    pub https: bool,
    /// Origins of our own pages: that of `public_url`, and those of the listener.
    pub origins: Vec<String>,
    pub trusted_proxies: Vec<Network>,
    /// `/metrics` without a token: only while the listener is on loopback.
    pub metrics_open: bool,
    pub clusters: Vec<Cluster>,
    /// By name of the broker.
    pub words: BTreeMap<String, BrokerWords>,
}

impl Settings {
    pub fn new(
        server: &crate::config::Server,
        clusters: Vec<Cluster>,
        words: BTreeMap<String, BrokerWords>,
    ) -> Self {
        Self {
            https: server.is_https(),
            origins: crate::auth::origin_of(&server.public_url)
                .into_iter()
                .collect(),
            trusted_proxies: server.trusted_proxies.clone(),
            metrics_open: server.listen.ip().is_loopback(),
            clusters,
            words,
        }
    }
}

#[derive(Clone)]
pub struct AppState {
    pub(crate) auth: Auth,
    pub(crate) audit: Audit,
    pub(crate) searches: Searches,
    pub(crate) reads: Arc<dyn Reads>,
    pub(crate) process: Arc<dyn Process>,
    pub(crate) failures: Failures,
    pub(crate) events: Events,
    pub(crate) settings: Arc<Settings>,
    pub(crate) idempotency: Idempotency,
    pub(crate) issued: Issued,
    /// Places for exports under way.
    pub(crate) exports: Arc<Semaphore>,
}

impl AppState {
    pub fn new(parts: Parts) -> Self {
        let Parts {
            auth,
            audit,
            searches,
            reads,
            process,
            failures,
            events,
            settings,
        } = parts;
        Self {
            auth,
            audit,
            searches,
            reads,
            process,
            failures,
            events,
            settings: Arc::new(settings),
            idempotency: Idempotency::default(),
            issued: Issued::default(),
            exports: Arc::new(Semaphore::new(super::export::AT_ONCE)),
        }
    }
}
