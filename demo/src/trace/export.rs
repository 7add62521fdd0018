//! Where spans, log records and metrics go: OTLP over gRPC, as the standard `OTEL_*` variables say.

use std::time::Duration;

use anyhow::{Context as _, Result};
use opentelemetry::logs::LoggerProvider as _;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{
    LogExporter, MetricExporter, RetryPolicy, SpanExporter, WithExportConfig as _,
    WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{
    BatchConfigBuilder as LogBatches, BatchLogProcessor, SdkLoggerProvider,
};
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};

use super::Tracer;

const SCHEMA: &str = "https://opentelemetry.io/schemas/1.44.0";
/// Spans and log records leave soon, so that a person who looks finds them.
const DELAY: Duration = Duration::from_millis(200);
/// Metrics are told so often.
const INTERVAL: Duration = Duration::from_secs(2);
/// A burst of orders must not lose spans; about 1 KiB each.
const QUEUE_SPANS: usize = 100_000;
/// How long one batch is offered again to a receiver that refuses it.
const PATIENCE: Duration = Duration::from_secs(300);
const FLUSH: Duration = Duration::from_secs(8);

/// The providers of one process. `stop` sends what is left.
pub struct Telemetry {
    traces: SdkTracerProvider,
    logs: SdkLoggerProvider,
    metrics: SdkMeterProvider,
}

impl Telemetry {
    /// Needs a running Tokio runtime. `OTEL_SDK_DISABLED=true` turns the export off, and
    /// `OTEL_TRACES_EXPORTER=none`, `OTEL_LOGS_EXPORTER=none` and `OTEL_METRICS_EXPORTER=none` a part of it.
    pub fn start(service: &str) -> Result<Telemetry> {
        let resource = resource(service)?;
        Ok(Telemetry {
            traces: traces(resource.clone())?,
            logs: logs(resource.clone())?,
            metrics: metrics(resource)?,
        })
    }

    pub fn tracer(&self) -> Tracer {
        Tracer {
            spans: self.traces.tracer_with_scope(scope()),
            logger: self.logs.logger_with_scope(scope()),
            process_duration: super::process_duration(&self.meter()),
        }
    }

    pub fn meter(&self) -> Meter {
        self.metrics.meter_with_scope(scope())
    }

    /// Sends what is left, for at most 8 s each.
    pub async fn stop(self) {
        let stopped = tokio::task::spawn_blocking(move || {
            [
                self.traces.shutdown_with_timeout(FLUSH),
                self.logs.shutdown_with_timeout(FLUSH),
                self.metrics.shutdown_with_timeout(FLUSH),
            ]
        })
        .await;
        for error in stopped.into_iter().flatten().filter_map(Result::err) {
            tracing::warn!(%error, "some telemetry was not exported");
        }
    }
}

fn traces(resource: Resource) -> Result<SdkTracerProvider> {
    let builder = SdkTracerProvider::builder().with_resource(resource);
    if !wanted("OTEL_TRACES_EXPORTER") {
        return Ok(builder.build());
    }
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_timeout(PATIENCE)
        .with_retry_policy(RetryPolicy::recommended().with_max_retries(200))
        .build()
        .context("prepare the OTLP exporter of spans")?;
    let mut batches = BatchConfigBuilder::default().with_max_queue_size(QUEUE_SPANS);
    if std::env::var_os("OTEL_BSP_SCHEDULE_DELAY").is_none() {
        batches = batches.with_scheduled_delay(DELAY);
    }
    let processor = BatchSpanProcessor::builder(exporter)
        .with_batch_config(batches.build())
        .build();
    Ok(builder.with_span_processor(processor).build())
}

fn logs(resource: Resource) -> Result<SdkLoggerProvider> {
    let builder = SdkLoggerProvider::builder().with_resource(resource);
    if !wanted("OTEL_LOGS_EXPORTER") {
        return Ok(builder.build());
    }
    let exporter = LogExporter::builder()
        .with_tonic()
        .build()
        .context("prepare the OTLP exporter of logs")?;
    let mut batches = LogBatches::default().with_max_queue_size(QUEUE_SPANS);
    if std::env::var_os("OTEL_BLRP_SCHEDULE_DELAY").is_none() {
        batches = batches.with_scheduled_delay(DELAY);
    }
    let processor = BatchLogProcessor::builder(exporter)
        .with_batch_config(batches.build())
        .build();
    Ok(builder.with_log_processor(processor).build())
}

fn metrics(resource: Resource) -> Result<SdkMeterProvider> {
    let builder = SdkMeterProvider::builder().with_resource(resource);
    if !wanted("OTEL_METRICS_EXPORTER") {
        return Ok(builder.build());
    }
    let exporter = MetricExporter::builder()
        .with_tonic()
        .build()
        .context("prepare the OTLP exporter of metrics")?;
    let mut reader = PeriodicReader::builder(exporter);
    if std::env::var_os("OTEL_METRIC_EXPORT_INTERVAL").is_none() {
        reader = reader.with_interval(INTERVAL);
    }
    Ok(builder.with_reader(reader.build()).build())
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("orders.messaging")
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url(SCHEMA)
        .build()
}

fn wanted(exporter: &str) -> bool {
    let says = |name: &str, value: &str| {
        std::env::var(name).is_ok_and(|text| text.eq_ignore_ascii_case(value))
    };
    !says("OTEL_SDK_DISABLED", "true") && !says(exporter, "none")
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
