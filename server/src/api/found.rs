//! Journeys for whoever asks, API or console: by spans, and where these tell of nothing by brokers.

use std::time::Duration;

use waybill_model::access::{Action, Caller, Target};
use waybill_model::journey::{JourneyState, JourneySummary};
use waybill_model::problem::Problem;
use waybill_model::query::{JourneyQuery, Page};
use waybill_model::view::JourneyPage;

use super::{AppState, scope};
use crate::auth::identity::actor;
use crate::clock;
use crate::journey::summary;
use crate::query::ask::Asker;

const FIND: &str = "message.find";

/// `may_be_old`: how old an answer of brokers may be. A page that is shown for a while asks often.
///
/// # Errors
/// As the question; `Forbidden` for none: what may not be seen is left out.
pub async fn journeys(
    state: &AppState,
    caller: &Caller,
    query: JourneyQuery,
    may_be_old: Duration,
) -> Result<Page<JourneySummary>, Problem> {
    let query = scope::normalise(query)?;
    let mut page = state.reads.journeys(query.clone()).await?;
    let asks = match query.brokers {
        Some(asks) => asks,
        None => page.items.is_empty() && page.next.is_none(),
    };
    if asks && query.cursor.is_none() && names_one(&query) {
        add_stored(state, caller, query.clone(), may_be_old, &mut page).await?;
    }
    let now = clock::now();
    page.items
        .retain(|summary| scope::sees(caller, &summary.message, now));
    if asks_for_few(&query, &page) {
        tell_whole(state, caller, &mut page).await;
        let states = &query.states;
        page.items
            .retain(|item| states.is_empty() || states.contains(&item.state));
    }
    Ok(page)
}

/// Of so few a list tells what their pages tell, for which brokers may be asked.
const FEW: usize = 3;

fn asks_for_few(query: &JourneyQuery, page: &Page<JourneySummary>) -> bool {
    query.brokers != Some(false) && names_one(query) && page.items.len() <= FEW
}

/// A page that cannot be told now leaves its line as it is.
async fn tell_whole(state: &AppState, caller: &Caller, page: &mut Page<JourneySummary>) {
    let open = |item: &&mut JourneySummary| {
        matches!(item.state, JourneyState::Unknown | JourneyState::Failed)
    };
    for item in page.items.iter_mut().filter(open) {
        if let Ok(whole) = journey(state, caller, &item.id).await {
            *item = summary(&whole.journey);
        }
    }
}

pub async fn journey(state: &AppState, caller: &Caller, id: &str) -> Result<JourneyPage, Problem> {
    let asker = meta_asker(caller);
    let page = state.reads.journey(id, asker).await?;
    scope::narrow_journey(caller, page, clock::now())
}

/// Of several words a broker could be asked for one alone.
fn names_one(query: &JourneyQuery) -> bool {
    let words = [
        &query.key,
        &query.message_id,
        &query.trace_id,
        &query.attribute,
        &query.find,
    ];
    words.into_iter().flatten().count() == 1
}

/// Each search is a line of the audit. Keys and traces are told by spans to whoever reads them, so a
/// search for one asks for no more; what else a message holds, for the right to bodies.
async fn add_stored(
    state: &AppState,
    caller: &Caller,
    query: JourneyQuery,
    may_be_old: Duration,
    page: &mut Page<JourneySummary>,
) -> Result<(), Problem> {
    let names_no_more = query.key.is_some() || query.trace_id.is_some();
    let right = match names_no_more && query.attribute.is_none() {
        true => Action::MessageMeta,
        false => Action::MessageBody,
    };
    let Some(asker) = asker(caller, right, may_be_old) else {
        return Ok(());
    };
    let object = query.destination.clone().unwrap_or_else(|| "*".to_owned());
    let detail = "by one word, in what brokers hold".to_owned();
    let asked = state.reads.ask_brokers(query, asker);
    let told = |page: &Page<JourneySummary>| {
        let asked = page.asked.as_ref();
        let messages = asked.map_or(0, |asked| asked.messages);
        format!(", {} found, {messages} messages read", page.items.len())
    };
    let stored = state
        .audit
        .around_told(&actor(caller), FIND, &object, detail, asked, told)
        .await?;
    page.asked = stored.asked;
    for item in stored.items {
        if page.items.iter().all(|known| known.id != item.id) {
            page.items.push(item);
        }
    }
    Ok(())
}

/// Who asks brokers where one message lies, and when it was written.
pub fn meta_asker(caller: &Caller) -> Option<Asker> {
    asker(caller, Action::MessageMeta, Duration::ZERO)
}

/// `None` where the caller may do so nowhere.
fn asker(caller: &Caller, action: Action, may_be_old: Duration) -> Option<Asker> {
    let now = clock::now();
    caller.may(action, Target::default(), now).then(|| Asker {
        person: caller.name.clone(),
        sights: caller.sights(action, now),
        may_be_old,
    })
}
