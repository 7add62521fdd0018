//! Messages as they arrive, as server-sent events. `/api/v1/events` carries ids only; this stream
//! carries messages, so it is one of its own, with rights and audit lines of its own.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::{Extension, Path, RawQuery, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use http::HeaderMap;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep_until};
use waybill_model::access::Action;
use waybill_model::problem::{Code, Problem};
use waybill_model::stored::StoredQuery;

use super::admit::{self, Admitted, TAIL};
use crate::api::AppState;
use crate::api::params::Params;
use crate::auth::gate;
use crate::auth::identity::actor;
use crate::error::ApiProblem;
use crate::query::browse::tail::{Seen, Tail, Told};

/// A tail ends after this, and may be begun again.
const LONGEST: Duration = Duration::from_secs(600);
/// How often it is asked whether its reader may still see it.
const RIGHTS: Duration = Duration::from_secs(5);
/// Events that wait for a slow reader; more are counted and left out.
const WAITING: usize = 32;

const KNOWN: &[&str] = &["key", "partition", "filter", "unmask"];

/// Server-sent events: `message` (as an item of the list), `skipped` (`{"messages": 3}`: more came
/// than is shown), `unread` (partitions that cannot be read) and at last `end` with its `reason`:
/// `time` after ten minutes, `right` where it was taken, `refused` with a problem. Rights and audit
/// as for the list.
#[utoipa::path(
    get, path = "/api/v1/destinations/{id}/messages/tail", tag = "destinations",
    params(
        ("id" = String, Path, description = "from an answer"),
        ("key" = Option<String>, Query, description = "only messages whose key has these bytes"),
        ("partition" = Option<String>, Query, description = "exact; all when absent"),
        ("filter" = Option<String>, Query, description = "as for the list"),
        ("unmask" = Option<bool>, Query, description = "secrets are not hidden; needs message.unmask"),
    ),
    responses((status = 200, content_type = "text/event-stream", body = String)),
)]
pub async fn tail_messages(
    State(state): State<AppState>,
    gate::User(caller): gate::User,
    Extension(from): Extension<gate::From>,
    Path(id): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiProblem> {
    let params = Params::parse(query.as_deref(), KNOWN)?;
    let query = StoredQuery {
        key: params.owned("key"),
        partition: params.owned("partition"),
        filter: params.owned("filter"),
        unmask: params.owned("unmask"),
        ..StoredQuery::default()
    };
    let from = from.0.to_string();
    let admitted = admit::admit(&state, &caller, &from, TAIL, &id, &query).await?;
    let tail = admit::tail(&state, &caller, &admitted).await?;
    let line = Line {
        actor: actor(&caller),
        object: admitted.place.object(),
        detail: format!("{}, from {from}", admit::detail(&admitted, &query)),
    };
    let (out, inbox) = mpsc::channel(WAITING);
    let (open, opened) = tokio::sync::oneshot::channel();
    let watch = Watching {
        state,
        headers,
        admitted,
        tail,
        out,
    };
    tokio::spawn(watch.audited(line, open));
    // Nothing is sent before the line is written.
    match opened.await {
        Ok(()) => {}
        Err(_) => return Err(ApiProblem(not_audited())),
    }
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(Outbox { inbox }).keep_alive(keep_alive))
}

struct Line {
    actor: String,
    object: String,
    detail: String,
}

struct Watching {
    state: AppState,
    headers: HeaderMap,
    admitted: Admitted,
    tail: Tail,
    out: mpsc::Sender<Event>,
}

impl Watching {
    async fn audited(self, line: Line, open: tokio::sync::oneshot::Sender<()>) {
        let audit = self.state.audit.clone();
        let bodies = self.admitted.sight.bodies;
        let run = async {
            let _ = open.send(());
            Ok(self.run().await)
        };
        if !bodies {
            let _ = run.await;
            return;
        }
        let told = |seen: &Seen| {
            format!(
                ", {} messages shown, {} read, {} bytes, {} skipped",
                seen.shown, seen.read, seen.bytes, seen.skipped
            )
        };
        let Line {
            actor,
            object,
            detail,
        } = line;
        let ended: Result<Seen, Problem> = audit
            .around_told(&actor, TAIL, &object, detail, run, told)
            .await;
        if let Err(problem) = ended {
            tracing::warn!(%problem, "a tail was not begun");
        }
    }

    async fn run(self) -> Seen {
        let seen = Mutex::new(Seen::default());
        let (told, mut inbox) = mpsc::channel(WAITING);
        let stop = self.state.events.stop();
        let end = tokio::time::Instant::now() + LONGEST;
        let reading = self.tail.run(&told, &seen);
        tokio::pin!(reading);
        let mut rights = interval(RIGHTS);
        rights.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut held: Option<Event> = None;
        let reason = loop {
            tokio::select! {
                () = &mut reading => break "refused",
                () = sleep_until(end) => break "time",
                () = stop.cancelled() => break "stop",
                () = self.out.closed() => break "gone",
                _ = rights.tick() => {
                    if !self.still_may().await {
                        break "right";
                    }
                }
                // A slow reader holds up nothing but this: the tail counts what it cannot hand on.
                permit = self.out.reserve(), if held.is_some() => match (permit, held.take()) {
                    (Ok(permit), Some(event)) => permit.send(event),
                    _ => break "gone",
                },
                event = inbox.recv(), if held.is_none() => match event {
                    Some(event) => held = Some(of(event)),
                    None => break "refused",
                },
            }
        };
        // Whoever lost the right sees nothing of what was held.
        if !matches!(reason, "right" | "gone") {
            if let Some(event) = held {
                let _ = self.out.try_send(event);
            }
            while let Ok(event) = inbox.try_recv() {
                // What is left, the refusal among it, is told if it fits.
                let _ = self.out.try_send(of(event));
            }
        }
        let last = Event::default().event("end");
        let last = last.data(json!({ "reason": reason }).to_string());
        let _ = self.out.try_send(last);
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen
    }

    /// Sessions end, tokens are revoked, grants change: asked anew, as for a request.
    async fn still_may(&self) -> bool {
        let Ok(who) = self.state.auth.identify(&self.headers).await else {
            return false;
        };
        let Some(caller) = who.caller() else {
            return false;
        };
        let Admitted {
            place,
            sight,
            asked,
        } = &self.admitted;
        let may = |action| admit::may(caller, place, action);
        may(Action::MessageMeta)
            && (!sight.bodies || may(Action::MessageBody))
            && (!asked.unmask || may(Action::MessageUnmask))
    }
}

fn of(told: Told) -> Event {
    let (name, data) = match told {
        Told::Message(message) => (
            "message",
            serde_json::to_value(&*message).unwrap_or_default(),
        ),
        Told::Skipped(messages) => ("skipped", json!({ "messages": messages })),
        Told::Unread(partitions) => ("unread", json!({ "partitions": partitions })),
        Told::Refused(problem) => (
            "refused",
            serde_json::to_value(&problem).unwrap_or_default(),
        ),
    };
    Event::default().event(name).data(data.to_string())
}

fn not_audited() -> Problem {
    Problem::new(
        Code::StoreUnavailable,
        "The audit line of this could not be written, so it was not begun.",
        "Try again shortly; GET /readyz says when the database is back.",
    )
}

struct Outbox {
    inbox: mpsc::Receiver<Event>,
}

impl Stream for Outbox {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inbox.poll_recv(context).map(|event| event.map(Ok))
    }
}
