//! A broker that nobody has heard of is a folder and a line: the one beside this file, and its place
//! in the list that the application is started with. It is alone there: nothing leans on a broker
//! that is built in.

mod conforms;
mod pigeons;
mod touches;

use axum::http::StatusCode;
use serde_json::json;
use waybill_broker::BrokerAdapter;
use waybill_broker::sim::{Script, Sim, SimShelf, Sims, stored};
use waybill_model::problem::Code;
use waybill_model::topology::{Route, RouteKind, Setting};
use waybill_server::config::{self, Environment, Overrides};
use waybill_store::testing::TestDatabase;
use waybill_tests::otlp::{self, CONSUMER, PRODUCER, a_span, random_id, text};
use waybill_tests::simulated::{self, Observed, items};

/// THE line.
fn adapters(skies: &Sims) -> Vec<BrokerAdapter> {
    vec![pigeons::adapter(skies)]
}

fn north() -> Script {
    let lofts = [("north-roof", 2), ("north-roof.lost", 1)];
    let mut script = Script::of_topics(&lofts, "morning-flock");
    script.head("north-roof", 0, 9);
    script.commit("morning-flock", "north-roof", 0, Some(4));
    let roof = |value: &str| Setting {
        name: "roof".into(),
        value: Some(value.into()),
        source: "loft".into(),
    };
    script.topology.destinations[0].settings.push(roof("open"));
    script.topology.destinations[1].settings.push(roof("tiled"));
    script.topology.routes.push(Route {
        kind: RouteKind::DeadLetter,
        namespace: None,
        from: "north-roof".into(),
        to: "north-roof.lost".into(),
        to_kind: Default::default(),
        routing_key: None,
        guarantee: None,
    });
    let mut shelf = SimShelf::new(None, "north-roof").with_partitions(2);
    for n in 0..9 {
        let letter = format!(r#"{{"letter":{n}}}"#);
        shelf.put("0", stored(1_795_444_000_000 + n, Some("coo"), &letter));
    }
    script.shelves.push(shelf);
    script
}

/// As a person writes it, with these lines as the cluster's settings.
fn file(folder: &std::path::Path, database: &TestDatabase, settings: &str) -> std::path::PathBuf {
    let file = folder.join("waybill.toml");
    let text = format!(
        "data_dir = {folder:?}\n[server]\nlisten = \"127.0.0.1:0\"\n[ingest]\n\
         otlp_grpc = \"127.0.0.1:0\"\notlp_http = \"127.0.0.1:0\"\n[database]\nurl = {:?}\n\
         [[cluster]]\nname = \"sky\"\nbroker = {:?}\npoll_interval = \"1s\"\n\
         [cluster.settings]\n{settings}\n",
        database.url(),
        pigeons::SYSTEM,
    );
    std::fs::write(&file, text).unwrap();
    file
}

async fn serve(sky: &Sim) -> Observed {
    let database = TestDatabase::new().await;
    let folder = tempfile::tempdir().unwrap();
    let skies = Sims::default();
    skies.add("sky", sky);
    let adapters = adapters(&skies);
    let file = file(folder.path(), &database, "lofts = [\"roof.example\"]");
    let (environment, overrides) = (Environment::new(), Overrides::default());
    let config = config::load_with(Some(&file), &environment, &overrides, &adapters).unwrap();
    simulated::serve(config, adapters, database).await
}

/// A letter that is sent, and carried by a flock.
async fn send(observed: &Observed) {
    let trace = random_id::<16>();
    let about = |more: &[(&str, &str)]| {
        let all = [
            ("pigeon.loft", "north-roof"),
            ("pigeon.ring", "ring-77"),
            ("letter.id", "L-1"),
        ];
        let all = all.iter().chain(more);
        all.map(|(name, value)| text(name, value)).collect()
    };
    let sent = a_span(&trace, &[], "fly", PRODUCER, about(&[]));
    let flock = [("pigeon.flock", "morning-flock")];
    let mut carried = a_span(&trace, &sent.span_id, "land", CONSUMER, about(&flock));
    carried.start_time_unix_nano = sent.end_time_unix_nano + 2_000_000;
    carried.end_time_unix_nano = carried.start_time_unix_nano + 3_000_000;
    let door = observed.app.addresses().otlp_http.unwrap();
    for (service, span) in [("letters", sent), ("postman", carried)] {
        let mut request = otlp::request(service, vec![span]);
        for scope in &mut request.resource_spans[0].scope_spans {
            scope.scope.as_mut().unwrap().name = pigeons::SCOPE.into();
        }
        let status = otlp::post(&format!("http://{door}"), &request).await;
        assert!(status.is_success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_configured_observed_browsed_and_followed_in_its_own_words() {
    let sky = Sim::new(north());
    let observed = serve(&sky).await;
    send(&observed).await;

    let cluster = observed
        .until("it is read", "/clusters/sky", |told| {
            (told["stale"] == false && told["topology_as_of"].is_string()).then(|| told.clone())
        })
        .await;
    assert_eq!(cluster["broker"], pigeons::SYSTEM);
    assert_eq!(
        cluster["words"],
        json!({"label": "Pigeon Post", "destination": "loft", "group": "flock",
               "partition": "perch", "offset": "ring number"})
    );
    assert_eq!(
        cluster["capabilities"],
        json!(["journeys", "observe", "browse"])
    );
    assert_eq!(cluster["risks"]["high"], 1);

    let line = observed
        .until("its loft", "/destinations?q=north-roof", |list| {
            let line = items(list)
                .iter()
                .find(|one| one["destination"] == "north-roof")?;
            let whole = line["lag_messages"] == 5 && line["published_per_s"].is_number();
            whole.then(|| line.clone())
        })
        .await;
    assert_eq!(
        (&line["system"], &line["cluster"]),
        (&json!(pigeons::SYSTEM), &json!("sky"))
    );
    let loft = line["id"].as_str().unwrap().to_owned();
    let flock = observed.api("/groups?cluster=sky").await;
    assert_eq!(items(&flock)[0]["name"], "morning-flock");
    let flock = items(&flock)[0]["id"].as_str().unwrap().to_owned();

    let read = format!("/destinations/{loft}/messages?from=earliest&limit=2");
    let letters = observed.api(&read).await;
    assert_eq!(items(&letters)[0]["value"]["json"], json!({"letter": 0}));

    let letter = observed
        .until("its journey", "/journeys?message_id=ring-77", |list| {
            let journey = items(list).first()?;
            (journey["state"] == "delivered").then(|| journey.clone())
        })
        .await;
    assert_eq!(
        letter["message"]["cluster"], "sky",
        "by the only cluster of its system: {letter:#}"
    );
    let journey = letter["id"].as_str().unwrap().to_owned();
    let told = observed.api(&format!("/journeys/{journey}")).await;
    assert_eq!(told["message"]["system"], pigeons::SYSTEM);
    assert_eq!(told["deliveries"][0]["group"], "morning-flock");

    let risks = observed.api("/clusters/sky/durability").await;
    assert_eq!(items(&risks)[0]["cure"]["change"], "roof=closed");

    for (path, words) in [
        ("/".to_owned(), &["sky", "Pigeon Post", "north-roof"][..]),
        ("/clusters".to_owned(), &["sky", "Pigeon Post"]),
        ("/clusters/sky".to_owned(), &["Pigeon Post", "flock"]),
        (
            "/clusters/sky/durability".to_owned(),
            &["north-roof", "roof=closed"],
        ),
        ("/destinations".to_owned(), &["north-roof", "sky"]),
        (
            format!("/destinations/{loft}"),
            &["perch", "morning-flock", "north-roof.lost"],
        ),
        (
            format!("/destinations/{loft}/messages?from=earliest"),
            &["letter"],
        ),
        ("/groups".to_owned(), &["morning-flock"]),
        (format!("/groups/{flock}"), &["perch", "north-roof"]),
        ("/search?message_id=ring-77".to_owned(), &["north-roof"]),
        (
            format!("/journeys/{journey}"),
            &["morning-flock", "postman"],
        ),
    ] {
        let (status, html) = observed.page(&path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        for word in words {
            assert!(html.contains(word), "{path}: {word} is not in {html}");
        }
    }
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_settings_are_its_own_and_wrong_ones_are_named() {
    let database = TestDatabase::new().await;
    let folder = tempfile::tempdir().unwrap();
    let skies = Sims::default();
    skies.add("sky", &Sim::new(north()));
    let adapters = adapters(&skies);
    for (settings, hint) in [
        ("loft = [\"roof.example\"]", "Did you mean `lofts`?"),
        ("lofts = [\"a b\"]", "Correct it in [cluster.settings]"),
    ] {
        let file = file(folder.path(), &database, settings);
        let (environment, overrides) = (Environment::new(), Overrides::default());
        let problem =
            config::load_with(Some(&file), &environment, &overrides, &adapters).unwrap_err();
        assert_eq!(problem.code, Code::ConfigInvalid);
        assert!(problem.hint.starts_with(hint), "{problem:?}");
    }
    // Without its line nobody knows it.
    let file = file(folder.path(), &database, "");
    let problem = config::load(Some(&file), &Environment::new(), &Overrides::default());
    let problem = problem.unwrap_err();
    assert!(problem.message.contains(pigeons::SYSTEM), "{problem:?}");
}
