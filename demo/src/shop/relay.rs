//! The relay: from the outbox to Kafka, in the order of writing, at least once.

use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::future::join_all;
use sqlx::types::Json;
use tokio_util::sync::CancellationToken;

use crate::fault::FaultName;
use crate::headers::Headers;
use crate::kafka::{Outgoing, Producer, ensure_topics};
use crate::service::Service;

/// How long the relay rests when the outbox is empty.
const REST: Duration = Duration::from_millis(100);
const ROWS: i64 = 500;
/// Sent rows are kept for a look, then go.
const KEPT_HOURS: i32 = 1;

type Row = (i64, String, String, Json<Headers>, Vec<u8>, i32);

pub async fn run(service: &Service) {
    let session = |end: CancellationToken| async move {
        let bootstrap = &service.settings.kafka_bootstrap;
        ensure_topics(bootstrap).await?;
        let producer = Producer::connect(bootstrap, "shop-relay", service.tracer.clone()).await?;
        sqlx::query("DELETE FROM outbox WHERE sent_at < now() - make_interval(hours => $1)")
            .bind(KEPT_HOURS)
            .execute(&service.pool)
            .await
            .context("tidy the outbox")?;
        while !end.is_cancelled() {
            if relay(service, &producer).await? == 0 {
                tokio::select! {
                    () = end.cancelled() => {}
                    () = tokio::time::sleep(REST) => {}
                }
            }
        }
        Ok(())
    };
    service.keep("relay", session).await;
}

/// Sends what waits, up to a limit; gives the number of rows. A row is marked only after Kafka has acknowledged
/// it, in the transaction that locked it.
async fn relay(service: &Service, producer: &Producer) -> Result<usize> {
    let mut transaction = service.pool.begin().await.context("begin a relay pass")?;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT outbox_id, topic, key, headers, body, sends FROM outbox WHERE sent_at IS NULL
         ORDER BY outbox_id LIMIT $1 FOR UPDATE SKIP LOCKED",
    )
    .bind(ROWS)
    .fetch_all(&mut *transaction)
    .await
    .context("read the outbox")?;
    if rows.is_empty() {
        return Ok(0);
    }
    let sent = join_all(rows.iter().map(|(_, topic, key, Json(headers), body, _)| {
        producer.relay(Outgoing {
            topic,
            key,
            headers: headers.clone(),
            body,
        })
    }))
    .await;

    let forgets = service.faults.get(FaultName::DuplicateDelivery);
    let (mut done, mut forgotten, mut failed) = (Vec::new(), Vec::new(), None);
    for ((outbox_id, _, key, _, _, sends), result) in rows.iter().zip(sent) {
        match result {
            Err(error) => failed = Some(error),
            Ok(()) if *sends == 0 && forgets.as_ref().is_some_and(|fault| fault.hits(key)) => {
                forgotten.push(*outbox_id)
            }
            Ok(()) => done.push(*outbox_id),
        }
    }
    sqlx::query("UPDATE outbox SET sends = sends + 1, sent_at = now() WHERE outbox_id = ANY ($1)")
        .bind(&done)
        .execute(&mut *transaction)
        .await
        .context("mark rows as sent")?;
    sqlx::query("UPDATE outbox SET sends = sends + 1 WHERE outbox_id = ANY ($1)")
        .bind(&forgotten)
        .execute(&mut *transaction)
        .await
        .context("forget to mark rows as sent")?;
    transaction.commit().await.context("commit a relay pass")?;
    match failed {
        Some(error) => Err(error),
        None => Ok(rows.len()),
    }
}
