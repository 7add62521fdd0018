use super::*;

#[tokio::test]
async fn one_process_polls_and_the_other_takes_over() {
    let database = TestDatabase::new().await;
    let (first_door, second_door) = (orders(4), orders(4));
    let first = poll(&database, "east", &first_door, "one");
    until_lag(&database, "east", 4).await;
    let second = poll(&database, "east", &second_door, "two");
    let asked = first_door.asked().readings;
    until("the first goes on", async || {
        (first_door.asked().readings > asked + 10).then_some(())
    })
    .await;
    assert_eq!(second_door.asked().readings, 0, "the lease is held");
    second_door.change(|script| script.head("orders", 0, 6));
    first.end().await;
    until_lag(&database, "east", 6).await;
    assert!(second_door.asked().topology > 0);
    second.end().await;
}

#[tokio::test]
async fn what_was_deleted_goes_and_what_came_is_asked_for() {
    let database = TestDatabase::new().await;
    let sim = orders(1);
    let running = poll(&database, "east", &sim, "one");
    until_lag(&database, "east", 1).await;
    // Readings name a topic that the topology does not know: it is read before its time.
    sim.change(|script| {
        let mut next = Script::of_topics(&[("orders", 1), ("refunds", 3)], "billing");
        next.head("refunds", 2, 8);
        *script = next;
    });
    let told = until("the new topic", async || {
        let lines = database.store().destination_lines_of("east").await.unwrap();
        lines
            .into_iter()
            .find(|line| line.name == "refunds" && line.depth_messages == Some(8))
    })
    .await;
    assert_eq!(told.partitions, Some(3));
    sim.change(|script| *script = Script::of_topics(&[("refunds", 3)], "billing"));
    until("the old one gone", async || {
        let lines = database.store().destination_lines_of("east").await.unwrap();
        lines.iter().all(|line| line.name != "orders").then_some(())
    })
    .await;
    let (_, stored) = database.store().topology("east").await.unwrap().unwrap();
    assert_eq!(stored.destinations.len(), 1);
    running.end().await;
}

#[tokio::test]
async fn a_look_has_the_topology_read_before_its_time() {
    let database = TestDatabase::new().await;
    let sim = orders(1);
    let seldom = Pace {
        topology_every: Duration::from_secs(3_600),
        ..quick()
    };
    let running = poll_at(seldom, &database, "east", &sim, "one");
    until_lag(&database, "east", 1).await;
    let state = |word: &str| Some(word.to_owned());
    assert_eq!(
        group(&database, "east").await.unwrap().state,
        state("stable")
    );
    // No reading names it.
    sim.change(|script| script.topology.groups[0].state = state("empty"));
    until("the new state", async || {
        let line = group(&database, "east").await?;
        (line.state == state("empty")).then_some(())
    })
    .await;
    // The first, the changed one; none for looks that show nothing.
    let looked = sim.asked().looks;
    until("more looks", async || {
        (sim.asked().looks > looked + 3).then_some(())
    })
    .await;
    assert!(sim.asked().topology <= 3, "{:?}", sim.asked());
    running.end().await;
}
