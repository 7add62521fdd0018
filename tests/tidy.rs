//! The walls and caps of ARCHITECTURE.md, checked against the tree.

#![expect(clippy::unwrap_used, reason = "a failure ends the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const HARD_CAP_LINES: usize = 500;
const MEDIAN_CAP_LINES: usize = 250;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// Every tracked-looking file below `folder` with this extension, as (path from the root, text).
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if path.is_dir() {
                let skipped =
                    name.starts_with('.') || ["target", "fixtures", "pkg"].contains(&&*name);
                if !skipped {
                    walk(&path, found);
                }
            } else {
                found.push(path);
            }
        }
    }
    let root = root();
    let mut found = Vec::new();
    walk(&root.join(folder), &mut found);
    found.sort();
    found
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (
                path.strip_prefix(&root)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned(),
                text,
            )
        })
        .collect()
}

/// What stands before the in-file tests, with line comments removed.
fn code(text: &str) -> String {
    text.split("#[cfg(test)]")
        .next()
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn dependencies(manifest: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join(manifest)).unwrap();
    let parsed: toml::Table = text.parse().unwrap();
    let Some(toml::Value::Table(table)) = parsed.get("dependencies") else {
        return BTreeSet::new();
    };
    table.keys().cloned().collect()
}

#[test]
fn cargo_holds_the_walls_between_crates() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("server/model/Cargo.toml", &[] as &[&str]),
        ("server/broker/Cargo.toml", &["waybill-model"]),
        ("server/store/Cargo.toml", &["waybill-model"]),
        ("web/Cargo.toml", &["waybill-model"]),
        (
            "server/Cargo.toml",
            &[
                "waybill-model",
                "waybill-broker",
                "waybill-store",
                "waybill-web",
            ],
        ),
        ("demo/Cargo.toml", &[]),
        ("xtask/Cargo.toml", &[]),
    ]);
    for (manifest, allowed) in allowed {
        for dependency in dependencies(manifest) {
            if dependency.starts_with("waybill-") {
                assert!(
                    allowed.contains(&dependency.as_str()),
                    "{manifest} may not see {dependency}"
                );
            }
        }
    }
    let model = dependencies("server/model/Cargo.toml");
    for banned in ["tokio", "axum", "leptos", "sqlx", "reqwest", "tracing"] {
        assert!(!model.contains(banned), "the model may not see {banned}");
    }
    for (manifest, banned) in [
        ("server/broker/Cargo.toml", ["sqlx", "axum", "leptos"]),
        ("server/store/Cargo.toml", ["axum", "leptos", "tonic"]),
        ("web/Cargo.toml", ["sqlx", "axum", "tonic"]),
    ] {
        for banned in banned {
            assert!(
                !dependencies(manifest).contains(banned),
                "{manifest} may not see {banned}"
            );
        }
    }
}

#[test]
fn sql_stands_only_in_the_store() {
    for (path, text) in files("server", "rs").into_iter().chain(files("web", "rs")) {
        if path.starts_with("server/store/") || path.contains("/tests/") {
            continue;
        }
        let code = code(&text);
        for banned in ["sqlx::", "SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM"] {
            assert!(!code.contains(banned), "{path} holds SQL ({banned})");
        }
    }
}

/// A transaction that is let go while it begins stays open: `Store::begin` cannot be let go.
#[test]
fn transactions_begin_in_one_place() {
    for (path, text) in files("server/store/src", "rs") {
        let begins = code(&text).matches("pool.begin()").count();
        let allowed = usize::from(path == "server/store/src/connect.rs");
        assert_eq!(begins, allowed, "{path}: use Store::begin");
        assert!(
            !code(&text).contains("connection.begin()"),
            "{path}: use Store::begin"
        );
    }
}

