//! Spans a second and a CPU second, Postgres included: blocks against COPY of rows with three
//! btrees, in one Postgres with fsync on, interleaved.
//!
//! `cargo run --release -p waybill-store --features testing --example write_rate [batches] [rounds]`

use std::error::Error;
use std::time::Instant;

use waybill_model::reference::Term;
use waybill_model::time::Timestamp;
use waybill_store::testing::{PostgresServer, RowCopy, Sample, ServerOptions, own_cpu_seconds};
use waybill_store::{IndexedSpan, Store, encode};

const BATCH: usize = 1_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let batches = arguments.next().transpose()?.unwrap_or(200);
    let rounds = arguments.next().transpose()?.unwrap_or(5);
    let server = PostgresServer::start(ServerOptions { fsync: true })?;
    let store = Store::connect(server.connect_options("postgres")).await?;
    store.migrate().await?;
    let rows = RowCopy::create(&store, "span_row").await?;

    let start = Timestamp::from_unix_millis(1_795_000_000_000);
    let mut sample = Sample::new(7, start);
    let mut ratios = Vec::new();
    for round in 1..=rounds {
        let load: Vec<Vec<IndexedSpan>> = (0..batches).map(|_| sample.batch(BATCH)).collect();

        let clock = Clock::start(&server);
        let mut encode_cpu = 0.0;
        for batch in &load {
            let before = own_cpu_seconds();
            let now = Timestamp::from_offset_date_time(time::OffsetDateTime::now_utc());
            let block = encode(batch, now)?;
            encode_cpu += own_cpu_seconds() - before;
            store.append_encoded(&block).await?;
        }
        let append = clock.stop(&server, batches);

        let clock = Clock::start(&server);
        let mut merges = 0;
        while store.merge_once().await?.segments > 0 {
            merges += 1;
        }
        let merge = clock.stop(&server, batches);

        // What the client spends on making rows is left out: only Postgres' work and the sending.
        let encoded: Vec<Vec<u8>> = load.iter().map(|batch| RowCopy::encode(batch)).collect();
        let clock = Clock::start(&server);
        for batch in &encoded {
            rows.copy(&store, batch).await?;
        }
        let copy = clock.stop(&server, batches);
        let blocks_cpu = append.cpu() + merge.cpu();
        ratios.push(copy.cpu() / blocks_cpu);
        println!(
            "round {round}: blocks {append} (of it encode {encode_cpu:.2} s); merge x{merges} {merge}; \
             rows {copy}; ratio per CPU second, merging included: {:.2}",
            copy.cpu() / blocks_cpu
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "median ratio {:.2}, worst {:.2}",
        ratios[ratios.len() / 2],
        ratios[0]
    );
    sizes(&store).await?;
    look_ups(&store, &sample, batches * rounds * BATCH / 4).await?;
    Ok(())
}

async fn sizes(store: &Store) -> Result<(), Box<dyn Error>> {
    let figures = store.figures().await?;
    let spans = figures.spans.unwrap_or(1) as f64;
    for (name, pattern) in [
        ("blocks", "span_block_%"),
        ("index pages", "term_page_%"),
        ("segments", "term_segment_%"),
        ("rows", "span_row"),
    ] {
        let bytes: i64 = sqlx::query_scalar(
            "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
             WHERE relkind = 'r' AND relname LIKE $1",
        )
        .bind(pattern)
        .fetch_one(store.pool())
        .await?;
        println!("{name}: {:.1} B/span", bytes as f64 / spans);
    }
    Ok(())
}

async fn look_ups(store: &Store, sample: &Sample, traces: usize) -> Result<(), Box<dyn Error>> {
    for (terms, frames) in [(1, 0), (1, 1_000), (50, 0), (50, 1_000)] {
        let mut times = Vec::new();
        for probe in 0..200usize {
            let wanted: Vec<Term> = (0..terms)
                .map(|n| {
                    Term::trace(sample.trace_id((probe * 7_919 + n * 131) as u64 % traces as u64))
                })
                .collect();
            let begin = Instant::now();
            let found = store.find(&wanted, None, frames).await?;
            times.push(begin.elapsed().as_secs_f64() * 1_000.0);
            assert!(
                found.truncated || !found.spans.is_empty(),
                "a stored trace was not found"
            );
        }
        times.sort_by(f64::total_cmp);
        println!(
            "find {terms} terms, at most {frames} frames: p50 {:.2} ms, p99 {:.2} ms",
            times[100], times[197]
        );
    }
    Ok(())
}

struct Clock {
    wall: Instant,
    own: f64,
    server: f64,
}

struct Spent {
    spans: usize,
    wall: f64,
    own: f64,
    server: f64,
}

impl Clock {
    fn start(server: &PostgresServer) -> Self {
        Self {
            wall: Instant::now(),
            own: own_cpu_seconds(),
            server: server.cpu_seconds(),
        }
    }

    fn stop(self, server: &PostgresServer, batches: usize) -> Spent {
        Spent {
            spans: batches * BATCH,
            wall: self.wall.elapsed().as_secs_f64(),
            own: own_cpu_seconds() - self.own,
            server: server.cpu_seconds() - self.server,
        }
    }
}

impl Spent {
    fn cpu(&self) -> f64 {
        self.own + self.server
    }
}

impl std::fmt::Display for Spent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let spans = self.spans as f64 / 1_000.0;
        write!(
            f,
            "{:.0}k spans/s, {:.0}k per CPU s (own {:.2} s, Postgres {:.2} s)",
            spans / self.wall,
            spans / self.cpu(),
            self.own,
            self.server
        )
    }
}
