//! What pages of clusters, destinations and groups may ask: by the same rights and sights as the API.

use async_trait::async_trait;
use waybill_model::access::{Action, Sight};
use waybill_model::cluster::Cluster;
use waybill_model::destination::{Destination, DestinationItem, DestinationQuery, Window};
use waybill_model::group::{GroupLine, GroupPage, GroupQuery, LagSeries};
use waybill_model::posture::{Durability, RiskQuery};
use waybill_model::problem::Problem;
use waybill_model::query::Page;
use waybill_model::time::TimeRange;
use waybill_web::port::ObservedPort;

use super::port::Bound;
use crate::api::{clusters, durability};
use crate::clock;

impl Bound {
    pub(super) fn sights(&self) -> Result<Option<Vec<Sight>>, Problem> {
        let caller = self.may(Action::TraceRead)?;
        Ok(caller.sights(Action::TraceRead, clock::now()))
    }
}

#[async_trait]
impl ObservedPort for Bound {
    async fn destinations(
        &self,
        query: DestinationQuery,
    ) -> Result<Page<DestinationItem>, Problem> {
        let sights = self.sights()?;
        let query = DestinationQuery { sights, ..query };
        self.state.reads.destinations(query).await
    }

    async fn destination(&self, id: String, window: Window) -> Result<Destination, Problem> {
        let sights = self.sights()?;
        self.state.reads.destination(&id, window, sights).await
    }

    async fn groups(&self, query: GroupQuery) -> Result<Page<GroupLine>, Problem> {
        let sights = self.sights()?;
        self.state
            .reads
            .groups(GroupQuery { sights, ..query })
            .await
    }

    async fn group(&self, id: String) -> Result<GroupPage, Problem> {
        let sights = self.sights()?;
        let asker = self.may(Action::MessageMeta).ok();
        let asker = asker.and_then(crate::api::found::meta_asker);
        self.state.reads.group(&id, sights, asker).await
    }

    async fn group_lag(
        &self,
        id: String,
        range: TimeRange,
        step_ms: Option<i64>,
    ) -> Result<LagSeries, Problem> {
        let sights = self.sights()?;
        let asked = crate::query::series::window(Some(range.from), Some(range.to), clock::now())?;
        self.state
            .reads
            .group_lag(&id, sights, asked, step_ms)
            .await
    }

    async fn clusters(&self) -> Result<Vec<Cluster>, Problem> {
        let caller = self.may(Action::StatusRead)?;
        clusters::clusters(&self.state, caller).await
    }

    async fn cluster(&self, id: String) -> Result<Cluster, Problem> {
        let caller = self.may(Action::StatusRead)?;
        clusters::cluster(&self.state, caller, &id).await
    }

    async fn durability(&self, id: String, query: RiskQuery) -> Result<Durability, Problem> {
        let caller = self.may(Action::StatusRead)?;
        durability::durability(&self.state, caller, &id, query).await
    }
}
