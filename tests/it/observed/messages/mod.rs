//! Stored messages over HTTP, of a simulated cluster.

mod page;
mod reading;
mod registry;
mod rights;
mod tail;

use serde_json::json;
use waybill_broker::browse::Stored;
use waybill_broker::sim::{SimShelf, stored};
use waybill_model::destination::DestinationId;
use waybill_server::config::Config;
use waybill_tests::simulated::start_with;

use super::*;

const QUICK: Duration = Duration::from_millis(200);
/// Of the first message, in Unix milliseconds.
const FIRST_MS: i64 = 1_795_444_000_000;

/// `orders` with `messages` a partition, one a second in turn; every tenth key is `k0`.
fn shelf(partitions: usize, messages: usize) -> SimShelf {
    let mut shelf = SimShelf::new(None, "orders").with_partitions(partitions);
    for n in 0..messages {
        for partition in 0..partitions {
            let at = FIRST_MS + (n * partitions + partition) as i64 * 1_000;
            shelf.put(&partition.to_string(), order(at, n));
        }
    }
    shelf
}

fn order(at: i64, n: usize) -> Stored {
    let key = format!("k{}", n % 10);
    let value = json!({"order": {"id": n.to_string(), "n": n}, "password": "hunter2"});
    let mut message = stored(at, Some(&key), &value.to_string());
    let header = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned().into()));
    message.headers = vec![
        header(
            "kind",
            if n.is_multiple_of(2) {
                "retry"
            } else {
                "first"
            },
        ),
        header("authorization", "Bearer hunter2"),
    ];
    message
}

fn sim(shelf: SimShelf) -> Sim {
    let mut script = Script::of_topics(&[("orders", shelf.partitions.len().max(1))], "billing");
    script.shelves.push(shelf);
    Sim::new(script)
}

/// Of the one cluster that has `orders`.
fn path(query: &str) -> String {
    let id = DestinationId::of_spans(SYSTEM, "orders");
    format!("/destinations/{id}/messages?{query}")
}

/// With `orders` known to the lists.
async fn browsed(sim: &Sim, change: impl FnOnce(&mut Config)) -> Observed {
    let observed = start_with(&[("east", sim, QUICK)], change).await;
    observed
        .until("orders is listed", "/destinations?q=orders", |page| {
            (!items(page).is_empty()).then_some(())
        })
        .await;
    observed
}

fn places(page: &Value) -> Vec<(String, i64)> {
    let place = |item: &Value| {
        let partition = item["partition"].as_str().unwrap().to_owned();
        (partition, item["offset"].as_i64().unwrap())
    };
    items(page).iter().map(place).collect()
}

fn at(partition: &str, offset: i64) -> (String, i64) {
    (partition.to_owned(), offset)
}
