//! Reading against a server that does what a real one does seldom.

mod server;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use waybill_model::time::Timestamp;

use self::server::{Server, message, pulled};
use crate::adapter::{Cluster, Reason, Refused};
use crate::browse::{Ask, Browse, Budget, Ended, Read, Shelf, Start, Stored};
use crate::conformance;
use crate::rocketmq::browse;
use crate::rocketmq::cluster::RocketCluster;
use crate::rocketmq::wire::peer_tests::peer::answer;
use crate::traces::{self, From};

fn orders() -> Shelf {
    Shelf {
        namespace: None,
        name: "orders".into(),
    }
}

fn ask(start: Start) -> Ask {
    Ask {
        shelf: orders(),
        partition: Some("broker-a:0".into()),
        start,
        budget: Budget {
            bytes: 1 << 20,
            time: Duration::from_secs(20),
        },
        linger: Duration::ZERO,
    }
}

async fn read(cluster: &RocketCluster, ask: &Ask) -> Result<(Vec<Stored>, Read), Refused> {
    let mut kept = Vec::new();
    let mut keep = |message| {
        kept.push(message);
        ControlFlow::Continue(())
    };
    let read = cluster.read(ask, &mut keep).await?;
    Ok((kept, read))
}

fn offsets(kept: &[Stored]) -> Vec<i64> {
    kept.iter().map(|message| message.offset).collect()
}

#[tokio::test]
async fn the_suite_of_browsing_passes() {
    let server = Server::start(&[(0, 3, 14), (1, 0, 9), (2, 0, 0)]).await;
    let cluster = server.cluster();
    let patience = Duration::from_secs(20);
    let all = conformance::reads(&cluster, &orders(), patience)
        .await
        .unwrap();
    assert_eq!(all.len(), 23);
    assert!(cluster.browse().is_some());
}

