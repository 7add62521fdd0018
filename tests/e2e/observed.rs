//! Clusters, destinations and groups in a browser: in every look, and what charts and live figures
//! do once hydrated.

use serde_json::json;
use waybill_broker::sim::stored;
use waybill_tests::devtools::{Chromium, Tab};
use waybill_tests::story::{HOSTILE, Story};
use waybill_tests::wait;

use crate::scene::{LOOKS, dress, look_at, theme_name};

struct Observatory {
    story: Story,
    chromium: Chromium,
}

impl Observatory {
    async fn open() -> Self {
        Self {
            story: Story::begin().await,
            chromium: Chromium::start().await,
        }
    }

    async fn signed_in(&self) -> Tab {
        let tab = self.chromium.tab().await;
        let (name, value) = self.story.observed.cookie.split_once('=').unwrap();
        tab.cookie(&self.story.observed.console, name, value).await;
        tab
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.story.observed.console)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_what_is_observed_in_every_look() {
    let at = Observatory::open().await;
    let story = &at.story;
    let orders = story.id("destinations", "east", "orders").await;
    let payments = story.id("destinations", "west", "payments").await;
    let drawer = story.id("destinations", "south", "drawer").await;
    let billing = story.id("groups", "east", "billing").await;
    let audit = story.id("groups", "north", "audit").await;
    let pages = [
        ("clusters-overview", "/".to_owned()),
        ("destinations", "/destinations?sort=lag".to_owned()),
        ("destinations-none", "/destinations?q=nothing".to_owned()),
        ("destination", format!("/destinations/{orders}?range=15m")),
        (
            "destination-stale",
            format!("/destinations/{payments}?range=15m"),
        ),
        ("destination-spans", format!("/destinations/{drawer}")),
        ("messages-price", format!("/destinations/{orders}/messages")),
        (
            "messages",
            format!("/destinations/{orders}/messages?from=latest&limit=8"),
        ),
        ("groups", "/groups".to_owned()),
        ("group", format!("/groups/{billing}?range=15m")),
        ("group-forbidden", format!("/groups/{audit}")),
        ("clusters", "/clusters".to_owned()),
        ("cluster", "/clusters/east".to_owned()),
        ("durability", "/clusters/east/durability".to_owned()),
        ("durability-refused", "/clusters/west/durability".to_owned()),
        ("cluster-refused", "/clusters/west".to_owned()),
        ("cluster-narrow", "/clusters/north".to_owned()),
        ("cluster-unmanaged", "/clusters/south".to_owned()),
    ];
    let mut findings = Vec::new();
    for look in LOOKS {
        let tab = at.signed_in().await;
        dress(&tab, &story.observed.console, look).await;
        for (name, path) in &pages {
            let picture = format!("{name}-{}-{}", theme_name(look), look.language);
            findings.extend(look_at(&tab, &at.url(path), &picture).await);
        }
    }
    assert!(findings.is_empty(), "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brush_on_a_chart_sets_the_range_of_the_page() {
    let at = Observatory::open().await;
    let billing = at.story.id("groups", "east", "billing").await;
    let tab = at.signed_in().await;
    tab.width(1280).await;
    tab.goto(&at.url(&format!("/groups/{billing}?range=1h")))
        .await;
    tab.hydrated().await;
    let mouse = async |kind: &str, share: f64| {
        let place = "(() => { const e = document.querySelector('.graph-plot'); \
                     e.scrollIntoView({block: 'center', behavior: 'instant'}); \
                     const r = e.getBoundingClientRect(); return [r.x, r.y + r.height / 2, r.width]; })()";
        let place = tab.eval(place).await;
        let number = |at: usize| place[at].as_f64().unwrap();
        let params = json!({
            "type": kind, "x": number(0) + number(2) * share, "y": number(1),
            "button": if kind == "mouseMoved" { "none" } else { "left" }, "clickCount": 1,
        });
        tab.call("Input.dispatchMouseEvent", params).await;
    };
    mouse("mouseMoved", 0.5).await;
    tab.until("!document.querySelector('.crosshair').hidden")
        .await;
    tab.until("/\\d\\d:\\d\\d · last .*\\d/.test(document.querySelector('.readout').textContent)")
        .await;
    mouse("mousePressed", 0.25).await;
    mouse("mouseMoved", 0.75).await;
    tab.until("!document.querySelector('.brush').hidden").await;
    mouse("mouseReleased", 0.75).await;
    tab.until("/from=\\d{4}-.*&to=\\d{4}-/.test(location.search)")
        .await;
    tab.until("document.querySelectorAll('.graph tbody tr').length <= 32")
        .await;
    let minutes = tab
        .eval("(() => { const p = new URLSearchParams(location.search); return (Date.parse(p.get('to')) - Date.parse(p.get('from'))) / 60000; })()")
        .await;
    let minutes = minutes.as_f64().unwrap();
    assert!(
        (29.0..=32.0).contains(&minutes),
        "half an hour of one: {minutes}"
    );
    // Back leads to where the page was before.
    tab.eval("history.back()").await;
    tab.until("location.search === '?range=1h' && document.querySelectorAll('.graph tbody tr').length > 50")
        .await;
    tab.console_is_empty("brush");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_change_in_place_and_stand_while_paused() {
    let at = Observatory::open().await;
    let east = &at.story.east;
    east.change(|script| script.commit("billing", "orders", 1, Some(0)));
    let billing = at.story.id("groups", "east", "billing").await;
    let tab = at.signed_in().await;
    tab.goto(&at.url(&format!("/groups/{billing}"))).await;
    tab.hydrated().await;
    // What a person has unfolded, focused and marked must outlive new figures.
    tab.eval("document.querySelector('.graph details').open = true")
        .await;
    tab.eval("document.querySelector('main table a').focus()")
        .await;
    tab.eval("document.querySelector('main h1').dataset.mark = 'same'")
        .await;
    east.change(|script| script.head("orders", 0, 120_777));
    tab.has_text("120777").await;
    let kept = "document.querySelector('.graph details').open \
                && document.activeElement.tagName === 'A' \
                && document.querySelector('main h1') !== null";
    assert_eq!(tab.eval(kept).await, json!(true));

    tab.click("button.live").await;
    tab.until("document.querySelector('button.live').getAttribute('aria-pressed') === 'true'")
        .await;
    east.change(|script| script.head("orders", 0, 130_999));
    // The server knows; the page that stands still does not.
    let path = format!("/groups/{billing}");
    at.story
        .observed
        .until("the server knows", &path, |group| {
            let told = group["partitions"].as_array()?;
            told.iter().any(|one| one["head"] == 130_999).then_some(())
        })
        .await;
    assert!(!tab.text().await.contains("130999"));
    tab.click("button.live").await;
    tab.has_text("130999").await;
    tab.console_is_empty("live figures");
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_messages_are_read_and_what_arrives_is_shown() {
    let at = Observatory::open().await;
    let orders = at.story.id("destinations", "east", "orders").await;
    let tab = at.signed_in().await;
    tab.goto(&at.url(&format!("/destinations/{orders}"))).await;
    tab.hydrated().await;
    tab.click("main a[href$='/messages']").await;
    tab.until("location.pathname.endsWith('/messages')").await;
    // Nothing is read before somebody asks.
    tab.has_text("15 messages").await;
    assert!(!tab.text().await.contains("tombstone"));
    tab.fill("input[name=filter]", "key == \"k3\"").await;
    tab.click(".search-form button").await;
    tab.until("location.search.includes('filter=')").await;
    tab.until("document.querySelectorAll('.stored > *').length === 1")
        .await;

    tab.goto(&at.url(&format!("/destinations/{orders}/messages")))
        .await;
    tab.hydrated().await;
    tab.click("#tail-title ~ p button, section[aria-labelledby=tail-title] button")
        .await;
    // The stream begins at some moment: what comes after that is shown.
    wait::until("what arrives is shown", || async {
        at.story.east.change(|script| {
            script.shelves[0].put(
                "3",
                stored(1_795_444_100_000, Some("late"), "hot off the press"),
            );
        });
        let shown = tab.text().await.contains("hot off the press");
        shown.then_some(())
    })
    .await;
    tab.console_is_empty("stored messages");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_pages_lead_on_without_scripts() {
    let at = Observatory::open().await;
    let tab = at.signed_in().await;
    tab.scripts(false).await;
    tab.width(390).await;
    tab.goto(&at.url("/destinations")).await;
    tab.fill("input[name=q]", "orders").await;
    tab.click(".filter-form button").await;
    tab.until("location.search.includes('q=orders') && document.readyState === 'complete'")
        .await;
    tab.until("!document.body.innerText.includes('payments')")
        .await;
    tab.click("main th a[href*='sort=depth']").await;
    tab.until("location.search.includes('sort=depth')").await;
    tab.click("main tbody th a").await;
    tab.until("location.pathname.startsWith('/destinations/d-')")
        .await;
    tab.has_text("Rate in and out").await;
    tab.until("!!document.querySelector('.graph svg polyline')")
        .await;
    tab.click("nav.range a[href$='range=24h']").await;
    tab.until("location.search === '?range=24h'").await;
    tab.click("main a[href^='/groups/']").await;
    tab.until("location.pathname.startsWith('/groups/')").await;
    tab.has_text("Lag over time").await;
    tab.click("main a[href^='/clusters/']").await;
    tab.until("location.pathname === '/clusters/east'").await;
    tab.has_text("disk is nearly full").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_of_brokers_stay_text() {
    let at = Observatory::open().await;
    let destination = at.story.id("destinations", "east", HOSTILE).await;
    let group = at.story.id("groups", "east", HOSTILE).await;
    let tab = at.signed_in().await;
    for path in [
        "/destinations".to_owned(),
        format!("/destinations/{destination}"),
        format!("/groups/{group}"),
        "/clusters/east".to_owned(),
    ] {
        tab.goto(&at.url(&path)).await;
        tab.hydrated().await;
        let injected = tab
            .eval("document.querySelectorAll('main img, main b').length")
            .await;
        assert_eq!(injected, 0, "{path}");
        tab.has_text("onerror=alert(1)").await;
        tab.console_is_empty(&path);
    }
}
