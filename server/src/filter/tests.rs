//! Filters asked of one message.

use proptest::prelude::*;

use waybill_model::time::Timestamp;

use super::*;
use crate::payload::{Decoder, Veil};

fn judge(filter: &str, body: &[u8]) -> Verdict {
    let value = Decoder::default().decode(body, Veil::Masked);
    let key = Decoder::default().decode(b"order-1001", Veil::Masked);
    let headers = [
        ("kind".to_owned(), Some("retry".to_owned())),
        ("empty".to_owned(), None),
    ];
    let sample = Sample {
        value: Some(&value),
        key: Some(&key),
        headers: &headers,
        partition: Some("3"),
        offset: 9_007_199_254_740_993,
        at: Some(Timestamp::from_unix_millis(1_795_444_307_046)),
        size_bytes: 312,
    };
    parse(filter).unwrap().judge(&sample)
}

const BODY: &str = r#"{"order":{"id":"1001","n":7,"big":9007199254740993,"paid":true,"gone":null,
    "tags":["a","b"],"a b":{"c":1.5}},"password":"hunter2"}"#;

#[test]
fn filters_hold_or_not() {
    for (filter, holds) in [
        (
            r#"value.order.id == "1001" && headers.kind == "retry""#,
            true,
        ),
        (r#"value.order.id == "1002" || key contains "100""#, true),
        ("value.order.id == 1001", true),
        ("value.order.n == '7'", true),
        ("value.order.n > 6.5 && value.order.n <= 7", true),
        ("value.order.big == 9007199254740993", true),
        ("value.order.big == 9007199254740992", false),
        ("offset == 9007199254740993", true),
        ("offset < 9007199254740993", false),
        ("value.order.paid", true),
        ("!value.order.paid", false),
        ("value.order.paid == true", true),
        ("value.order.gone", false),
        ("exists value.order.gone", true),
        ("value.order.gone == null", true),
        ("exists value.order.nothing", false),
        ("value.order.nothing == null", false),
        ("value.order.nothing != 1", true),
        ("value.order.nothing < 1", false),
        ("value.order.tags contains 'b'", true),
        (
            "value.order.tags[1] == 'b' && !exists value.order.tags[2]",
            true,
        ),
        (r#"value.order["a b"].c == 1.5"#, true),
        ("value.order contains 'tags'", true),
        ("value contains '\"1001\"'", true),
        (
            "key matches-prefix 'order-' && !(key matches-prefix '1001')",
            true,
        ),
        ("at >= '2026-11' && at < '2027'", true),
        ("partition == 3 && size == 312", true),
        ("exists headers.empty && !headers.empty", true),
        ("key == 'a' && key == 'b' || key", true),
        ("key == 'a' && (key == 'b' || key)", false),
    ] {
        let expected = if holds { Verdict::Yes } else { Verdict::No };
        assert_eq!(judge(filter, BODY.as_bytes()), expected, "{filter}");
    }
}

#[test]
fn what_is_hidden_cannot_be_probed() {
    for filter in ["value.password == 'hunter2'", "value contains 'hunter'"] {
        assert_eq!(judge(filter, BODY.as_bytes()), Verdict::No, "{filter}");
    }
}

#[test]
fn a_budget_ends_it() {
    let body = format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 19));
    let tests = vec!["value.a contains 'y'"; 50].join(" || ");
    assert_eq!(judge(&tests, body.as_bytes()), Verdict::TooMuch);
}

proptest! {
    #[test]
    fn not_is_the_opposite(n in any::<i64>(), m in any::<i64>()) {
        let body = format!("{{\"n\":{n}}}");
        let of = |filter: String| judge(&filter, body.as_bytes()) == Verdict::Yes;
        prop_assert_eq!(of(format!("value.n == {m}")), n == m);
        prop_assert_eq!(of(format!("value.n < {m}")), n < m);
        prop_assert_eq!(of(format!("!(value.n < {m})")), n >= m);
    }
}