#[tokio::test]
async fn a_time_begins_where_it_was_asked_though_brokers_find_it_by_the_chunk() {
    let server = Server::start(&[(0, 0, 20)]).await;
    let time = Timestamp::from_unix_millis(message(0, 7).stored_at);
    let (kept, _) = read(&server.cluster(), &ask(Start::Time(time)))
        .await
        .unwrap();
    assert_eq!(offsets(&kept), (7..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn following_goes_on_by_queue_and_begins_a_queue_that_was_never_read_at_the_first_time() {
    let server = Server::start(&[(0, 0, 20), (1, 0, 20)]).await;
    let cluster = server.cluster();
    let from = From {
        next: [("broker-a:0".to_owned(), 18)].into(),
        first_at: Timestamp::from_unix_millis(message(1, 16).stored_at),
    };
    let budget = ask(Start::Earliest).budget;
    let session = || cluster.client.browsing(budget.time);
    let mut kept = Vec::new();
    let mut keep = |message| {
        kept.push(message);
        ControlFlow::Continue(())
    };
    let read = browse::follow(session(), "orders", &from, budget, &mut keep).await;
    assert_eq!(read.unwrap().unwrap().next.len(), 2);
    let mut offsets = offsets(&kept);
    offsets.sort_unstable();
    assert_eq!(offsets, [16, 17, 18, 18, 19, 19]);

    // A topic that nobody knows now leaves every place as it was.
    let read = browse::follow(session(), "gone", &from, budget, &mut |_| panic!()).await;
    assert_eq!(read.unwrap(), None);
    for next in [from.next, BTreeMap::new()] {
        let from = From { next, ..from };
        let traced = traces::NativeTraces::read(&cluster, &from, budget, budget.time).await;
        assert_eq!(traced.unwrap().next, from.next);
    }
}

#[tokio::test]
async fn what_was_deleted_meanwhile_is_passed_over() {
    let server = Server::start(&[(0, 0, 12)]).await;
    server.change(|state| {
        state.scripted.push_back(server::pull(state, 0, 0));
        let (low, messages) = state.queues.get_mut(&0).unwrap();
        messages.drain(..8);
        *low = 8;
    });
    let (kept, read) = read(&server.cluster(), &ask(Start::Offset(0)))
        .await
        .unwrap();
    // It began at 8, because that was kept when reading began; the scripted answer was older.
    assert_eq!(offsets(&kept), [8, 9, 10, 11]);
    assert_eq!(read.ended, Ended::End);
    assert_eq!(read.next["broker-a:0"], 12);
    assert_eq!((read.lows["broker-a:0"], read.ends["broker-a:0"]), (8, 12));
}

#[tokio::test]
async fn a_queue_that_was_cut_off_behind_the_reader_ends_there() {
    let server = Server::start(&[(0, 0, 12)]).await;
    server.change(|state| state.scripted.push_back(pulled(21, 5, 0, 5)));
    let (kept, read) = read(&server.cluster(), &ask(Start::Offset(6)))
        .await
        .unwrap();
    assert!(kept.is_empty());
    assert_eq!((read.next["broker-a:0"], read.ends["broker-a:0"]), (5, 5));
    assert_eq!(read.ended, Ended::End);
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_told_and_costs_no_other() {
    let server = Server::start(&[(0, 0, 4)]).await;
    server.change(|state| {
        let mut whole = server::pull(state, 0, 0);
        let mut body = whole.body.to_vec();
        let second = message(0, 0).bytes().len();
        body[second + 4] = 0;
        whole.body = body.into();
        state.scripted.push_back(whole);
    });
    let (kept, read) = read(&server.cluster(), &ask(Start::Earliest))
        .await
        .unwrap();
    assert_eq!(offsets(&kept), [0, 2, 3]);
    let (queue, why) = &read.unread[0];
    assert_eq!(queue, "broker-a:0");
    assert!(why.contains("from offset 1 on was left out"), "{why}");
}

#[tokio::test]
async fn a_busy_broker_is_asked_again() {
    let server = Server::start(&[(0, 0, 3)]).await;
    server.change(|state| {
        for code in [2, 14, 20] {
            let mut busy = pulled(code, 9, 0, 9);
            busy.remark = Some("system busy".into());
            // Of a replica that serves nobody: what it tells of offsets counts for nothing.
            busy.fields
                .insert("suggestWhichBrokerId".into(), "1".into());
            state.scripted.push_back(busy);
        }
    });
    let (kept, read) = read(&server.cluster(), &ask(Start::Earliest))
        .await
        .unwrap();
    assert_eq!(offsets(&kept), [0, 1, 2]);
    assert!(read.unread.is_empty(), "{:?}", read.unread);
}

#[tokio::test]
async fn another_replica_is_asked_where_the_first_is_gone() {
    let server = Server::start(&[(0, 0, 3)]).await;
    let gone = Server::start(&[]).await;
    let address = gone.address.clone();
    drop(gone);
    // Asked before the master's place, as an id below it would be.
    server.change(|state| {
        state.replicas.insert(-1, address);
    });
    let (kept, _) = read(&server.cluster(), &ask(Start::Earliest))
        .await
        .unwrap();
    assert_eq!(offsets(&kept), [0, 1, 2]);
}

#[tokio::test]
async fn what_may_not_be_read_is_refused_with_the_right() {
    let server = Server::start(&[(0, 0, 3)]).await;
    let denial = "User:waybill has no permission to access Topic:orders from 127.0.0.1";
    server.change(|state| state.scripted.push_back(answer(16, denial)));
    let refused = read(&server.cluster(), &ask(Start::Earliest))
        .await
        .unwrap_err();
    assert_eq!(refused.reason, Reason::Forbidden);
    assert!(refused.detail.contains("Sub on Topic:orders"), "{refused}");
    // A topic that its broker lets nobody read.
    server.change(|state| state.perm = 2);
    let refused = read(&server.cluster(), &ask(Start::Earliest))
        .await
        .unwrap_err();
    assert_eq!(refused.reason, Reason::NotThere);
    assert!(
        refused.hint.contains("permission of the topic"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_tail_hands_over_what_comes_and_what_comes_back() {
    let server = Server::start(&[(0, 0, 3)]).await;
    let cluster = server.cluster();
    let mut ask = ask(Start::Newest(1));
    ask.linger = Duration::from_secs(15);
    let mut kept = Vec::new();
    let mut keep = |message: Stored| {
        kept.push(message.offset);
        match kept.len() {
            1 => server.change(|state| {
                state
                    .scripted
                    .push_back(answer(14, "service not available now"));
                state.queues.get_mut(&0).unwrap().1.push(message_3());
            }),
            _ => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    };
    let read = cluster.read(&ask, &mut keep).await.unwrap();
    assert_eq!(read.ended, Ended::Enough);
    assert_eq!(kept, [2, 3]);
    assert_eq!(read.next["broker-a:0"], 4);
}

fn message_3() -> crate::rocketmq::stored::written::Written {
    message(0, 3)
}
