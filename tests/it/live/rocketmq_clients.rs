//! That the clients which tests drive do on a real broker what they are told.

use waybill_tests::rocketmq::{Kind, Rocket, Site};
use waybill_tests::rocketmq_client::Client;

#[tokio::test(flavor = "multi_thread")]
async fn real_clients_send_retry_commit_delay_and_tell_their_own_trace() {
    tokio::task::spawn_blocking(|| {
        let rocket = Rocket::shared();
        let site = rocket.site();
        let namesrv = format!("namesrv={}", site.namesrv);
        site.topic("clients-plain", 1, Kind::Normal);
        site.topic("clients-half", 1, Kind::Transaction);
        site.topic("clients-late", 1, Kind::Delay);
        site.group("clients-push", 1);
        let mut payer = Client::start(&["produce", &namesrv, "group=clients-payer", "trace=true"]);

        a_failing_message_is_tried_again_and_ends_as_a_dead_letter(&site, &mut payer, &namesrv);
        a_transaction_is_committed_rolled_back_or_asked_about(&site, &mut payer);
        a_timer_and_a_batch_are_stored(&site, &mut payer);
    })
    .await
    .unwrap();
}

/// Beside many other tests a fresh group got nothing over gRPC for a minute and a half; alone it does
/// at once.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "make soak: wants a RocketMQ for itself"]
async fn soak_a_grpc_consumer_retries_and_leaves_a_dead_letter() {
    tokio::task::spawn_blocking(|| {
        let rocket = Rocket::shared();
        let site = rocket.site();
        let namesrv = format!("namesrv={}", site.namesrv);
        site.topic("clients-plain", 1, Kind::Normal);
        site.group("clients-pop", 1);
        let mut payer = Client::start(&["produce", &namesrv, "group=clients-payer"]);
        payer.ask("send topic=clients-plain keys=order-1 body=one", "sent");
        a_grpc_consumer_fails_and_leaves_a_dead_letter(&site, rocket.proxy_grpc());
    })
    .await
    .unwrap();
}

fn a_failing_message_is_tried_again_and_ends_as_a_dead_letter(
    site: &Site,
    payer: &mut Client,
    namesrv: &str,
) {
    let sent = payer.ask(
        "send topic=clients-plain keys=order-1 tags=paid body=one",
        "sent",
    );
    assert_eq!(sent["status"], "SEND_OK");
    let words = ["push", namesrv, "group=clients-push", "topic=clients-plain"];
    let words = [&words[..], &["retries=1", "behave=later", "trace=true"]].concat();
    let mut reader = Client::start(&words);
    for attempt in 1..=2 {
        let got = reader.until("an attempt", |event| event["attempt"] == attempt);
        assert_eq!(got["id"], sent["id"]);
    }
    let dead = wait_stored(site, "%DLQ%clients-push", |_| true);
    assert_eq!(dead.properties["UNIQ_KEY"], sent["id"].as_str().unwrap());
    // Both sides wrote their own trace of it, without OpenTelemetry.
    for (word, of) in [("Pub", "clients-payer"), ("SubBefore", "clients-push")] {
        wait_stored(site, "RMQ_SYS_TRACE_TOPIC", |body| {
            body.contains(word) && body.contains(of) && body.contains(sent["id"].as_str().unwrap())
        });
    }

    reader.ask("pause", "pause");
    payer.ask("send topic=clients-plain keys=order-2", "sent");
    reader.tell("behave ok");
    // Before or after: a fetch that waited at the broker when it was paused still brings messages.
    reader.tell("resume");
    reader.until("the message after the pause", |event| {
        event["keys"] == "order-2"
    });
}

fn a_transaction_is_committed_rolled_back_or_asked_about(site: &Site, payer: &mut Client) {
    payer.ask(
        "send topic=clients-half keys=gone transaction=rollback",
        "sent",
    );
    payer.ask(
        "send topic=clients-half keys=kept transaction=commit",
        "sent",
    );
    payer.ask(
        "send topic=clients-half keys=asked transaction=unknown check=commit",
        "sent",
    );
    let check = payer.until("a check-back", |event| event["what"] == "check");
    assert_eq!(check["keys"], "asked");
    wait_stored(site, "clients-half", |_| true);
    let deadline = std::time::Instant::now() + waybill_tests::wait::PATIENCE;
    while site.max_offset("clients-half", 0) < 2 {
        assert!(
            std::time::Instant::now() < deadline,
            "the check-back was not heard"
        );
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let keys: Vec<_> = (site.pull("clients-half", 0, 0).iter())
        .map(|one| one.properties["KEYS"].clone())
        .collect();
    assert_eq!(keys, ["kept", "asked"]);
}

/// Its retries lie in a topic of group and topic, and the broker counts them.
fn a_grpc_consumer_fails_and_leaves_a_dead_letter(site: &Site, proxy: &str) {
    let proxy = format!("endpoints={proxy}");
    let words = ["pop", &proxy, "group=clients-pop", "topic=clients-plain"];
    let words = [&words[..], &["behave=throw", "key=order-1"]].concat();
    let mut pop = Client::start(&words);
    for attempt in 1..=2 {
        let got = pop.until("an attempt over gRPC", |event| {
            event["keys"] == "order-1" && event["attempt"] == attempt
        });
        assert_eq!(got["topic"], "clients-plain");
    }
    let dead = wait_stored(site, "%DLQ%clients-pop", |body| body == "one");
    assert_eq!(dead.properties["KEYS"], "order-1");
    assert!(!site.all("%RETRY%clients-pop_clients-plain").is_empty());
}

fn a_timer_and_a_batch_are_stored(site: &Site, payer: &mut Client) {
    payer.ask(
        "send topic=clients-late keys=late body=late after_ms=300",
        "sent",
    );
    let late = wait_stored(site, "clients-late", |body| body == "late");
    assert!(late.properties.contains_key("TIMER_OUT_MS"), "{late:?}");
    payer.tell("flow topic=clients-late rate=50 keys=steady");
    wait_stored(site, "clients-late", |body| body.starts_with("message-"));
    assert!(payer.ask("still", "still")["sent"].as_i64().unwrap() > 0);
    let batch = payer.ask(
        "send topic=clients-plain keys=many-# batch=3 body=many",
        "sent",
    );
    assert_eq!(batch["id"].as_str().unwrap().split(',').count(), 3);
}

/// The first message of a topic's first queue whose body fits, waited for.
fn wait_stored(
    site: &Site,
    topic: &str,
    fits: impl Fn(&str) -> bool,
) -> waybill_tests::rocketmq_wire::Stored {
    let deadline = std::time::Instant::now() + waybill_tests::wait::PATIENCE;
    loop {
        let mut found = site.all(topic).into_iter();
        if let Some(one) = found.find(|one| fits(&String::from_utf8_lossy(&one.body))) {
            return one;
        }
        assert!(std::time::Instant::now() < deadline, "nothing in {topic}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}
