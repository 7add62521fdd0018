//! What every service has: its name, its database, its tracer, the faults, and how it starts and ends.

use std::future::Future;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Subcommand;
use opentelemetry::metrics::Meter;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::cli::Settings;
use crate::fault::Faults;
use crate::trace::{Telemetry, Tracer};
use crate::{database, fulfilment, inventory, notification, payment, shop};

/// A service of the order system. A payment-points service over RocketMQ has its place here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum ServiceName {
    /// Take orders over HTTP and relay them to Kafka.
    Shop,
    /// Reserve stock for orders.
    Inventory,
    /// Capture payments.
    Payment,
    /// Send off what was paid.
    Fulfilment,
    /// Tell customers.
    Notification,
}

impl ServiceName {
    pub const ALL: [ServiceName; 5] = [
        ServiceName::Shop,
        ServiceName::Inventory,
        ServiceName::Payment,
        ServiceName::Fulfilment,
        ServiceName::Notification,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            ServiceName::Shop => "shop",
            ServiceName::Inventory => "inventory",
            ServiceName::Payment => "payment",
            ServiceName::Fulfilment => "fulfilment",
            ServiceName::Notification => "notification",
        }
    }

    /// How many things must run before the service is ready: consumers, or the shop's listener.
    fn parts(self) -> usize {
        match self {
            ServiceName::Inventory => inventory::CONSUMERS,
            ServiceName::Fulfilment => fulfilment::CONSUMERS,
            _ => 1,
        }
    }
}

/// Printed once on standard output when a service is ready.
pub const READY: &str = "ready";

#[derive(Clone)]
pub struct Service {
    pub name: ServiceName,
    pub settings: Arc<Settings>,
    pub pool: PgPool,
    pub tracer: Tracer,
    pub meter: Meter,
    pub faults: Faults,
    pub stop: CancellationToken,
    unready: Arc<AtomicUsize>,
}

/// Runs one service until `stop`; telemetry that is left is exported before it returns.
pub async fn run(name: ServiceName, settings: Settings, stop: CancellationToken) -> Result<()> {
    const CONNECTIONS: u32 = 10;
    let telemetry = Telemetry::start(name.as_str())?;
    let result = async {
        let url = settings.database_url()?;
        let pool = database::open(url, CONNECTIONS, database::PATIENCE, &stop).await?;
        let faults = Faults::follow(pool.clone(), stop.clone()).await;
        let service = Service {
            name,
            settings: Arc::new(settings),
            pool,
            tracer: telemetry.tracer(),
            meter: telemetry.meter(),
            faults,
            stop: stop.clone(),
            unready: Arc::new(AtomicUsize::new(name.parts())),
        };
        tracing::info!(service = name.as_str(), "starting");
        match name {
            ServiceName::Shop => shop::run(service).await,
            ServiceName::Inventory => inventory::run(service).await,
            ServiceName::Payment => payment::run(service).await,
            ServiceName::Fulfilment => fulfilment::run(service).await,
            ServiceName::Notification => notification::run(service).await,
        }
    }
    .await;
    telemetry.stop().await;
    tracing::info!(service = name.as_str(), "stopped");
    result
}

impl Service {
    /// One part of the service runs for the first time; the last one makes the service ready.
    pub fn part_ready(&self) {
        let left = self
            .unready
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
                left.checked_sub(1)
            });
        if left == Ok(1) {
            tracing::info!(service = self.name.as_str(), "ready");
            let mut out = std::io::stdout();
            // Nobody may be reading; that is no reason to stop.
            let _ = writeln!(out, "{READY}").and_then(|()| out.flush());
        }
    }

    /// Runs `session` again and again until the service stops: at once after it ends well, after a pause that
    /// doubles (1 s to 5 s) when it fails. While `consumer-stopped` names this service, none runs.
    ///
    /// A session must end when the token it is given is cancelled.
    pub async fn keep<F, S>(&self, what: &str, mut session: S)
    where
        S: FnMut(CancellationToken) -> F,
        F: Future<Output = Result<()>>,
    {
        const FIRST_PAUSE: Duration = Duration::from_secs(1);
        const LONGEST_PAUSE: Duration = Duration::from_secs(5);
        let mut pause = FIRST_PAUSE;
        while !self.stop.is_cancelled() {
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.faults.until_consuming(self.name) => {}
            }
            let started = Instant::now();
            let end = self.stop.child_token();
            let running = session(end.clone());
            tokio::pin!(running);
            let result = tokio::select! {
                result = &mut running => result,
                () = self.faults.until_stopped(self.name) => {
                    tracing::warn!(what, "consumer stopped by a fault");
                    end.cancel();
                    running.await
                }
            };
            let Err(error) = result else {
                pause = FIRST_PAUSE;
                continue;
            };
            if self.stop.is_cancelled() {
                return;
            }
            if started.elapsed() > LONGEST_PAUSE {
                pause = FIRST_PAUSE;
            }
            tracing::warn!(
                what,
                error = format!("{error:#}"),
                again_in_ms = pause.as_millis(),
                "session ended"
            );
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
