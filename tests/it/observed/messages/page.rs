use waybill_broker::browse::Price;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_the_price_first_and_reads_when_asked() {
    let mut held = shelf(2, 30);
    let mut hostile = stored(
        FIRST_MS + 90_000,
        Some("<script>k"),
        "<script>alert(1)</script>\u{202e}",
    );
    hostile.headers = vec![("<img>".into(), Some(bytes::Bytes::from_static(b"<svg>")))];
    held.put("0", hostile);
    let sim = sim(held);
    let observed = browsed(&sim, |_| {}).await;
    let viewer = observed.user("vera", "viewer").await;

    let (status, page) = observed.html(&observed.cookie, &path("")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(page.contains("Here lie 61 messages"), "{page}");
    assert!(page.contains("One reading takes at most"));
    assert_eq!(
        sim.asked().read,
        0,
        "nothing is read before it is asked for"
    );
    for field in [
        "from",
        "offset",
        "time",
        "key",
        "partition",
        "limit",
        "filter",
    ] {
        assert!(page.contains(&format!("name=\"{field}\"")), "{field}");
    }

    let (status, page) = observed
        .html(&observed.cookie, &path("from=latest&limit=3"))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("3 shown of"), "{page}");
    assert!(
        !page.contains("<script>alert") && !page.contains("<svg>"),
        "{page}"
    );
    assert!(page.contains("\\u{202e}"), "{page}");
    assert!(page.contains("••••") && !page.contains("hunter2"));
    let next = page
        .split("&amp;cursor=")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let (_, further) = observed
        .html(
            &observed.cookie,
            &path(&format!("from=latest&limit=3&cursor={next}")),
        )
        .await;
    assert!(
        further.contains("3 shown of") && further.contains("From the beginning"),
        "{further}"
    );

    let (status, page) = observed.html(&viewer, &path("from=latest&limit=3")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("need the right message.body") && !page.contains("••••"),
        "{page}"
    );
    let (status, page) = observed.html(&viewer, &path("from=latest&key=k1")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(
        page.contains("message.body") && page.contains("name=\"filter\""),
        "{page}"
    );
    let (status, page) = observed
        .html(&observed.cookie, &path("from=latest&filter=value.a+=+1"))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("⟨here⟩"), "{page}");
    let (_, page) = observed
        .html(
            &format!("{}; lang=zh", observed.cookie),
            &path("from=earliest"),
        )
        .await;
    assert!(page.contains("存储的消息"), "{page}");

    sim.change(|script| {
        script.shelves[0].price = Some(Price::Disturbs {
            cost: "each look is a delivery".into(),
            instead: "read the stream".into(),
        });
    });
    let (status, page) = observed.html(&observed.cookie, &path("")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("each look is a delivery") && page.contains("read the stream"),
        "{page}"
    );
    let (status, page) = observed.html(&observed.cookie, &path("from=latest")).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        page.contains("would_disturb") && page.contains("each look is a delivery"),
        "{page}"
    );
    observed.end().await;
}
