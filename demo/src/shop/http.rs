//! The shop's HTTP: orders, and the switches of the faults.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use serde_json::json;

use super::orders;
use crate::fault::{self, FaultName, Setting};
use crate::headers::Headers;
use crate::order::NewOrder;
use crate::service::{Service, ServiceName};
use crate::trace::Failed;

pub fn router(service: Service) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/orders", post(place))
        .route("/orders/{order_id}", get(show))
        .route("/faults", get(faults))
        .route("/faults/{name}", put(set_fault).delete(clear_fault))
        .with_state(service)
}

/// What goes wrong, for the customer and for the log.
enum Trouble {
    Asked(StatusCode, String),
    Ours(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Trouble::Ours(error.into())
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Trouble::Asked(status, text) => (status, text),
            Trouble::Ours(error) => {
                tracing::error!(error = format!("{error:#}"), "request failed");
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "try again later".to_owned(),
                )
            }
        };
        (status, Json(json!({ "error": text }))).into_response()
    }
}

async fn healthz(State(service): State<Service>) -> Result<StatusCode, Trouble> {
    sqlx::query("SELECT 1").execute(&service.pool).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// 201 means: the order and its message are committed.
async fn place(
    State(service): State<Service>,
    incoming: HeaderMap,
    Json(new): Json<NewOrder>,
) -> Result<Response, Trouble> {
    if new.quantity < 1 {
        return Err(Trouble::Asked(
            StatusCode::UNPROCESSABLE_ENTITY,
            "quantity starts at 1".to_owned(),
        ));
    }
    let parent = incoming
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect::<Headers>()
        .trace();
    let work = service.tracer.start(
        "POST /orders".to_owned(),
        SpanKind::Server,
        &parent,
        Vec::new(),
        vec![
            KeyValue::new("http.request.method", "POST"),
            KeyValue::new("http.route", "/orders"),
            KeyValue::new("url.path", "/orders"),
            KeyValue::new("customer.id", new.customer_id.clone()),
        ],
    );
    let placed = orders::place(&service, &work, new).await;
    let status = if placed.is_ok() {
        StatusCode::CREATED
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    work.set(KeyValue::new(
        "http.response.status_code",
        i64::from(status.as_u16()),
    ));
    match placed {
        Ok(order) => Ok((status, Json(json!({ "order_id": order.order_id }))).into_response()),
        Err(error) => {
            work.fail(Failed {
                kind: "DependencyUnavailable",
                message: &format!("{error:#}"),
            });
            Err(Trouble::Ours(error))
        }
    }
}

async fn show(
    State(service): State<Service>,
    Path(order_id): Path<String>,
) -> Result<Response, Trouble> {
    match orders::show(&service.pool, &order_id).await? {
        Some(standing) => Ok(Json(standing).into_response()),
        None => Err(Trouble::Asked(
            StatusCode::NOT_FOUND,
            format!("no order {order_id}"),
        )),
    }
}

async fn faults(State(service): State<Service>) -> Result<Response, Trouble> {
    let set = fault::read(&service.pool).await?;
    let all: serde_json::Map<_, _> = set
        .iter()
        .map(|(name, setting)| (name.as_str().to_owned(), json!(setting)))
        .collect();
    Ok(Json(all).into_response())
}

async fn set_fault(
    State(service): State<Service>,
    Path(name): Path<String>,
    Json(setting): Json<Setting>,
) -> Result<StatusCode, Trouble> {
    let name = parse(&name)?;
    if name == FaultName::ConsumerStopped {
        let consumes = |text: &String| {
            ServiceName::ALL[1..]
                .iter()
                .any(|service| service.as_str() == text)
        };
        if setting.services.is_empty() || !setting.services.iter().all(consumes) {
            let known = ServiceName::ALL[1..]
                .iter()
                .map(|service| service.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            return Err(Trouble::Asked(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("name services of: {known}"),
            ));
        }
    }
    if !(0.0..=1.0).contains(&setting.share) {
        return Err(Trouble::Asked(
            StatusCode::UNPROCESSABLE_ENTITY,
            "a share is between 0 and 1".to_owned(),
        ));
    }
    fault::set(&service.pool, name, &setting).await?;
    tracing::warn!(fault = name.as_str(), ?setting, "fault set");
    Ok(StatusCode::NO_CONTENT)
}

async fn clear_fault(
    State(service): State<Service>,
    Path(name): Path<String>,
) -> Result<StatusCode, Trouble> {
    let name = parse(&name)?;
    if fault::clear(&service.pool, name).await? {
        tracing::warn!(fault = name.as_str(), "fault cleared");
    }
    Ok(StatusCode::NO_CONTENT)
}

fn parse(name: &str) -> Result<FaultName, Trouble> {
    name.parse()
        .map_err(|error: anyhow::Error| Trouble::Asked(StatusCode::NOT_FOUND, error.to_string()))
}
