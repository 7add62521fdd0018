//! The suite of browsing against the simulator, and what the simulator does for who tests with it.

use std::ops::ControlFlow;
use std::time::Duration;

use super::*;
use crate::adapter::Reason;
use crate::browse::{Ask, Browse, Budget, Ended, Price, Shelf, Start, Stored};
use crate::sim::{Script, Sim, SimShelf, stored};

const PATIENCE: Duration = Duration::from_secs(2);

fn orders() -> SimShelf {
    let mut shelf = SimShelf::new(None, "orders").with_partitions(3);
    for at in 0..40 {
        let partition = (at % 2).to_string();
        shelf.put(&partition, stored(at, Some("k"), &format!("order {at}")));
    }
    shelf.drop_before("0", 3);
    shelf
}

fn sim(shelf: SimShelf) -> (Sim, Shelf) {
    let place = shelf.shelf.clone();
    let script = Script {
        shelves: vec![shelf],
        ..Script::default()
    };
    (Sim::new(script), place)
}

fn ask(shelf: &Shelf, start: Start) -> Ask {
    Ask {
        shelf: shelf.clone(),
        partition: None,
        start,
        budget: Budget {
            bytes: 1 << 20,
            time: PATIENCE,
        },
        linger: Duration::ZERO,
    }
}

#[tokio::test]
async fn the_simulator_passes() {
    let (sim, shelf) = sim(orders());
    let all = reads(&sim, &shelf, PATIENCE).await.unwrap();
    assert_eq!(all.len(), 37);
    assert!(sim.asked().read > 5 && sim.asked().price == 2);
}

#[tokio::test]
async fn what_disturbs_is_refused_with_its_price() {
    let mut shelf = SimShelf::new(Some("/"), "mail");
    shelf.put("", stored(0, None, "hello"));
    shelf.price = Some(Price::Disturbs {
        cost: "each look is a delivery".into(),
        instead: "Read a copy.".into(),
    });
    let (sim, shelf) = sim(shelf);
    let refused = disturbs(&sim, &shelf, PATIENCE).await.unwrap();
    assert_eq!(refused.hint, "Read a copy.");
    let broken = reads(&sim, &shelf, PATIENCE).await.unwrap_err();
    assert!(broken[0].contains("for what can be read"), "{broken:?}");
}

#[tokio::test]
async fn a_shelf_that_changes_under_the_reader_is_found_out() {
    let (sim, shelf) = sim(orders());
    let changing = sim.clone();
    let task = tokio::spawn(async move {
        loop {
            changing.change(|script| {
                script.shelves[0].put("2", stored(99, None, "more"));
            });
            tokio::task::yield_now().await;
        }
    });
    let broken = reads(&sim, &shelf, PATIENCE).await.unwrap_err();
    task.abort();
    assert!(
        broken.iter().any(|line| line.contains("second reading")),
        "{broken:?}"
    );
}

#[tokio::test]
async fn a_tail_hands_over_what_comes_later() {
    let (sim, shelf) = sim(orders());
    let mut ask = ask(&shelf, Start::Newest(1));
    ask.linger = PATIENCE;
    let mut kept: Vec<Stored> = Vec::new();
    let other = sim.clone();
    let mut keep = |message: Stored| {
        kept.push(message);
        // The newest of two partitions are there; what comes next comes because of them.
        if kept.len() == 2 {
            other.change(|script| {
                script.shelves[0].put("2", stored(100, None, "late"));
            });
        }
        match kept.len() {
            3 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    };
    let read = sim.read(&ask, &mut keep).await.unwrap();
    assert_eq!(read.ended, Ended::Enough);
    assert_eq!(kept[2].value.as_deref(), Some(&b"late"[..]));
    assert_eq!(read.next["2"], 1);
}

#[tokio::test]
async fn budgets_of_bytes_and_time_end_a_reading() {
    let (sim, shelf) = sim(orders());
    let mut small = ask(&shelf, Start::Earliest);
    small.budget.bytes = 20;
    let read = sim
        .read(&small, &mut |_| ControlFlow::Continue(()))
        .await
        .unwrap();
    assert_eq!((read.ended, read.messages), (Ended::Bytes, 3));
    sim.change(|script| script.delay_per_message = Duration::from_secs(60));
    let mut short = ask(&shelf, Start::Earliest);
    short.budget.time = Duration::from_millis(20);
    let read = sim
        .read(&short, &mut |_| ControlFlow::Continue(()))
        .await
        .unwrap();
    assert_eq!((read.ended, read.messages), (Ended::Time, 0));
    assert_eq!(read.next["0"], 3);
}

#[tokio::test]
async fn refusals_and_partitions_without_a_reader_are_told() {
    let (sim, shelf) = sim(orders());
    sim.change(|script| {
        script.shelves[0].unread = vec![("1".into(), "it has no leader".into())];
    });
    let ask = ask(&shelf, Start::Earliest);
    let read = sim
        .read(&ask, &mut |_| ControlFlow::Continue(()))
        .await
        .unwrap();
    assert_eq!(read.messages, 17);
    assert_eq!(
        read.unread,
        [("1".to_owned(), "it has no leader".to_owned())]
    );
    sim.go_down();
    let refused = sim
        .read(&ask, &mut |_| ControlFlow::Continue(()))
        .await
        .unwrap_err();
    assert_eq!(refused.reason, Reason::Unreachable);
}
