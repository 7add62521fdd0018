//! `waybill probe` against a running server: it finds all that it wrote, and says what it does not.

use std::process::{Command, Stdio};

use serde_json::Value;
use waybill_tests::child::{self, Process};
use waybill_tests::server::Server;
use waybill_tests::wait;

/// The command towards this server.
pub fn command(server: &Server, arguments: &[&str]) -> Command {
    let mut command = Command::new(child::program("waybill"));
    command
        .arg("probe")
        .args(["--server", &server.console, "--otlp", &server.otlp_http])
        .args(arguments)
        .env("WAYBILL_TOKEN", &server.token)
        .stdin(Stdio::null());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_server_gives_back_all_of_it() {
    let server = Server::start().await;
    let arguments = ["--cycles", "4", "--every", "1ms", "--seed", "77", "--json"];
    let output = command(&server, &arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["missing"], &told["wrong"]),
        (&0.into(), &0.into()),
        "{told}"
    );
    assert_eq!(
        (&told["sent"], &told["cycles"]),
        (&24.into(), &4.into()),
        "{told}"
    );
    assert!(told["readable_p99_ms"].is_number(), "{told}");
    assert!(told["read_again"].as_u64().unwrap() >= 24, "{told}");
    let list = server
        .api("/journeys?destination=waybill.probe.payments&limit=100")
        .await;
    assert_eq!(list["items"].as_array().unwrap().len(), 4, "{list}");
}

/// Between probe and server something acknowledges all and loses what one service sends.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_is_told_and_fails() {
    let server = Server::start().await;
    let door = lossy(server.otlp_http.clone(), b"waybill-probe-mail").await;
    let arguments = [
        "--within", "300ms", "--seed", "5", "--json", "--otlp", &door,
    ];
    let mut command = Command::new(child::program("waybill"));
    command
        .args(["probe", "--server", &server.console])
        .args(arguments)
        .env("WAYBILL_TOKEN", &server.token);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = told["findings"].to_string();
    assert!(told["missing"].as_u64().unwrap() > 0, "{told}");
    assert!(told["wrong"].as_u64().unwrap() > 0, "{told}");
    assert!(findings.contains("missing: fan-out, span "), "{findings}");
    assert!(findings.contains("deliveries is"), "{findings}");
    assert!(!findings.contains("plain"), "{findings}");
}

/// What spans do not tell is missing, whatever a broker holds, and no broker is read for it.
#[tokio::test(flavor = "multi_thread")]
async fn brokers_are_not_asked_for_what_was_lost() {
    let server = Server::start().await;
    let door = lossy(server.otlp_http.clone(), b"waybill-probe").await;
    let mut command = Command::new(child::program("waybill"));
    command
        .args(["probe", "--server", &server.console, "--otlp", &door])
        .args(["--within", "1ms", "--json"])
        .env("WAYBILL_TOKEN", &server.token);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told["missing"].as_u64().unwrap() > 0, "{told}");
    let asked = server.api("/audit?action=message.find").await;
    assert_eq!(asked["items"].as_array().unwrap().len(), 0, "{asked}");
}

async fn lossy(to: String, lost: &'static [u8]) -> String {
    let client = reqwest::Client::new();
    let take = move |body: bytes::Bytes| {
        let (client, to) = (client.clone(), to.clone());
        async move {
            if !body.windows(lost.len()).any(|part| part == lost) {
                let post = client
                    .post(format!("{to}/v1/traces"))
                    .header("content-type", "application/x-protobuf")
                    .body(body);
                assert!(post.send().await.unwrap().status().is_success());
            }
            // An answer without a partial success.
            bytes::Bytes::new()
        }
    };
    let router = axum::Router::new().route("/v1/traces", axum::routing::post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_read_is_told_so() {
    let server = Server::start().await;
    let mut command = command(&server, &[]);
    let output = command.env("WAYBILL_TOKEN", "wb_wrong").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("unauthenticated"));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_words_are_exit_2() {
    let server = Server::start().await;
    for arguments in [["--for", "soon"], ["--every", "x"], ["--otlp", "nowhere"]] {
        let output = command(&server, &arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_is_waited_for_and_an_interrupt_ends_with_the_summary() {
    use waybill_tests::server::Home;
    let mut server = Server::start_with(Home::Private, "").await;
    let log = server.folder.path().join("probe.log");
    let arguments = ["--for", "1h", "--every", "1ms", "--seed", "9", "--json"];
    let mut probe = Process::spawn(command(&server, &arguments), &log);
    for _ in 0..2 {
        let before = accepted(&server).await;
        wait::until("the probe writes", || async {
            (accepted(&server).await > before + 20).then_some(())
        })
        .await;
        server.process().kill();
        server.start_again().await;
    }
    let before = accepted(&server).await;
    wait::until("the probe goes on", || async {
        (accepted(&server).await > before + 20).then_some(())
    })
    .await;
    child::signal(probe.id(), "INT");
    let status = wait::until("the probe ends", || {
        let ended = probe.has_ended();
        async move { ended }
    })
    .await;
    let text = probe.log_text();
    let told: Value = serde_json::from_str(text.trim()).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(
        (&told["missing"], &told["wrong"]),
        (&0.into(), &0.into()),
        "{told}"
    );
    assert_eq!(status.code(), Some(0), "{told}");
}

async fn accepted(server: &Server) -> u64 {
    let status = server.api("/status").await;
    status["ingest"]["accepted_spans"].as_u64().unwrap()
}
