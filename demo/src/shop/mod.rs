//! Shop: takes orders over HTTP, and relays its outbox to Kafka.

mod http;
mod orders;
mod relay;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;

use crate::service::Service;

pub async fn run(service: Service) -> Result<()> {
    let listener = TcpListener::bind(service.settings.shop_listen)
        .await
        .with_context(|| format!("listen on {}", service.settings.shop_listen))?;
    tracing::info!(address = %listener.local_addr()?, "shop listens");
    let stop = service.stop.clone();
    let serve = axum::serve(listener, http::router(service.clone()))
        .with_graceful_shutdown(async move { stop.cancelled().await });
    service.part_ready();
    let (served, ()) = tokio::join!(serve.into_future(), relay::run(&service));
    served.context("serve HTTP")
}
