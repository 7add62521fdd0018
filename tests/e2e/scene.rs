//! A server with a small story in it, and a signed-in tab.

use serde_json::Value;
use waybill_tests::browser::Theme;
use waybill_tests::devtools::{Chromium, Tab};
use waybill_tests::otlp::{self, CONSUMER, PRODUCER, a_span, failed, one_message, text};
use waybill_tests::server::{ADMIN, Server};
use waybill_tests::wait;

pub struct Scene {
    pub server: Server,
    pub chromium: Chromium,
    /// A journey that failed thrice and was dead-lettered.
    pub troubled: String,
}

#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub theme: Theme,
    pub language: &'static str,
}

pub const LOOKS: [Look; 4] = [
    Look {
        theme: Theme::Light,
        language: "en",
    },
    Look {
        theme: Theme::Dark,
        language: "en",
    },
    Look {
        theme: Theme::Light,
        language: "zh",
    },
    Look {
        theme: Theme::Dark,
        language: "zh",
    },
];

impl Scene {
    pub async fn set() -> Self {
        let server = Server::start().await;
        let order = one_message("kafka", "orders", "1001", 41);
        otlp::post(
            &server.otlp_http,
            &otlp::request("shop", vec![order.producer.clone()]),
        )
        .await;
        otlp::post(
            &server.otlp_http,
            &otlp::request("billing", vec![order.consumer.clone()]),
        )
        .await;
        dead_letter(&server, "1002").await;
        hostile(&server).await;
        let troubled = wait::until("the dead letter is found", || async {
            let page = server.api("/journeys?attribute=order.id:1002").await;
            page["items"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|journey| journey["state"] == "dead_lettered")
                .and_then(|journey| journey["id"].as_str().map(str::to_owned))
        })
        .await;
        Self {
            server,
            chromium: Chromium::start().await,
            troubled,
        }
    }

    /// A tab with the session of the administrator.
    pub async fn signed_in(&self) -> Tab {
        let tab = self.chromium.tab().await;
        let cookie = self.server.sign_in(ADMIN.0, ADMIN.1).await.unwrap();
        let (name, value) = cookie.split_once('=').unwrap();
        tab.cookie(&self.server.console, name, value).await;
        tab
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.console)
    }
}

pub async fn dress(tab: &Tab, console: &str, look: Look) {
    tab.theme(look.theme).await;
    tab.cookie(console, "lang", look.language).await;
}

pub fn theme_name(look: Look) -> &'static str {
    match look.theme {
        Theme::Dark => "dark",
        Theme::Light => "light",
    }
}

/// Pictures of a page in two widths; it fits, writes nothing to the console, and this is what
/// axe-core finds.
pub async fn look_at(tab: &Tab, url: &str, picture: &str) -> Vec<String> {
    tab.width(1280).await;
    tab.goto(url).await;
    tab.hydrated().await;
    tab.screenshot(picture).await;
    let findings = tab.axe().await;
    tab.console_is_empty(picture);
    tab.width(390).await;
    tab.screenshot(&format!("{picture}-390")).await;
    let overflow = tab
        .eval("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        .await;
    assert!(
        overflow.as_i64().unwrap_or(0) <= 0,
        "{picture} is {overflow} px too wide at 390 px"
    );
    let told = |finding: String| format!("{picture}: {finding}");
    findings.into_iter().map(told).collect()
}

/// A payment that is declined three times over its retry queues and then dead-lettered.
async fn dead_letter(server: &Server, order: &str) {
    let trace_id = otlp::random_id::<16>();
    let about = |destination: &str, operation: &str| {
        vec![
            text("messaging.system", "rabbitmq"),
            text("messaging.operation.name", operation),
            text("messaging.operation.type", operation),
            text("messaging.destination.name", destination),
            text("messaging.message.id", &format!("pay-{order}")),
            text("order.id", order),
        ]
    };
    let mut parent = a_span(
        &trace_id,
        &[],
        "send payments:payment.requested",
        PRODUCER,
        about("payments:payment.requested", "send"),
    );
    let mut at = parent.start_time_unix_nano;
    let mut spans = vec![("inventory", parent.clone())];
    for next in ["payment.retry.1s", "payment.retry.2s", "payment.dlq"] {
        let mut attempt = a_span(
            &trace_id,
            &parent.span_id,
            "process payment",
            CONSUMER,
            about("payments:payment.requested:payment", "process"),
        );
        attempt.start_time_unix_nano = at + 50_000_000;
        attempt.end_time_unix_nano = at + 80_000_000;
        let attempt = failed(attempt, "CardDeclined", "card declined by the issuer");
        let mut put = a_span(
            &trace_id,
            &attempt.span_id,
            &format!("send {next}"),
            PRODUCER,
            about(next, "send"),
        );
        put.start_time_unix_nano = at + 60_000_000;
        put.end_time_unix_nano = at + 61_000_000;
        at += 1_000_000_000;
        spans.push(("payment", attempt));
        spans.push(("payment", put.clone()));
        parent = put;
    }
    for (service, span) in spans {
        otlp::post(&server.otlp_http, &otlp::request(service, vec![span])).await;
    }
}

/// Names that would like to be markup.
async fn hostile(server: &Server) {
    let name = "<script>alert(1)</script>\u{1b}[31m\u{0}\u{202e}";
    let mut message = one_message("kafka", name, "<img src=x onerror=alert(2)>", 7);
    message
        .producer
        .attributes
        .push(text("x", &"A".repeat(60_000)));
    let spans = vec![message.producer, failed(message.consumer, name, name)];
    otlp::post(&server.otlp_http, &otlp::request("<b>evil</b>", spans)).await;
}

pub fn first_id(page: &Value) -> String {
    page["items"][0]["id"].as_str().unwrap().to_owned()
}
