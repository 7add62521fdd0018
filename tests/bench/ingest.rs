//! OTLP in to durable and searchable, against COPY of the same spans as rows with three btrees in
//! the same Postgres. Rounds are interleaved; the ratio is of each pair.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use anyhow::Result;
use waybill_server::ingest::Limits;
use waybill_server::ingest::decode::{Encoding, decode_traces};
use waybill_store::IndexedSpan;
use waybill_store::testing::{RowCopy, own_cpu_seconds};

use crate::Plan;
use crate::load::{self, Template};
use crate::report::{Report, load_average, median};
use crate::send::{Sender, Transport, flood, unix_nanos};
use crate::system::System;

const AT_ONCE: usize = 16;
/// Issue: at least this many times COPY of rows, by CPU.
const BAR: f64 = 1.5;
const RSS_BAR_MIB: f64 = 300.0;

struct Round {
    spans_per_s: f64,
    spans_per_cpu_s: f64,
    generator_cores: f64,
    refused: u64,
}

pub async fn measure(system: &System, plan: &Plan, report: &mut Report) -> Result<()> {
    let templates = Arc::new(load::templates(1));
    let cycle = Arc::new(AtomicU64::new(0));
    report.section(
        "Ingest",
        &format!(
            "Requests of {} messaging spans, {} bytes a span, 12 attributes of which three are \
             searchable, 3–5 spans a trace spread over different requests; {AT_ONCE} requests in \
             flight. A CPU-second is one of the server and its Postgres together; of COPY, Postgres \
             alone, the rows being encoded beforehand.",
            load::SPANS_A_REQUEST,
            templates[0].len() / load::SPANS_A_REQUEST,
        ),
    );
    let rows = RowCopy::create(&system.store, "bench_rows").await?;
    let mut table = Vec::new();
    let mut ratios = [Vec::new(), Vec::new()];
    for round in 0..plan.rounds {
        let mut cells = vec![(round + 1).to_string()];
        let mut ours = Vec::new();
        for transport in [Transport::Grpc, Transport::Http] {
            let sender = Sender::connect(transport, system.grpc, system.http).await?;
            let one = otlp(system, &sender, &templates, &cycle, plan).await?;
            cells.push(format!("{:.0}k", one.spans_per_s / 1e3));
            cells.push(format!("{:.0}k", one.spans_per_cpu_s / 1e3));
            cells.push(format!("{:.2}", one.generator_cores));
            cells.push(one.refused.to_string());
            ours.push(one);
        }
        let copy = copy(system, &rows, &templates, &cycle, plan).await?;
        cells.push(format!("{:.0}k", copy.spans_per_s / 1e3));
        cells.push(format!("{:.0}k", copy.spans_per_cpu_s / 1e3));
        cells.push(load_average());
        for (ratios, one) in ratios.iter_mut().zip(&ours) {
            ratios.push(one.spans_per_cpu_s / copy.spans_per_cpu_s);
        }
        println!("{}", cells.join("  "));
        table.push(cells);
    }
    report.table(
        &[
            "round",
            "gRPC spans/s",
            "per CPU-s",
            "generator cores",
            "refused",
            "HTTP spans/s",
            "per CPU-s",
            "generator cores",
            "refused",
            "COPY rows/s",
            "per CPU-s",
            "load",
        ],
        &table,
    );
    for (name, ratios) in ["gRPC", "HTTP"].iter().zip(&ratios) {
        let worst = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let sentence = format!(
            "OTLP/{name} against COPY of rows, work per CPU-second: median {:.2} ×, worst round {worst:.2} × (bar {BAR} ×).",
            median(ratios),
        );
        report.verdict(&sentence, median(ratios) >= BAR);
    }
    let peak = system.peak_rss_mib();
    let sentence = format!(
        "resident memory of the server at its highest: {peak:.0} MiB (bar {RSS_BAR_MIB} MiB)."
    );
    report.verdict(&sentence, peak <= RSS_BAR_MIB);
    Ok(())
}

async fn otlp(
    system: &System,
    sender: &Sender,
    templates: &Arc<Vec<Template>>,
    cycle: &Arc<AtomicU64>,
    plan: &Plan,
) -> Result<Round> {
    let (before, own_before) = (system.cpu_seconds().0, own_cpu_seconds());
    let sent = flood(sender, templates, cycle, AT_ONCE, plan.period).await?;
    let cpu = system.cpu_seconds().0 - before;
    let spans = sent.acknowledged_spans as f64;
    Ok(Round {
        spans_per_s: spans / sent.seconds,
        spans_per_cpu_s: spans / cpu,
        generator_cores: (own_cpu_seconds() - own_before) / sent.seconds,
        refused: sent.refused_requests,
    })
}

async fn copy(
    system: &System,
    rows: &RowCopy,
    templates: &[Template],
    cycle: &AtomicU64,
    plan: &Plan,
) -> Result<Round> {
    // Encoded beforehand, with ids of their own; a thousand rows a commit as the server has it.
    let number = cycle.fetch_add(1_000_000, std::sync::atomic::Ordering::Relaxed);
    let mut batches = Vec::new();
    for (at, pair) in templates.chunks_exact(2).enumerate() {
        let mut spans = Vec::new();
        for template in pair {
            let body = template.request(number + at as u64, unix_nanos());
            let decoded = decode_traces(&body, Encoding::Protobuf, &Limits::default())?;
            spans.extend(decoded.records.into_iter().map(|span| IndexedSpan {
                span,
                terms: Vec::new(),
                rollup: None,
                troubled: false,
                tried: Vec::new(),
            }));
        }
        batches.push((spans.len(), RowCopy::encode(&spans)));
    }
    let (before, own_before) = (system.cpu_seconds().1, own_cpu_seconds());
    let started = Instant::now();
    let mut copied = 0;
    for (spans, bytes) in batches.iter().cycle() {
        if started.elapsed() >= plan.period {
            break;
        }
        rows.copy(&system.store, bytes).await?;
        copied += spans;
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(Round {
        spans_per_s: copied as f64 / seconds,
        spans_per_cpu_s: copied as f64 / (system.cpu_seconds().1 - before),
        generator_cores: (own_cpu_seconds() - own_before) / seconds,
        refused: 0,
    })
}
