//! Who may read what of stored messages, and the line that each reading of bodies leaves. API and
//! console come through here.

use waybill_model::access::{Action, Caller, Target};
use waybill_model::problem::Problem;
use waybill_model::stored::{StoredPage, StoredQuery};

use super::ask::{Asked, parse};
use crate::api::AppState;
use crate::auth::identity::actor;
use crate::auth::policy::forbidden;
use crate::clock;
use crate::payload::Veil;
use crate::query::browse::tail::{Tail, Watch};
use crate::query::browse::{From, Place, Reading, Sight};

/// Characters of a cursor in a line; one of many partitions would fill it.
const CURSOR: usize = 300;
const READ: &str = "message.read";
pub(super) const TAIL: &str = "message.tail";

/// What was asked for, and that it may be.
pub(super) struct Admitted {
    pub place: Place,
    pub asked: Asked,
    pub sight: Sight,
}

/// # Errors
/// `Forbidden`, `NotFound` where the caller may not know of it, and as the reading itself.
pub async fn messages(
    state: &AppState,
    caller: &Caller,
    from: &str,
    id: &str,
    query: &StoredQuery,
) -> Result<StoredPage, Problem> {
    let admitted = admit(state, caller, from, READ, id, query).await?;
    let object = admitted.place.object();
    let detail = detail(&admitted, query);
    let Admitted {
        place,
        asked,
        sight,
    } = admitted;
    let price_only = asked.price_only;
    let reading = Reading {
        person: caller.name.clone(),
        place,
        partition: asked.partition,
        from: asked.from,
        wanted: asked.wanted,
        limit: asked.limit,
        budget: asked.budget,
        price_only,
        sight,
    };
    let read = state.reads.messages(reading);
    if price_only || !sight.bodies {
        return read.await;
    }
    let who = actor(caller);
    state
        .audit
        .around_told(&who, READ, &object, detail, read, told)
        .await
}

/// A tail that may begin; whoever runs it writes its lines.
pub(super) async fn tail(
    state: &AppState,
    caller: &Caller,
    admitted: &Admitted,
) -> Result<Tail, Problem> {
    let watch = Watch {
        person: caller.name.clone(),
        place: admitted.place.clone(),
        partition: admitted.asked.partition.clone(),
        wanted: admitted.asked.wanted.clone(),
        sight: admitted.sight,
    };
    state.reads.tail(watch).await
}

pub(super) async fn admit(
    state: &AppState,
    caller: &Caller,
    from: &str,
    action: &str,
    id: &str,
    query: &StoredQuery,
) -> Result<Admitted, Problem> {
    let asked = parse(query)?;
    let sights = caller.sights(Action::TraceRead, clock::now());
    let place = state.reads.place(id, sights).await?;
    match sight(caller, &place, &asked) {
        Ok(sight) => Ok(Admitted {
            place,
            asked,
            sight,
        }),
        Err(problem) => {
            let object = place.object();
            state
                .audit
                .denied(&actor(caller), action, &object, &problem, from)
                .await;
            Err(problem)
        }
    }
}

fn sight(caller: &Caller, place: &Place, asked: &Asked) -> Result<Sight, Problem> {
    let may = |action| may(caller, place, action);
    if !may(Action::MessageMeta) {
        return Err(forbidden(Some(Action::MessageMeta)));
    }
    let bodies = may(Action::MessageBody);
    let wanted = &asked.wanted;
    let probes = wanted.key.is_some()
        || wanted
            .filter
            .as_ref()
            .is_some_and(|filter| filter.asks_for_bodies());
    // An answer that depends on what is hidden would tell it.
    if probes && !bodies {
        return Err(forbidden(Some(Action::MessageBody)));
    }
    if asked.unmask && !(bodies && may(Action::MessageUnmask)) {
        return Err(forbidden(Some(Action::MessageUnmask)));
    }
    Ok(Sight {
        bodies,
        veil: if asked.unmask {
            Veil::Bare
        } else {
            Veil::Masked
        },
        journeys: may(Action::TraceRead),
    })
}

pub(super) fn may(caller: &Caller, place: &Place, action: Action) -> bool {
    let target = Target {
        cluster: Some(&place.cluster),
        resource: Some(&place.shelf.name),
    };
    caller.may(action, target, clock::now())
}

/// The range, without what was looked for: a key may be somebody's.
pub(super) fn detail(admitted: &Admitted, query: &StoredQuery) -> String {
    let asked = &admitted.asked;
    let from = match &asked.from {
        From::Latest => "latest".to_owned(),
        From::Earliest => "earliest".to_owned(),
        From::Offset(offset) => format!("offset {offset}"),
        From::Time(time) => format!("time {time}"),
        From::Cursor(cursor) => {
            let cursor: String = cursor.to_string().chars().take(CURSOR).collect();
            format!("cursor {cursor}")
        }
    };
    let partition = asked.partition.as_deref().unwrap_or("all");
    // First what matters most: a long line is cut at its end.
    let mut detail = String::new();
    for (holds, words) in [
        (asked.unmask, "unmasked, "),
        (query.filter.is_some(), "filtered, "),
        (asked.wanted.key.is_some(), "of one key, "),
    ] {
        detail.push_str(if holds { words } else { "" });
    }
    detail.push_str(&format!(
        "from {from}, partition {partition}, limit {}, at most {} bytes and {} ms",
        asked.limit,
        asked.budget.bytes,
        asked.budget.time.as_millis()
    ));
    detail
}

fn told(page: &StoredPage) -> String {
    let (messages, bytes) = page.read.map_or((0, 0), |read| (read.messages, read.bytes));
    let mut places: Vec<String> = page
        .items
        .iter()
        .map(|item| match &item.partition {
            Some(partition) => format!("{partition}:{}", item.offset),
            None => item.offset.to_string(),
        })
        .collect();
    let shown = places.len();
    if shown > 2 {
        // The ends of what was shown; the pages between are in the range above.
        places.drain(1..shown - 1);
    }
    format!(
        ", {shown} messages shown ({}), {messages} read, {bytes} bytes",
        places.join(" to ")
    )
}
