use serde_json::json;
use waybill_model::problem::Code;

use super::*;

fn read(value: Value) -> Result<KafkaSettings, Problem> {
    let Value::Object(settings) = value else {
        panic!("a table")
    };
    KafkaSettings::read("prod", &settings)
}

fn refused(value: Value) -> (String, String) {
    let problem = read(value).expect_err("wrong settings");
    assert_eq!(problem.code, Code::ConfigInvalid);
    (problem.message, problem.hint)
}

#[test]
fn the_least_is_an_address() {
    let settings = read(json!({"bootstrap": ["one:9092"]})).unwrap();
    assert_eq!(settings.bootstrap, ["one:9092"]);
    assert_eq!(settings.client_id, "waybill");
    assert_eq!(settings.limits, Limits::default());
    assert!(settings.tls.is_none() && settings.sasl.is_none());
    let settings = read(json!({"bootstrap": "one:9092, [::1]:9093", "tls": true})).unwrap();
    assert_eq!(settings.bootstrap, ["one:9092", "[::1]:9093"]);
    assert_eq!(settings.tls, Some(TlsSettings::default()));
}

#[test]
fn unknown_keys_are_refused_with_the_near_miss() {
    for (value, word, meant) in [
        (
            json!({"bootstrap": "a:1", "bootstraps": 1}),
            "`bootstraps`",
            "`bootstrap`",
        ),
        (
            json!({"bootstrap": "a:1", "tls": {"cacert": "x"}}),
            "settings.tls: `cacert`",
            "`cert`",
        ),
        (
            json!({"bootstrap": "a:1", "sasl": {"pasword": "x"}}),
            "`pasword`",
            "`password`",
        ),
        (
            json!({"bootstrap": "a:1", "limits": {"answer_byte": 1}}),
            "`answer_byte`",
            "`answer_bytes`",
        ),
    ] {
        let (message, hint) = refused(value);
        assert!(message.contains(word), "{message}");
        assert!(message.contains("\"prod\""), "{message}");
        assert!(hint.contains(meant), "{hint}");
    }
    let (_, hint) = refused(json!({"bootstrap": "a:1", "zzzzzzzzzzzzzzzzz": 1}));
    assert!(hint.contains("client_id"), "{hint}");
}

#[test]
fn values_that_cannot_be_read_are_named() {
    let with = |key: &str, value: Value| json!({"bootstrap": "a:1", key: value});
    for (value, word) in [
        (json!({}), "bootstrap"),
        (json!({"bootstrap": []}), "bootstrap"),
        (json!({"bootstrap": ["a:port"]}), "bootstrap"),
        (json!({"bootstrap": ["a:0"]}), "bootstrap"),
        (json!({"bootstrap": [1]}), "bootstrap"),
        (with("client_id", json!(3)), "client_id"),
        (with("tls", json!("yes")), "tls"),
        (with("tls", json!({"cert": "/dev/null"})), "`key`"),
        (with("tls", json!({"key": "/dev/null"})), "`cert`"),
        (
            with("tls", json!({"ca": "/nowhere/ca.pem"})),
            "/nowhere/ca.pem",
        ),
        (with("sasl", json!({"user": "u"})), "mechanism"),
        (
            with("sasl", json!({"mechanism": "GSSAPI"})),
            "SCRAM-SHA-512",
        ),
        (
            with("sasl", json!({"mechanism": "PLAIN", "user": "u"})),
            "password",
        ),
        (with("sasl", json!({"mechanism": "OAUTHBEARER"})), "token"),
        (
            with(
                "sasl",
                json!({"mechanism": "OAUTHBEARER", "token": "t", "user": "u"}),
            ),
            "`user`",
        ),
        (
            with(
                "sasl",
                json!({"mechanism": "PLAIN", "user": "u", "password": "p", "token": "t"}),
            ),
            "`token`",
        ),
        (with("limits", json!({"request_ms": 1})), "request_ms"),
        (
            with("limits", json!({"answer_bytes": "big"})),
            "answer_bytes",
        ),
    ] {
        let (message, _) = refused(value.clone());
        assert!(message.contains(word), "{value}: {message}");
    }
}

#[test]
fn mechanisms_keep_their_names() {
    for (mechanism, extra) in [
        ("PLAIN", json!({"user": "u", "password": "p"})),
        ("SCRAM-SHA-256", json!({"user": "u", "password": "p"})),
        ("SCRAM-SHA-512", json!({"user": "u", "password": "p"})),
        ("OAUTHBEARER", json!({"token": "t"})),
    ] {
        let mut sasl = extra;
        sasl["mechanism"] = json!(mechanism);
        let settings = read(json!({"bootstrap": "a:1", "sasl": sasl})).unwrap();
        assert_eq!(settings.sasl.unwrap().mechanism(), mechanism);
    }
}

#[test]
fn secrets_are_never_shown() {
    let sasl = json!({"mechanism": "SCRAM-SHA-512", "user": "alice", "password": "opensesame"});
    let shown = format!(
        "{:?}",
        read(json!({"bootstrap": "a:1", "sasl": sasl})).unwrap()
    );
    assert!(
        shown.contains("alice") && !shown.contains("opensesame"),
        "{shown}"
    );
    let sasl = json!({"mechanism": "OAUTHBEARER", "token": "opensesame"});
    let shown = format!(
        "{:?}",
        read(json!({"bootstrap": "a:1", "sasl": sasl})).unwrap()
    );
    assert!(!shown.contains("opensesame"), "{shown}");
    // Not even when it stands where it does not belong.
    let (message, hint) = refused(json!({"bootstrap": "a:1", "sasl": "opensesame"}));
    assert!(!format!("{message}{hint}").contains("opensesame"));
}
