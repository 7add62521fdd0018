//! Lists of journeys: by an exact word, by trouble, or by looking through the newest.

use waybill_model::id::TraceId;
use waybill_model::journey::{JourneyState, JourneySummary};
use waybill_model::problem::{Code, Problem};
use waybill_model::query::{JourneyQuery, Page};
use waybill_model::reference::{MessageRef, Term};
use waybill_store::troubled::{TroubledCursor, TroubledFilter};

use super::Query;
use super::cursor::{Cursor, Place};
use super::gather::{Reach, Seeds};
use super::select::{self, Pick};
use super::stretch::Source;
use super::walk::Walk;
use crate::auth::store_problem;
use crate::journey::summary;

pub(super) const DEFAULT_LIMIT: u32 = 50;
/// Frames read for one message.
const MAX_FRAMES: usize = 1_024;

/// What leads to journeys directly.
enum Exact {
    /// Any of these terms; with `chains` all messages of the chain are meant.
    Terms {
        terms: Vec<Term>,
        chains: bool,
    },
    Reference(MessageRef),
}

impl Query {
    /// Newest start first.
    ///
    /// # Errors
    /// `InvalidRequest` for a word that cannot be read, `StoreUnavailable`.
    pub async fn journeys(&self, query: JourneyQuery) -> Result<Page<JourneySummary>, Problem> {
        let limit = query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, 1_000) as usize;
        let cursor = query.cursor.as_deref();
        let (source, reach) = match exact(&query)? {
            Some(Exact::Reference(reference)) => return self.by_reference(reference, &query).await,
            Some(Exact::Terms { terms, chains }) => {
                let reach = match chains {
                    true => Reach::Chains,
                    false => Reach::Messages,
                };
                (Source::Terms(terms.into_iter().collect()), reach)
            }
            None if query.text.is_some() || query.state.is_some_and(is_trouble) => {
                let after = cursor.map(Cursor::read).transpose()?;
                return self.by_trouble(&query, limit, after).await;
            }
            None => (Source::Blocks, Reach::Messages),
        };
        let after = cursor.map(Place::read).transpose()?;
        let walk = Walk {
            source,
            reach,
            query: &query,
            limit,
        };
        self.walk(walk, after).await
    }

    /// The one that is meant, where there is one.
    async fn by_reference(
        &self,
        reference: MessageRef,
        query: &JourneyQuery,
    ) -> Result<Page<JourneySummary>, Problem> {
        let terms = reference_terms(&reference);
        let found = self.spans_by(&terms, None, MAX_FRAMES).await?;
        let pick = Pick::Named(reference);
        let mut gathered = self
            .gather(
                Seeds::spans(found.spans),
                Reach::Messages,
                None,
                |rebuilt, spans| pick.of(rebuilt, spans),
            )
            .await?;
        self.fill_places(gathered.meant(), None).await?;
        self.settle(gathered.meant()).await?;
        let all = gathered.rebuilt.journeys.iter();
        let fitting = all.filter(|j| gathered.wanted.contains(&j.id) && select::fits(j, query));
        let mut page = Page::new(fitting.map(summary).collect(), None);
        page.truncated = found.truncated || gathered.truncated;
        Ok(page)
    }

    async fn by_trouble(
        &self,
        query: &JourneyQuery,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<JourneySummary>, Problem> {
        let filter = TroubledFilter {
            state: query.state,
            cluster: query.cluster.clone(),
            destination: query.destination.clone(),
            group: query.group.clone(),
            text: query.text.clone(),
            min_ms: query.min_ms,
            from: query.from,
            to: query.to,
            before: after.map(|cursor| TroubledCursor {
                started_at: cursor.started_at,
                key: hex::decode(cursor.id).unwrap_or_default(),
            }),
            ..TroubledFilter::default()
        };
        let ask = u32::try_from(limit + 1).unwrap_or(u32::MAX);
        let mut rows = self
            .store
            .troubled(&filter, ask)
            .await
            .map_err(store_problem)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| {
            let cursor = &row.cursor;
            Cursor {
                started_at: cursor.started_at,
                id: hex::encode(&cursor.key),
            }
            .write()
        });
        let items = rows.into_iter().map(|row| row.summary).collect();
        Ok(Page::new(items, next))
    }
}

/// States that the finder keeps rows of.
pub(super) fn is_trouble(state: JourneyState) -> bool {
    !matches!(
        state,
        JourneyState::Delivered | JourneyState::Unknown | JourneyState::InFlight
    )
}

fn exact(query: &JourneyQuery) -> Result<Option<Exact>, Problem> {
    let words = [
        &query.trace_id,
        &query.message_id,
        &query.key,
        &query.attribute,
        &query.find,
    ];
    if words.into_iter().flatten().count() > 1 {
        return Err(Problem::new(
            Code::InvalidRequest,
            "More than one of trace_id, message_id, key, attribute and find was given.",
            "Give one of them; destination, group, state, min_ms, from and to narrow it further.",
        ));
    }
    let term = |term: Term, chains: bool| {
        Ok(Some(Exact::Terms {
            terms: vec![term],
            chains,
        }))
    };
    if let Some(id) = &query.trace_id {
        let id: TraceId = id.parse().map_err(|_| {
            Problem::new(
                Code::InvalidRequest,
                "`trace_id` is not a trace id.",
                "It is written as 32 hexadecimal digits, not all zero.",
            )
        })?;
        return term(Term::trace(id), false);
    }
    if let Some(id) = &query.message_id {
        return term(Term::message_id(id), false);
    }
    if let Some(key) = &query.key {
        return term(Term::message_key(key), false);
    }
    if let Some(attribute) = &query.attribute {
        let Some((name, value)) = attribute.split_once([':', '=']) else {
            return Err(Problem::new(
                Code::InvalidRequest,
                "`attribute` is not a name and a value.",
                "It is written name:value, such as order.id:1001.",
            ));
        };
        return term(Term::attribute(name, value), true);
    }
    Ok(query
        .find
        .as_deref()
        .map(str::trim)
        .filter(|f| !f.is_empty())
        .map(find))
}

/// The one box: whatever the text can be.
fn find(text: &str) -> Exact {
    if let Ok(reference) = text.parse() {
        return Exact::Reference(reference);
    }
    let mut terms = vec![Term::message_id(text), Term::message_key(text)];
    let mut chains = false;
    if let Some((name, value)) = text.split_once(['=', ':']) {
        terms.push(Term::attribute(name.trim(), value.trim()));
        chains = true;
    }
    if let Ok(trace_id) = text.to_lowercase().parse() {
        terms.push(Term::trace(trace_id));
    }
    Exact::Terms { terms, chains }
}

/// Where spans of the message are looked for first.
pub(super) fn reference_terms(reference: &MessageRef) -> Vec<Term> {
    match reference {
        MessageRef::Context { trace_id, .. } => vec![Term::trace(*trace_id), reference.term()],
        _ => vec![reference.term()],
    }
}
