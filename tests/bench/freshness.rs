//! From the acknowledgement of a lone span until its trace can be read.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use crate::report::{Report, median, quantile};
use crate::send::{Sender, Transport, unix_nanos};
use crate::system::System;

const SPANS: usize = 300;
const BAR_MS: f64 = 40.0;

pub async fn measure(system: &System, report: &mut Report) -> Result<()> {
    report.section(
        "Freshness",
        &format!(
            "{SPANS} lone spans over OTLP/gRPC, one after the other; each asked for by its trace id \
             through the API from the moment of its acknowledgement until it is there."
        ),
    );
    let sender = Sender::connect(Transport::Grpc, system.grpc, system.http).await?;
    let client = reqwest::Client::new();
    let mut acknowledged_ms = Vec::new();
    let mut readable_ms = Vec::new();
    for _ in 0..SPANS {
        let mut id = [0u8; 16];
        getrandom::fill(&mut id).map_err(std::io::Error::other)?;
        let sent = Instant::now();
        ensure!(sender.send(request(id)).await?, "a lone span was refused");
        acknowledged_ms.push(ms(sent));
        let acknowledged = Instant::now();
        let url = format!(
            "http://{}/api/v1/traces/{}",
            system.console,
            hex::encode(id)
        );
        loop {
            let answer = client.get(&url).bearer_auth(&system.token).send().await?;
            let found = answer.status().is_success();
            if found && answer.text().await?.contains("bench lone span") {
                break;
            }
            ensure!(
                acknowledged.elapsed() < Duration::from_secs(10),
                "a span is not readable"
            );
        }
        readable_ms.push(ms(acknowledged));
    }
    let row = |name: &str, values: &[f64]| {
        let cell = |share| format!("{:.1}", quantile(values, share));
        vec![
            name.to_owned(),
            format!("{:.1}", median(values)),
            cell(0.99),
            cell(1.0),
        ]
    };
    report.table(
        &["ms", "median", "p99", "worst"],
        &[
            row("sent → acknowledged", &acknowledged_ms),
            row("acknowledged → read", &readable_ms),
        ],
    );
    let p99 = quantile(&readable_ms, 0.99);
    let sentence =
        format!("acknowledged → readable by trace id, p99: {p99:.1} ms (bar {BAR_MS} ms).");
    report.verdict(&sentence, p99 <= BAR_MS);
    Ok(())
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn request(trace_id: [u8; 16]) -> Bytes {
    let span = Span {
        trace_id: trace_id.to_vec(),
        span_id: trace_id[..8].to_vec(),
        name: "bench lone span".to_owned(),
        start_time_unix_nano: unix_nanos(),
        end_time_unix_nano: unix_nanos(),
        ..Default::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: vec![span],
                ..Default::default()
            }],
            ..Default::default()
        }],
    };
    Bytes::from(request.encode_to_vec())
}
