//! Inventory: an order on the topic `orders` reserves stock and asks for its payment.

use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::future::join_all;
use opentelemetry::KeyValue;

use crate::database::claim;
use crate::fault::FaultName;
use crate::kafka::{self, ORDERS};
use crate::message::{Failure, Handled, Handler, Incoming};
use crate::order::Order;
use crate::rabbit::{Outgoing, PAYMENT, Publisher};
use crate::service::Service;
use crate::trace::Work;

/// Members of the group, one a partition.
pub const CONSUMERS: usize = 3;

pub async fn run(service: Service) -> Result<()> {
    join_all((0..CONSUMERS).map(|number| {
        let service = &service;
        async move {
            let client_id = format!("inventory-{number}");
            service
                .keep(&client_id, |end| {
                    let client_id = client_id.clone();
                    async move {
                        kafka::ensure_topics(&service.settings.kafka_bootstrap).await?;
                        let publisher = Publisher::connect(
                            &service.settings.rabbitmq_amqp,
                            &client_id,
                            service.tracer.clone(),
                        )
                        .await?;
                        let inventory = Inventory { service, publisher };
                        kafka::consume(service, ORDERS, &client_id, &inventory, &end).await
                    }
                })
                .await;
        }
    }))
    .await;
    Ok(())
}

struct Inventory<'a> {
    service: &'a Service,
    publisher: Publisher,
}

impl Handler for Inventory<'_> {
    /// Publishes before it commits: a crash between the two publishes again, which payment recognises.
    async fn handle(&self, incoming: &Incoming, work: &Work) -> Result<Handled, Failure> {
        let order: Order = incoming.json()?;
        if let Some(fault) = self.service.faults.get(FaultName::InventorySlow)
            && fault.hits(&order.order_id)
        {
            work.event(
                "stock count is slow",
                vec![KeyValue::new("delay_ms", fault.delay_ms.cast_signed())],
            );
            tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
        }
        let mut transaction = self.service.pool.begin().await?;
        let headers = &incoming.headers;
        if !claim(
            &mut transaction,
            self.service.name.as_str(),
            headers.message_id(),
            &order.order_id,
        )
        .await?
        {
            return Ok(Handled::Again);
        }
        sqlx::query("INSERT INTO reservation (order_id, sku, quantity) VALUES ($1, $2, $3)")
            .bind(&order.order_id)
            .bind(&order.sku)
            .bind(order.quantity)
            .execute(&mut *transaction)
            .await?;
        let body = serde_json::to_vec(&order).context("write a payment request")?;
        let outgoing = Outgoing {
            exchange: PAYMENT.exchange,
            routing_key: PAYMENT.routing_key,
            headers: headers.follow(&format!("payment-{}", order.order_id)),
            body: &body,
        };
        self.publisher.publish(work.context(), outgoing).await?;
        transaction.commit().await?;
        Ok(Handled::Done)
    }
}
