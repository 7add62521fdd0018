//! Waiting for a condition: asked again and again until a deadline, never slept for.

use std::future::Future;
use std::time::{Duration, Instant};

/// Generous, since continuous integration shares its cores.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until the answer is `Some`; panics with `what` after [`PATIENCE`].
pub async fn until<T, F, Fut>(what: &str, ask: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    until_within(PATIENCE, what, ask).await
}

pub async fn until_within<T, F, Fut>(patience: Duration, what: &str, mut ask: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "gave up waiting for: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
