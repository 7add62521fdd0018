//! `/api/v1/events`: kinds and ids only. Whoever hears one asks again by the one read path, so an
//! event can be lost or doubled without harm.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use futures::Stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use waybill_model::problem::{Code, Problem};

use super::AppState;
use super::params::Params;
use super::scope;
use crate::auth::gate::User;
use crate::clock;
use crate::error::ApiProblem;

/// Spans are told of at most once in this time, and of a journey at most this often.
const TICK: Duration = Duration::from_secs(1);
/// A stream ends after this; browsers come back, and their rights are checked anew.
const LONGEST: Duration = Duration::from_secs(300);
const STREAMS: usize = 512;
const BACKLOG: usize = 256;

/// The sending side; cheap to clone, and never blocks.
#[derive(Clone)]
pub struct Events {
    sender: broadcast::Sender<Event>,
    streams: Arc<Semaphore>,
    /// Streams end with the server, not its requests' patience.
    stop: CancellationToken,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something was committed.
    Spans,
    /// This journey came into trouble, or its trouble changed.
    Troubled { id: String },
    /// This cluster was read, or refused.
    Polled { cluster: String },
}

impl Events {
    /// `stop` ends every stream.
    pub fn until(stop: CancellationToken) -> Self {
        Self {
            sender: broadcast::channel(BACKLOG).0,
            streams: Arc::new(Semaphore::new(STREAMS)),
            stop,
        }
    }

    /// Cancelled to end every stream.
    pub fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    pub fn send(&self, event: Event) {
        // Nobody listening is no error.
        let _ = self.sender.send(event);
    }

    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}

/// Server-sent events: `spans` (data `{}`) and `clusters` (`{"ids": […]}`: those that were read since)
/// at most once a second, and `troubled` (`{"id": …}`). Who does not see everything gets no ids.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "process",
    responses((status = 200, content_type = "text/event-stream", body = String)),
)]
pub async fn stream(
    State(state): State<AppState>,
    User(caller): User,
    RawQuery(query): RawQuery,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>, ApiProblem> {
    Params::parse(query.as_deref(), &[])?;
    let permit = state
        .events
        .streams
        .clone()
        .try_acquire_owned()
        .map_err(|_| {
            Problem::new(
                Code::Overloaded,
                "Too many pages listen already.",
                "Reload the page in place of listening; it shows the same.",
            )
        })?;
    // An id tells a destination: only who sees all of them hears it.
    let with_ids = scope::sees_everything(&caller, clock::now());
    let (out, inbox) = mpsc::channel(16);
    let stop = state.events.stop.clone();
    tokio::spawn(forward(state.events.subscribe(), out, with_ids, stop));
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(Outbox {
        inbox,
        _permit: permit,
    })
    .keep_alive(keep_alive))
}