#[test]
fn a_brokers_name_stands_only_in_its_folder() {
    let homes = [
        "server/broker/src/kafka/",
        "server/broker/src/rabbitmq/",
        "server/broker/src/rocketmq/",
    ];
    for (path, text) in files("server", "rs").into_iter().chain(files("web", "rs")) {
        let at_home = homes.iter().any(|home| path.starts_with(home))
            // Attribute names of the OpenTelemetry convention, not brokers.
            || path == "server/broker/src/convention.rs"
            || path == "server/broker/src/registry.rs"
            || path.contains("/tests/")
            || path.contains("_tests/")
            || path.contains("/examples/");
        if at_home {
            continue;
        }
        let code = code(&text).to_lowercase();
        for name in [
            "\"kafka",
            "\"rabbitmq",
            "\"rocketmq",
            "kafka =>",
            "rabbitmq =>",
        ] {
            assert!(!code.contains(name), "{path} names a broker ({name})");
        }
    }
}

/// A socket towards a broker is opened where the guard is asked, and nowhere else.
#[test]
fn nothing_reaches_a_broker_past_the_guard() {
    let dials = [
        "server/broker/src/kafka/wire/dial.rs",
        "server/broker/src/rocketmq/wire/dial.rs",
    ];
    let http = ["server/broker/src/rabbitmq/http.rs"];
    let tap = ["server/broker/src/rabbitmq/browse/tap.rs"];
    let doors: [(&str, &[&str]); 5] = [
        ("TcpStream", &dials),
        ("reqwest::{", &http),
        (".execute(", &http),
        ("connect_uri(", &tap),
        ("basic_consume(", &tap),
    ];
    // The one client besides, of streams: what it could say else.
    let streams = "server/broker/src/rabbitmq/browse/";
    let changes = [
        "basic_publish",
        "basic_get",
        "basic_nack",
        "basic_reject",
        "basic_recover",
        "queue_",
        "exchange_",
        "tx_",
        "confirm_select",
    ];
    let guarded = [
        "server/broker/src/kafka/wire/connection.rs",
        "server/broker/src/rabbitmq/browse/tap.rs",
        "server/broker/src/rabbitmq/http.rs",
        "server/broker/src/rocketmq/wire/connection.rs",
    ];
    for (path, text) in files("server/broker/src", "rs") {
        // Peers of tests, and the simulator, which has no socket.
        if path.contains("_tests/") || path.ends_with("/peer.rs") {
            continue;
        }
        let code = code(&text);
        for (word, homes) in doors {
            assert!(
                !code.contains(word) || homes.contains(&path.as_str()),
                "{path} opens a way to a broker of its own ({word})"
            );
        }
        // What sends without showing the guard, and clients that hide what they send.
        if path.starts_with(streams) {
            for word in changes {
                let said = format!(".{word}");
                assert!(!code.contains(&said), "{path} changes a broker ({word})");
            }
        } else {
            assert!(
                !code.contains("lapin::"),
                "{path} goes around the guard (lapin)"
            );
        }
        for word in [".send()", "RequestBuilder", "UdpSocket", "rdkafka::"] {
            assert!(
                !code.contains(word),
                "{path} goes around the guard ({word})"
            );
        }
        let asks = code.contains("guard::pass(");
        assert_eq!(asks, guarded.contains(&path.as_str()), "{path}");
    }
}

#[test]
fn api_and_ui_hold_no_broker_and_no_store() {
    for (path, text) in files("server/src/api", "rs")
        .into_iter()
        .chain(files("server/src/ui", "rs"))
    {
        assert!(
            !code(&text).contains("waybill_broker"),
            "{path} holds a broker"
        );
    }
    for (path, text) in files("server/src/api", "rs") {
        assert!(
            !code(&text).contains("waybill_store"),
            "{path} holds the store"
        );
    }
}

#[test]
fn http_statuses_are_mapped_in_one_file() {
    for (path, text) in files("server/src", "rs") {
        let matches_codes = code(&text).lines().any(|line| {
            let line = line.replace("StatusCode::", "Http::");
            let arm = line.split_once("=>");
            arm.is_some_and(|(code, status)| code.contains("Code::") && status.contains("Http::"))
        });
        assert!(
            !matches_codes || path == "server/src/error.rs",
            "{path} maps codes to statuses"
        );
    }
}

