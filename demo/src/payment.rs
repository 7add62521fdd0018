//! Payment: asks the bank for the money of an order and tells the topic `payments.captured`.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::database::claim;
use crate::fault::FaultName;
use crate::kafka::{self, PAYMENTS_CAPTURED, Producer};
use crate::message::{Failure, Handled, Handler, Incoming};
use crate::order::{Order, PaymentCaptured};
use crate::rabbit::{self, PAYMENT};
use crate::service::Service;
use crate::trace::Work;

/// How long the bank takes to answer.
const BANK: Duration = Duration::from_millis(15);

pub async fn run(service: Service) -> Result<()> {
    let session = |end| {
        let service = &service;
        async move {
            let bootstrap = &service.settings.kafka_bootstrap;
            kafka::ensure_topics(bootstrap).await?;
            let producer = Producer::connect(bootstrap, "payment", service.tracer.clone()).await?;
            let payment = Payment { service, producer };
            rabbit::consume(service, PAYMENT, &payment, &end).await
        }
    };
    service.keep("payment", session).await;
    Ok(())
}

struct Payment<'a> {
    service: &'a Service,
    producer: Producer,
}

impl Handler for Payment<'_> {
    async fn handle(&self, incoming: &Incoming, work: &Work) -> Result<Handled, Failure> {
        let order: Order = incoming.json()?;
        let attempt = incoming.headers.attempt();
        let mut transaction = self.service.pool.begin().await?;
        let message_id = incoming.headers.message_id();
        if !claim(
            &mut transaction,
            self.service.name.as_str(),
            message_id,
            &order.order_id,
        )
        .await?
        {
            return Ok(Handled::Again);
        }
        tokio::time::sleep(BANK).await;
        let declined = self.declined(&order, attempt);
        if declined.is_some() {
            // The claim goes back with its transaction; that the bank was asked stays.
            transaction.rollback().await?;
            transaction = self.service.pool.begin().await?;
        }
        sqlx::query(
            "INSERT INTO payment (order_id, cents, tries, captured) VALUES ($1, $2, $3, $4)
             ON CONFLICT (order_id) DO UPDATE
             SET tries = excluded.tries, captured = excluded.captured, updated_at = now()",
        )
        .bind(&order.order_id)
        .bind(order.total_cents)
        .bind(attempt.cast_signed())
        .bind(declined.is_none())
        .execute(&mut *transaction)
        .await?;
        if let Some(reason) = declined {
            transaction.commit().await?;
            return Err(Failure::Refused {
                kind: "PaymentDeclined",
                reason: reason.to_owned(),
            });
        }
        let captured = PaymentCaptured {
            order_id: order.order_id.clone(),
            customer_id: order.customer_id,
            cents: order.total_cents,
        };
        let body = serde_json::to_vec(&captured).context("write a captured payment")?;
        let outgoing = kafka::Outgoing {
            topic: PAYMENTS_CAPTURED,
            key: &order.order_id,
            headers: incoming
                .headers
                .follow(&format!("captured-{}", order.order_id)),
            body: &body,
        };
        // Sent before the commit: a crash between the two sends again, which fulfilment recognises.
        self.producer.send(work.context(), outgoing).await?;
        transaction.commit().await?;
        Ok(Handled::Done)
    }
}

impl Payment<'_> {
    fn declined(&self, order: &Order, attempt: u32) -> Option<&'static str> {
        let fault = self.service.faults.get(FaultName::PaymentDeclines);
        if fault.is_some_and(|fault| fault.hits_try(&order.order_id, attempt)) {
            return Some("the bank declines payments at the moment");
        }
        order
            .card
            .declines(attempt)
            .then_some("card declined: insufficient funds")
    }
}
