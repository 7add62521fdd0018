//! Orders at a steady rate, a few of them with cards that decline.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::client::Shop;
use crate::order::{Card, NewOrder};

const SKUS: [&str; 5] = [
    "SKU-TEAPOT",
    "SKU-LANTERN",
    "SKU-COMPASS",
    "SKU-KITE",
    "SKU-LEDGER",
];
const CUSTOMERS: u64 = 200;

/// `rate` in orders a second. An order that the shop refuses is left out, like a customer who goes elsewhere.
pub async fn run(shop: Shop, rate: f64, stop: CancellationToken) -> Result<()> {
    ensure!(
        rate > 0.0 && rate <= 1000.0,
        "a rate is above 0 and at most 1000 orders a second"
    );
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    for number in 0.. {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick() => {}
        }
        let shop = shop.clone();
        tokio::spawn(async move {
            match shop.place(&order(number)).await {
                Ok(order_id) => tracing::debug!(order_id, "placed"),
                Err(error) => tracing::warn!(error = format!("{error:#}"), "order not placed"),
            }
        });
    }
    Ok(())
}

/// The order of this number, always the same: of 60, three decline once and one declines for good.
pub fn order(number: u64) -> NewOrder {
    let sku = SKUS[usize::try_from(number % 5).unwrap_or(0)];
    let card = match (number % 60, number % 20) {
        (7, _) => Card::Declined,
        (_, 3) => Card::DeclinesOnce,
        _ => Card::Good,
    };
    let quantity = i32::try_from(number % 3).unwrap_or(0) + 1;
    NewOrder {
        customer_id: format!("CUST-{:04}", number * 37 % CUSTOMERS + 1),
        sku: sku.to_owned(),
        quantity,
        total_cents: 1490 * i64::from(quantity),
        card,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_share_of_cards_declines() {
        let count = |card| {
            (0..600)
                .filter(|number| order(*number).card == card)
                .count()
        };
        assert_eq!((count(Card::DeclinesOnce), count(Card::Declined)), (30, 10));
    }
}
