//! Inventory: an order on the topic `orders` reserves stock and asks for its payment.

use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::future::join_all;
use opentelemetry::logs::Severity;

use crate::database::claim;
use crate::fault::FaultName;
use crate::kafka::{self, ORDERS};
use crate::message::{Failure, Handled, Handler, Incoming};
use crate::order::Order;
use crate::rabbit::{Outgoing, PAYMENT, Publisher};
use crate::service::Service;
use crate::stock::Stock;
use crate::trace::Work;

/// Members of the group, one a partition.
pub const CONSUMERS: usize = 3;
/// Messages that one member has in hand: together more than the pool has connections.
const IN_HAND: usize = 4;

pub async fn run(service: Service) -> Result<()> {
    let url = service.settings.database_url()?;
    let stock = Stock::open(url, &service.meter, &service.stop).await?;
    join_all((0..CONSUMERS).map(|number| {
        let (service, stock) = (&service, &stock);
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
                        let inventory = Inventory {
                            service,
                            stock,
                            publisher,
                        };
                        kafka::consume(service, ORDERS, &client_id, &inventory, IN_HAND, &end).await
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
    stock: &'a Stock,
    publisher: Publisher,
}

impl Handler for Inventory<'_> {
    /// Publishes before it commits: a crash between the two publishes again, which payment recognises.
    async fn handle(&self, incoming: &Incoming, work: &Work) -> Result<Handled, Failure> {
        let order: Order = incoming.json()?;
        let mut transaction = self.stock.begin().await?;
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
        if let Some(fault) = self.service.faults.get(FaultName::InventorySlow)
            && fault.hits(&order.order_id)
        {
            let seconds = Duration::from_millis(fault.delay_ms).as_secs_f64();
            sqlx::query("SELECT pg_sleep($1)")
                .bind(seconds)
                .execute(&mut *transaction)
                .await?;
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
        work.log(
            Severity::Info,
            format!("reserved {} of {}", order.quantity, order.sku),
            &[("order.id", &order.order_id)],
        );
        Ok(Handled::Done)
    }
}
