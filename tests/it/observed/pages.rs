//! The pages of clusters, destinations and groups as the server renders them, without scripts.

use waybill_tests::story::{HOSTILE, Story, many};

use super::*;

/// What a reader sees: tags away, entities read.
fn told(html: &str) -> String {
    let main = html.split_once("<main").map_or(html, |(_, main)| main);
    let main = main.split_once("</main>").map_or(main, |(main, _)| main);
    let mut text = String::new();
    let mut in_tag = false;
    for c in main.chars() {
        match c {
            '<' => in_tag = true,
            '>' => {
                in_tag = false;
                text.push(' ');
            }
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn page(story: &Story, path: &str) -> (String, String) {
    let (status, html) = story.observed.page(path).await;
    let text = told(&html);
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    for raw in ["<img src=x", "<b>x</b>", "onerror=alert(1)>"] {
        assert!(!html.contains(raw), "{path}: {raw}");
    }
    (html, text)
}

fn has(text: &str, all: &[&str]) {
    for part in all {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_tells_all_that_is_known_and_why_the_rest_is_not() {
    let story = Story::begin().await;
    let (html, text) = page(&story, "/destinations?sort=lag").await;
    has(
        &text,
        &[
            "orders",
            "orders.DLT",
            "payments",
            "drawer",
            "dead letter",
            "east",
            "west",
        ],
    );
    has(&text, &["stale,", "spans", "spans only"]);
    has(
        &text,
        &["The broker answered and left it out.", "The broker refused"],
    );
    assert!(html.contains("aria-sort=\"descending\""));

    let id = story.id("destinations", "east", "orders").await;
    let (html, text) = page(&story, &format!("/destinations/{id}")).await;
    has(
        &text,
        &["Depth", "Rate in and out", "Messages by spans", "not known"],
    );
    has(
        &text,
        &[
            "Some replicas are not in sync",
            "no leader now",
            "times the mean",
        ],
    );
    has(
        &text,
        &[
            "dead letters to",
            "orders.DLT",
            "retention.ms",
            "604800000",
            "billing",
        ],
    );
    has(
        &text,
        &[
            "has none",
            "This broker, or this version of it, has no such thing.",
        ],
    );
    assert!(html.contains("/messages\"") && html.contains("state=failed"));
    assert!(
        html.contains("fill=\"#b5179e\""),
        "the cluster's colour frames its page"
    );
    assert!(
        html.contains("<polyline"),
        "charts are there without scripts"
    );

    let id = story.id("destinations", "south", "drawer").await;
    let (html, text) = page(&story, &format!("/destinations/{id}")).await;
    has(
        &text,
        &["No broker is read here", "spans", "spans only", "shop"],
    );
    assert!(
        !html.contains("/messages\""),
        "no broker holds what could be looked at"
    );

    let (_, text) = page(&story, "/destinations?cluster=west&kind=queue").await;
    has(&text, &["payments", "refunds", "untold", "no answer"]);
    story.observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_unknown_stale_and_forbidden_are_four_things() {
    let story = Story::begin().await;
    let west = story.id("destinations", "west", "payments").await;
    let (html, text) = page(&story, &format!("/destinations/{west}")).await;
    has(
        &text,
        &[
            "west was last read",
            "It cannot be reached.",
            "connection refused",
            "12",
        ],
    );
    assert!(html.contains("notice with-icon warn"));

    let audit = story.id("groups", "north", "audit").await;
    let (html, text) = page(&story, &format!("/groups/{audit}")).await;
    has(
        &text,
        &[
            "no right",
            "a right is missing",
            "Describe on Group billing",
        ],
    );
    assert!(html.contains("gap forbidden"));

    let (html, text) = page(&story, "/clusters/north").await;
    has(
        &text,
        &["Describe on Group", "Members of groups", "grant-tool --add"],
    );
    has(&text, &["rights missing", "no answer", "Asking failed"]);
    assert!(html.contains("gap unknown"));

    let (html, text) = page(&story, "/clusters/west").await;
    has(
        &text,
        &[
            "refused",
            "unreachable",
            "Start it, or correct its address.",
            "stale,",
        ],
    );
    assert!(html.contains("gap stale"));

    let (_, text) = page(&story, "/clusters/east").await;
    has(
        &text,
        &[
            "disk is nearly full",
            "n1",
            "running",
            "harbour",
            "off: nothing is ever written",
        ],
    );
    let (_, text) = page(&story, "/clusters").await;
    has(
        &text,
        &[
            "east",
            "west",
            "north",
            "south",
            "spans only",
            "1 missing",
            "alarms",
        ],
    );
    let (_, text) = page(&story, "/").await;
    has(&text, &["east", "west", "north"]);
    story.observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_tells_its_lag_over_time_and_gaps_are_no_zeros() {
    let story = Story::begin().await;
    let id = story.id("groups", "east", "billing").await;
    let (html, text) = page(&story, &format!("/groups/{id}")).await;
    // Group, commit and head are in front of the reader; partition 1 lies behind its end.
    has(
        &text,
        &[
            "120000",
            "120345",
            "345",
            "at least",
            "lies behind the end",
            "m1",
        ],
    );
    has(
        &text,
        &["Lag over time", "not known", "Not judged", "not told"],
    );
    let table = html
        .split_once("<tbody>")
        .unwrap()
        .1
        .split_once("</tbody>")
        .unwrap()
        .0;
    let rows: Vec<String> = table.split("<tr>").skip(1).map(told).collect();
    assert!((58..=61).contains(&rows.len()), "{rows:?}");
    let oldest = rows.last().unwrap();
    assert!(
        oldest.ends_with("not known not known"),
        "before the first reading: {oldest}"
    );
    assert!(!rows.iter().any(|row| row.ends_with(" 0")), "{rows:?}");

    for (query, status) in [
        ("?range=9d", 400),
        ("?from=yesterday", 400),
        ("?range=24h", 200),
    ] {
        let (got, html) = story.observed.page(&format!("/groups/{id}{query}")).await;
        assert_eq!(got.as_u16(), status, "{query}: {}", told(&html));
    }
    let (status, _) = story.observed.page("/groups/gr-00").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, text) = page(&story, "/groups?cluster=east&destination=orders&sort=lag").await;
    has(&text, &["billing", "1"]);
    assert!(!text.contains("audit"), "{text}");
    story.observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_stay_text_in_both_languages() {
    let story = Story::begin().await;
    let destination = story.id("destinations", "east", HOSTILE).await;
    let group = story.id("groups", "east", HOSTILE).await;
    for path in [
        "/destinations".to_owned(),
        format!("/destinations/{destination}"),
        "/groups".to_owned(),
        format!("/groups/{group}"),
        "/clusters/east".to_owned(),
    ] {
        for language in ["en", "zh-CN"] {
            let request = story
                .observed
                .client
                .get(format!("{}{path}", story.observed.console));
            let cookie = format!("{}; lang={language}", story.observed.cookie);
            let answer = request.header("cookie", cookie).send().await.unwrap();
            assert!(answer.status().is_success(), "{path}");
            let html = answer.text().await.unwrap();
            let html = html
                .split_once("<main")
                .unwrap()
                .1
                .split_once("</main>")
                .unwrap()
                .0
                .to_owned();
            assert!(
                !html.contains("<img") && !html.contains("<b>"),
                "{path} in {language}"
            );
            assert!(
                html.contains("&lt;img src=x"),
                "{path} in {language} does not tell it"
            );
            assert!(
                !html.contains('\u{202e}'),
                "{path} in {language}: it turns text around"
            );
        }
    }
    story.observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_destinations_are_paged_by_links() {
    let sim = Sim::new(many(10_000));
    let observed = start(&[("east", &sim, Duration::from_secs(1))]).await;
    observed
        .until("depths", "/destinations?sort=depth&limit=1", |page| {
            (items(page).first()?["depth"] == 499).then_some(())
        })
        .await;
    let mut path = "/destinations?sort=depth&cluster=east".to_owned();
    let mut names = std::collections::BTreeSet::new();
    let began = std::time::Instant::now();
    for _ in 0..5 {
        let (status, html) = observed.page(&path).await;
        assert_eq!(status, StatusCode::OK);
        let rows = html.split("data-row=\"\"").skip(1);
        let found = rows.filter_map(|row| Some(row.split_once("queue-")?.1[..5].to_owned()));
        names.extend(found);
        let next = html
            .split("<a")
            .find(|link| link.contains("rel=\"next\""))
            .unwrap();
        let href = next
            .split_once("href=\"")
            .unwrap()
            .1
            .split_once('"')
            .unwrap()
            .0;
        path = href.replace("&amp;", "&");
        assert!(
            path.contains("sort=depth") && path.contains("cluster=east"),
            "{path}"
        );
    }
    println!("5 pages of 10,000 destinations in {:?}", began.elapsed());
    assert_eq!(names.len(), 250, "no row twice, none left out");
    observed.end().await;
}
