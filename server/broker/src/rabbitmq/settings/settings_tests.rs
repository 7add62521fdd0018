use serde_json::json;
use waybill_model::problem::{Code, Problem};

use super::*;

fn read(settings: serde_json::Value) -> Result<RabbitSettings, Problem> {
    let serde_json::Value::Object(table) = settings else {
        panic!("a table")
    };
    RabbitSettings::read("shop", &table)
}

#[test]
fn one_address_or_a_list() {
    let settings = read(json!({
        "amqp": ["amqp://a", "amqps://[::1]"],
        "management": "https://mq.example:8443/behind/a/proxy",
        "user": "waybill", "password": "s3cret",
        "vhosts": ["/", "shop-*"],
    }))
    .unwrap();
    assert_eq!(settings.addresses(), ["a:5672", "[::1]:5671"]);
    assert_eq!(settings.management[0].url.path(), "/behind/a/proxy");
    assert!(settings.prometheus.is_empty());
    assert!(settings.vhosts.takes("/") && settings.vhosts.takes("shop-eu"));
    assert!(!settings.vhosts.takes("billing") && !settings.vhosts.takes("eshop-eu"));
    assert_eq!(settings.vhosts.named().collect::<Vec<_>>(), ["/"]);
    assert_eq!(settings.limits.answer_bytes, ANSWER_BYTES);
}

#[test]
fn credentials_of_an_address_are_taken_out_and_decoded() {
    let settings = read(json!({
        "amqp": "amqp://way%40bill:p%2Fw@mq:5673/%2f",
        "management": "http://other:else@mq:15672",
    }))
    .unwrap();
    let shared = settings.credentials.clone().unwrap();
    assert_eq!(
        (shared.user.as_str(), shared.password.as_str()),
        ("way@bill", "p/w")
    );
    assert_eq!(settings.management[0].url.as_str(), "http://mq:15672/");
    assert_eq!(
        settings.management[0].credentials.as_ref().unwrap().user,
        "other"
    );
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_one() {
    for (settings, place, hint) in [
        (
            json!({"managment": "x"}),
            "settings.managment",
            "management",
        ),
        (json!({"passwort": "x"}), "settings.passwort", "password"),
        (json!({"tls": {"certs": "x"}}), "settings.tls.certs", "cert"),
        (
            json!({"limits": {"answer_byte": 1}}),
            "settings.limits.answer_byte",
            "answer_bytes",
        ),
        (json!({"zzzzzzzzzzzzzzzz": 1}), "zzzz", "Known are"),
    ] {
        let problem = read(settings).unwrap_err();
        assert_eq!(problem.code, Code::ConfigInvalid);
        assert!(problem.message.contains("cluster \"shop\""), "{problem}");
        assert!(problem.message.contains(place), "{problem}");
        assert!(problem.hint.contains(hint), "{}", problem.hint);
    }
}

#[test]
fn wrong_values_are_named_by_key_and_never_repeated() {
    const SECRET: &str = "hunter2";
    for (settings, key) in [
        (json!({"amqp": 5}), "amqp"),
        (json!({"amqp": ["amqp://a", 5]}), "amqp"),
        (json!({"amqp": "hunter2"}), "amqp"),
        (json!({"amqp": "amqp://user:hunter2@:99"}), "amqp"),
        (json!({"management": "amqp://user:hunter2@a"}), "management"),
        (json!({"management": "http://u:hunter2@a/?q"}), "management"),
        (json!({"management": "http://u:%ff@a/"}), "management"),
        (json!({"management": "http://a"}), "user"),
        (json!({"user": "u"}), "password"),
        (json!({"password": SECRET}), "user"),
        (json!({"user": ["hunter2"], "password": SECRET}), "user"),
        (json!({"tls": "hunter2"}), "tls"),
        (json!({"tls": {"cert": "a.pem"}}), "tls.key"),
        (json!({"tls": {"key": "a.pem"}}), "tls.cert"),
        (
            json!({"limits": {"answer_bytes": "hunter2"}}),
            "answer_bytes",
        ),
        (json!({"limits": {"answer_bytes": 10}}), "answer_bytes"),
    ] {
        let problem = read(settings).unwrap_err();
        assert!(problem.message.contains(key), "{problem}");
        assert!(!format!("{problem:?}").contains(SECRET), "{problem:?}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let settings = read(json!({
        "amqp": "amqp://user:hunter2@mq",
        "management": "https://user:hunter2@mq",
        "user": "waybill", "password": "hunter2",
    }))
    .unwrap();
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn patterns_of_virtual_hosts() {
    for (pattern, text, fits) in [
        ("*", "", true),
        ("*", "x", true),
        ("a*b", "ab", true),
        ("a*b", "axxb", true),
        ("a*b", "axxbc", false),
        ("a*b*c", "a-b-b-c", true),
        ("ab*ba", "aba", false),
        ("", "", true),
        ("", "x", false),
        ("*ü*", "grün", true),
    ] {
        assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
    }
}
