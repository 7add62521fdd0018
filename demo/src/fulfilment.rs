//! Fulfilment: a captured payment sends the order off and has the customer told.

use anyhow::{Context as _, Result};
use futures::future::join_all;

use crate::database::claim;
use crate::fault::FaultName;
use crate::kafka::{self, PAYMENTS_CAPTURED};
use crate::message::{Failure, Handled, Handler, Incoming};
use crate::order::{Email, PaymentCaptured};
use crate::rabbit::{NOTIFICATION, Outgoing, Publisher};
use crate::service::Service;
use crate::trace::Work;

/// Members of the group; one of them has two partitions.
pub const CONSUMERS: usize = 2;

pub async fn run(service: Service) -> Result<()> {
    join_all((0..CONSUMERS).map(|number| {
        let service = &service;
        async move {
            let client_id = format!("fulfilment-{number}");
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
                        let fulfilment = Fulfilment { service, publisher };
                        kafka::consume(service, PAYMENTS_CAPTURED, &client_id, &fulfilment, 1, &end)
                            .await
                    }
                })
                .await;
        }
    }))
    .await;
    Ok(())
}

struct Fulfilment<'a> {
    service: &'a Service,
    publisher: Publisher,
}

impl Handler for Fulfilment<'_> {
    async fn handle(&self, incoming: &Incoming, work: &Work) -> Result<Handled, Failure> {
        let captured: PaymentCaptured = incoming.json()?;
        let mut transaction = self.service.pool.begin().await?;
        let headers = &incoming.headers;
        if !claim(
            &mut transaction,
            self.service.name.as_str(),
            headers.message_id(),
            &captured.order_id,
        )
        .await?
        {
            return Ok(Handled::Again);
        }
        let email = Email {
            order_id: captured.order_id.clone(),
            customer_id: captured.customer_id,
            template: "order-on-its-way".to_owned(),
        };
        let mut body = serde_json::to_vec(&email).context("write an email")?;
        let fault = self.service.faults.get(FaultName::NotificationPoison);
        if fault.is_some_and(|fault| fault.hits(&captured.order_id)) {
            // Half an email: whoever reads it fails each time, also after the fault is gone.
            body.truncate(body.len() / 2);
        }
        let outgoing = Outgoing {
            exchange: NOTIFICATION.exchange,
            routing_key: NOTIFICATION.routing_key,
            headers: headers.follow(&format!("email-{}", captured.order_id)),
            body: &body,
        };
        self.publisher.publish(work.context(), outgoing).await?;
        transaction.commit().await?;
        Ok(Handled::Done)
    }
}
