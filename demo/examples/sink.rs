//! Shows what the order system exports: an OTLP/gRPC receiver that prints one line of JSON a span.
//!
//! `cargo run -p waybill-demo --example sink -- 127.0.0.1:4317`

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Map, json};
use tonic::{Request, Response, Status};

#[tokio::main]
async fn main() -> Result<()> {
    let address: SocketAddr = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:4317".to_owned())
        .parse()
        .context("an address to listen on")?;
    tonic::transport::Server::builder()
        .add_service(TraceServiceServer::new(Sink))
        .serve(address)
        .await?;
    Ok(())
}

struct Sink;

#[tonic::async_trait]
impl TraceService for Sink {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for resource in request.into_inner().resource_spans {
            let about = attributes(
                &resource
                    .resource
                    .map(|resource| resource.attributes)
                    .unwrap_or_default(),
            );
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                println!("{}", line(&about, span));
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn line(resource: &Map<String, serde_json::Value>, span: &Span) -> serde_json::Value {
    json!({
        "service": resource.get("service.name"),
        "instance": resource.get("service.instance.id"),
        "name": span.name,
        "kind": span.kind().as_str_name(),
        "trace": hex::encode(&span.trace_id),
        "span": hex::encode(&span.span_id),
        "parent": hex::encode(&span.parent_span_id),
        "links": span.links.iter().map(|link| hex::encode(&link.span_id)).collect::<Vec<_>>(),
        "start_ms": span.start_time_unix_nano / 1_000_000,
        "took_ms": span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) / 1_000_000,
        "failed": span.status.as_ref().is_some_and(|status| status.code == 2),
        "events": span.events.iter().map(|event| event.name.as_str()).collect::<Vec<_>>(),
        "attributes": attributes(&span.attributes),
    })
}

fn attributes(all: &[KeyValue]) -> Map<String, serde_json::Value> {
    all.iter()
        .map(|one| {
            let value = match one.value.as_ref().and_then(|value| value.value.as_ref()) {
                Some(Value::StringValue(text)) => json!(text),
                Some(Value::IntValue(number)) => json!(number),
                Some(Value::BoolValue(flag)) => json!(flag),
                Some(Value::DoubleValue(number)) => json!(number),
                other => json!(format!("{other:?}")),
            };
            (one.key.clone(), value)
        })
        .collect()
}
