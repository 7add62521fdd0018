//! Grants narrower than a role: what of an answer a caller may see.

use waybill_model::access::{Action, Caller, Target};
use waybill_model::journey::Message;
use waybill_model::problem::{Code, Problem};
use waybill_model::query::JourneyQuery;
use waybill_model::time::Timestamp;
use waybill_model::view::{JourneyPage, Overview};

/// Whether the caller may see a message. An unknown cluster or destination is only seen by those
/// who see all of them.
pub fn sees(caller: &Caller, message: &Message, now: Timestamp) -> bool {
    sees_place(
        caller,
        message.cluster.as_deref(),
        message.destination.as_deref(),
        now,
    )
}

pub fn sees_everything(caller: &Caller, now: Timestamp) -> bool {
    caller.grants.iter().any(|grant| {
        grant.action == Action::TraceRead
            && grant.cluster == "*"
            && grant.resource == "*"
            && grant.expires_at.is_none_or(|end| now < end)
    })
}

fn sees_place(caller: &Caller, cluster: Option<&str>, name: Option<&str>, now: Timestamp) -> bool {
    let target = Target {
        cluster: Some(cluster.unwrap_or_default()),
        resource: Some(name.unwrap_or_default()),
    };
    caller.may(Action::TraceRead, target, now)
}

/// Roll-ups do not tell clusters, so a narrowed caller sees what no other cluster is in.
pub fn narrow_overview(caller: &Caller, mut overview: Overview, now: Timestamp) -> Overview {
    if sees_everything(caller, now) {
        return overview;
    }
    let sees_name = |name: &str| sees_place(caller, None, Some(name), now);
    overview
        .troubled
        .retain(|summary| sees(caller, &summary.message, now));
    overview
        .destinations
        .retain(|line| sees_name(&line.destination));
    overview.edges.retain(|edge| sees_name(&edge.destination));
    overview.totals = Default::default();
    overview.traffic.clear();
    overview
}

/// Other messages of the chain and spans of other people's services are left out.
///
/// # Errors
/// `NotFound`, as for a journey that does not exist: that it does is not told.
pub fn narrow_journey(
    caller: &Caller,
    mut page: JourneyPage,
    now: Timestamp,
) -> Result<JourneyPage, Problem> {
    if sees_everything(caller, now) {
        return Ok(page);
    }
    if !sees(caller, &page.journey.message, now) {
        return Err(no_journey());
    }
    page.chain
        .retain(|journey| sees(caller, &journey.message, now));
    page.spans.clear();
    Ok(page)
}

pub fn no_journey() -> Problem {
    Problem::new(
        Code::NotFound,
        "No message is known by this id.",
        "Ids come from an answer of GET /api/v1/journeys; spans older than the retention are gone.",
    )
}

/// `attribute` may be written `name=value`; it is asked as `name:value`.
pub fn normalise(mut query: JourneyQuery) -> Result<JourneyQuery, Problem> {
    if let Some(attribute) = query.attribute.take() {
        let at = attribute.find([':', '=']).filter(|at| *at > 0);
        let Some(at) = at.filter(|at| at + 1 < attribute.len()) else {
            return Err(super::params::invalid(
                "attribute",
                "is written name:value, such as order.id:1001",
            ));
        };
        query.attribute = Some(format!("{}:{}", &attribute[..at], &attribute[at + 1..]));
    }
    Ok(query)
}