#[test]
fn files_stay_small() {
    let mut lengths = Vec::new();
    for folder in ["server", "web", "tests", "demo", "xtask"] {
        for (path, text) in files(folder, "rs") {
            let lines = text.lines().count();
            assert!(lines <= HARD_CAP_LINES, "{path} has {lines} lines");
            lengths.push(lines);
        }
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(
        median < MEDIAN_CAP_LINES,
        "the median file has {median} lines"
    );
}

#[test]
fn nothing_is_named_after_having_no_name() {
    for folder in ["server", "web", "tests", "demo", "xtask"] {
        for (path, text) in files(folder, "rs") {
            for banned in ["utils.rs", "common.rs", "prelude.rs", "helpers.rs"] {
                assert!(!path.ends_with(banned), "{path}: say what it holds");
            }
            if path != "tests/tidy.rs" {
                let code = code(&text);
                for banned in ["todo!(", "unimplemented!(", "static mut", "lazy_static!"] {
                    assert!(!code.contains(banned), "{path} holds {banned}");
                }
            }
        }
    }
}

#[test]
fn detectors_and_the_rebuilding_are_pure() {
    let detectors = files("server/src/detect", "rs").into_iter();
    for (path, text) in detectors.chain(files("server/src/journey", "rs")) {
        let code = code(&text);
        for banned in [
            "waybill_store",
            "use tokio",
            "std::fs",
            "SystemTime",
            "Instant::now",
        ] {
            assert!(!code.contains(banned), "{path} is not pure ({banned})");
        }
    }
}

/// What is told of a cluster is arithmetic on answers; asking and keeping stand apart.
#[test]
fn what_polls_conclude_is_pure() {
    for (path, text) in files("server/src/poll", "rs") {
        let asks = [
            "keeper.rs",
            "schedule.rs",
            "tenure.rs",
            "follower.rs",
            "mod.rs",
        ];
        if path.contains("_tests") || asks.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let code = code(&text);
        for banned in [
            "tokio",
            "Store",
            "clock::",
            "SystemTime",
            "Instant",
            "waybill_broker",
        ] {
            assert!(!code.contains(banned), "{path} is not pure ({banned})");
        }
    }
}

#[test]
fn every_error_code_has_a_page() {
    for code in waybill_model::problem::Code::ALL {
        let page = root()
            .join("docs/errors")
            .join(format!("{}.md", code.name()));
        let text = std::fs::read_to_string(&page)
            .unwrap_or_else(|_| panic!("docs/errors/{}.md is missing", code.name()));
        assert!(
            text.lines().count() > 3,
            "{} says too little",
            page.display()
        );
    }
}

#[test]
fn no_path_of_a_machine_and_no_registry_is_named() {
    let pieces = [
        ["/wo", "rk/"].concat(),
        ["/ro", "ot/"].concat(),
        ["index.crates", ".io"].concat(),
    ];
    let folders = [
        "server",
        "web",
        "tests",
        "demo",
        "xtask",
        "setup",
        "docs",
        "migrations",
    ];
    for folder in folders {
        for extension in ["rs", "toml", "sh", "md", "sql", "css", "yml", "xml"] {
            for (path, text) in files(folder, extension) {
                for piece in &pieces {
                    assert!(!text.contains(piece.as_str()), "{path} names {piece}");
                }
            }
        }
    }
}

#[test]
fn continuous_integration_calls_make_test_and_nothing_else() {
    let text = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    let commands: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("set "))
        .collect();
    let is_make_test = |line: &&&str| {
        line.trim_start_matches("exec ")
            .split_whitespace()
            .eq(["make", "test"])
    };
    let rest: Vec<_> = commands
        .iter()
        .filter(|l| !is_make_test(l) && !l.starts_with("cd "))
        .collect();
    assert!(
        commands.iter().any(|l| is_make_test(&l)) && rest.is_empty(),
        "{commands:?}"
    );
}
