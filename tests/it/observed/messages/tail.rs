use waybill_tests::wait;

use super::*;

/// Events of a stream, as they come.
struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(observed: &Observed, cookie: &str, query: &str) -> Self {
        let path = path(query).replace("/messages?", "/messages/tail?");
        let request = observed
            .client
            .get(format!("{}/api/v1{path}", observed.console));
        let response = request.header("cookie", cookie).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next event, as name and data.
    async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name));
                    line.map(|rest| rest.trim().to_owned())
                };
                if let (Some(name), Some(data)) = (field("event:"), field("data:")) {
                    return (name, serde_json::from_str(&data).unwrap());
                }
                continue;
            }
            let chunk = tokio::time::timeout(wait::PATIENCE, self.response.chunk()).await;
            let chunk = chunk.unwrap().unwrap();
            let chunk = chunk.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

/// Until the tail has begun to wait at the end: only what comes after is shown.
async fn waits(sim: &Sim, before: u64) {
    wait::until("the tail reads", || async {
        (sim.asked().read > before).then_some(())
    })
    .await;
}

fn put(sim: &Sim, n: usize) {
    sim.change(|script| {
        let shelf = script.shelves.first_mut().unwrap();
        shelf.put("0", order(FIRST_MS, n));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_shown_as_they_arrive() {
    let sim = sim(shelf(1, 5));
    let observed = browsed(&sim, |_| {}).await;
    let before = sim.asked().read;
    let mut tail = Stream::open(&observed, &observed.cookie, "filter=value.order.n+!=+101").await;
    waits(&sim, before).await;
    for n in [100, 101, 102] {
        put(&sim, n);
    }
    let (name, message) = tail.next().await;
    assert_eq!(
        (name.as_str(), &message["value"]["json"]["order"]["n"]),
        ("message", &json!(100))
    );
    assert_eq!(message["value"]["json"]["password"], "••••");
    let (name, message) = tail.next().await;
    assert_eq!((name.as_str(), &message["offset"]), ("message", &json!(7)));
    let opened = observed.audited().await;
    assert_eq!(opened.len(), 1);
    assert!(
        opened[0].2.starts_with("filtered, ") && opened[0].2.contains(" ms, from 127.0.0.1"),
        "{opened:?}"
    );
    drop(tail);
    let closed = wait::until("the line is closed", || async {
        let lines = observed.audited().await;
        (lines.len() == 2).then(|| lines[1].2.clone())
    })
    .await;
    assert!(
        closed.starts_with("outcome: done, 2 messages shown"),
        "{closed}"
    );
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_is_shown_is_counted() {
    let sim = sim(shelf(1, 0));
    let observed = browsed(&sim, |_| {}).await;
    let before = sim.asked().read;
    let mut tail = Stream::open(&observed, &observed.cookie, "").await;
    waits(&sim, before).await;
    sim.change(|script| {
        let shelf = script.shelves.first_mut().unwrap();
        (0..500).for_each(|n| shelf.put("0", order(FIRST_MS, n)));
    });
    let (mut shown, mut skipped) = (0, 0);
    while shown + skipped < 500 {
        match tail.next().await {
            (name, _) if name == "message" => shown += 1,
            (name, data) if name == "skipped" => skipped += data["messages"].as_u64().unwrap(),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(shown + skipped, 500);
    assert!(skipped > 0 && shown > 0, "{shown} shown, {skipped} skipped");
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_the_right_and_with_the_cluster() {
    let sim = sim(shelf(1, 5));
    let observed = browsed(&sim, |_| {}).await;
    let operator = observed.user("otto", "operator").await;
    let mut tail = Stream::open(&observed, &operator, "").await;
    let signed_out = observed
        .client
        .post(format!("{}/sign-out", observed.console))
        .header("origin", &observed.console)
        .header("cookie", &operator)
        .send()
        .await
        .unwrap();
    assert!(signed_out.status().is_redirection());
    let (name, data) = tail.next().await;
    assert_eq!((name.as_str(), &data["reason"]), ("end", &json!("right")));

    let mut tail = Stream::open(&observed, &observed.cookie, "").await;
    sim.go_down();
    let (name, data) = tail.next().await;
    assert_eq!(
        (name.as_str(), &data["code"]),
        ("refused", &json!("cluster_unreachable"))
    );
    let (name, data) = tail.next().await;
    assert_eq!((name.as_str(), &data["reason"]), ("end", &json!("refused")));
    observed.end().await;
}
