use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as JsonValue, json};
use utoipa::ToSchema;
use waybill_model::access::Action;
use waybill_model::failure::{FailureChange, FailureGroup, FailurePage, FailureQuery, FailureSort};
use waybill_model::problem::{Code, Problem};
use waybill_model::query::Page;
use waybill_model::time::Timestamp;

use super::input::Input;
use super::params::{Params, nearest};
use super::{Answer, AppState};
use crate::auth::gate::{self, User};
use crate::clock;

const KNOWN: &[&str] = &[
    "cluster",
    "destination",
    "group",
    "q",
    "from",
    "to",
    "muted",
    "sort",
    "limit",
    "cursor",
];

/// Failed attempts by kind. Counted is what the caller sees: as of the messages, by cluster and
/// destination.
#[utoipa::path(
    get, path = "/api/v1/failures", tag = "failures",
    params(
        ("cluster" = Option<String>, Query, description = "exact"),
        ("destination" = Option<String>, Query, description = "exact: of the message"),
        ("group" = Option<String>, Query, description = "exact: consumer group"),
        ("q" = Option<String>, Query,
            description = "part of the error's type, of its first frame or of its last message"),
        ("from" = Option<String>, Query, description = "RFC 3339: attempts that began then or later"),
        ("to" = Option<String>, Query, description = "RFC 3339: attempts that began before"),
        ("muted" = Option<bool>, Query, description = "only those that are, or are not, muted now"),
        ("sort" = Option<String>, Query,
            description = "last (the usual), attempts or first; the greatest first"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, body = Page<FailureGroup>)),
)]
pub async fn list_failures(
    State(state): State<AppState>,
    User(caller): User,
    RawQuery(query): RawQuery,
) -> Answer<Page<FailureGroup>> {
    let params = Params::parse(query.as_deref(), KNOWN)?;
    params.range()?;
    let query = FailureQuery {
        cluster: params.owned("cluster"),
        destination: params.owned("destination"),
        group: params.owned("group"),
        q: params.owned("q"),
        from: params.time("from")?,
        to: params.time("to")?,
        muted: params.word("muted", &[("true", true), ("false", false)])?,
        sort: params.word("sort", FailureSort::WORDS)?.unwrap_or_default(),
        limit: params.limit()?,
        cursor: params.owned("cursor"),
        sights: caller.sights(Action::TraceRead, clock::now()),
    };
    Ok(Json(state.reads.failures(query).await?))
}

/// One kind of failure: where it was seen, its latest messages, and the retry history of the newest.
#[utoipa::path(
    get, path = "/api/v1/failures/{id}", tag = "failures",
    params(
        ("id" = String, Path, description = "from an answer: the fingerprint"),
        ("from" = Option<String>, Query,
            description = "RFC 3339: begins the trend; an hour or less is told by the minute"),
        ("to" = Option<String>, Query, description = "RFC 3339: ends the trend"),
    ),
    responses((status = 200, body = FailurePage)),
)]
pub async fn get_failure(
    State(state): State<AppState>,
    User(caller): User,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<FailurePage> {
    let params = Params::parse(query.as_deref(), &["from", "to"])?;
    let window = params.window()?;
    let sights = caller.sights(Action::TraceRead, clock::now());
    Ok(Json(state.reads.failure(&id, window, sights).await?))
}

#[derive(Deserialize, ToSchema)]
pub struct FailureChanges {
    /// Whose it is, in place of what the configuration says. Null clears it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 100)]
    owner: Option<Option<String>>,
    /// Null clears it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 2000)]
    note: Option<Option<String>>,
    /// Left out of the overview until then. Null ends it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Timestamp>)]
    muted_until: Option<Option<Timestamp>>,
}

const MEMBERS: &[&str] = &["owner", "note", "muted_until"];

/// Changes what is given and leaves the rest. Whoever changes it holds `alert.edit` on every
/// destination that it was seen on.
#[utoipa::path(
    patch, path = "/api/v1/failures/{id}", tag = "failures",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header,)),
    request_body = FailureChanges,
    responses((status = 200, body = FailureGroup)),
)]
pub async fn change_failure(
    State(state): State<AppState>,
    User(caller): User,
    Extension(from): Extension<gate::From>,
    Path(id): Path<String>,
    input: Input<Map<String, JsonValue>>,
) -> Answer<JsonValue> {
    let change = change(input.value)?;
    let from = from.0.to_string();
    let work = async {
        state.failures.change(&caller, &from, &id, change).await?;
        let sights = caller.sights(Action::TraceRead, clock::now());
        let page = state.reads.failure(&id, Default::default(), sights);
        Ok(json!(page.await?.group))
    };
    let answer = state
        .idempotency
        .once(
            caller.user_id,
            "PATCH /failures",
            input.idempotency_key.as_deref(),
            &format!("{id} {}", input.words),
            clock::now(),
            work,
        )
        .await?;
    Ok(Json(answer))
}

fn change(members: Map<String, JsonValue>) -> Result<FailureChange, Problem> {
    let unknown = |hint: String| {
        Problem::new(
            Code::InvalidRequest,
            "The body is not what is expected here.",
            hint,
        )
    };
    if let Some(name) = members
        .keys()
        .find(|name| !MEMBERS.contains(&name.as_str()))
    {
        let name: String = name.chars().take(64).collect();
        return Err(unknown(match nearest(&name, MEMBERS) {
            Some(near) => format!("{name}: did you mean {near}?"),
            None => format!("{name}: known are {}.", MEMBERS.join(", ")),
        }));
    }
    let FailureChanges {
        owner,
        note,
        muted_until,
    } = serde_json::from_value(JsonValue::Object(members))
        .map_err(|error| unknown(format!("{error}.")))?;
    Ok(FailureChange {
        owner,
        note,
        muted_until,
    })
}

/// Null is a value here; absence is what `default` gives.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_clears_and_absence_leaves() {
        let read = |value: JsonValue| change(value.as_object().unwrap().clone());
        let told = read(json!({"owner": null, "note": "known"})).unwrap();
        assert_eq!(told.owner, Some(None));
        assert_eq!(told.note, Some(Some("known".into())));
        assert_eq!(told.muted_until, None);
        for (body, hint) in [
            (json!({"ownr": "x"}), "ownr: did you mean owner?"),
            (json!({"x": 1}), "x: known are owner, note, muted_until."),
        ] {
            assert_eq!(read(body).unwrap_err().hint, hint);
        }
        assert!(read(json!({"muted_until": "tomorrow"})).is_err());
        assert!(read(json!({"owner": 7})).is_err());
    }
}
