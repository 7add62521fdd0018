//! The native trace: what clients with message trace on (`enableMsgTrace`) write to the trace topic,
//! several records a message (`TraceDataEncoder` of `rocketmq-client`, 4.9 and 5.x alike).
//!
//! [`record`] takes them apart, [`span`] tells each as a span.

mod record;
mod span;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use async_trait::async_trait;

use super::browse;
use super::cluster::RocketCluster;
use crate::adapter::{Reason, Refused};
use crate::browse::{Ask, Browse, Budget, Ended, Shelf, Start, Stored};
use crate::traces::{From, NativeTraces, Traced};

#[async_trait]
impl NativeTraces for RocketCluster {
    async fn read(
        &self,
        from: &From,
        budget: Budget,
        patience: Duration,
    ) -> Result<Traced, Refused> {
        let topic = &self.client.trace_topic;
        let known = match from {
            From::Time(_) => BTreeMap::new(),
            From::Next(next) => next.clone(),
        };
        let session = self.client.browsing(patience);
        let queues = match browse::queues(&session, topic).await {
            Ok(queues) => queues,
            // Nobody writes a trace here.
            Err(refused) if refused.reason == Reason::NotThere => {
                return Ok(Traced {
                    next: known,
                    ..Traced::default()
                });
            }
            Err(refused) => return Err(refused),
        };
        let start = match from {
            From::Time(time) => Start::Time(*time),
            // A queue that is new has all its records before us.
            From::Next(_) => {
                let begin = queues.into_iter().map(|queue| {
                    let offset = known.get(&queue).copied().unwrap_or(0);
                    (queue, offset)
                });
                Start::At(begin.collect())
            }
        };
        let ask = Ask {
            shelf: Shelf {
                namespace: None,
                name: topic.clone(),
            },
            partition: None,
            start,
            budget: Budget {
                time: budget.time.min(patience),
                ..budget
            },
            linger: Duration::ZERO,
        };
        let mut traced = Traced::default();
        let read = Browse::read(self, &ask, &mut |stored| {
            take(&mut traced, &stored);
            ControlFlow::Continue(())
        })
        .await?;
        traced.more = matches!(read.ended, Ended::Bytes | Ended::Time);
        // Where a queue was not read now, it is gone on from where it was.
        traced.next = known;
        traced.next.extend(read.next);
        Ok(traced)
    }
}

fn take(traced: &mut Traced, stored: &Stored) {
    let text = String::from_utf8_lossy(stored.value.as_deref().unwrap_or_default());
    let came = span::Came::of(stored);
    for told in record::records(&text) {
        match told {
            Some(record) => traced.spans.extend(span::spans(&record, &came)),
            None => traced.unread_records += 1,
        }
    }
}
