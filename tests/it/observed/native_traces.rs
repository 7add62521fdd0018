//! Messages that only the trace of a broker's own clients tells of.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;
use waybill_broker::Dialects;
use waybill_broker::sim::{SimShelf, stored};
use waybill_broker::traces;
use waybill_model::id::{SpanId, TraceId};
use waybill_model::span::{
    Attribute, Resource, Scope, Span, SpanKind, Status, StatusCode, Value as Told,
};
use waybill_model::time::Timestamp;
use waybill_server::clock;
use waybill_server::detect::HeadAttempts;
use waybill_server::journey::{Clusters, KnownCluster, Owners, SearchAttributes};
use waybill_server::payload::Decoder;
use waybill_server::poll::evidence::{TellsHeads, Wonder};
use waybill_server::query::Query;
use waybill_server::query::browse::{Shelved, Shelves};
use waybill_tests::simulated::start_on;
use waybill_tests::wait;

use super::*;

const EVERY: Duration = Duration::from_millis(200);

fn id_of(message: u64) -> String {
    format!("7F000001{message:024X}")
}

fn told(
    message: u64,
    part: u8,
    (kind, operation): (SpanKind, &str),
    at: Timestamp,
    extra: &[(&str, &str)],
) -> Span {
    let mut trace = [0; 16];
    trace[8..].copy_from_slice(&(message + 1).to_be_bytes());
    let mut pairs = vec![
        ("messaging.system", SYSTEM),
        ("messaging.operation.type", operation),
    ];
    let id = id_of(message);
    pairs.push(("messaging.message.id", &id));
    pairs.extend(extra);
    let attributes = |pairs: &[(&str, &str)]| {
        let attribute = |(key, value): &(&str, &str)| Attribute {
            key: (*key).to_owned(),
            value: Told::String((*value).to_owned()),
        };
        pairs.iter().map(attribute).collect::<Vec<_>>()
    };
    Span {
        trace_id: TraceId::new(trace).unwrap(),
        span_id: SpanId::new([part; 8]).unwrap(),
        parent_id: None,
        name: operation.to_owned(),
        kind,
        started_at: at,
        ended_at: at.plus_ms(5),
        status: Status::default(),
        attributes: attributes(&pairs),
        events: Vec::new(),
        links: Vec::new(),
        trace_state: String::new(),
        flags: 0,
        dropped: Default::default(),
        resource: Arc::new(Resource {
            attributes: attributes(&[("service.name", "points")]),
            ..Resource::default()
        }),
        scope: Arc::new(Scope {
            name: traces::SCOPE.into(),
            ..Scope::default()
        }),
    }
}

/// Sent, tried in vain, tried again.
fn written(message: u64, at: Timestamp) -> Vec<Span> {
    let group = ("messaging.consumer.group.name", "points");
    let mut failed = told(
        message,
        2,
        (SpanKind::Consumer, "process"),
        at.plus_ms(20),
        &[group, ("error.type", "RECONSUME_LATER")],
    );
    failed.status.code = StatusCode::Error;
    let mut done = told(
        message,
        3,
        (SpanKind::Consumer, "process"),
        at.plus_ms(1_020),
        &[group],
    );
    done.status.code = StatusCode::Ok;
    let sent = told(
        message,
        1,
        (SpanKind::Producer, "send"),
        at,
        &[("messaging.destination.name", "payments")],
    );
    vec![sent, failed, done]
}

fn attempts(journey: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = journey["deliveries"].as_array().unwrap().iter();
    let all = all.flat_map(|delivery| delivery["attempts"].as_array().unwrap());
    all.map(|attempt| {
        (
            text(&attempt["service"]),
            text(&attempt["outcome"]),
            text(&attempt["joined_by"]),
        )
    })
    .collect()
}

