//! Waybill's own traces, over OTLP/gRPC, to where it is told. Never to itself: every export would
//! make new spans to export.

use std::net::{IpAddr, SocketAddr};

use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use waybill_model::problem::{Code, Problem};

use crate::config::Config;

/// The provider, or why there is none although an endpoint is named.
pub(super) fn provider(
    config: &Config,
) -> Result<(Option<SdkTracerProvider>, Option<String>), Problem> {
    let Some(endpoint) = &config.telemetry.otlp_endpoint else {
        return Ok((None, None));
    };
    if is_own(
        endpoint,
        &[config.ingest.otlp_grpc, config.ingest.otlp_http],
    ) {
        let why = format!("own traces are not exported: {endpoint} is this server itself");
        return Ok((None, Some(why)));
    }
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .map_err(|error| {
            Problem::new(
                Code::ConfigInvalid,
                format!("telemetry.otlp_endpoint: {endpoint:?}: {error}"),
                "Write it like http://127.0.0.1:4317; it speaks OTLP/gRPC.",
            )
        })?;
    let resource = Resource::builder()
        .with_service_name("waybill")
        .with_attribute(opentelemetry::KeyValue::new(
            "service.version",
            env!("CARGO_PKG_VERSION"),
        ))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build();
    Ok((Some(provider), None))
}

/// Our own spans only: those of the exporter's transport would feed themselves.
pub(super) fn layer<S>(tracer: SdkTracer) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_filter(filter_fn(|metadata: &Metadata<'_>| {
            metadata.target().starts_with("waybill")
                && LevelFilter::from_level(*metadata.level()) <= LevelFilter::INFO
        }))
}

fn is_own(endpoint: &str, listeners: &[SocketAddr]) -> bool {
    let Ok(uri) = endpoint.parse::<http::Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    listeners.iter().any(|listener| {
        uri.port_u16() == Some(listener.port()) && (is_here || host.parse() == Ok(listener.ip()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_itself() {
        let listeners = [
            "127.0.0.1:4317".parse().unwrap(),
            "192.0.2.7:4318".parse().unwrap(),
        ];
        for (endpoint, expected) in [
            ("http://127.0.0.1:4317", true),
            ("http://localhost:4317/", true),
            ("http://[::1]:4317", true),
            ("http://192.0.2.7:4318", true),
            ("http://192.0.2.8:4318", false),
            ("http://127.0.0.1:4319", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_own(endpoint, &listeners), expected, "{endpoint}");
        }
    }
}
