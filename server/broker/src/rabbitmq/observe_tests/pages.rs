//! Lists of queues that are too large to come as a whole.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use waybill_model::topology::Why;

use super::{PATIENCE, at, healthy};
use crate::rabbitmq::peer::{Answer, Peer};

const QUEUES: usize = 1_200;

fn number_of(target: &str) -> Option<usize> {
    let (_, query) = target.split_once('?')?;
    let page = query
        .split('&')
        .find_map(|part| part.strip_prefix("page="))?;
    page.parse().ok()
}

/// The whole is larger than is read; `gone` tells how many are gone when a page is asked for.
fn large(
    gone: impl Fn() -> usize + Send + Sync + 'static,
) -> impl Fn(&str) -> Answer + Send + Sync + 'static {
    let healthy = healthy(&[]);
    move |target| {
        if !target.contains("/api/queues") {
            return healthy(target);
        }
        let Some(page) = number_of(target) else {
            return Answer::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec());
        };
        assert!(target.contains("page_size=500"), "{target}");
        let left = QUEUES - gone();
        let queue = |number: usize| {
            json!({
                "name": format!("queue-{number:04}"), "vhost": "/", "type": "classic", "state": "running",
                "messages_ready": 3, "messages_unacknowledged": 0, "consumers": 0,
            })
        };
        let items: Vec<_> = ((page - 1) * 500..left.min(page * 500))
            .map(queue)
            .collect();
        let told = json!({
            "items": items, "page": page, "page_count": left.div_ceil(500), "filtered_count": left,
        });
        Answer::json(told.to_string())
    }
}

#[tokio::test]
async fn a_list_that_is_too_large_is_read_in_pages() {
    let peer = Peer::start(large(|| 0)).await;
    let cluster = at(&peer);
    let observe = cluster.observe().unwrap();
    for _ in 0..2 {
        let readings = observe.readings(PATIENCE).await.unwrap();
        assert_eq!(readings.depths.len(), QUEUES);
        assert!(readings.depths.iter().all(|depth| depth.ready == Some(3)));
    }
    let topology = observe.topology(PATIENCE).await.unwrap();
    let queues = topology
        .destinations
        .iter()
        .filter(|d| d.name.starts_with("queue-"));
    assert_eq!(queues.count(), QUEUES);
    assert!(topology.unknown.iter().all(|u| u.member != "destinations"));
    let asked = peer.asked();
    let lists = asked.iter().filter(|line| line.contains("/api/queues"));
    let pages: Vec<Option<usize>> = lists.map(|line| number_of(line)).collect();
    let expected = [None, Some(1), Some(2), Some(3)];
    assert_eq!(pages[..4], expected, "whole at first");
    assert_eq!(pages[4..], expected[1..].repeat(2), "not again");
}

#[tokio::test]
async fn a_list_that_changes_between_pages_tells_nothing_gone() {
    let pages = AtomicUsize::new(0);
    let peer = Peer::start(large(move || pages.fetch_add(1, Ordering::Relaxed))).await;
    let cluster = at(&peer);
    let topology = cluster.observe().unwrap().topology(PATIENCE).await.unwrap();
    let gap = topology.unknown.iter().find(|u| u.member == "destinations");
    let gap = gap.unwrap();
    assert_eq!(gap.why, Why::Failed);
    assert!(gap.detail.as_ref().unwrap().contains("changed"), "{gap:?}");
    let refused = cluster.observe().unwrap().readings(PATIENCE).await;
    assert!(refused.unwrap_err().detail.contains("changed"));
}
