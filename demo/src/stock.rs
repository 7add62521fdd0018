//! The inventory's connections to its database: few, and measured as OpenTelemetry's conventions for database
//! clients say.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};
use sqlx::{PgPool, Postgres, Transaction};
use tokio_util::sync::CancellationToken;

use crate::database;

const NAME: &str = "stock";
/// As many as a careful database administrator grants.
pub const CONNECTIONS: u32 = 4;
/// Who waits longer for one gives up.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// Seconds; the conventions' own.
const BOUNDARIES: [f64; 12] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0,
];

#[derive(Clone)]
pub struct Stock {
    pool: PgPool,
    pending: Arc<AtomicI64>,
    timeouts: Counter<u64>,
    wait_time: Histogram<f64>,
}

impl Stock {
    pub async fn open(url: &str, meter: &Meter, stop: &CancellationToken) -> Result<Stock> {
        let pool = database::open(url, CONNECTIONS, PATIENCE, stop).await?;
        let stock = Stock {
            pool,
            pending: Arc::default(),
            timeouts: meter
                .u64_counter("db.client.connection.timeouts")
                .with_unit("{timeout}")
                .build(),
            wait_time: meter
                .f64_histogram("db.client.connection.wait_time")
                .with_unit("s")
                .with_boundaries(BOUNDARIES.to_vec())
                .build(),
        };
        stock.observe(meter);
        Ok(stock)
    }

    /// Waits its turn for a connection.
    pub async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.pending.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let got = self.pool.begin().await;
        self.pending.fetch_sub(1, Ordering::Relaxed);
        self.wait_time
            .record(started.elapsed().as_secs_f64(), &[of_pool()]);
        if matches!(got, Err(sqlx::Error::PoolTimedOut)) {
            self.timeouts.add(1, &[of_pool()]);
        }
        got
    }

    fn observe(&self, meter: &Meter) {
        let pool = self.pool.clone();
        // What is observed is kept by the meter.
        let _ = meter
            .i64_observable_up_down_counter("db.client.connection.count")
            .with_unit("{connection}")
            .with_callback(move |observer| {
                let idle = i64::try_from(pool.num_idle()).unwrap_or(i64::MAX);
                let used = (i64::from(pool.size()) - idle).max(0);
                for (state, count) in [("used", used), ("idle", idle)] {
                    let state = KeyValue::new("db.client.connection.state", state);
                    observer.observe(count, &[of_pool(), state]);
                }
            })
            .build();
        let _ = meter
            .i64_observable_up_down_counter("db.client.connection.max")
            .with_unit("{connection}")
            .with_callback(|observer| observer.observe(i64::from(CONNECTIONS), &[of_pool()]))
            .build();
        let pending = self.pending.clone();
        let _ = meter
            .i64_observable_up_down_counter("db.client.connection.pending_requests")
            .with_unit("{request}")
            .with_callback(move |observer| {
                observer.observe(pending.load(Ordering::Relaxed).max(0), &[of_pool()]);
            })
            .build();
    }
}

fn of_pool() -> KeyValue {
    KeyValue::new("db.client.connection.pool.name", NAME)
}
