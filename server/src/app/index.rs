//! What ingest asks of the other parts: how a span is indexed, and whether a token may send.

use std::sync::Arc;

use async_trait::async_trait;
use waybill_broker::Dialects;
use waybill_model::messaging::{DestinationRole, Facts, Operation};
use waybill_model::span::Span;
use waybill_store::{IndexedSpan, RollupKey, Tried};

use crate::auth::Auth;
use crate::ingest::{Indexer, TokenCheck};
use crate::journey::{SearchAttributes, cut, tells_trouble, terms, tries};

pub(super) struct SpanIndex {
    dialects: Dialects,
    search: Arc<SearchAttributes>,
}

impl SpanIndex {
    pub fn new(dialects: Dialects, search: Arc<SearchAttributes>) -> Self {
        Self { dialects, search }
    }
}

impl Indexer for SpanIndex {
    fn index(&self, span: Span) -> IndexedSpan {
        let facts = self.dialects.facts(&span);
        IndexedSpan {
            terms: terms(&span, facts.as_ref(), &self.search),
            troubled: facts.as_ref().is_some_and(tells_trouble),
            tried: facts.as_ref().map(|f| tried(&span, f)).unwrap_or_default(),
            rollup: facts.and_then(|facts| rollup(facts, &self.dialects)),
            span,
        }
    }
}

fn tried(span: &Span, facts: &Facts) -> Vec<Tried> {
    tries(span, facts).into_iter().map(Tried::of).collect()
}

/// `None`: the span is about no message, or about none of anybody's.
fn rollup(facts: Facts, dialects: &Dialects) -> Option<RollupKey> {
    if facts.operation == Operation::Other || facts.destination_role == DestinationRole::Internal {
        return None;
    }
    let consumes = matches!(facts.operation, Operation::Receive | Operation::Process);
    // A generated name is gone with its connection: counting it apart would only make rows.
    let lasting = |group: &String| dialects.is_lasting_group(&facts.system, group);
    let group = facts.group.filter(|group| consumes && lasting(group));
    Some(RollupKey {
        group: group.as_deref().map(cut),
        destination: cut(&facts.destination?),
        operation: facts.operation,
        role: facts.destination_role,
        system: cut(&facts.system),
        failed: facts.failed,
    })
}

pub(super) struct IngestTokens(pub Auth);

#[async_trait]
impl TokenCheck for IngestTokens {
    async fn allows(&self, token: &str) -> bool {
        self.0.may_ingest(token).await
    }
}
