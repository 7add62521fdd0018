//! The questions of API and console, answered by `query`.

use async_trait::async_trait;
use waybill_model::access::Sight;
use waybill_model::cluster::ObservedCluster;
use waybill_model::destination::{Destination, DestinationItem, DestinationQuery, Window};
use waybill_model::failure::{FailureGroup, FailurePage, FailureQuery};
use waybill_model::group::{GroupLine, GroupPage, GroupQuery, LagSeries};
use waybill_model::id::TraceId;
use waybill_model::journey::JourneySummary;
use waybill_model::log::{JourneyLogs, LogQuery};
use waybill_model::map::Map;
use waybill_model::problem::Problem;
use waybill_model::query::{JourneyQuery, Page};
use waybill_model::stored::StoredPage;
use waybill_model::time::TimeRange;
use waybill_model::view::{JourneyPage, Overview};

use crate::api::Reads;
use crate::query::ask::Asker;
use crate::query::browse::tail::{Tail, Watch};
use crate::query::browse::{Place, Reading};
use crate::query::{Query, Trace};

pub(super) struct FromQuery(pub Query);

#[async_trait]
impl Reads for FromQuery {
    async fn overview(&self) -> Result<Overview, Problem> {
        self.0.overview().await
    }

    async fn destinations(
        &self,
        query: DestinationQuery,
    ) -> Result<Page<DestinationItem>, Problem> {
        self.0.destinations(query).await
    }

    async fn destination(
        &self,
        id: &str,
        window: Window,
        sights: Option<Vec<Sight>>,
    ) -> Result<Destination, Problem> {
        self.0.destination(id, window, sights.as_deref()).await
    }

    async fn place(&self, id: &str, sights: Option<Vec<Sight>>) -> Result<Place, Problem> {
        self.0.place(id, sights.as_deref()).await
    }

    async fn messages(&self, reading: Reading) -> Result<StoredPage, Problem> {
        self.0.messages(reading).await
    }

    async fn tail(&self, watch: Watch) -> Result<Tail, Problem> {
        self.0.tail(watch).await
    }

    async fn observed(&self) -> Result<Vec<ObservedCluster>, Problem> {
        self.0.observed().await
    }

    async fn groups(&self, query: GroupQuery) -> Result<Page<GroupLine>, Problem> {
        self.0.groups(query).await
    }

    async fn group(
        &self,
        id: &str,
        sights: Option<Vec<Sight>>,
        asker: Option<Asker>,
    ) -> Result<GroupPage, Problem> {
        self.0.group(id, sights.as_deref(), asker.as_ref()).await
    }

    async fn group_lag(
        &self,
        id: &str,
        sights: Option<Vec<Sight>>,
        range: TimeRange,
        step_ms: Option<i64>,
    ) -> Result<LagSeries, Problem> {
        self.0
            .group_lag(id, sights.as_deref(), range, step_ms)
            .await
    }

    async fn failures(&self, query: FailureQuery) -> Result<Page<FailureGroup>, Problem> {
        self.0.failures(query).await
    }

    async fn failure(
        &self,
        id: &str,
        window: Window,
        sights: Option<Vec<Sight>>,
    ) -> Result<FailurePage, Problem> {
        self.0.failure(id, window, sights).await
    }

    async fn map(&self, window: Window, sights: Option<Vec<Sight>>) -> Result<Map, Problem> {
        self.0.map(window, sights.as_deref()).await
    }

    async fn systems(&self) -> Result<Vec<String>, Problem> {
        self.0.systems().await
    }

    async fn journeys(&self, query: JourneyQuery) -> Result<Page<JourneySummary>, Problem> {
        self.0.journeys(query).await
    }

    async fn journey(&self, id: &str, asker: Option<Asker>) -> Result<JourneyPage, Problem> {
        self.0.journey(id, asker.as_ref()).await
    }

    async fn ask_brokers(
        &self,
        query: JourneyQuery,
        asker: Asker,
    ) -> Result<Page<JourneySummary>, Problem> {
        self.0.ask_brokers(&query, &asker).await
    }

    async fn logs(&self, page: &JourneyPage, query: LogQuery) -> Result<JourneyLogs, Problem> {
        self.0.logs(page, query).await
    }

    async fn trace(&self, trace_id: TraceId) -> Result<Trace, Problem> {
        self.0.trace(trace_id).await
    }
}
