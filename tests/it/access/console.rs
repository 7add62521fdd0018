//! The console and the API on a free port, with one user a role. What pages show is told by the
//! test; the ways there are the real ones.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, StatusCode};
use reqwest::redirect;
use serde_json::{Value, json};
use waybill_model::access::Sight;
use waybill_model::cluster::ObservedCluster;
use waybill_model::destination::{Destination, DestinationItem, DestinationQuery, Window};
use waybill_model::failure::{FailureGroup, FailurePage, FailureQuery};
use waybill_model::group::{GroupLine, GroupPage, GroupQuery, LagSeries};
use waybill_model::id::TraceId;
use waybill_model::journey::{JourneyState, JourneySummary, Message};
use waybill_model::log::{JourneyLogs, LogQuery};
use waybill_model::map::Map;
use waybill_model::problem::{Code, Problem};
use waybill_model::query::{JourneyQuery, Page};
use waybill_model::status::{IngestCounters, Status, StoreFigures};
use waybill_model::stored::StoredPage;
use waybill_model::time::{TimeRange, Timestamp};
use waybill_model::view::{JourneyPage, Overview, Totals};
use waybill_server::api::{self, AppState, Parts, Process, Reads, Settings};
use waybill_server::audit::Audit;
use waybill_server::auth::{Auth, origin_of};
use waybill_server::failures::Failures;
use waybill_server::query::Trace;
use waybill_server::query::ask::Asker;
use waybill_server::query::browse::tail::{Tail, Watch};
use waybill_server::query::browse::{Place, Reading};
use waybill_server::query::destination::no_destination;
use waybill_server::query::{no_failure, no_group};
use waybill_server::searches::Searches;
use waybill_store::testing::TestDatabase;

pub const PASSWORD: &str = "correct horse battery";
/// A name that no page may let out of its place.
pub const HOSTILE: &str = "<script>alert('x')</script>\"'&\u{1}\u{202e}";

pub struct Console {
    pub address: String,
    pub client: reqwest::Client,
    pub database: TestDatabase,
    pub state: AppState,
    /// Of the administrator `ada`.
    pub cookie: String,
}

impl Console {
    /// With the administrator `ada`, who came by the setup link.
    pub async fn start() -> Self {
        let mut console = Self::start_empty().await;
        let auth = console.auth();
        let link = auth.setup_link().await.unwrap().unwrap();
        let form = format!("name=ada&password={}", PASSWORD.replace(' ', "+"));
        let answer = console.form(&link, &form, "").await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        console.cookie = cookie(&answer);
        console
    }

    /// With nobody in it.
    pub async fn start_empty() -> Self {
        let database = TestDatabase::new().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let store = database.store().clone();
        let audit = Audit::new(store.clone());
        let state = AppState::new(Parts {
            searches: Searches::new(store.clone(), audit.clone()),
            auth: Auth::new(store.clone(), audit.clone(), false).unwrap(),
            audit: audit.clone(),
            reads: Arc::new(Told),
            process: Arc::new(Told),
            failures: Failures::new(store, audit),
            events: api::Events::until(tokio_util::sync::CancellationToken::new()),
            settings: Settings {
                https: false,
                origins: origin_of(&address).into_iter().collect(),
                trusted_proxies: Vec::new(),
                metrics_open: false,
                clusters: Vec::new(),
                words: Default::default(),
            },
        });
        let service =
            api::router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            address,
            client,
            database,
            state,
            cookie: String::new(),
        }
    }

    pub fn auth(&self) -> Auth {
        let store = self.database.store().clone();
        Auth::new(store.clone(), Audit::new(store), false).unwrap()
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.address))
    }

    /// A plain form of our own page.
    pub async fn form(&self, path: &str, body: &str, cookie: &str) -> reqwest::Response {
        let mut request = self
            .request(Method::POST, path)
            .header("origin", &self.address)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned());
        if !cookie.is_empty() {
            request = request.header("cookie", cookie);
        }
        request.send().await.unwrap()
    }

    pub async fn sign_in(&self, name: &str) -> String {
        let form = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
        let answer = self.form("/sign-in", &form, "").await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{name}");
        cookie(&answer)
    }

    /// The API as the bearer of a cookie (on our own page) or of a token sees it.
    pub async fn api(
        &self,
        who: &str,
        method: Method,
        path: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        let mut request = self.request(method.clone(), &format!("/api/v1{path}"));
        request = if who.starts_with("wb") {
            request.bearer_auth(who)
        } else {
            request
                .header("cookie", who)
                .header("origin", &self.address)
        };
        if method != Method::GET {
            request = request.json(&body);
        }
        answer(request.send().await.unwrap()).await
    }

    /// A new user's token.
    pub async fn user_token(&self, name: &str, role: &str) -> String {
        let user = json!({"name": name, "password": PASSWORD, "role": role});
        let (status, _) = self.api(&self.cookie, Method::POST, "/users", user).await;
        assert_eq!(status, StatusCode::CREATED);
        let cookie = self.sign_in(name).await;
        self.token(&cookie, json!({"name": name, "role": role}))
            .await
    }

    pub async fn token(&self, who: &str, body: Value) -> String {
        let (status, made) = self.api(who, Method::POST, "/tokens", body).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made["secret"].as_str().unwrap().to_owned()
    }

    pub async fn page(&self, path: &str, cookie: &str) -> (StatusCode, String) {
        let request = self.request(Method::GET, path).header("cookie", cookie);
        let answer = request.header("accept", "text/html").send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }
}

