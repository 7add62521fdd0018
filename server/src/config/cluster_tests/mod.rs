//! The settings of each broker's clusters, as the documentation writes them.

use super::*;
use crate::config::{Config, Overrides, load};

fn load_text(text: &str, environment: &[(&str, &str)]) -> Result<Config, Problem> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let environment = environment
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    load(Some(file.path()), &environment, &Overrides::default())
}

const DOCUMENTED: &str = r##"
    [[cluster]]
    name = "orders"
    broker = "kafka"
    [cluster.settings]
    bootstrap = ["127.0.0.1:9092", "b.example"]
    [[cluster]]
    name = "billing"
    broker = "rabbitmq"
    [cluster.settings]
    amqp = "amqp://127.0.0.1:5672/%2f"
    management = "http://127.0.0.1:15672"
    user = "waybill"
    password = { env = "BILLING_PASSWORD" }
    [[cluster]]
    name = "payments"
    broker = "rocketmq"
    [cluster.settings]
    namesrv = "127.0.0.1:9876;127.0.0.2:9876"
"##;

#[test]
fn addresses_are_read_by_the_adapter_of_each_broker() {
    let config = load_text(DOCUMENTED, &[("BILLING_PASSWORD", "hunter2")]).unwrap();
    let addresses: Vec<_> = config.clusters.iter().map(|c| &c.addresses[..]).collect();
    let expected: [&[&str]; 3] = [
        &["127.0.0.1:9092", "b.example:9092"],
        &["127.0.0.1:5672"],
        &["127.0.0.1:9876", "127.0.0.2:9876"],
    ];
    assert_eq!(addresses, expected);
    assert!(!format!("{config:?}").contains("hunter2"));
    let problem = load_text(DOCUMENTED, &[]).unwrap_err();
    assert!(
        problem
            .message
            .starts_with("cluster \"billing\", settings.password: the environment variable"),
        "{problem}"
    );
}

#[test]
fn wrong_settings_are_named_with_the_near_miss() {
    for (broker, settings, message, hint) in [
        (
            "kafka",
            "bootsrap = ['a:1']",
            "settings: `bootsrap` is not known here",
            "Did you mean `bootstrap`?",
        ),
        (
            "rabbitmq",
            "managment = 'http://a'",
            "settings.managment: there is no such setting",
            "Did you mean management?",
        ),
        (
            "rocketmq",
            "bootstrap = ['a:1']",
            "settings: `bootstrap` is not known here",
            "Known here: namesrv, controllers,",
        ),
        (
            "kafka",
            "bootstrap = 7",
            "settings: `bootstrap` wants addresses",
            "",
        ),
        (
            "kafka",
            "bootstrap = ['a:port']",
            "settings: `bootstrap` wants addresses",
            "",
        ),
        (
            "kafka",
            "bootstrap = ['a:1']\nsasl = { mechanism = 'PLAIN', usr = 'x' }",
            "settings.sasl: `usr` is not known here",
            "Did you mean `user`?",
        ),
        (
            "kafak",
            "",
            "broker: `kafak` is not known here",
            "Did you mean `kafka`?",
        ),
    ] {
        let text =
            format!("[[cluster]]\nname = 'a'\nbroker = '{broker}'\n[cluster.settings]\n{settings}");
        let problem = load_text(&text, &[]).expect_err(&text);
        assert_eq!(problem.code, Code::ConfigInvalid, "{text}");
        let message = format!("cluster \"a\", {message}");
        assert!(problem.message.starts_with(&message), "{problem}");
        assert!(problem.hint.contains(hint), "{text}: {}", problem.hint);
    }
    let foreign = "[[cluster]]\nname = 'a'\nbroker = 'other'\nmanaged = false";
    let config = load_text(foreign, &[]).unwrap();
    assert!(config.clusters[0].addresses.is_empty());
}

#[test]
fn a_schema_registry_is_read_with_its_secret() {
    let text = |registry: &str| {
        format!(
            "[[cluster]]\nname = 'a'\nbroker = 'kafka'\nschema_registry = {{ {registry} }}\n\
             [cluster.settings]\nbootstrap = ['a:1']"
        )
    };
    let whole = text("url = 'http://r:8081', user = 'u', password = { env = 'PW' }");
    let config = load_text(&whole, &[("PW", "hunter2")]).unwrap();
    let registry = config.clusters[0].schema_registry.clone().unwrap();
    assert_eq!(registry.url, "http://r:8081");
    assert_eq!(registry.user.unwrap().1.expose(), "hunter2");
    assert!(!format!("{config:?}").contains("hunter2"));
    for (registry, message) in [
        ("urll = 'http://r'", "urll"),
        ("url = 'ftp://r'", "schema_registry.url: not like"),
        (
            "url = 'http://u:hunter2@r'",
            "schema_registry.url: not like",
        ),
        (
            "url = 'http://r', user = 'u'",
            "schema_registry.password: is wanted",
        ),
        (
            "url = 'http://r', password = 'p'",
            "schema_registry.user: is wanted",
        ),
        (
            "url = 'http://r', ca = '/nowhere.pem'",
            "schema_registry.ca: has no use",
        ),
        (
            "url = 'https://r', ca = '/nowhere.pem'",
            "schema_registry.ca: /nowhere.pem",
        ),
    ] {
        let problem = load_text(&text(registry), &[]).expect_err(registry);
        assert!(problem.message.contains(message), "{problem}");
        assert!(!problem.message.contains("hunter2"), "{problem}");
    }
    let problem = load_text(&text("urll = 'http://r'"), &[]).unwrap_err();
    assert!(problem.hint.contains("url"), "{}", problem.hint);
}
