//! The words of the order system: what a customer sends and what the services tell each other.

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How the customer's card behaves: a fault that comes with the order, as in real life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Card {
    #[default]
    Good,
    /// The first try is declined, the second captured.
    DeclinesOnce,
    /// Every try is declined.
    Declined,
}

impl Card {
    pub fn as_str(self) -> &'static str {
        match self {
            Card::Good => "good",
            Card::DeclinesOnce => "declines-once",
            Card::Declined => "declined",
        }
    }

    /// Whether the bank declines try number `attempt` (from 1).
    pub fn declines(self, attempt: u32) -> bool {
        match self {
            Card::Good => false,
            Card::DeclinesOnce => attempt == 1,
            Card::Declined => true,
        }
    }
}

/// Body of `POST /orders`; everything has a default.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewOrder {
    pub customer_id: String,
    pub sku: String,
    pub quantity: i32,
    pub total_cents: i64,
    pub card: Card,
}

impl Default for NewOrder {
    fn default() -> Self {
        NewOrder {
            customer_id: "CUST-0001".to_owned(),
            sku: "SKU-TEAPOT".to_owned(),
            quantity: 1,
            total_cents: 2490,
            card: Card::Good,
        }
    }
}

/// Body on the topic `orders` and on the exchange `payments`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    pub order_id: String,
    pub customer_id: String,
    pub sku: String,
    pub quantity: i32,
    pub total_cents: i64,
    pub card: Card,
}

impl Order {
    pub fn place(order_id: String, new: NewOrder) -> Order {
        Order {
            order_id,
            customer_id: new.customer_id,
            sku: new.sku,
            quantity: new.quantity,
            total_cents: new.total_cents,
            card: new.card,
        }
    }
}

/// Body on the topic `payments.captured`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PaymentCaptured {
    pub order_id: String,
    pub customer_id: String,
    pub cents: i64,
}

/// Body on the exchange `notifications`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Email {
    pub order_id: String,
    pub customer_id: String,
    pub template: String,
}

/// A new order id such as `ORD-7K2M9QXZ`: 40 random bits in Crockford's base 32.
pub fn new_order_id() -> Result<String> {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut random = [0u8; 8];
    getrandom::fill(&mut random)
        .map_err(|error| anyhow::anyhow!("{error}"))
        .context("ask the system for randomness")?;
    let digits: String = random
        .iter()
        .map(|byte| char::from(DIGITS[usize::from(byte & 31)]))
        .collect();
    Ok(format!("ORD-{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_decline_as_their_names_say() {
        assert_eq!(
            (1..=4)
                .map(|n| Card::DeclinesOnce.declines(n))
                .collect::<Vec<_>>(),
            [true, false, false, false]
        );
        assert!((1..=4).all(|n| Card::Declined.declines(n)));
        assert!(!Card::Good.declines(1));
    }

    #[test]
    fn an_order_needs_no_field_but_refuses_unknown_ones() {
        assert_eq!(
            serde_json::from_str::<NewOrder>("{}").unwrap().card,
            Card::Good
        );
        assert!(
            serde_json::from_str::<NewOrder>(r#"{"card":"declines-once"}"#)
                .unwrap()
                .card
                .declines(1)
        );
        assert!(serde_json::from_str::<NewOrder>(r#"{"carb":"good"}"#).is_err());
    }

    #[test]
    fn order_ids_are_short_and_differ() {
        let (one, two) = (new_order_id().unwrap(), new_order_id().unwrap());
        assert_eq!(one.len(), 12);
        assert_ne!(one, two);
    }
}
