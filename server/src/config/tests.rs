use super::*;
use waybill_model::problem::{Code, Problem};

fn from_text(text: &str) -> Result<Config, Problem> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    load(
        Some(file.path()),
        &Environment::new(),
        &Overrides::default(),
    )
    .map_err(|mut problem| {
        let path = file.path().display().to_string();
        problem.message = problem.message.replace(&path, "FILE");
        problem
    })
}

fn from_env(pairs: &[(&str, &str)]) -> Result<Config, Problem> {
    let environment = pairs
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    load(None, &environment, &Overrides::default())
}

#[test]
fn nothing_given_is_loopback_and_private() {
    let config = from_env(&[]).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.public_url, "http://127.0.0.1:8080");
    assert_eq!(config.ingest.otlp_grpc.to_string(), "127.0.0.1:4317");
    assert_eq!(config.ingest.otlp_http.to_string(), "127.0.0.1:4318");
    assert!(!config.ingest.require_token);
    assert!(config.database.url.is_none());
    assert_eq!(config.retention.spans, Duration::from_secs(7 * 86_400));
    assert_eq!(config.roles, ProcessRole::ALL);
    assert!(config.data_dir.is_absolute());
}

#[test]
fn the_documented_example_is_understood() {
    let broker = waybill_broker::registry::adapters()[0].name;
    let config = from_text(
        &r##"
        data_dir = "waybill-data"
        [server]
        listen = "127.0.0.1:8081"
        public_url = "https://waybill.example.com/"
        [ingest]
        require_token = true
        max_request_bytes = "8MiB"
        [retention]
        spans = "3d"
        max_disk = "20GB"
        [search]
        attributes = ["order.id"]
        [[owner]]
        match = { destination = "billing.*" }
        team = "billing"
        runbook = "https://example.com/runbook"
        [[cluster]]
        name = "orders"
        broker = "BROKER"
        colour = "#b5179e"
        poll_interval = "2s"
        actions = "replay"
        [cluster.settings]
        bootstrap = ["127.0.0.1:9092"]
        "##
        .replace("BROKER", broker),
    )
    .unwrap();
    assert_eq!(config.server.public_url, "https://waybill.example.com");
    assert!(config.server.is_https());
    assert_eq!(config.ingest.max_request_bytes, 8 << 20);
    assert_eq!(config.owners[0].team, "billing");
    let cluster = &config.clusters[0];
    assert_eq!(cluster.actions, ActionLevel::Replay);
    assert!(cluster.managed);
    assert!(cluster.settings["bootstrap"].is_array());
}

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        file.path(),
        "data_dir = '/from/file'\nserver.listen = '127.0.0.1:1'",
    )
    .unwrap();
    let environment = Environment::from([
        ("WAYBILL_SERVER_LISTEN".into(), "127.0.0.1:2".into()),
        ("WAYBILL_INGEST_REQUIRE_TOKEN".into(), "true".into()),
        ("WAYBILL_SEARCH_ATTRIBUTES".into(), "a, b".into()),
    ]);
    let load_with =
        |overrides: &Overrides| load(Some(file.path()), &environment, overrides).unwrap();

    let config = load_with(&Overrides::default());
    assert_eq!(config.data_dir, PathBuf::from("/from/file"));
    assert_eq!(config.server.listen.port(), 2);
    assert!(config.ingest.require_token);
    assert_eq!(config.search.attributes, ["a", "b"]);

    let config = load_with(&Overrides {
        listen: Some("127.0.0.1:3".into()),
        data_dir: Some("/from/flag".into()),
        roles: vec![ProcessRole::Web],
    });
    assert_eq!(config.data_dir, PathBuf::from("/from/flag"));
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!(config.roles, [ProcessRole::Web]);
}

#[test]
fn every_variable_reaches_its_key() {
    for key in key::KEYS {
        let value = match (key.path, key.kind) {
            (path, _) if path.contains(".tls.") => continue,
            ("server.trusted_proxies", _) => "10.0.0.0/8",
            ("server.public_url", _) => "https://a.example",
            ("ingest.max_request_bytes" | "ingest.queue_bytes" | "retention.max_disk", _) => "1GB",
            ("telemetry.log_format", _) => "json",
            (path, _) if path.starts_with("retention.") => "9d",
            (_, key::Kind::Bool) => "true",
            (_, key::Kind::Integer) => "5",
            _ => "127.0.0.1:9",
        };
        from_env(&[(&key.variable(), value)])
            .unwrap_or_else(|problem| panic!("{}: {problem}", key.path));
    }
    let tls = from_env(&[
        ("WAYBILL_SERVER_TLS_CERT", "c.pem"),
        ("WAYBILL_SERVER_TLS_KEY", "k.pem"),
    ]);
    assert_eq!(tls.unwrap().server.public_url, "https://127.0.0.1:8080");
    let tls = from_env(&[
        ("WAYBILL_INGEST_TLS_CERT", "c.pem"),
        ("WAYBILL_INGEST_TLS_KEY", "k.pem"),
    ]);
    assert_eq!(
        tls.unwrap().ingest.tls.unwrap().cert,
        PathBuf::from("c.pem")
    );
}

