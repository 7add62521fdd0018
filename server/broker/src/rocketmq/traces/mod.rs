//! The native trace: what clients with message trace on (`enableMsgTrace`) write to the trace topic,
//! several records a message (`TraceDataEncoder` of `rocketmq-client`, 4.9 and 5.x alike).
//!
//! [`record`] takes them apart, [`span`] tells each as a span.

mod record;
mod span;

use std::ops::ControlFlow;
use std::time::Duration;

use async_trait::async_trait;

use super::browse;
use super::cluster::RocketCluster;
use crate::adapter::Refused;
use crate::browse::{Budget, Ended, Stored};
use crate::traces::{From, NativeTraces, Traced};

/// Of one reading, what its spans take in memory, about: a few answers may unfold to very much.
const MOST_BYTES: usize = 16 << 20;

#[async_trait]
impl NativeTraces for RocketCluster {
    async fn read(
        &self,
        from: &From,
        budget: Budget,
        patience: Duration,
    ) -> Result<Traced, Refused> {
        let topic = &self.client.trace_topic;
        let budget = Budget {
            time: budget.time.min(patience),
            ..budget
        };
        let session = self.client.browsing(budget.time);
        let mut traced = Traced::default();
        let mut weight_bytes = 0;
        let read = browse::follow(session, topic, from, budget, &mut |stored| {
            weight_bytes += take(&mut traced, &stored);
            match weight_bytes < MOST_BYTES {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })
        .await?;
        // Where a queue was not read now, it is gone on from where it was.
        traced.next = from.next.clone();
        // Without the topic nobody writes a trace here, or its brokers are away.
        if let Some(read) = read {
            traced.more = read.ended != Ended::End;
            traced.next.extend(read.next);
        }
        Ok(traced)
    }
}

/// What it takes in memory, about. Records beyond what one message may take are not read.
fn take(traced: &mut Traced, stored: &Stored) -> usize {
    let value = stored.value.as_deref().unwrap_or_default();
    let text = String::from_utf8_lossy(value);
    let came = span::Came::of(stored);
    let mut spans_bytes = 0;
    for told in record::records(&text) {
        let weight = told.as_ref().map_or(0, record::Record::weight_bytes);
        match told {
            Some(record) if spans_bytes + weight <= MOST_BYTES => {
                spans_bytes += weight;
                traced.spans.extend(span::spans(&record, &came));
            }
            _ => traced.unread_records += 1,
        }
    }
    // What was unfolded counts where it gave nothing, too.
    spans_bytes.max(value.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(text: &str) -> Stored {
        Stored {
            partition: Some("broker-a:0".into()),
            offset: 4,
            at: None,
            is_broker_time: true,
            key: None,
            value: Some(text.as_bytes().to_vec().into()),
            headers: Vec::new(),
            properties: Vec::new(),
            size_bytes: 0,
        }
    }

    fn published(ids: usize, id: usize, keys: &str, topic: usize) -> String {
        let ids = vec!["i".repeat(id); ids].join(",");
        let topic = "t".repeat(topic);
        let fields = [
            "Pub", "1", "r", "g", &topic, &ids, "null", keys, "null", "0", "1", "0", "true",
        ];
        fields.join("\u{1}") + "\u{2}"
    }

    #[test]
    fn what_no_client_writes_is_counted_and_not_unfolded() {
        let keys = |count: usize, of: usize| vec!["k".repeat(of); count].join(" ");
        let cases = [
            (published(1_024, 256, "k", 127), 1_024),
            (published(1_025, 2, "k", 127), 0),
            (published(2, 257, "k", 127), 0),
            (published(1, 32, &keys(64, 8), 127), 1),
            (published(1, 32, &keys(65, 8), 127), 0),
            (published(1, 32, &keys(2, 4_000), 127), 0),
            (published(1, 32, "k", 1_025), 0),
        ];
        for (text, spans) in cases {
            let mut traced = Traced::default();
            take(&mut traced, &stored(&text));
            assert_eq!(traced.spans.len(), spans);
            assert_eq!(traced.unread_records, u64::from(spans == 0));
        }
    }

    #[test]
    fn one_message_makes_no_more_than_its_measure_and_says_what_it_weighs() {
        let record = published(1_024, 2, &"k".repeat(4_000), 1_000);
        let mut traced = Traced::default();
        let weight = take(&mut traced, &stored(&record.repeat(100)));
        assert!(weight <= MOST_BYTES, "{weight}");
        assert!(!traced.spans.is_empty() || traced.unread_records == 100);
        assert!(traced.spans.len() < 2_000, "{}", traced.spans.len());
        assert!(traced.unread_records >= 99);
        // Nothing but rubbish has its weight as well.
        let weight = take(&mut traced, &stored(&"x".repeat(5_000)));
        assert_eq!(weight, 5_000);
    }
}
