//! Every service's view of the faults: read a few times a second.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{FaultName, Set, Setting, read};
use crate::service::ServiceName;

const EVERY: Duration = Duration::from_millis(200);

#[derive(Clone)]
pub struct Faults(watch::Receiver<Arc<Set>>);

impl Faults {
    /// Reads once, then follows the table until `stop`. While the database is away the last reading holds.
    pub async fn follow(pool: PgPool, stop: CancellationToken) -> Faults {
        let first = read(&pool).await.unwrap_or_default();
        let (sender, receiver) = watch::channel(Arc::new(first));
        tokio::spawn(async move {
            while !stop.is_cancelled() {
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(EVERY) => {}
                }
                match read(&pool).await {
                    Ok(set) => {
                        sender.send_if_modified(|known| {
                            let changed = **known != set;
                            if changed {
                                *known = Arc::new(set);
                            }
                            changed
                        });
                    }
                    Err(error) => {
                        tracing::debug!(error = format!("{error:#}"), "faults not readable")
                    }
                }
            }
        });
        Faults(receiver)
    }

    /// The setting of a fault that is on.
    pub fn get(&self, name: FaultName) -> Option<Setting> {
        self.0.borrow().get(&name).cloned()
    }

    /// Comes back when `service` is told to stop consuming.
    pub async fn until_stopped(&self, service: ServiceName) {
        self.until(|set| stopped(set, service)).await;
    }

    /// Comes back when `service` may consume.
    pub async fn until_consuming(&self, service: ServiceName) {
        self.until(|set| !stopped(set, service)).await;
    }

    async fn until(&self, condition: impl Fn(&Set) -> bool) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|set| condition(set)).await.is_err() {
            // The service is stopping: nothing changes any more.
            std::future::pending::<()>().await;
        }
    }
}

fn stopped(set: &Set, service: ServiceName) -> bool {
    set.get(&FaultName::ConsumerStopped)
        .is_some_and(|setting| setting.services.iter().any(|name| name == service.as_str()))
}
