//! What clients of a simulated cluster wrote of their messages.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

use super::Sim;
use crate::adapter::Refused;
use crate::browse::Budget;
use crate::traces::{From, NativeTraces, Traced};

/// The one partition.
const PARTITION: &str = "0";

#[async_trait]
impl NativeTraces for Sim {
    /// A span counts as a byte.
    async fn read(
        &self,
        from: &From,
        budget: Budget,
        patience: Duration,
    ) -> Result<Traced, Refused> {
        self.answer(patience, |state| {
            state.asked.native_traces += 1;
            let all = state.script.native_traces.as_deref().unwrap_or_default();
            if state.script.native_traces_away {
                return Traced {
                    next: from.next.clone(),
                    ..Traced::default()
                };
            }
            let first = match from.next.get(PARTITION) {
                Some(next) => usize::try_from(*next).unwrap_or_default(),
                None => {
                    let mut all = all.iter();
                    let first = all.position(|span| span.started_at >= from.first_at);
                    first.unwrap_or(usize::MAX)
                }
            };
            let from = first.min(all.len());
            let spans = all[from..].to_vec();
            let most = usize::try_from(budget.bytes).unwrap_or(usize::MAX);
            let more = spans.len() > most;
            let spans: Vec<_> = spans.into_iter().take(most).collect();
            let next = i64::try_from(from + spans.len()).unwrap_or(i64::MAX);
            Traced {
                spans,
                next: BTreeMap::from([(PARTITION.to_owned(), next)]),
                more,
                unread_records: 0,
            }
        })
        .await
    }
}
