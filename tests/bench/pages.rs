//! Server time of pages and lists once a million spans are stored.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::load;
use crate::report::{Report, median, quantile};
use crate::send::{Sender, Transport, flood};
use crate::system::System;

const SPANS: u64 = 1_000_000;
pub const ASKS: usize = 40;
pub const BAR_MS: f64 = 100.0;
/// Other measurements send none of these: no two messages share a place.
const FIRST_CYCLE: u64 = 1 << 19;

pub async fn measure(system: &System, report: &mut Report) -> Result<()> {
    fill(system).await?;
    report.section(
        "Pages",
        &format!("At least {SPANS} spans stored; each page asked for {ASKS} times over one loopback connection, whole answer read."),
    );
    let client = reqwest::Client::new();
    let order = load::order_id(FIRST_CYCLE, 5);
    let mut pages = vec![
        ("Overview", "/".to_owned()),
        (
            "Search by attribute",
            format!("/search?find=order.id%3D{order}"),
        ),
        ("Health", "/health".to_owned()),
        ("Search, newest", "/search".to_owned()),
        (
            "API: journeys by attribute",
            format!("/api/v1/journeys?attribute=order.id:{order}"),
        ),
        ("API: journeys", "/api/v1/journeys?limit=20".to_owned()),
        ("API: destinations", "/api/v1/destinations".to_owned()),
        ("API: status", "/api/v1/status".to_owned()),
    ];
    if let Some(id) = newest_journey(&client, system).await? {
        pages.push(("Journey", format!("/journeys/{id}")));
        pages.push(("API: journey", format!("/api/v1/journeys/{id}")));
    }
    let worst_p99 = ask(&client, system, &pages, report).await?;
    let sentence = format!("slowest page, p99: {worst_p99:.1} ms (bar {BAR_MS} ms).");
    report.verdict(&sentence, worst_p99 <= BAR_MS);
    Ok(())
}

/// A table of (name, path). The slowest p99, in ms.
pub async fn ask(
    client: &reqwest::Client,
    system: &System,
    pages: &[(&str, String)],
    report: &mut Report,
) -> Result<f64> {
    let (rows, worst_p99) = times(client, system, pages).await?;
    report.table(&["page", "status", "bytes", "median ms", "p99 ms"], &rows);
    Ok(worst_p99)
}

/// Each page asked for many times, whole answer read: rows of such a table, and the slowest p99.
pub async fn times(
    client: &reqwest::Client,
    system: &System,
    pages: &[(&str, String)],
) -> Result<(Vec<Vec<String>>, f64)> {
    let mut rows = Vec::new();
    let mut worst_p99: f64 = 0.0;
    for (name, path) in pages {
        let mut times = Vec::new();
        let mut status = 0;
        let mut bytes = 0;
        for _ in 0..ASKS {
            let started = Instant::now();
            let url = format!("http://{}{path}", system.console);
            let answer = client.get(url).bearer_auth(&system.token).send().await?;
            status = answer.status().as_u16();
            bytes = answer.bytes().await?.len();
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        ensure!(status == 200, "{path} answered {status}");
        worst_p99 = worst_p99.max(quantile(&times, 0.99));
        rows.push(vec![
            (*name).to_owned(),
            status.to_string(),
            bytes.to_string(),
            format!("{:.1}", median(&times)),
            format!("{:.1}", quantile(&times, 0.99)),
        ]);
    }
    Ok((rows, worst_p99))
}

/// Of the first item of a list.
pub async fn first_id(client: &reqwest::Client, system: &System, path: &str) -> Result<String> {
    let url = format!("http://{}{path}", system.console);
    let answer = client.get(url).bearer_auth(&system.token).send().await?;
    let list: serde_json::Value = answer.json().await.context("the list is not JSON")?;
    let id = list["items"][0]["id"].as_str();
    id.map(str::to_owned).context("the list is empty")
}

async fn fill(system: &System) -> Result<()> {
    let sender = Sender::connect(Transport::Grpc, system.grpc, system.http).await?;
    let templates = Arc::new(load::templates(2));
    let cycle = Arc::new(AtomicU64::new(FIRST_CYCLE * templates.len() as u64));
    let mut stored = 0;
    while stored < SPANS {
        let sent = flood(&sender, &templates, &cycle, 8, Duration::from_secs(2)).await?;
        stored += sent.acknowledged_spans;
    }
    Ok(())
}

async fn newest_journey(client: &reqwest::Client, system: &System) -> Result<Option<String>> {
    let url = format!("http://{}/api/v1/journeys?limit=1", system.console);
    let answer = client.get(url).bearer_auth(&system.token).send().await?;
    let list: serde_json::Value = answer.json().await.context("the journeys are not JSON")?;
    Ok(list["items"][0]["id"].as_str().map(str::to_owned))
}