async fn journeys_of(observed: &Observed, message: u64) -> Vec<Value> {
    let path = format!("/journeys?message_id={}", id_of(message));
    items(&observed.api(&path).await).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_becomes_one_span_also_over_a_restart() {
    let sim = orders(0);
    let began = clock::now().plus_ms(-60_000);
    let first: Vec<Span> = (0..40)
        .flat_map(|n| written(n, began.plus_ms(n as i64)))
        .collect();
    // Of the day before yesterday: the first reading begins an hour back.
    let mut all = written(900, began.plus_ms(-48 * 3_600_000));
    all.extend(first);
    // Whoever finds nothing at first reads an hour back all the same, when it is there.
    sim.change(|script| {
        script.native_traces = Some(all);
        script.native_traces_away = true;
    });
    let observed = start(&[("east", &sim, EVERY)]).await;
    observed
        .until("a reading of nothing", "/status", |_| {
            (sim.asked().native_traces > 1).then_some(())
        })
        .await;
    sim.change(|script| script.native_traces_away = false);
    let list = wait::until("a journey", || async {
        let list = journeys_of(&observed, 39).await;
        (!list.is_empty()).then_some(list)
    })
    .await;
    assert_eq!(list.len(), 1);
    let path = format!("/journeys/{}", list[0]["id"].as_str().unwrap());
    let journey = observed.api(&path).await;
    let by_trace = |outcome: &str| {
        let text = |text: &str| text.to_owned();
        (text("points"), text(outcome), text("native_trace"))
    };
    assert_eq!(attempts(&journey), [by_trace("failed"), by_trace("ok")]);
    assert_eq!(journey["state"], "delivered");
    assert_eq!(journey["message"]["destination"], "payments");
    assert!(journeys_of(&observed, 900).await.is_empty());

    // A new process goes on where the last one was; nothing is told twice, nothing left out.
    let database = observed.stop().await;
    let more: Vec<Span> = (40..60)
        .flat_map(|n| written(n, began.plus_ms(n as i64)))
        .collect();
    sim.change(|script| script.native_traces.as_mut().unwrap().extend(more));
    let observed = start_on(database, &[("east", &sim, EVERY)]).await;
    for message in [0, 39, 40, 59] {
        let list = wait::until("a journey", || async {
            let list = journeys_of(&observed, message).await;
            (!list.is_empty()).then_some(list)
        })
        .await;
        let path = format!("/journeys/{}", list[0]["id"].as_str().unwrap());
        let journey = observed.api(&path).await;
        assert_eq!((list.len(), attempts(&journey).len()), (1, 2), "{message}");
    }
    let status = observed.api("/status").await;
    assert_eq!(status["store"]["spans"], json!(3 * 60), "{status}");

    // A cluster that refuses says so, and is followed again when it is back.
    sim.go_down();
    let component = |status: &Value, state: &str| {
        let all = status["components"].as_array().unwrap();
        let is_it = |one: &&Value| one["name"] == "native trace east" && one["state"] == state;
        all.iter().find(is_it).map(drop)
    };
    observed
        .until("the refusal", "/status", |s| component(s, "degraded"))
        .await;
    sim.come_back();
    observed
        .until("its end", "/status", |s| component(s, "ok"))
        .await;
    observed.end().await;
}

/// Spans of some clients tell no position: what their client calls the stored message leads to them.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_group_stands_before_is_known_by_its_id_too() {
    let mut script = Script::of_topics(&[("payments", 1)], "points");
    let mut shelf = SimShelf::new(None, "payments").with_partitions(1);
    let began = clock::now().plus_ms(-60_000);
    let mut spans = Vec::new();
    for n in 0..5 {
        let mut message = stored(began.unix_millis(), None, "{}");
        message.properties.push(("message_id", id_of(n)));
        shelf.put("0", message);
        // The last was only sent.
        let tried = if n == 4 { 1 } else { 3 };
        spans.extend(written(n, began.plus_ms(n as i64)).into_iter().take(tried));
    }
    script.shelves.push(shelf);
    script.native_traces = Some(spans);
    let sim = Sim::new(script);
    let observed = start(&[("east", &sim, EVERY)]).await;
    wait::until("the last record", || async {
        let list = journeys_of(&observed, 4).await;
        (!list.is_empty()).then_some(())
    })
    .await;
    let east = Shelved {
        cluster: Arc::new(sim.clone()),
        decoder: Decoder::new(None),
    };
    let known = KnownCluster {
        name: "east".into(),
        system: SYSTEM.into(),
        is_managed: true,
        ..KnownCluster::default()
    };
    let query = Query::new(
        observed.database.store().clone(),
        Dialects::builtin(),
        Arc::new(SearchAttributes::new(Vec::<String>::new())),
        Clusters(vec![known]),
        Owners(Vec::new()),
    )
    .with_shelves(Shelves::new(HashMap::from([("east".to_owned(), east)])));
    let head = async |group: &str, offset: i64| {
        let wonder = Wonder {
            cluster: "east".into(),
            system: SYSTEM.into(),
            group: group.into(),
            destination: "payments".into(),
            partition: "0".into(),
            place: 0,
            offset,
            lag: 1,
            stands: true,
        };
        query.head(&wonder).await.attempts
    };
    for (group, offset, expected) in [
        ("points", 3, HeadAttempts::Failed),
        // It tried the three before it.
        ("points", 4, HeadAttempts::Untouched),
        ("others", 3, HeadAttempts::Unknown),
    ] {
        assert_eq!(head(group, offset).await, expected, "{group} {offset}");
    }
    // Marks follow the last message, and then retention drops everything.
    let end = |script: &mut Script, low: i64| {
        let shelf = &mut script.shelves[0];
        shelf.partitions.get_mut("0").unwrap().end = 7;
        shelf.drop_before("0", low);
    };
    sim.change(|script| end(script, 0));
    assert_eq!(head("points", 5).await, HeadAttempts::NoMessage);
    sim.change(|script| end(script, 7));
    assert_eq!(head("points", 5).await, HeadAttempts::Unknown);
    observed.end().await;
}
