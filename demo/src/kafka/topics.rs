//! The topics of the order system.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::types::RDKafkaErrorCode;

use super::{Quiet, config};

pub const ORDERS: &str = "orders";
pub const PAYMENTS_CAPTURED: &str = "payments.captured";
const PARTITIONS: i32 = 3;
/// The broker's own default, so that a cluster of three keeps three copies.
const REPLICAS: i32 = -1;

/// Creates what is missing.
pub async fn ensure_topics(bootstrap: &str) -> Result<()> {
    let admin: AdminClient<Quiet> =
        config(bootstrap, "orders-topics").create_with_context(Quiet)?;
    let topics = [ORDERS, PAYMENTS_CAPTURED]
        .map(|name| NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(REPLICAS)));
    let options = AdminOptions::new()
        .request_timeout(Some(Duration::from_secs(10)))
        .operation_timeout(Some(Duration::from_secs(10)));
    for result in admin
        .create_topics(&topics, &options)
        .await
        .context("create topics")?
    {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => bail!("create topic {topic}: {code}"),
        }
    }
    Ok(())
}
