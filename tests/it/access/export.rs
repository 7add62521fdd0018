//! Exports: who gets which rows, and what the audit keeps of them.

use std::time::Duration;

use axum::extract::{RawQuery, State};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use waybill_model::access::{Action, Caller, Grant, Role};
use waybill_model::query::JourneyQuery;
use waybill_server::api::export::export_journeys;
use waybill_server::api::found;
use waybill_server::auth::gate::User;

use super::console::Console;

/// No role is given narrower today, so that list and file are asked as their routes ask them.
#[tokio::test]
async fn a_file_is_narrowed_by_grants_as_the_list_is() {
    let console = Console::start().await;
    for (action, resource, rows) in [
        (Action::TraceRead, "*", 1),
        (Action::TraceRead, "<script>*", 1),
        (Action::TraceRead, "orders", 0),
        (Action::StatusRead, "*", 0),
    ] {
        let caller = Caller {
            user_id: 1,
            name: "vera".into(),
            role: Role::Viewer,
            grants: vec![Grant {
                action,
                cluster: "*".into(),
                resource: resource.into(),
                expires_at: None,
            }],
            token: None,
        };
        let list = found::journeys(
            &console.state,
            &caller,
            JourneyQuery::default(),
            Duration::ZERO,
        );
        assert_eq!(list.await.unwrap().items.len(), rows, "{resource}");
        let file = export_journeys(
            State(console.state.clone()),
            User(caller),
            RawQuery(Some("format=json".into())),
        );
        let Ok(file) = file.await else {
            panic!("{resource}: no file");
        };
        let body = axum::body::to_bytes(file.into_body(), usize::MAX).await;
        let told: Value = serde_json::from_slice(&body.unwrap()).unwrap();
        assert_eq!(told["items"].as_array().unwrap().len(), rows, "{told}");
    }
}

#[tokio::test]
async fn a_file_is_told_to_the_audit_by_the_names_of_its_words() {
    let console = Console::start().await;
    let token = console.user_token("ann", "viewer").await;
    for query in [
        "format=csv&key=4111-1111&state=dead_lettered&limit=1",
        "format=json&destination=orders&text=secret",
        "format=json",
        "format=xml",
    ] {
        let path = format!("/journeys/export?{query}");
        let (status, _) = console.api(&token, Method::GET, &path, Value::Null).await;
        let expected = match query {
            "format=xml" => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        };
        assert_eq!(status, expected, "{query}");
    }
    let path = "/audit?action=journey.export";
    let (_, audit) = console
        .api(&console.cookie, Method::GET, path, Value::Null)
        .await;
    let lines: Vec<[&Value; 3]> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|line| [&line["actor"], &line["object"], &line["detail"]])
        .collect();
    let expected = [
        ("*", "csv, at most 1 rows, by key, state"),
        ("*", "outcome: done, 1 rows, whole"),
        ("orders", "json, at most 10000 rows, by destination, text"),
        ("orders", "outcome: done, 1 rows, whole"),
        ("*", "json, at most 10000 rows"),
        ("*", "outcome: done, 1 rows, whole"),
    ];
    let expected =
        expected.map(|(object, detail)| [json!("ann (token ann)"), json!(object), json!(detail)]);
    let expected: Vec<[&Value; 3]> = expected.iter().map(|line| line.each_ref()).collect();
    assert_eq!(lines, expected);
}
