use super::*;

/// Either question may be answered first; a page shows positions as soon as it shows the group.
#[tokio::test]
async fn positions_read_before_the_topology_are_kept_with_it() {
    let database = TestDatabase::new().await;
    let script = Script::of_topics(&[("orders", 1)], "billing");
    let named = Named {
        cluster: "east".into(),
        system: "simulated".into(),
    };
    let mut keeper = Keeper::new(named, database.store().clone(), quick());
    let at = Timestamp::from_unix_millis(clock::now().unix_millis());
    keeper.take_readings(script.readings, at).await.unwrap();
    assert_eq!(group(&database, "east").await, None);
    let known_at = at.plus_ms(10);
    keeper
        .take_topology(script.topology, known_at)
        .await
        .unwrap();
    let billing = group(&database, "east").await.unwrap();
    let sample = database.store().group_sample(billing.key()).await.unwrap();
    let sample = sample.expect("its positions");
    assert_eq!(sample.at, at, "of the reading that told them");
    assert_eq!(sample.partitions[0].lag_messages, Some(0));
}
