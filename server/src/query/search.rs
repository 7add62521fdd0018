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
            None if query.text.is_some() || query.overtaken || all_trouble(&query.states) => {
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
            states: query.states.clone(),
            cluster: query.cluster.clone(),
            destination: query.destination.clone(),
            group: query.group.clone(),
            service: query.service.clone(),
            text: query.text.clone(),
            min_ms: query.min_ms,
            max_ms: query.max_ms,
            overtaken: query.overtaken,
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

/// The finder keeps a row of each that is asked for.
fn all_trouble(states: &[JourneyState]) -> bool {
    !states.is_empty() && states.iter().copied().all(is_trouble)
}

/// States of messages that are in no trouble.
pub(super) const QUIET: [JourneyState; 5] = [
    // Only brokers tell these.
    JourneyState::Expired,
    JourneyState::Unroutable,
    JourneyState::Delivered,
    JourneyState::Unknown,
    JourneyState::InFlight,
];

/// States that the finder keeps rows of.
pub(super) fn is_trouble(state: JourneyState) -> bool {
    !QUIET.contains(&state)
}

/// Where the search begins: of several exact words the one that a journey cannot be asked for
/// (`select::fits` asks it for the others).
fn exact(query: &JourneyQuery) -> Result<Option<Exact>, Problem> {
    let trace_id = query.trace_id.as_deref().map(trace_id).transpose()?;
    let attribute = query.attribute.as_deref().map(attribute).transpose()?;
    let others = [&query.trace_id, &query.message_id, &query.key];
    if query.find.is_some() && (attribute.is_some() || others.into_iter().any(Option::is_some)) {
        return Err(Problem::new(
            Code::InvalidRequest,
            "`find` was given together with trace_id, message_id, key or attribute.",
            "find: it may be any of them; give it alone, or name each by its own word.",
        ));
    }
    if query.overtaken
        && others
            .into_iter()
            .chain([&query.attribute, &query.find])
            .any(Option::is_some)
    {
        return Err(Problem::new(
            Code::InvalidRequest,
            "`overtaken` was given together with an exact word.",
            "overtaken: narrows the list of messages in trouble; the page of one message tells it too.",
        ));
    }
    let term = |term: Term, chains: bool| {
        Some(Exact::Terms {
            terms: vec![term],
            chains,
        })
    };
    if let Some((name, value)) = attribute {
        return Ok(term(Term::attribute(name, value), true));
    }
    if let Some(key) = &query.key {
        return Ok(term(Term::message_key(key), false));
    }
    if let Some(id) = &query.message_id {
        return Ok(term(Term::message_id(id), false));
    }
    if let Some(id) = trace_id {
        return Ok(term(Term::trace(id), false));
    }
    Ok(query
        .find
        .as_deref()
        .map(str::trim)
        .filter(|f| !f.is_empty())
        .map(find))
}

pub(super) fn trace_id(text: &str) -> Result<TraceId, Problem> {
    text.parse().map_err(|_| {
        Problem::new(
            Code::InvalidRequest,
            "`trace_id` is not a trace id.",
            "It is written as 32 hexadecimal digits, not all zero.",
        )
    })
}

fn attribute(text: &str) -> Result<(&str, &str), Problem> {
    text.split_once([':', '=']).ok_or_else(|| {
        Problem::new(
            Code::InvalidRequest,
            "`attribute` is not a name and a value.",
            "It is written name:value, such as order.id:1001.",
        )
    })
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
