//! An order and the message that announces it, in one transaction.

use anyhow::{Context as _, Result};
use opentelemetry::trace::SpanKind;
use serde::Serialize;
use sqlx::PgPool;
use sqlx::types::Json;

use crate::headers::Headers;
use crate::kafka::{ORDERS, about_sending};
use crate::order::{NewOrder, Order, new_order_id};
use crate::service::Service;
use crate::trace::{Work, about, message, operation};

/// Writes the order and its outbox row. The message is created here, so its trace context is that of the create
/// span; when the relay sends it later, the time between the two is the outbox's.
pub async fn place(service: &Service, work: &Work, new: NewOrder) -> Result<Order> {
    let order = Order::place(new_order_id()?, new);
    let headers = Headers::of(
        &format!("order-{}", order.order_id),
        &order.order_id,
        &order.customer_id,
    );
    for attribute in about(&headers) {
        work.set(attribute);
    }
    let body = serde_json::to_vec(&order).context("write an order")?;

    let mut attributes = about_sending(ORDERS, &order.order_id);
    attributes.extend(operation("create", "create"));
    attributes.extend(message(&headers, body.len()));
    attributes.extend(about(&headers));
    let create = service.tracer.start(
        format!("create {ORDERS}"),
        SpanKind::Producer,
        work.context(),
        Vec::new(),
        attributes,
    );
    let headers = headers.with_trace(create.context());

    let mut transaction = service.pool.begin().await.context("begin an order")?;
    sqlx::query(
        "INSERT INTO orders (order_id, customer_id, sku, quantity, total_cents, card)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&order.order_id)
    .bind(&order.customer_id)
    .bind(&order.sku)
    .bind(order.quantity)
    .bind(order.total_cents)
    .bind(order.card.as_str())
    .execute(&mut *transaction)
    .await
    .context("insert an order")?;
    sqlx::query("INSERT INTO outbox (topic, key, headers, body) VALUES ($1, $2, $3, $4)")
        .bind(ORDERS)
        .bind(&order.order_id)
        .bind(Json(&headers))
        .bind(&body)
        .execute(&mut *transaction)
        .await
        .context("insert into the outbox")?;
    transaction.commit().await.context("commit an order")?;
    Ok(order)
}

/// How far an order has come.
#[derive(Debug, Serialize)]
pub struct Standing {
    pub order_id: String,
    /// The outbox row was sent.
    pub announced: bool,
    /// Services that have done their part, in the order in which they did it.
    pub done: Vec<String>,
    /// How often the bank was asked; 0 before the first time.
    pub payment_tries: i32,
    pub captured: bool,
}

pub async fn show(pool: &PgPool, order_id: &str) -> Result<Option<Standing>> {
    let known: Option<(bool,)> = sqlx::query_as(
        "SELECT NOT EXISTS (SELECT FROM outbox WHERE key = $1 AND sent_at IS NULL) FROM orders WHERE order_id = $1",
    )
    .bind(order_id)
    .fetch_optional(pool)
    .await?;
    let Some((announced,)) = known else {
        return Ok(None);
    };
    let done: Vec<(String,)> =
        sqlx::query_as("SELECT service FROM processed WHERE order_id = $1 ORDER BY processed_at")
            .bind(order_id)
            .fetch_all(pool)
            .await?;
    let payment: Option<(i32, bool)> =
        sqlx::query_as("SELECT tries, captured FROM payment WHERE order_id = $1")
            .bind(order_id)
            .fetch_optional(pool)
            .await?;
    let (payment_tries, captured) = payment.unwrap_or((0, false));
    Ok(Some(Standing {
        order_id: order_id.to_owned(),
        announced,
        done: done.into_iter().map(|(service,)| service).collect(),
        payment_tries,
        captured,
    }))
}
