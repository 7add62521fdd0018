//! Server time of lists and single pages with many destinations and groups stored.

use std::path::PathBuf;

use anyhow::Result;

use crate::pages;
use crate::report::{Report, load_average};
use crate::stored::{self, GROUPS, HISTORY_DAYS, QUEUES, TOPICS};
use crate::system::System;

pub async fn measure(binary: &PathBuf, report: &mut Report) -> Result<()> {
    report.section(
        "Lists",
        &format!(
            "Two clusters as pollers leave them in the store, none of them reachable now: {TOPICS} topics, \
             {QUEUES} queues, {GROUPS} groups of which one stands on 10,000 partitions, {HISTORY_DAYS} days \
             of roll-ups. Each page asked for {} times over one loopback connection, whole answer read.",
            pages::ASKS
        ),
    );
    let system = System::start_with(binary, &stored::configuration()?).await?;
    stored::fill(&system.store).await?;
    let client = reqwest::Client::new();
    let group = pages::first_id(&client, &system, "/api/v1/groups?sort=lag&limit=1").await?;
    let topic = pages::first_id(
        &client,
        &system,
        "/api/v1/destinations?cluster=east&sort=lag&limit=1",
    )
    .await?;
    let queue = pages::first_id(
        &client,
        &system,
        "/api/v1/destinations?cluster=west&sort=depth&limit=1",
    )
    .await?;
    let week = stored::week();
    let api = |path: &str| format!("/api/v1/{path}");
    let paths = [
        ("groups by name", api("groups")),
        ("groups by lag", api("groups?sort=lag")),
        ("groups by name, 1,000", api("groups?limit=1000")),
        ("groups, part of a name", api("groups?q=group-19")),
        ("groups of a topic", api("groups?destination=topic-0042")),
        (
            "group on 10,000 partitions",
            api(&format!("groups/{group}")),
        ),
        ("lag, an hour", api(&format!("groups/{group}/lag"))),
        (
            "lag, 7 days by hours",
            api(&format!("groups/{group}/lag?{week}")),
        ),
        (
            "lag, a day by minutes",
            api(&format!("groups/{group}/lag?{}&step=1m", stored::day())),
        ),
        ("destinations by name", api("destinations")),
        ("destinations by lag", api("destinations?sort=lag")),
        ("destinations by depth", api("destinations?sort=depth")),
        ("destinations, 1,000", api("destinations?limit=1000")),
        (
            "destinations, part of a name",
            api("destinations?q=queue-04"),
        ),
        (
            "destination, a topic",
            api(&format!("destinations/{topic}")),
        ),
        (
            "destination, a queue",
            api(&format!("destinations/{queue}")),
        ),
        ("clusters", api("clusters")),
        ("cluster", api("clusters/east")),
        ("status", api("status")),
        ("page: overview", "/".to_owned()),
        ("page: destinations", "/destinations".to_owned()),
        ("page: a topic", format!("/destinations/{topic}")),
        ("page: groups", "/groups".to_owned()),
        ("page: group", format!("/groups/{group}")),
        ("page: clusters", "/clusters".to_owned()),
        ("page: cluster", "/clusters/east".to_owned()),
    ];
    let mut there = Vec::new();
    for (name, path) in paths {
        let url = format!("http://{}{path}", system.console);
        let answer = client.get(url).bearer_auth(&system.token).send().await?;
        match answer.status() {
            http::StatusCode::NOT_FOUND => println!("{name}: there is no such page"),
            _ => there.push((name, path)),
        }
    }
    report.note(&format!("Load average {}.", load_average()));
    let worst = pages::ask(&client, &system, &there, report).await?;
    let sentence = format!("slowest, p99: {worst:.1} ms (bar {} ms).", pages::BAR_MS);
    report.verdict(&sentence, worst <= pages::BAR_MS);
    report.note(&format!(
        "RSS of the server at its highest {:.0} MiB.",
        system.peak_rss_mib()
    ));
    Ok(())
}
