//! One process polls a cluster: whoever holds its lease. A process that ends or loses its database
//! lets it run out, and another takes over.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use waybill_store::Store;

pub struct Tenure {
    pub store: Store,
    pub name: String,
    /// Differs between processes.
    pub holder: String,
    pub length: Duration,
}

impl Tenure {
    /// Takes and renews until stopped; `held` tells whether this process may poll.
    pub async fn keep(self, held: watch::Sender<bool>, stop: CancellationToken) {
        let mut until: Option<Instant> = None;
        loop {
            let began = Instant::now();
            match self
                .store
                .take_lease(&self.name, &self.holder, self.length)
                .await
            {
                // From before the question: the database may have answered at once.
                Ok(Some(_)) => until = Some(began + self.length),
                Ok(None) => until = None,
                Err(error) => tracing::debug!(lease = self.name, "lease not renewed: {error}"),
            }
            let holds = until.is_some_and(|until| Instant::now() < until);
            held.send_if_modified(|held| std::mem::replace(held, holds) != holds);
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(self.length / 3) => {}
            }
        }
        held.send_replace(false);
        if until.is_some()
            && let Err(error) = self.store.release_lease(&self.name, &self.holder).await
        {
            tracing::debug!(lease = self.name, "lease not released: {error}");
        }
    }
}
