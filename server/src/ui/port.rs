//! What pages may ask, bound to whoever asks. Each answer checks the right itself: a page that is
//! shown in place of a refusal asks too, and gets nothing.

use std::time::Duration;

use async_trait::async_trait;
use waybill_model::access::{Action, Caller, Role, Target};
use waybill_model::audit::AuditLine;
use waybill_model::destination::Window;
use waybill_model::journey::JourneySummary;
use waybill_model::log::{JourneyLogs, LogQuery};
use waybill_model::map::Map;
use waybill_model::problem::Problem;
use waybill_model::query::{JourneyQuery, Page};
use waybill_model::saved_search::{SavedSearch, SearchToSave};
use waybill_model::status::Status;
use waybill_model::stored::{StoredPage, StoredQuery};
use waybill_model::view::{JourneyPage, Overview, TokenLine, TokenPurpose, UserLine, Viewer};
use waybill_web::port::Port;

use crate::api::messages::admit;
use crate::api::searches::accept;
use crate::api::{AppState, found, map, scope};
use crate::audit::{AuditQuery, parse_cursor};
use crate::auth::identity::Identity;
use crate::auth::policy::{forbidden, unauthenticated};
use crate::clock;

const LINES: u32 = 100;
/// Of what brokers answered: a page that stays open asks again with each event.
const AGE: Duration = Duration::from_secs(60);

pub struct Bound {
    pub(super) state: AppState,
    who: Identity,
}

impl Bound {
    pub fn new(state: AppState, who: Identity) -> Self {
        Self { state, who }
    }

    pub(super) fn caller(&self) -> Result<&Caller, Problem> {
        self.who.caller().ok_or_else(unauthenticated)
    }

    pub(super) fn may(&self, action: Action) -> Result<&Caller, Problem> {
        let caller = self.caller()?;
        if caller.may(action, Target::default(), clock::now()) {
            Ok(caller)
        } else {
            Err(forbidden(Some(action)))
        }
    }

    /// Empty for a token: it has no session, and asks the API instead.
    fn session(&self) -> &str {
        self.who.session().unwrap_or_default()
    }
}

#[async_trait]
impl Port for Bound {
    fn viewer(&self) -> Option<Viewer> {
        let caller = self.who.caller()?;
        let now = clock::now();
        let actions = Action::ALL
            .into_iter()
            .filter(|action| caller.may(*action, Target::default(), now))
            .collect();
        Some(Viewer {
            name: caller.name.clone(),
            role: caller.role,
            actions,
        })
    }

    async fn overview(&self) -> Result<Overview, Problem> {
        let caller = self.may(Action::TraceRead)?;
        let overview = self.state.reads.overview().await?;
        Ok(scope::narrow_overview(caller, overview, clock::now()))
    }

    async fn map(&self) -> Result<Map, Problem> {
        let caller = self.may(Action::TraceRead)?;
        map::map(&self.state, caller, Window::default()).await
    }

    async fn journeys(&self, query: JourneyQuery) -> Result<Page<JourneySummary>, Problem> {
        let caller = self.may(Action::TraceRead)?;
        found::journeys(&self.state, caller, query, AGE).await
    }

    async fn journey(&self, id: String) -> Result<JourneyPage, Problem> {
        let caller = self.may(Action::TraceRead)?;
        found::journey(&self.state, caller, &id).await
    }

    async fn searches(&self) -> Result<Vec<SavedSearch>, Problem> {
        let caller = self.may(Action::TraceRead)?;
        self.state.searches.list(caller).await
    }

    async fn save_search(
        &self,
        name: String,
        query: String,
        shared: bool,
    ) -> Result<SavedSearch, Problem> {
        let caller = self.may(Action::TraceRead)?;
        let search = accept(&SearchToSave {
            name,
            query,
            shared,
        })?;
        self.state.searches.add(caller, &search).await
    }

    async fn remove_search(&self, search_id: i64) -> Result<(), Problem> {
        let caller = self.may(Action::TraceRead)?;
        self.state.searches.remove(caller, search_id).await
    }

    async fn journey_logs(
        &self,
        page: &JourneyPage,
        query: LogQuery,
    ) -> Result<JourneyLogs, Problem> {
        self.may(Action::TraceRead)?;
        self.state.reads.logs(page, query).await
    }

    async fn messages(&self, id: String, query: StoredQuery) -> Result<StoredPage, Problem> {
        let caller = self.may(Action::MessageMeta)?;
        let query = StoredQuery {
            price: query.from.is_none().then(|| "only".to_owned()),
            // A page is for people: programs ask the API.
            max_bytes: None,
            max_ms: None,
            unmask: None,
            ..query
        };
        let page = admit::messages(&self.state, caller, "the console", &id, &query).await?;
        Ok(super::stored::shortened(page))
    }

    async fn status(&self) -> Result<Status, Problem> {
        self.may(Action::StatusRead)?;
        self.state.process.status().await
    }

    async fn users(&self) -> Result<Vec<UserLine>, Problem> {
        self.state.auth.users(self.caller()?).await
    }

    async fn add_user(&self, name: String, password: String, role: Role) -> Result<(), Problem> {
        let caller = self.caller()?;
        self.state
            .auth
            .add_user(caller, &name, password, role)
            .await
            .map(drop)
    }

    async fn set_role(&self, user_id: i64, role: Role) -> Result<(), Problem> {
        self.state
            .auth
            .set_role(self.caller()?, user_id, role)
            .await
    }

    async fn reset_password(&self, user_id: i64, password: String) -> Result<(), Problem> {
        self.state
            .auth
            .reset_password(self.caller()?, user_id, password)
            .await
    }

    async fn remove_user(&self, user_id: i64) -> Result<(), Problem> {
        self.state.auth.remove_user(self.caller()?, user_id).await
    }

    async fn tokens(&self) -> Result<Vec<TokenLine>, Problem> {
        self.state.auth.tokens(self.caller()?).await
    }

    async fn create_token(
        &self,
        name: String,
        purpose: TokenPurpose,
        role: Role,
    ) -> Result<String, Problem> {
        let caller = self.caller()?;
        let (_, secret) = self
            .state
            .auth
            .create_token(caller, &name, purpose, role)
            .await?;
        self.state.issued.keep(self.session(), secret, clock::now())
    }

    async fn issued_token(&self, issue: String) -> Result<Option<String>, Problem> {
        self.caller()?;
        Ok(self.state.issued.take(self.session(), &issue, clock::now()))
    }

    async fn revoke_token(&self, token_id: i64) -> Result<(), Problem> {
        self.state.auth.revoke_token(self.caller()?, token_id).await
    }

    async fn audit(&self, cursor: Option<String>) -> Result<Page<AuditLine>, Problem> {
        self.may(Action::AuditRead)?;
        let before = cursor.as_deref().map(parse_cursor).transpose()?;
        let query = AuditQuery {
            before,
            limit: LINES,
            ..AuditQuery::default()
        };
        self.state.audit.lines(query).await
    }
}
