//! Faults that can be switched while everything runs.

mod watch;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use sqlx::types::Json;

pub use watch::Faults;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultName {
    /// The bank declines: retries with back-off, then the dead-letter queue.
    PaymentDeclines,
    /// The inventory's database takes `delay_ms` longer for each reservation, so its connections run out.
    InventorySlow,
    /// Fulfilment writes an email that nobody can read.
    NotificationPoison,
    /// The shop's relay forgets that it has sent a message, and sends it again.
    DuplicateDelivery,
    /// The account keeper of the payment points, which ask the shop for this, does not answer.
    PointsDown,
    /// The named services stop consuming.
    ConsumerStopped,
}

impl FaultName {
    pub const ALL: [FaultName; 6] = [
        FaultName::PaymentDeclines,
        FaultName::InventorySlow,
        FaultName::NotificationPoison,
        FaultName::DuplicateDelivery,
        FaultName::PointsDown,
        FaultName::ConsumerStopped,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            FaultName::PaymentDeclines => "payment-declines",
            FaultName::InventorySlow => "inventory-slow",
            FaultName::NotificationPoison => "notification-poison",
            FaultName::DuplicateDelivery => "duplicate-delivery",
            FaultName::PointsDown => "points-down",
            FaultName::ConsumerStopped => "consumer-stopped",
        }
    }
}

impl fmt::Display for FaultName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Takes `payment-declines`, `payment declines`, `payment_declines`, and `notification poison message`.
impl FromStr for FaultName {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<FaultName> {
        let name = text.trim().to_ascii_lowercase().replace([' ', '_'], "-");
        let name = name.strip_suffix("-message").unwrap_or(&name);
        match FaultName::ALL
            .into_iter()
            .find(|fault| fault.as_str() == name)
        {
            Some(fault) => Ok(fault),
            None => bail!(
                "no fault called {text:?}; there are: {}",
                FaultName::ALL.map(FaultName::as_str).join(", ")
            ),
        }
    }
}

/// How a fault is set. An order is hit if it is named, or by its share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Setting {
    /// Share of orders, 0 to 1; which ones follows from their ids, so each try of an order fares the same.
    pub share: f64,
    /// Orders that are hit whatever the share is. If any is named, the share counts as 0.
    pub orders: Vec<String>,
    pub delay_ms: u64,
    /// For `consumer-stopped`.
    pub services: Vec<String>,
    /// For `payment-declines`: how many tries of an order are declined; 0 means all.
    pub tries: u32,
}

impl Default for Setting {
    fn default() -> Self {
        Setting {
            share: 1.0,
            orders: Vec::new(),
            delay_ms: 3000,
            services: Vec::new(),
            tries: 0,
        }
    }
}

impl Setting {
    pub fn hits(&self, order_id: &str) -> bool {
        if self.orders.is_empty() {
            place_of(order_id) < self.share
        } else {
            self.orders.iter().any(|order| order == order_id)
        }
    }

    pub fn hits_try(&self, order_id: &str, attempt: u32) -> bool {
        self.hits(order_id) && (self.tries == 0 || attempt <= self.tries)
    }
}

/// Where an order stands between 0 and 1 (FNV-1a), the same in every process.
fn place_of(order_id: &str) -> f64 {
    let hash = order_id.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    f64::from(hash) / (f64::from(u32::MAX) + 1.0)
}

/// All faults that are on.
pub type Set = BTreeMap<FaultName, Setting>;

pub async fn set(pool: &PgPool, name: FaultName, setting: &Setting) -> Result<()> {
    sqlx::query(
        "INSERT INTO fault (name, setting) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET setting = excluded.setting, set_at = now()",
    )
    .bind(name.as_str())
    .bind(Json(setting))
    .execute(pool)
    .await?;
    Ok(())
}

/// `false`: it was not set.
pub async fn clear(pool: &PgPool, name: FaultName) -> Result<bool> {
    let cleared = sqlx::query("DELETE FROM fault WHERE name = $1")
        .bind(name.as_str())
        .execute(pool)
        .await?;
    Ok(cleared.rows_affected() > 0)
}

pub async fn read(pool: &PgPool) -> Result<Set> {
    let rows: Vec<(String, Json<Setting>)> = sqlx::query_as("SELECT name, setting FROM fault")
        .fetch_all(pool)
        .await?;
    Ok(rows
        .into_iter()
        .filter_map(|(name, Json(setting))| Some((name.parse().ok()?, setting)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_in_every_spelling() {
        for text in [
            "notification poison message",
            "notification-poison",
            "Notification_Poison",
        ] {
            assert_eq!(
                text.parse::<FaultName>().unwrap(),
                FaultName::NotificationPoison
            );
        }
        for fault in FaultName::ALL {
            assert_eq!(fault.as_str().parse::<FaultName>().unwrap(), fault);
        }
        let error = "payment".parse::<FaultName>().unwrap_err().to_string();
        assert!(error.contains("payment-declines"), "{error}");
    }

    #[test]
    fn a_share_hits_about_its_share_of_orders() {
        let setting = Setting {
            share: 0.25,
            ..Setting::default()
        };
        let hit = (0..10_000)
            .filter(|n| setting.hits(&format!("ORD-{n:05}")))
            .count();
        assert!((2_000..3_000).contains(&hit), "{hit}");
        assert!(Setting::default().hits("ORD-1"));
        assert!(
            !Setting {
                share: 0.0,
                ..Setting::default()
            }
            .hits("ORD-1")
        );
    }

    #[test]
    fn named_orders_are_the_only_ones_hit() {
        let setting = Setting {
            orders: vec!["ORD-1".to_owned()],
            ..Setting::default()
        };
        assert!(setting.hits("ORD-1") && !setting.hits("ORD-2"));
    }

    #[test]
    fn tries_limit_how_often_an_order_is_declined() {
        let setting = Setting {
            tries: 2,
            ..Setting::default()
        };
        assert_eq!(
            (1..=4)
                .map(|n| setting.hits_try("ORD-1", n))
                .collect::<Vec<_>>(),
            [true, true, false, false]
        );
    }
}
