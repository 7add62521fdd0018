//! Payloads with a schema registry. No registry can be installed here: a small server speaks its
//! documented API, and the bytes are made by Avro's and Protobuf's own libraries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use apache_avro::types::Value as Avro;
use apache_avro::{Codec, Schema, Writer, to_avro_datum};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prost::Message;
use prost_reflect::DynamicMessage;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use waybill_server::config::{SchemaRegistry, Secret, Tls};
use waybill_server::{listener, tls};
use waybill_tests::certificates::Authority;

use super::*;

const ORDER: &str = r#"{"type":"record","name":"Order","namespace":"shop","fields":[
    {"name":"id","type":"string"},{"name":"by","type":"people.User"},
    {"name":"note","type":["null","string"]},{"name":"password","type":"string"}]}"#;
const USER: &str = r#"{"type":"record","name":"User","namespace":"people","fields":[
    {"name":"age","type":"long"},{"name":"tags","type":{"type":"map","values":"double"}}]}"#;
const PROTO: &str = r#"syntax = "proto3";
    package shop;
    import "people.proto";
    import "google/protobuf/timestamp.proto";
    message Ignored {}
    message Envelope {
        message Order { string id = 1; uint64 n = 2; people.User by = 3; google.protobuf.Timestamp at = 4;
                        repeated string tags = 5; }
    }"#;
const PEOPLE: &str = r#"syntax = "proto3"; package people; message User { string name = 1; }"#;

#[derive(Clone, Default)]
struct Told {
    asked: Arc<AtomicU32>,
}

async fn by_id(State(told): State<Told>, Path(id): Path<u32>, headers: HeaderMap) -> Response {
    told.asked.fetch_add(1, Ordering::SeqCst);
    if headers
        .get("authorization")
        .is_none_or(|basic| basic != "Basic d2F5YmlsbDpodW50ZXIy")
    {
        let refused = json!({"error_code": 401, "message": "Unauthorized"});
        return (StatusCode::UNAUTHORIZED, axum::Json(refused)).into_response();
    }
    let reference =
        |name: &str, subject: &str| json!([{"name": name, "subject": subject, "version": 1}]);
    let schema = match id {
        1 => json!({"schema": ORDER, "references": reference("people.User", "user-value")}),
        2 => {
            json!({"schema": PROTO, "schemaType": "PROTOBUF", "references": reference("people.proto", "people")})
        }
        3 => json!({"schema": "{\"type\":\"object\"}", "schemaType": "JSON"}),
        4 => json!({"schema": "{\"type\":\"recrd\",\"name\":\"X\"}"}),
        5 => return (StatusCode::FOUND, [("location", "http://127.0.0.1:1/")]).into_response(),
        _ => {
            let unknown = json!({"error_code": 40403, "message": format!("Schema {id} not found")});
            return (StatusCode::NOT_FOUND, axum::Json(unknown)).into_response();
        }
    };
    axum::Json(schema).into_response()
}

async fn versions(Path(id): Path<u32>) -> axum::Json<Value> {
    axum::Json(json!([{"subject": format!("subject-{id}"), "version": 7}]))
}

