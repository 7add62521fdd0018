//! The same with scripts off: plain pages, links and forms.

use waybill_tests::server::ADMIN;

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_search_and_follow_without_scripts() {
    let scene = Scene::set().await;
    let tab = scene.chromium.tab().await;
    tab.scripts(false).await;
    tab.goto(&scene.url("/")).await;
    tab.fill("input[name=name]", ADMIN.0).await;
    tab.fill("input[name=password]", "wrong password, surely")
        .await;
    tab.click("form[action='/sign-in'] button").await;
    tab.until("!!document.querySelector('[role=alert]')").await;
    tab.fill("input[name=name]", ADMIN.0).await;
    tab.fill("input[name=password]", ADMIN.1).await;
    tab.click("form[action='/sign-in'] button").await;
    tab.until("location.pathname === '/' && !document.querySelector('input[name=password]')")
        .await;
    tab.fill("input[name=find]", "order.id=1002").await;
    tab.call("Input.dispatchKeyEvent", serde_json::json!({"type": "keyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}))
        .await;
    // Overview lists journeys too: the press must not meet one of those.
    tab.until("location.pathname === '/search' && document.readyState === 'complete'")
        .await;
    tab.until("!!document.querySelector('main a[href^=\"/journeys/\"]')")
        .await;
    tab.click("main a[href^='/journeys/']").await;
    tab.until("location.pathname.startsWith('/journeys/')")
        .await;
    tab.has_text("payment.dlq").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_added_without_scripts() {
    let scene = Scene::set().await;
    let tab = scene.signed_in().await;
    tab.scripts(false).await;
    tab.goto(&scene.url("/settings/users")).await;
    tab.fill("form[action='/fn/add_user'] input[name=name]", "grace")
        .await;
    tab.fill(
        "form[action='/fn/add_user'] input[name=password]",
        "a long enough password",
    )
    .await;
    tab.click("form[action='/fn/add_user'] button").await;
    tab.has_text("grace").await;
}
