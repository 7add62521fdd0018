//! `make bench`: measures the built server and writes docs/benchmarks.md.
//!
//!     waybill-bench ingest|freshness|pages|all [--seconds N] [--rounds N]
//!
//! Nothing here is a test: figures depend on the machine, which the report names.

mod freshness;
mod ingest;
mod load;
mod pages;
mod report;
mod send;
mod system;

use std::time::Duration;

use anyhow::{Context, Result, bail};

pub struct Plan {
    pub rounds: usize,
    pub period: Duration,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_else(|| "all".to_owned());
    let mut plan = Plan {
        rounds: 5,
        period: Duration::from_secs(6),
    };
    while let Some(flag) = arguments.next() {
        let number: u64 = arguments.next().context("a number is missing")?.parse()?;
        match flag.as_str() {
            "--seconds" => plan.period = Duration::from_secs(number),
            "--rounds" => plan.rounds = usize::try_from(number)?,
            other => bail!("{other} is not known: --seconds and --rounds are"),
        }
    }
    let binary = system::binary()?;
    println!("measuring {}", binary.display());
    let mut report = report::Report::new(&binary);
    let all = what == "all";
    if !all && !["ingest", "freshness", "pages"].contains(&what.as_str()) {
        bail!("{what} is not known: ingest, freshness, pages and all are");
    }
    let system = system::System::start(&binary).await?;
    if all || what == "freshness" {
        freshness::measure(&system, &mut report).await?;
    }
    if all || what == "ingest" {
        ingest::measure(&system, &plan, &mut report).await?;
    }
    if all || what == "pages" {
        pages::measure(&system, &mut report).await?;
    }
    report.write()
}
