use serde_json::json;
use waybill_model::problem::Code;

use super::*;

fn read(settings: Value) -> Result<RocketSettings, Problem> {
    let Value::Object(settings) = settings else {
        panic!("a table")
    };
    RocketSettings::read("payments", &settings)
}

#[test]
fn a_name_server_is_enough() {
    let settings = read(json!({"namesrv": ["ns.example"]})).unwrap();
    assert_eq!(settings.namesrv, ["ns.example:9876"]);
    assert_eq!(settings.trace_topic, "RMQ_SYS_TRACE_TOPIC");
    assert_eq!((settings.account, settings.tls), (None, None));
    assert!(settings.controllers.is_empty() && settings.proxies.is_empty());
    assert_eq!(settings.limits, Limits::default());
}

#[test]
fn everything_can_be_said() {
    let settings = read(json!({
        "namesrv": "one:1;two:2",
        "controllers": ["c.example"],
        "proxies": ["p.example", "[::1]:18080"],
        "access_key": "waybill",
        "secret_key": "reader-123",
        "tls": true,
        "trace_topic": "traces",
        "limits": {"request_ms": 2000, "connect_ms": 1000, "answer_bytes": 1048576},
    }))
    .unwrap();
    assert_eq!(settings.namesrv, ["one:1", "two:2"]);
    assert_eq!(settings.controllers, ["c.example:9878"]);
    assert_eq!(settings.proxies, ["p.example:8080", "[::1]:18080"]);
    assert_eq!(settings.tls, Some(TlsSettings::default()));
    assert_eq!(settings.trace_topic, "traces");
    assert_eq!(settings.limits.request, Duration::from_secs(2));
    assert_eq!(settings.limits.answer_bytes, 1 << 20);
    let account = settings.account.unwrap();
    assert_eq!(account.access_key, "waybill");
    assert_eq!(account.secret_key.reveal(), "reader-123");
    assert!(!format!("{account:?}").contains("reader-123"));
}

#[test]
fn what_is_wrong_is_named_and_no_value_is_told() {
    for (settings, expected) in [
        (
            json!({"namesrv": ["a"], "accesskey": "x"}),
            "`accesskey` is not known here",
        ),
        (
            json!({"namesrv": ["a"], "access_key": "topsecret"}),
            "`secret_key` wants",
        ),
        (
            json!({"namesrv": ["a"], "secret_key": "topsecret"}),
            "`access_key` wants",
        ),
        (json!({"namesrv": []}), "`namesrv` wants"),
        (json!({}), "`namesrv` wants"),
        (json!({"namesrv": ["topsecret:port"]}), "`namesrv` wants"),
        (json!({"namesrv": ["a"], "proxies": 7}), "`proxies` wants"),
        (
            json!({"namesrv": ["a"], "tls": {"ca": "/no/such/file"}}),
            "`ca`",
        ),
        (
            json!({"namesrv": ["a"], "limits": {"request_ms": 0}}),
            "`request_ms` wants",
        ),
    ] {
        let problem = read(settings.clone()).unwrap_err();
        assert_eq!(problem.code, Code::ConfigInvalid, "{settings}");
        assert!(problem.message.contains(expected), "{problem}");
        assert!(!problem.to_string().contains("topsecret"), "{problem}");
    }
    let near = read(json!({"namesrv": ["a"], "accesskey": "x"})).unwrap_err();
    assert_eq!(near.hint, "Did you mean `access_key`?");
}
