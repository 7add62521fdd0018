//! It holds to what every adapter holds to.

use std::time::Duration;

use waybill_broker::browse::Shelf;
use waybill_broker::conformance;
use waybill_broker::settings::Settings;

use super::*;

const PATIENCE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn it_passes_the_suite_of_every_adapter() {
    let (sky, skies) = (Sim::new(north()), Sims::default());
    skies.add("sky", &sky);
    let adapter = adapters(&skies).remove(0);
    assert_eq!(conformance::descriptor(&adapter), Vec::<String>::new());
    let connect = adapter.connect.unwrap();
    let mut settings = Settings::new();
    settings.insert("lofts".into(), json!("roof.example, tower.example:99"));
    let cluster = connect.cluster("sky", &settings).unwrap();
    assert_eq!(
        cluster.addresses(),
        ["roof.example:7070", "tower.example:99"]
    );
    let told = conformance::observe(&*cluster, PATIENCE).await.unwrap();
    let judged = adapter.posture.unwrap();
    assert_eq!(
        conformance::posture(judged, &told.topology),
        Vec::<String>::new()
    );
    let shelf = Shelf {
        namespace: None,
        name: "north-roof".into(),
    };
    let letters = conformance::reads(&*cluster, &shelf, PATIENCE);
    assert_eq!(letters.await.unwrap().len(), 9);
    sky.go_down();
    conformance::refuses(&*cluster, PATIENCE).await.unwrap();
}
