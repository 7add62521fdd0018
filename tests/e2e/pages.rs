//! Every page in both themes and both languages: no serious finding, no line in the console, and
//! a picture for a person to look at.

use waybill_tests::wait;

use crate::scene::{LOOKS, Scene, dress, look_at, theme_name};

#[tokio::test(flavor = "multi_thread")]
async fn every_page_in_every_look() {
    let scene = Scene::set().await;
    let journey = format!("/journeys/{}", scene.troubled);
    let failures = wait::until("the failures are counted", || async {
        let all = scene.server.api("/failures").await;
        let first = all["items"].as_array()?.first()?["id"].as_str()?.to_owned();
        Some(format!("/failures/{first}"))
    })
    .await;
    let pages = [
        ("failures", "/failures"),
        ("failure", failures.as_str()),
        ("overview", "/"),
        ("search", "/search?find=order.id%3D1002"),
        ("search-empty", "/search?find=order.id%3Dnone"),
        ("journey", journey.as_str()),
        ("health", "/health"),
        ("settings", "/settings"),
        ("users", "/settings/users"),
        ("tokens", "/settings/tokens"),
        ("audit", "/audit"),
    ];
    let mut findings = Vec::new();
    for look in LOOKS {
        let tab = scene.signed_in().await;
        dress(&tab, &scene.server.console, look).await;
        for (name, path) in pages {
            let picture = format!("{name}-{}-{}", theme_name(look), look.language);
            findings.extend(look_at(&tab, &scene.url(path), &picture).await);
        }
        let stranger = scene.chromium.tab().await;
        dress(&stranger, &scene.server.console, look).await;
        stranger.width(1280).await;
        stranger.goto(&scene.url("/sign-in")).await;
        stranger.hydrated().await;
        stranger
            .screenshot(&format!("sign-in-{}-{}", theme_name(look), look.language))
            .await;
        for finding in stranger.axe().await {
            findings.push(format!("sign-in {look:?}: {finding}"));
        }
        stranger.console_is_empty("sign-in");
    }
    assert!(findings.is_empty(), "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_stay_text() {
    let scene = Scene::set().await;
    let tab = scene.signed_in().await;
    let page = scene
        .server
        .api("/journeys?key=%3Cimg%20src%3Dx%20onerror%3Dalert(2)%3E")
        .await;
    let id = crate::scene::first_id(&page);
    for path in ["/", &format!("/journeys/{id}"), "/search"] {
        tab.goto(&scene.url(path)).await;
        tab.hydrated().await;
        let injected = tab
            .eval("document.querySelectorAll('body img[onerror], body b').length")
            .await;
        assert_eq!(injected, 0, "{path}");
        let alerts = tab
            .eval("[...document.scripts].filter(s => s.textContent.includes('alert(1)') && !s.nonce).length")
            .await;
        assert_eq!(alerts, 0, "{path}");
        tab.console_is_empty(path);
    }
}
