//! What reading a topic takes: nothing of it is touched.

use super::{bounds, topic};
use crate::adapter::Refused;
use crate::browse::Price;
use crate::rocketmq::client::Session;

/// # Errors
/// As [`crate::Browse::price`].
pub(super) async fn of(session: &Session<'_>, name: &str) -> Result<Price, Refused> {
    let topic = topic::look(session, name).await?;
    let mut messages = Some(0u64);
    let mut refused = None;
    let mut is_read = false;
    for queue in topic.queues.keys() {
        match bounds::of(session, &topic, queue).await {
            Ok((low, end)) => {
                is_read = true;
                let stored = u64::try_from(end.saturating_sub(low)).unwrap_or(0);
                messages = messages.map(|sum| sum.saturating_add(stored));
            }
            Err(why) => {
                messages = None;
                refused.get_or_insert(why);
            }
        }
    }
    match refused {
        Some(refused) if !is_read => Err(refused),
        // Brokers do not tell what a topic weighs.
        _ => Ok(Price::Free {
            messages,
            bytes: None,
        }),
    }
}
