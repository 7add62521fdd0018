//! What the console asks of a server. `server/src/ui.rs` supplies it, already bound to the caller
//! of the request, so no page can name another.

use async_trait::async_trait;
use waybill_model::access::Role;
use waybill_model::audit::AuditLine;
use waybill_model::cluster::Cluster;
use waybill_model::destination::{Destination, DestinationItem, DestinationQuery, Window};
use waybill_model::failure::{FailureChange, FailureGroup, FailurePage, FailureQuery};
use waybill_model::group::{GroupLine, GroupPage, GroupQuery, LagSeries};
use waybill_model::journey::JourneySummary;
use waybill_model::log::{JourneyLogs, LogQuery};
use waybill_model::map::Map;
use waybill_model::posture::{Durability, RiskQuery};
use waybill_model::problem::Problem;
use waybill_model::query::{JourneyQuery, Page};
use waybill_model::saved_search::SavedSearch;
use waybill_model::status::Status;
use waybill_model::stored::{StoredPage, StoredQuery};
use waybill_model::time::TimeRange;
use waybill_model::view::{JourneyPage, Overview, TokenLine, TokenPurpose, UserLine, Viewer};

/// What brokers tell, joined with what spans tell.
#[async_trait]
pub trait ObservedPort: Send + Sync {
    /// What the caller sees is the port's to say: `sights` of the query are not read.
    async fn destinations(&self, query: DestinationQuery)
    -> Result<Page<DestinationItem>, Problem>;
    async fn destination(&self, id: String, window: Window) -> Result<Destination, Problem>;
    /// As of [`destinations`](Self::destinations).
    async fn groups(&self, query: GroupQuery) -> Result<Page<GroupLine>, Problem>;
    async fn group(&self, id: String) -> Result<GroupPage, Problem>;
    async fn group_lag(
        &self,
        id: String,
        range: TimeRange,
        step_ms: Option<i64>,
    ) -> Result<LagSeries, Problem>;
    async fn clusters(&self) -> Result<Vec<Cluster>, Problem>;
    async fn cluster(&self, id: String) -> Result<Cluster, Problem>;
    /// All of its risks at once.
    async fn durability(&self, id: String, query: RiskQuery) -> Result<Durability, Problem>;
}

/// Kinds of failure, and what people say of them.
#[async_trait]
pub trait FailuresPort: Send + Sync {
    /// `sights` of the query are not read, as of [`ObservedPort::destinations`].
    async fn failures(&self, query: FailureQuery) -> Result<Page<FailureGroup>, Problem>;
    /// The window is that of its trend.
    async fn failure(&self, id: String, window: Window) -> Result<FailurePage, Problem>;
    async fn change_failure(&self, id: String, change: FailureChange) -> Result<(), Problem>;
}

#[async_trait]
pub trait Port: ObservedPort + FailuresPort + Send + Sync {
    /// `None`: nobody is signed in.
    fn viewer(&self) -> Option<Viewer>;

    async fn overview(&self) -> Result<Overview, Problem>;
    /// Of the last hour.
    async fn map(&self) -> Result<Map, Problem>;
    async fn journeys(&self, query: JourneyQuery) -> Result<Page<JourneySummary>, Problem>;
    async fn journey(&self, id: String) -> Result<JourneyPage, Problem>;
    /// The caller's own and the shared ones, by name.
    async fn searches(&self) -> Result<Vec<SavedSearch>, Problem>;
    async fn save_search(
        &self,
        name: String,
        query: String,
        shared: bool,
    ) -> Result<SavedSearch, Problem>;
    async fn remove_search(&self, search_id: i64) -> Result<(), Problem>;
    /// Of a page that this port gave.
    async fn journey_logs(
        &self,
        page: &JourneyPage,
        query: LogQuery,
    ) -> Result<JourneyLogs, Problem>;
    /// Reads the broker; only the price where `from` is absent.
    async fn messages(&self, id: String, query: StoredQuery) -> Result<StoredPage, Problem>;
    async fn status(&self) -> Result<Status, Problem>;

    async fn users(&self) -> Result<Vec<UserLine>, Problem>;
    async fn add_user(&self, name: String, password: String, role: Role) -> Result<(), Problem>;
    async fn set_role(&self, user_id: i64, role: Role) -> Result<(), Problem>;
    async fn reset_password(&self, user_id: i64, password: String) -> Result<(), Problem>;
    async fn remove_user(&self, user_id: i64) -> Result<(), Problem>;

    async fn tokens(&self) -> Result<Vec<TokenLine>, Problem>;
    /// Answers an id under which the secret can be read once, by this session, for two minutes:
    /// `issued_token`. The secret itself never stands in an address or a redirect.
    async fn create_token(
        &self,
        name: String,
        purpose: TokenPurpose,
        role: Role,
    ) -> Result<String, Problem>;
    /// The secret of a token made a moment ago; `None` once it was shown.
    async fn issued_token(&self, issue: String) -> Result<Option<String>, Problem>;
    async fn revoke_token(&self, token_id: i64) -> Result<(), Problem>;

    /// Newest first.
    async fn audit(&self, cursor: Option<String>) -> Result<Page<AuditLine>, Problem>;
}
