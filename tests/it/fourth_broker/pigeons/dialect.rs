use waybill_broker::convention::Said;
use waybill_broker::{Dialect, Habits};
use waybill_model::messaging::{DestinationKind, DestinationRole, Facts, Operation};
use waybill_model::span::{Span, SpanKind};

use super::{SCOPE, SYSTEM};

/// Its clients leave `messaging.system` out and name lofts in an attribute of their own.
pub(super) struct PigeonDialect;

impl Dialect for PigeonDialect {
    fn speaks(&self, system: &str) -> bool {
        system == SYSTEM
    }

    fn claims(&self, span: &Span) -> bool {
        span.scope.name == SCOPE
    }

    fn facts(&self, span: &Span, said: &Said<'_>) -> Option<Facts> {
        let mut facts = said.facts(SYSTEM, span);
        facts.destination = span.text("pigeon.loft").map(str::to_owned);
        if let Some(loft) = &facts.destination {
            facts.destination_role = self.destination_role(loft);
        }
        facts.group = span.text("pigeon.flock").map(str::to_owned);
        facts.message_id = span.text("pigeon.ring").map(str::to_owned);
        facts.operation = match span.kind {
            SpanKind::Producer => Operation::Send,
            SpanKind::Consumer => Operation::Process,
            _ => Operation::Other,
        };
        Some(facts)
    }

    fn destination_role(&self, name: &str) -> DestinationRole {
        match name.ends_with(".lost") {
            true => DestinationRole::DeadLetter,
            false => DestinationRole::Origin,
        }
    }

    fn destination_kind(&self, _: &str) -> Option<DestinationKind> {
        Some(DestinationKind::Topic)
    }

    fn habits(&self) -> Habits {
        Habits {
            one_name: true,
            positions: true,
        }
    }
}
