//! What a person does, with scripts on.

use waybill_tests::server::ADMIN;

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_searched_and_followed() {
    let scene = Scene::set().await;
    let tab = scene.chromium.tab().await;
    tab.goto(&scene.url("/search?find=order.id%3D1002")).await;
    tab.hydrated().await;
    tab.console.lock().unwrap().clear(); // the 401 of the page itself is told there
    tab.fill("input[name=name]", ADMIN.0).await;
    tab.fill("input[name=password]", ADMIN.1).await;
    tab.click("form[action='/sign-in'] button").await;
    tab.until("location.pathname === '/search' && location.search.includes('1002')")
        .await;
    tab.hydrated().await;
    tab.until("!!document.querySelector('a[href^=\"/journeys/\"]')")
        .await;
    tab.click("main a[href^='/journeys/']").await;
    tab.until("location.pathname.startsWith('/journeys/')")
        .await;
    tab.has_text("payment.dlq").await;
    tab.has_text("CardDeclined").await;
    tab.console_is_empty("the way to a journey");
}

#[tokio::test(flavor = "multi_thread")]
async fn slash_leads_to_the_search_box() {
    let scene = Scene::set().await;
    let tab = scene.signed_in().await;
    tab.goto(&scene.url("/")).await;
    tab.hydrated().await;
    tab.press("/").await;
    tab.until("document.activeElement.getAttribute('name') === 'find'")
        .await;
    tab.console_is_empty("keys");
}