/// Coalesces for one listener until it goes away or its time is over.
async fn forward(
    mut events: broadcast::Receiver<Event>,
    out: mpsc::Sender<SseEvent>,
    with_ids: bool,
    stop: CancellationToken,
) {
    let end = Instant::now() + LONGEST;
    let mut due: Option<Instant> = None;
    let mut told_at: Option<Instant> = None;
    let mut waiting = Waiting::default();
    loop {
        let tick = async {
            match due {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let ready = tokio::select! {
            () = sleep_until(end) => return,
            () = out.closed() => return,
            () = stop.cancelled() => return,
            () = tick => {
                due = None;
                told_at = Some(Instant::now());
                std::mem::take(&mut waiting).into_events(with_ids)
            }
            event = events.recv() => {
                match event {
                    Ok(Event::Troubled { id }) => vec![troubled(with_ids.then_some(id))],
                    Err(broadcast::error::RecvError::Closed) => return,
                    coalesced => {
                        waiting.add(coalesced.ok());
                        let next = told_at.map_or_else(Instant::now, |at| at + TICK);
                        due.get_or_insert(next);
                        continue;
                    }
                }
            }
        };
        for event in ready {
            if out.send(event).await.is_err() {
                return;
            }
        }
    }
}

/// What is told at the next tick.
#[derive(Default)]
struct Waiting {
    spans: bool,
    /// Bounded by what is configured.
    clusters: BTreeSet<String>,
    is_part: bool,
}

impl Waiting {
    /// `None`: some were missed, which one more look at everything makes good.
    fn add(&mut self, event: Option<Event>) {
        match event {
            Some(Event::Polled { cluster }) => {
                self.clusters.insert(cluster);
            }
            Some(_) => self.spans = true,
            None => (self.spans, self.is_part) = (true, true),
        }
    }

    fn into_events(self, with_ids: bool) -> Vec<SseEvent> {
        let event = |name: &str, data: serde_json::Value| {
            SseEvent::default().event(name).data(data.to_string())
        };
        let mut ready = Vec::new();
        if self.spans {
            ready.push(event("spans", serde_json::json!({})));
        }
        if self.is_part || (!self.clusters.is_empty() && !with_ids) {
            ready.push(event("clusters", serde_json::json!({})));
        } else if !self.clusters.is_empty() {
            ready.push(event(
                "clusters",
                serde_json::json!({ "ids": self.clusters }),
            ));
        }
        ready
    }
}

fn troubled(id: Option<String>) -> SseEvent {
    let data = id.map_or_else(
        || serde_json::json!({}),
        |id| serde_json::json!({ "id": id }),
    );
    SseEvent::default().event("troubled").data(data.to_string())
}

struct Outbox {
    inbox: mpsc::Receiver<SseEvent>,
    _permit: OwnedSemaphorePermit,
}

impl Stream for Outbox {
    type Item = Result<SseEvent, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inbox.poll_recv(context).map(|event| event.map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_commits_are_one_tick_a_second() {
        let stop = CancellationToken::new();
        let events = Events::until(stop.clone());
        let (out, mut inbox) = mpsc::channel(16);
        tokio::spawn(forward(events.subscribe(), out, true, stop.clone()));
        let start = Instant::now();
        for _ in 0..30 {
            events.send(Event::Spans);
        }
        drop(inbox.recv().await.unwrap());
        for _ in 0..30 {
            events.send(Event::Spans);
        }
        drop(inbox.recv().await.unwrap());
        assert!(start.elapsed() >= TICK);
        // Nothing is left over: what comes next is the journey.
        events.send(Event::Troubled { id: "c-1".into() });
        let told = inbox.recv().await.unwrap();
        assert!(format!("{told:?}").contains("troubled"));
        stop.cancel();
        assert!(inbox.recv().await.is_none());
    }

    #[tokio::test]
    async fn readings_are_told_by_cluster_once_a_second() {
        let stop = CancellationToken::new();
        let events = Events::until(stop.clone());
        let (out, mut inbox) = mpsc::channel(16);
        tokio::spawn(forward(events.subscribe(), out, true, stop));
        let polled = |cluster: &str| Event::Polled {
            cluster: cluster.into(),
        };
        for _ in 0..3 {
            events.send(polled("east"));
        }
        let first = format!("{:?}", inbox.recv().await.unwrap());
        assert!(
            first.contains("clusters") && first.contains("east"),
            "{first}"
        );
        for cluster in ["west", "east", "west"] {
            events.send(polled(cluster));
        }
        let second = format!("{:?}", inbox.recv().await.unwrap());
        assert!(second.contains(r#"[\"east\",\"west\"]"#), "{second}");
    }

    #[test]
    fn who_does_not_see_everything_gets_no_ids() {
        let mut waiting = Waiting::default();
        waiting.add(Some(Event::Polled {
            cluster: "hidden".into(),
        }));
        let told = format!("{:?}", waiting.into_events(false));
        assert!(
            told.contains("clusters") && !told.contains("hidden"),
            "{told}"
        );
    }
}