pub async fn answer(response: reqwest::Response) -> (StatusCode, Value) {
    let status = response.status();
    let text = response.text().await.unwrap();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

pub fn cookie(response: &reqwest::Response) -> String {
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

struct Told;

#[async_trait]
impl Reads for Told {
    async fn overview(&self) -> Result<Overview, Problem> {
        Ok(Overview {
            as_of: Timestamp::from_unix_millis(1_795_444_307_046),
            window_ms: 900_000,
            totals: Totals::default(),
            traffic: Vec::new(),
            troubled: vec![hostile()],
            muted_failures: Some(0),
            destinations: Vec::new(),
            empty: false,
        })
    }

    async fn destinations(&self, _: DestinationQuery) -> Result<Page<DestinationItem>, Problem> {
        Ok(Page::new(Vec::new(), None))
    }

    async fn destination(
        &self,
        _: &str,
        _: Window,
        _: Option<Vec<Sight>>,
    ) -> Result<Destination, Problem> {
        Err(no_destination())
    }

    async fn place(&self, _: &str, _: Option<Vec<Sight>>) -> Result<Place, Problem> {
        Err(no_destination())
    }

    async fn messages(&self, _: Reading) -> Result<StoredPage, Problem> {
        Err(no_destination())
    }

    async fn tail(&self, _: Watch) -> Result<Tail, Problem> {
        Err(no_destination())
    }

    async fn observed(&self) -> Result<Vec<ObservedCluster>, Problem> {
        Ok(Vec::new())
    }

    async fn groups(&self, _: GroupQuery) -> Result<Page<GroupLine>, Problem> {
        Ok(Page::new(Vec::new(), None))
    }

    async fn group(
        &self,
        _: &str,
        _: Option<Vec<Sight>>,
        _: Option<Asker>,
    ) -> Result<GroupPage, Problem> {
        Err(no_group())
    }

    async fn group_lag(
        &self,
        _: &str,
        _: Option<Vec<Sight>>,
        _: TimeRange,
        _: Option<i64>,
    ) -> Result<LagSeries, Problem> {
        Err(no_group())
    }

    async fn failures(&self, _: FailureQuery) -> Result<Page<FailureGroup>, Problem> {
        Ok(Page::new(Vec::new(), None))
    }

    async fn failure(
        &self,
        _: &str,
        _: Window,
        _: Option<Vec<Sight>>,
    ) -> Result<FailurePage, Problem> {
        Err(no_failure())
    }

    async fn map(&self, _: Window, _: Option<Vec<Sight>>) -> Result<Map, Problem> {
        Ok(Map {
            as_of: Timestamp::EPOCH,
            from: Timestamp::EPOCH,
            to: Timestamp::EPOCH,
            window_ms: 0,
            nodes: Vec::new(),
            edges: Vec::new(),
            with_brokers: false,
        })
    }

    async fn systems(&self) -> Result<Vec<String>, Problem> {
        Ok(vec![HOSTILE.to_owned()])
    }

    async fn journeys(&self, _: JourneyQuery) -> Result<Page<JourneySummary>, Problem> {
        Ok(Page::new(vec![hostile()], None))
    }

    async fn ask_brokers(
        &self,
        _: JourneyQuery,
        _: Asker,
    ) -> Result<Page<JourneySummary>, Problem> {
        Ok(Page::new(Vec::new(), None))
    }

    async fn journey(&self, _: &str, _: Option<Asker>) -> Result<JourneyPage, Problem> {
        Err(Problem::new(
            Code::NotFound,
            "No message is known by this id.",
            "Search for it.",
        ))
    }

    async fn logs(&self, _: &JourneyPage, _: LogQuery) -> Result<JourneyLogs, Problem> {
        Ok(JourneyLogs::default())
    }

    async fn trace(&self, _: TraceId) -> Result<Trace, Problem> {
        Ok(Trace::default())
    }
}

#[async_trait]
impl Process for Told {
    async fn status(&self) -> Result<Status, Problem> {
        Ok(Status {
            version: "0".into(),
            started_at: Timestamp::EPOCH,
            uptime_ms: 0,
            components: Vec::new(),
            ingest: IngestCounters::default(),
            store: StoreFigures::default(),
        })
    }

    fn not_ready(&self) -> Vec<String> {
        Vec::new()
    }

    async fn metrics(&self) -> String {
        String::new()
    }
}

fn hostile() -> JourneySummary {
    let name = || Some(HOSTILE.to_owned());
    JourneySummary {
        id: "i-6b-00-00".into(),
        state: JourneyState::DeadLettered,
        message: Message {
            system: HOSTILE.into(),
            cluster: name(),
            destination: name(),
            partition: name(),
            offset: None,
            message_id: name(),
            key: name(),
            size_bytes: None,
            created_at: None,
        },
        producer_service: name(),
        groups: vec![HOSTILE.into()],
        attempts: 3,
        total_ms: Some(1.0),
        first_error: name(),
        started_at: Timestamp::from_unix_millis(1_795_444_307_046),
        diagnosis: name(),
        diagnosis_rule: None,
        overtaken_by: Vec::new(),
    }
}
