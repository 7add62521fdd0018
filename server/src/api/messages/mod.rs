//! Stored messages, read from their broker.

pub mod admit;
mod ask;
pub mod tail;

use axum::Json;
use axum::extract::{Extension, Path, RawQuery, State};
use waybill_model::stored::{StoredPage, StoredQuery};

use super::params::Params;
use super::{Answer, AppState};
use crate::auth::gate;

const KNOWN: &[&str] = &[
    "from",
    "offset",
    "time",
    "key",
    "partition",
    "filter",
    "limit",
    "cursor",
    "max_bytes",
    "max_ms",
    "price",
    "unmask",
];

/// Messages that a destination holds, read while you wait and within a budget; nothing of it is
/// disturbed. Positions, times, sizes and names of headers need `message.meta`; keys, values and
/// what headers hold `message.body` too, and each reading of those is in the audit log.
#[utoipa::path(
    get, path = "/api/v1/destinations/{id}/messages", tag = "destinations",
    params(
        ("id" = String, Path, description = "from an answer"),
        ("from" = Option<String>, Query,
            description = "latest (newest first, going back), earliest, offset, time or key; in one word \
                offset:42, time:2026-01-02T03:04:05Z, key:1001"),
        ("offset" = Option<i64>, Query, description = "with from=offset, in each partition that is read"),
        ("time" = Option<String>, Query, description = "with from=time: RFC 3339, or how long ago, such as 15m"),
        ("key" = Option<String>, Query,
            description = "only messages whose key has these bytes; with from=key the newest first"),
        ("partition" = Option<String>, Query, description = "exact; all when absent"),
        ("filter" = Option<String>, Query,
            description = "such as value.order.id == \"1001\" && headers.kind == \"retry\""),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("max_bytes" = Option<u64>, Query, minimum = 1, maximum = 67108864,
            description = "read from the broker at most; 4 MiB when absent"),
        ("max_ms" = Option<u64>, Query, minimum = 1, maximum = 15000, description = "2,000 when absent"),
        ("price" = Option<String>, Query, description = "only: says what reading takes, and reads nothing"),
        ("unmask" = Option<bool>, Query, description = "secrets are not hidden; needs message.unmask"),
    ),
    responses((status = 200, body = StoredPage)),
)]
pub async fn list_messages(
    State(state): State<AppState>,
    gate::User(caller): gate::User,
    Extension(from): Extension<gate::From>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<StoredPage> {
    let query = stored_query(&Params::parse(query.as_deref(), KNOWN)?);
    let from = from.0.to_string();
    Ok(Json(
        admit::messages(&state, &caller, &from, &id, &query).await?,
    ))
}

fn stored_query(params: &Params) -> StoredQuery {
    StoredQuery {
        from: params.owned("from"),
        offset: params.owned("offset"),
        time: params.owned("time"),
        key: params.owned("key"),
        partition: params.owned("partition"),
        filter: params.owned("filter"),
        limit: params.owned("limit"),
        cursor: params.owned("cursor"),
        max_bytes: params.owned("max_bytes"),
        max_ms: params.owned("max_ms"),
        price: params.owned("price"),
        unmask: params.owned("unmask"),
    }
}
