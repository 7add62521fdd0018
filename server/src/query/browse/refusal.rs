//! What a broker refuses, in the words of a problem.

use waybill_broker::browse::Price;
use waybill_broker::{Reason, Refused};
use waybill_model::problem::{Code, Problem};
use waybill_model::stored::{Disturbance, ReadPrice};

use super::Place;
use crate::audit::one_line;

pub(super) fn price(price: Price) -> ReadPrice {
    match price {
        Price::Free { messages, bytes } => ReadPrice {
            messages,
            bytes,
            disturbs: None,
        },
        Price::Disturbs { cost, instead } => ReadPrice {
            messages: None,
            bytes: None,
            disturbs: Some(Disturbance { cost, instead }),
        },
    }
}

pub(super) fn disturbs(disturbance: &Disturbance) -> Problem {
    Problem::new(
        Code::WouldDisturb,
        format!(
            "Looking at these messages would change them: {}",
            one_line(&disturbance.cost)
        ),
        one_line(&disturbance.instead),
    )
}

pub(super) fn problem(place: &Place, refused: Refused) -> Problem {
    let cluster = &place.cluster;
    let detail = one_line(&refused.detail);
    let hint = one_line(&refused.hint);
    match refused.reason {
        Reason::Disturbs => disturbs(&Disturbance {
            cost: refused.detail,
            instead: refused.hint,
        }),
        Reason::NotThere => Problem::new(
            Code::NotFound,
            format!("The cluster {cluster} does not have it: {detail}"),
            hint,
        ),
        Reason::Forbidden => Problem::new(
            Code::NotBrowsable,
            format!("The cluster {cluster} does not let Waybill read it: {detail}"),
            hint,
        ),
        reason => Problem::new(
            Code::ClusterUnreachable,
            format!("The cluster {cluster} does not answer ({reason}): {detail}"),
            hint,
        ),
    }
}

pub(super) fn too_slow(place: &Place) -> Problem {
    Problem::new(
        Code::ClusterUnreachable,
        format!("The cluster {} did not answer in time.", place.cluster),
        "Try again, or with a greater max_ms; GET /api/v1/clusters says how it does.",
    )
}
