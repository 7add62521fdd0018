//! When to stop: SIGTERM, Ctrl-C, or the end of the parent.

use std::io::Read as _;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancelled by the first signal, and with `under_parent` by the end of standard input.
pub fn token(under_parent: bool) -> Result<CancellationToken> {
    let token = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let by_signal = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        by_signal.cancel();
    });
    if under_parent {
        let by_parent = token.clone();
        // A thread of its own: reading standard input cannot be cancelled, and must not hold up the exit.
        std::thread::spawn(move || {
            let mut scrap = [0u8; 64];
            while matches!(std::io::stdin().read(&mut scrap), Ok(1..)) {}
            by_parent.cancel();
        });
    }
    Ok(token)
}
