//! Where spans go: OTLP over gRPC, as the standard `OTEL_*` variables say.

use std::time::Duration;

use anyhow::{Context as _, Result};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{RetryPolicy, SpanExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};

use super::Tracer;

const SCHEMA: &str = "https://opentelemetry.io/schemas/1.44.0";
/// Spans leave soon, so that a person who looks finds them.
const DELAY: Duration = Duration::from_millis(200);
/// A burst of orders must not lose spans; about 1 KiB each.
const QUEUE_SPANS: usize = 100_000;
/// How long one batch is offered again to a receiver that refuses it.
const PATIENCE: Duration = Duration::from_secs(300);
const FLUSH: Duration = Duration::from_secs(8);

/// The tracer provider of one process. `stop` sends what is left.
pub struct Telemetry {
    provider: SdkTracerProvider,
}

impl Telemetry {
    /// Needs a running Tokio runtime. `OTEL_SDK_DISABLED=true` or `OTEL_TRACES_EXPORTER=none` turn the export off.
    pub fn start(service: &str) -> Result<Telemetry> {
        let mut builder = SdkTracerProvider::builder().with_resource(resource(service)?);
        if wanted() {
            let exporter = SpanExporter::builder()
                .with_tonic()
                .with_timeout(PATIENCE)
                .with_retry_policy(RetryPolicy::recommended().with_max_retries(200))
                .build()
                .context("prepare the OTLP exporter")?;
            let mut batches = BatchConfigBuilder::default().with_max_queue_size(QUEUE_SPANS);
            if std::env::var_os("OTEL_BSP_SCHEDULE_DELAY").is_none() {
                batches = batches.with_scheduled_delay(DELAY);
            }
            let processor = BatchSpanProcessor::builder(exporter)
                .with_batch_config(batches.build())
                .build();
            builder = builder.with_span_processor(processor);
        }
        Ok(Telemetry {
            provider: builder.build(),
        })
    }

    pub fn tracer(&self) -> Tracer {
        let scope = InstrumentationScope::builder("orders.messaging")
            .with_version(env!("CARGO_PKG_VERSION"))
            .with_schema_url(SCHEMA)
            .build();
        Tracer(self.provider.tracer_with_scope(scope))
    }

    /// Sends what is left, for at most 8 s.
    pub async fn stop(self) {
        let stopped =
            tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(FLUSH)).await;
        if let Ok(Err(error)) = stopped {
            tracing::warn!(%error, "some spans were not exported");
        }
    }
}

fn wanted() -> bool {
    let says = |name: &str, value: &str| {
        std::env::var(name).is_ok_and(|text| text.eq_ignore_ascii_case(value))
    };
    !says("OTEL_SDK_DISABLED", "true") && !says("OTEL_TRACES_EXPORTER", "none")
}

/// `service.name` is the service's own: `OTEL_SERVICE_NAME` would give all of them one name.
fn resource(service: &str) -> Result<Resource> {
    let mut random = [0u8; 4];
    getrandom::fill(&mut random)
        .map_err(|error| anyhow::anyhow!("ask the system for randomness: {error}"))?;
    Ok(Resource::builder()
        .with_attributes([
            KeyValue::new("service.namespace", "orders"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new(
                "service.instance.id",
                format!("{service}-{}", hex::encode(random)),
            ),
            KeyValue::new("process.pid", i64::from(std::process::id())),
        ])
        .with_service_name(service.to_owned())
        .build())
}