#[test]
fn wrong_words_are_refused_by_name_and_line() {
    for (text, message, hint) in [
        (
            "\n[server]\nlisen = 'x'",
            "FILE:3: `lisen` is not known here",
            "Did you mean `listen`?",
        ),
        (
            "[serve]\nlisten = 'x'",
            "FILE:1: `serve` is not known here",
            "Did you mean `server`?",
        ),
        (
            "[server]\nlisten = 8080",
            "FILE:2: invalid type: integer `8080`",
            "",
        ),
        (
            "[retention]\nspans = 'soon'",
            "FILE:2: \"soon\" is no span of time",
            "",
        ),
        (
            "[retention]\nspans = '1h'",
            "retention.spans: at least 1d",
            "",
        ),
        ("[server", "FILE:1: ", ""),
        (
            "[server]\nlisten = 'here'",
            "server.listen: \"here\" is not like",
            "",
        ),
        (
            "[server]\npublic_url = 'ftp://x'",
            "server.public_url: ",
            "",
        ),
        (
            "[[cluster]]\nname = 'a'",
            "FILE:1: missing field `broker`",
            "",
        ),
        (
            "[[cluster]]\nname = 'a'\nbroker = 'b'\nactions = 'on'",
            "FILE:4: `on` is not known here",
            "Did you mean `off`?",
        ),
        (
            "[[cluster]]\nname='a'\nbroker='b'\nmanaged=false\n[[cluster]]\nname='a'\nbroker='c'",
            "cluster \"a\", name: stands twice",
            "",
        ),
        (
            "[[cluster]]\nname='a'\nbroker='b'\ncolour='red'",
            "cluster \"a\", colour",
            "",
        ),
        (
            "[[owner]]\nmatch = { destination = '*' }\nteam = 'a'\nrunbook = 'javascript:x'",
            "owner.runbook: ",
            "",
        ),
        (
            "[database]\nurl = { env = 'NOT_SET' }",
            "database.url: the environment variable NOT_SET",
            "",
        ),
        (
            "[database]\nurl = { evn = 'X' }",
            "FILE:2: `evn` is not known here",
            "Did you mean `env`?",
        ),
        (
            "ingest.otlp_http = '127.0.0.1:4317'",
            "ingest.otlp_grpc: 127.0.0.1:4317 is also",
            "",
        ),
    ] {
        let problem = from_text(text).expect_err(text);
        assert_eq!(problem.code, Code::ConfigInvalid, "{text}");
        assert!(
            problem.message.starts_with(message),
            "{text}: {}",
            problem.message
        );
        assert!(problem.hint.contains(hint), "{text}: {}", problem.hint);
    }
    let problem = from_env(&[("WAYBILL_SERVER_LISEN", "x")]).unwrap_err();
    assert_eq!(problem.hint, "Did you mean WAYBILL_SERVER_LISTEN?");
    assert!(from_env(&[("WAYBILL_INGEST_REQUIRE_TOKEN", "maybe")]).is_err());
    // Of other programs, or set by a container platform.
    for variable in [
        "WAYBILL_TOKEN",
        "WAYBILL_SERVER_PORT_80_TCP",
        "WAYBILL_SERVER_SERVICE_HOST",
    ] {
        from_env(&[(variable, "x")]).unwrap();
    }
}

#[test]
fn a_listener_off_loopback_wants_encryption_and_tokens() {
    let problem = from_env(&[("WAYBILL_INGEST_OTLP_GRPC", "0.0.0.0:4317")]).unwrap_err();
    assert!(
        problem
            .message
            .starts_with("ingest.otlp_grpc = 0.0.0.0:4317")
    );
    let encrypted = [
        ("WAYBILL_SERVER_LISTEN", "0.0.0.0:8443"),
        ("WAYBILL_SERVER_TLS_CERT", "c.pem"),
        ("WAYBILL_SERVER_TLS_KEY", "k.pem"),
    ];
    assert!(from_env(&encrypted).unwrap().ingest.require_token);
    // The console's certificate does not cover the receivers, nor theirs the console.
    let own = [
        ("WAYBILL_INGEST_OTLP_GRPC", "0.0.0.0:4317"),
        ("WAYBILL_INGEST_TLS_CERT", "c.pem"),
        ("WAYBILL_INGEST_TLS_KEY", "k.pem"),
    ];
    assert!(from_env(&own).unwrap().ingest.require_token);
    let consoles = [own[0], encrypted[1], encrypted[2]];
    let problem = from_env(&consoles).unwrap_err();
    assert!(problem.hint.contains("ingest.tls"), "{problem}");
    let receivers = [encrypted[0], own[1], own[2]];
    assert!(from_env(&receivers).is_err());
    let without_token = [
        own[0],
        own[1],
        own[2],
        ("WAYBILL_INGEST_REQUIRE_TOKEN", "false"),
    ];
    assert!(from_env(&without_token).is_err());
    let behind_proxy = [
        ("WAYBILL_INGEST_OTLP_GRPC", "0.0.0.0:4317"),
        ("WAYBILL_SERVER_TRUSTED_PROXIES", "10.0.0.0/8"),
    ];
    assert!(from_env(&behind_proxy).unwrap().ingest.require_token);
}

#[test]
fn secrets_are_read_where_they_stand() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "postgres://from-file\n").unwrap();
    let text = format!("[database]\nurl = {{ file = '{}' }}", file.path().display());
    let config = from_text(&text).unwrap();
    assert_eq!(
        config.database.url.as_ref().unwrap().expose(),
        "postgres://from-file"
    );
    assert!(!format!("{config:?}").contains("from-file"));
}
