//! `make bench`: measures the built server and writes docs/benchmarks.md.
//!
//!     waybill-bench ingest|freshness|pages|lag|queues|lists|idle|all [--seconds N] [--rounds N] [--size N]
//!
//! Nothing here is a test: figures depend on the machine, which the report names.

mod freshness;
mod idle;
mod ingest;
mod kafka_cluster;
mod lag;
mod lists;
mod load;
mod pages;
mod queues;
mod report;
mod send;
mod stored;
mod system;

use std::time::Duration;

use anyhow::{Context, Result, bail};

/// These share a system.
const SPANS: [&str; 3] = ["freshness", "ingest", "pages"];
const KNOWN: [&str; 7] = [
    "freshness",
    "ingest",
    "pages",
    "lag",
    "queues",
    "lists",
    "idle",
];

pub struct Plan {
    pub rounds: usize,
    pub period: Duration,
    /// Of the sizes of `lag` this one alone, from 1.
    pub size: Option<usize>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_else(|| "all".to_owned());
    let mut plan = Plan {
        rounds: 5,
        period: Duration::from_secs(6),
        size: None,
    };
    while let Some(flag) = arguments.next() {
        let number: u64 = arguments.next().context("a number is missing")?.parse()?;
        match flag.as_str() {
            "--seconds" => plan.period = Duration::from_secs(number),
            "--rounds" => plan.rounds = usize::try_from(number)?,
            "--size" => plan.size = Some(usize::try_from(number)?),
            other => bail!("{other} is not known: --seconds, --rounds and --size are"),
        }
    }
    if what != "all" && !KNOWN.contains(&what.as_str()) {
        bail!("{what} is not known: {} and all are", KNOWN.join(", "));
    }
    let is_wanted = |one: &str| what == "all" || what == one;
    let binary = system::binary()?;
    println!("measuring {}", binary.display());
    let mut report = report::Report::new(&binary, &format!("waybill-bench {what}"));
    if SPANS.iter().any(|one| is_wanted(one)) {
        let system = system::System::start(&binary).await?;
        if is_wanted("freshness") {
            freshness::measure(&system, &mut report).await?;
        }
        if is_wanted("ingest") {
            ingest::measure(&system, &plan, &mut report).await?;
        }
        if is_wanted("pages") {
            pages::measure(&system, &mut report).await?;
        }
    }
    if is_wanted("lag") {
        lag::measure(&binary, &plan, &mut report).await?;
    }
    if is_wanted("queues") {
        queues::measure(&binary, &mut report).await?;
    }
    if is_wanted("lists") {
        lists::measure(&binary, &mut report).await?;
    }
    if is_wanted("idle") {
        idle::measure(&binary, &mut report).await?;
    }
    report.write()
}
