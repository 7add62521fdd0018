//! The pages, without scripts.

use reqwest::StatusCode;
use reqwest::header::{COOKIE, LOCATION, ORIGIN, REFERER};
use waybill_tests::server::ADMIN;

use super::{FRAME, named, some_failures, start};

/// A line of the list of messages in trouble, in the page itself.
const ROW: &str = "<span class=\"trouble-state\">";

#[tokio::test(flavor = "multi_thread")]
async fn pages_tell_it_in_both_languages_and_forms_change_it() {
    let (server, _) = start().await;
    some_failures(&server).await;
    let cookie = server.sign_in(ADMIN.0, ADMIN.1).await.unwrap();
    let chinese = format!("{cookie}; lang=zh-CN");
    let list = server.api("/failures").await;
    let id = named(&list, "shop.Declined")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/failures/{id}");
    let (_, html) = server.page("/failures", &cookie).await;
    for told in [
        "<h1>Failures</h1>",
        "shop.Declined",
        FRAME,
        "class=\"sparkline\"",
        "order-desk",
        &path,
    ] {
        assert!(html.contains(told), "{told}: {html}");
    }
    let (_, html) = server.page("/failures", &chinese).await;
    assert!(
        html.contains("<h1>故障</h1>") && html.contains("失败尝试"),
        "{html}"
    );
    let (_, html) = server.page(&path, &cookie).await;
    for told in [
        "<h1><bdi class=\"name\">shop.Declined</bdi></h1>",
        "3 failed attempts of 3 messages",
        "It was first seen in version 1.0.",
        "<polyline",
        "Retry history of the newest",
        "billing-7",
        "action=\"/fn/change_failure\"",
        "action=\"/fn/mute_failure\"",
        "https://example.com/runbooks/orders",
    ] {
        assert!(html.contains(told), "{told}: {html}");
    }
    let (_, html) = server.page(&path, &chinese).await;
    assert!(html.contains("首次出现于版本 1.0"), "{html}");
    // The journey leads to its kind.
    let one = server.api(&path).await;
    let journey = format!("/journeys/{}", one["recent"][0]["id"].as_str().unwrap());
    let (_, html) = server.page(&journey, &cookie).await;
    assert!(
        html.contains(&format!("href=\"{path}\"")) && html.contains(FRAME),
        "{html}"
    );

    let (_, html) = server.page("/", &cookie).await;
    assert_eq!(
        (html.matches(ROW).count(), html.contains("muted")),
        (4, false)
    );
    let form = async |to: &str, body: String| {
        let answer = server
            .client
            .post(format!("{}{to}", server.console))
            .header(ORIGIN, &server.console)
            .header(REFERER, format!("{}{path}", server.console))
            .header(COOKIE, &cookie)
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::FOUND, "{to}");
        answer.headers()[LOCATION].to_str().unwrap().to_owned()
    };
    let back = form(
        "/fn/change_failure",
        format!("id={id}&owner=%3Cb%3Eops&note=known%0D%0Abug"),
    )
    .await;
    assert!(back.trim_end_matches('?').ends_with(&path), "{back}");
    form("/fn/mute_failure", format!("id={id}&hours=24")).await;
    let (_, html) = server.page(&path, &cookie).await;
    assert!(
        html.contains("&lt;b&gt;ops") && !html.contains("<b>ops"),
        "{html}"
    );
    assert!(
        html.contains("Muted until") && html.contains("End it"),
        "{html}"
    );
    let (_, html) = server.page("/", &cookie).await;
    assert_eq!(html.matches(ROW).count(), 1, "the other kind alone");
    assert!(html.contains(">1 muted</a>"), "{html}");
    let (_, html) = server.page("/failures", &cookie).await;
    assert!(
        !html.contains("shop.Declined") && html.contains("shop.Broken"),
        "{html}"
    );
    let (_, html) = server.page("/failures?muted=yes", &cookie).await;
    assert!(html.contains("shop.Declined"), "{html}");
    form("/fn/mute_failure", format!("id={id}&hours=0")).await;
    let (_, html) = server.page("/", &cookie).await;
    assert!(!html.contains("1 muted"), "{html}");
    let refused = form(
        "/fn/change_failure",
        format!("id={id}&owner={}&note=", "x".repeat(101)),
    )
    .await;
    let path = refused.trim_start_matches(&server.console);
    let (_, html) = server.page(path, &cookie).await;
    assert!(html.contains("owner: 1 to 100 characters"), "{html}");
}