async fn subject(Path(subject): Path<String>) -> Response {
    let schema = match subject.as_str() {
        "user-value" => json!({"schema": USER}),
        "people" => json!({"schema": PEOPLE, "schemaType": "PROTOBUF"}),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    axum::Json(schema).into_response()
}

/// Its address, until `stop`.
async fn registry(told: &Told, identity: Option<Tls>, stop: &CancellationToken) -> String {
    let router = Router::new()
        .route("/schemas/ids/{id}", get(by_id))
        .route("/schemas/ids/{id}/versions", get(versions))
        .route(
            "/subjects/{subject}/versions/{version}",
            get(|Path((name, _)): Path<(String, u32)>| subject(Path(name))),
        )
        .with_state(told.clone());
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let scheme = if identity.is_some() { "https" } else { "http" };
    let address = format!("{scheme}://{}", socket.local_addr().unwrap());
    let acceptor = identity.map(|files| tls::acceptor("registry", &files, tls::WEB).unwrap());
    let stop = stop.clone();
    tokio::spawn(listener::serve(
        socket,
        acceptor,
        router,
        stop,
        Duration::from_secs(1),
    ));
    address
}

fn settings(url: String) -> SchemaRegistry {
    SchemaRegistry {
        url,
        user: Some(("waybill".into(), Secret::new("hunter2"))),
        ca: None,
    }
}

/// A zero byte, the id, the payload.
fn wire(id: u32, payload: &[u8]) -> Vec<u8> {
    [&[0][..], &id.to_be_bytes(), payload].concat()
}

fn avro() -> Vec<u8> {
    let schemas = Schema::parse_list([USER, ORDER]).unwrap();
    let user = Avro::Record(vec![
        ("age".into(), Avro::Long(42)),
        (
            "tags".into(),
            Avro::Map([("x".to_owned(), Avro::Double(1.5))].into()),
        ),
    ]);
    let order = Avro::Record(vec![
        ("id".into(), Avro::String("o-1".into())),
        ("by".into(), user),
        (
            "note".into(),
            Avro::Union(1, Box::new(Avro::String("mind <b>".into()))),
        ),
        ("password".into(), Avro::String("hunter2".into())),
    ]);
    let all = schemas.iter().collect();
    apache_avro::to_avro_datum_schemata(&schemas[1], all, order).unwrap()
}

fn protobuf() -> Vec<u8> {
    struct Files;
    impl protox::file::FileResolver for Files {
        fn open_file(&self, name: &str) -> Result<protox::file::File, protox::Error> {
            let text = match name {
                "order.proto" => PROTO,
                "people.proto" => PEOPLE,
                _ => return protox::file::GoogleFileResolver::new().open_file(name),
            };
            protox::file::File::from_source(name, text)
        }
    }
    let mut compiler = protox::Compiler::with_file_resolver(Files);
    compiler.open_file("order.proto").unwrap();
    let pool = compiler.descriptor_pool();
    let order = pool.get_message_by_name("shop.Envelope.Order").unwrap();
    let json = json!({"id": "o-2", "n": "18446744073709551615", "by": {"name": "Ada"},
        "at": "2026-11-28T05:11:22Z", "tags": ["a"]});
    DynamicMessage::deserialize(order, json)
        .unwrap()
        .encode_to_vec()
}

/// A list of such values in a file of Avro's own.
fn container() -> Vec<u8> {
    let schema = Schema::parse_str(USER).unwrap();
    let mut writer = Writer::with_codec(&schema, Vec::new(), Codec::Deflate(Default::default()));
    for age in [1, 2] {
        let user = Avro::Record(vec![
            ("age".into(), Avro::Long(age)),
            ("tags".into(), Avro::Map(Default::default())),
        ]);
        writer.append(user).unwrap();
    }
    writer.into_inner().unwrap()
}

fn holding(values: Vec<Vec<u8>>) -> SimShelf {
    let mut shelf = SimShelf::new(None, "orders").with_partitions(1);
    for (n, value) in values.into_iter().enumerate() {
        let mut message = stored(FIRST_MS + n as i64, None, "");
        message.size_bytes = value.len() as u64;
        message.value = Some(value.into());
        shelf.put("0", message);
    }
    shelf
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_decode_by_their_registry() {
    let mut msgpack = Vec::new();
    let map = vec![(rmpv::Value::from("id"), rmpv::Value::from(1001))];
    rmpv::encode::write_value(&mut msgpack, &rmpv::Value::Map(map)).unwrap();
    let plain = Schema::parse_str(r#""string""#).unwrap();
    let datum = to_avro_datum(&plain, Avro::String("x".into())).unwrap();
    // The second message of the file, the first within it.
    let sim = sim(holding(vec![
        wire(1, &avro()),
        wire(2, &[&[4, 2, 0][..], &protobuf()].concat()),
        wire(3, br#"{"id":"o-3"}"#),
        msgpack,
        container(),
        wire(4, &datum),
        wire(99, &datum),
        wire(1, &datum),
        wire(5, &datum),
    ]));
    let (told, stop) = (Told::default(), CancellationToken::new());
    let url = registry(&told, None, &stop).await;
    let observed = browsed(&sim, |config| {
        config.clusters[0].schema_registry = Some(settings(url));
    })
    .await;
    let page = observed.api(&path("from=earliest")).await;
    let values: Vec<&Value> = items(&page).iter().map(|item| &item["value"]).collect();
    let formats: Vec<&str> = values
        .iter()
        .map(|value| value["format"].as_str().unwrap())
        .collect();
    assert_eq!(
        formats,
        [
            "avro",
            "protobuf",
            "json_schema",
            "msgpack",
            "avro",
            "hex",
            "hex",
            "hex",
            "hex"
        ],
        "{page:#}"
    );
    let order = json!({"id": "o-1", "by": {"age": 42, "tags": {"x": 1.5}}, "note": "mind <b>", "password": "••••"});
    assert_eq!(values[0]["json"], order);
    assert_eq!(
        values[0]["schema"],
        json!({"id": 1, "subject": "subject-1", "version": 7})
    );
    let order = json!({"id": "o-2", "n": "18446744073709551615", "by": {"name": "Ada"},
        "at": "2026-11-28T05:11:22Z", "tags": ["a"]});
    assert_eq!(values[1]["json"], order);
    assert_eq!(values[2]["json"], json!({"id": "o-3"}));
    assert_eq!(values[3]["json"], json!({"id": 1001}));
    assert_eq!(
        values[4]["json"],
        json!([{"age": 1, "tags": {}}, {"age": 2, "tags": {}}])
    );
    for (at, words) in [
        (5, &["schema 4", "cannot be read", "recrd"][..]),
        (6, &["schema 99", "404", "Schema 99 not found (40403)"]),
        (7, &["schema 1", "do not follow it (avro)", "at byte"]),
        (8, &["schema 5", "302"]),
    ] {
        let problem = values[at]["problem"].as_str().unwrap();
        assert!(words.iter().all(|word| problem.contains(word)), "{problem}");
        // Not decoded, so nobody can tell what of it is secret.
        assert_eq!(values[at]["text"], "", "{problem}");
        assert!(problem.contains("message.unmask"), "{problem}");
    }
    // What is known is not asked for again, and a filter sees into what was decoded.
    let asked = told.asked.load(Ordering::SeqCst);
    let found = observed
        .api(&path("filter=value.by.age+==+42+||+value.by.name+==+'Ada'"))
        .await;
    assert_eq!(places(&found), [at("0", 1), at("0", 0)]);
    let again = told.asked.load(Ordering::SeqCst) - asked;
    assert_eq!(again, 0, "{again} more");
    stop.cancel();
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_asks_for_schemas_on_its_way() {
    let mut values = vec![wire(3, br#"{"n":0}"#), wire(1, &avro())];
    values.extend((2..40).map(|n| wire(3, format!("{{\"n\":{n}}}").as_bytes())));
    let sim = sim(holding(values));
    let (told, stop) = (Told::default(), CancellationToken::new());
    let url = registry(&told, None, &stop).await;
    let observed = browsed(&sim, |config| {
        config.clusters[0].schema_registry = Some(settings(url));
    })
    .await;
    for query in ["from=earliest&", "from=latest&"] {
        let page = observed
            .api(&path(&format!(
                "{query}filter=value.n+>=+38+||+value.id+==+'o-1'"
            )))
            .await;
        let mut shown = places(&page);
        shown.sort();
        assert_eq!(shown, [at("0", 1), at("0", 38), at("0", 39)], "{query}");
    }
    assert_eq!(told.asked.load(Ordering::SeqCst), 2);
    stop.cancel();
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_down_is_said_beside_the_message() {
    let sim = sim(holding(vec![wire(1, b"x"), b"plain".to_vec()]));
    // Bound and let go again: nothing listens there.
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let observed = browsed(&sim, |config| {
        config.clusters[0].schema_registry = Some(settings(format!("http://{gone}")));
    })
    .await;
    let page = observed.api(&path("from=earliest")).await;
    let problem = items(&page)[0]["value"]["problem"].as_str().unwrap();
    assert!(
        problem.contains("no connection") && problem.contains(&gone.to_string()),
        "{problem}"
    );
    assert_eq!(items(&page)[1]["value"]["text"], "plain");
    assert!(!page.to_string().contains("hunter2"));
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_authority_is_trusted_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, others) = (
        Authority::new(folder.path(), "ours"),
        Authority::new(folder.path(), "others"),
    );
    let identity = ours.issue("registry");
    let (told, stop) = (Told::default(), CancellationToken::new());
    let files = Tls {
        cert: identity.cert,
        key: identity.key,
    };
    let url = registry(&told, Some(files), &stop).await;
    for (ca, format) in [(ours.ca(), "json_schema"), (others.ca(), "hex")] {
        let sim = sim(holding(vec![wire(3, b"{}")]));
        let observed = browsed(&sim, |config| {
            config.clusters[0].schema_registry = Some(SchemaRegistry {
                ca: Some(ca),
                ..settings(url.clone())
            });
        })
        .await;
        let page = observed.api(&path("")).await;
        let value = &items(&page)[0]["value"];
        assert_eq!(value["format"], format, "{value}");
        observed.end().await;
    }
    stop.cancel();
}
