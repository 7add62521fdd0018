//! Many orders at once.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::StreamExt as _;

use crate::client::Shop;
use crate::order::{Card, NewOrder};
use crate::traffic;

/// Places `orders` with `concurrency` of them open at a time, writes the ids of the acknowledged ones, and
/// reports on standard error. Fails if the shop acknowledged none; what it refused is reported, not repeated.
pub async fn run(
    shop: Shop,
    orders: usize,
    concurrency: usize,
    ids_file: Option<&Path>,
) -> Result<()> {
    ensure!(
        orders > 0 && concurrency > 0,
        "a burst has at least one order and one at a time"
    );
    let started = Instant::now();
    let answers: Vec<(Duration, Result<String>)> = futures::stream::iter(0..orders)
        .map(|number| {
            let (shop, order) = (
                &shop,
                NewOrder {
                    card: Card::Good,
                    ..traffic::order(number as u64)
                },
            );
            async move {
                let asked = Instant::now();
                let answer = shop.place(&order).await;
                (asked.elapsed(), answer)
            }
        })
        .buffer_unordered(concurrency)
        .collect()
        .await;
    let took = started.elapsed();

    let (mut ids, mut times, mut refused) = (String::new(), Vec::new(), Vec::new());
    for (time, answer) in answers {
        match answer {
            Ok(order_id) => {
                ids.push_str(&order_id);
                ids.push('\n');
                times.push(time);
            }
            Err(error) => refused.push(error),
        }
    }
    match ids_file {
        Some(path) => tokio::fs::write(path, &ids)
            .await
            .with_context(|| format!("write {}", path.display()))?,
        None => print!("{ids}"),
    }
    times.sort_unstable();
    eprintln!(
        "{} orders acknowledged in {:.2} s ({:.0} a second), {concurrency} at a time; \
         p50 {} ms, p99 {} ms, slowest {} ms; {} refused",
        times.len(),
        took.as_secs_f64(),
        times.len() as f64 / took.as_secs_f64(),
        percentile(&times, 50).as_millis(),
        percentile(&times, 99).as_millis(),
        percentile(&times, 100).as_millis(),
        refused.len()
    );
    if let Some(error) = refused.first() {
        eprintln!("the first refusal: {error:#}");
    }
    ensure!(!times.is_empty(), "the shop acknowledged no order");
    Ok(())
}

/// Nearest rank of sorted times; zero if there are none.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50).as_millis(), 100);
        assert_eq!(percentile(&times, 99).as_millis(), 198);
        assert_eq!(percentile(&times, 100).as_millis(), 200);
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}
