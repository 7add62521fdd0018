//! Shapes that brokers write, and bytes that nobody writes.

use super::*;
use crate::rocketmq::damage::Damage;
use crate::rocketmq::wire::recorded;

fn json(body: &str) -> Result<String, Unreadable> {
    to_json(body.as_bytes())
}

#[test]
fn bare_keys_become_texts() {
    for (body, expected) in [
        ("{0:5,1:2}", r#"{"0":5,"1":2}"#),
        (r#"{ -1 : "a" }"#, r#"{"-1":"a"}"#),
        (r#"{"t":{3:16,4:13}}"#, r#"{"t":{"3":16,"4":13}}"#),
        ("{name:true,null:null}", r#"{"name":true,"null":null}"#),
        ("{}", "{}"),
        ("[]", "[]"),
        ("[ 1 , -2.5e3 ]", "[1,-2.5e3]"),
        ("7", "7"),
        (r#"{"a":[{},{1:[]}]}"#, r#"{"a":[{},{"1":[]}]}"#),
    ] {
        assert_eq!(json(body).as_deref(), Ok(expected), "{body}");
    }
}

#[test]
fn keys_that_are_objects_become_pairs() {
    for (body, expected) in [
        (
            r#"{"offsetTable":{{"topic":"t","queueId":0}:{"max":2},{"topic":"t","queueId":1}:3},"tps":0.0}"#,
            r#"{"offsetTable":[[{"topic":"t","queueId":0},{"max":2}],[{"topic":"t","queueId":1},3]],"tps":0.0}"#,
        ),
        ("{{1:2}:{{3:4}:5}}", r#"[[{"1":2},[[{"3":4},5]]]]"#),
        ("{[1]:2}", "[[[1],2]]"),
        (r#"{{}:1,"x":2,3:4}"#, r#"[[{},1],["x",2],[3,4]]"#),
    ] {
        assert_eq!(json(body).as_deref(), Ok(expected), "{body}");
    }
}

#[test]
fn texts_stay_as_they_are() {
    for text in [
        r#"{"a\"b{0:1}":"c\\\\\"}],:"}"#,
        r#"{"k":"\u0001\u00fc"}"#,
        r#"["%RETRY%a@b","日本語 ü","\\"]"#,
    ] {
        assert_eq!(json(text).as_deref(), Ok(text));
    }
    assert_eq!(to_json(b"[\"a\xffb\"]").as_deref(), Ok("[\"a\u{fffd}b\"]"));
}

#[test]
fn what_is_no_body_is_refused() {
    for body in [
        "{",
        "[",
        "{1",
        "{1:",
        "{1:2",
        "{{",
        "{{}:1",
        r#"{"a"#,
        r#"["\"#,
        "}",
        "]",
        "{]",
        "[}",
        "{,}",
        "{1:2,}",
        "{1::2}",
        "{1}",
        "{1 2:3}",
        ",",
        ":",
        "{{}}",
        "{{}:1,}",
        "{\"a\"\"b\":1}",
        "{*:1}",
    ] {
        assert!(json(body).is_err(), "{body}");
    }
    assert_eq!(json(&"[".repeat(MOST_DEPTH + 1)), Err(Unreadable::TooDeep));
    assert_eq!(json(&"{1:".repeat(100_000)), Err(Unreadable::TooDeep));
    assert_eq!(json(&"{".repeat(100_000)), Err(Unreadable::TooDeep));
    let deep = format!("{}1{}", "[".repeat(MOST_DEPTH), "]".repeat(MOST_DEPTH));
    assert!(json(&deep).is_ok());
}

/// Every body that was recorded becomes JSON, and what is JSON already stays what it says.
#[test]
fn recorded_bodies_become_json() {
    let bodies = bodies();
    assert!(bodies.len() > 20, "{}", bodies.len());
    for (name, body) in bodies {
        let json = to_json(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
        let told: serde_json::Value = serde_json::from_str(&json).expect(&name);
        if let Ok(before) = serde_json::from_slice::<serde_json::Value>(&body) {
            assert_eq!(told, before, "{name}");
        }
    }
}

#[test]
fn mutated_bodies_neither_panic_nor_grow() {
    mutate(20_000);
}

#[test]
#[ignore = "a million; make fuzz"]
fn fuzz_a_million_mutated_fastjson_bodies() {
    mutate(1_000_000);
}

fn mutate(times: u64) {
    use crate::rocketmq::answers::{
        cluster_info::ClusterInfo, connections::ConsumerConnections, consume_stats, offsets,
        route::Route, runtime::Runtime, topic_configs::TopicConfigs, topic_stats::TopicStats,
    };
    let seed: u64 = std::env::var("WAYBILL_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_261_128);
    println!("seed {seed}");
    let bodies: Vec<Vec<u8>> = bodies()
        .into_iter()
        .map(|(_, mut body)| {
            // Long lists say the same again and again.
            body.truncate(4_096);
            body
        })
        .collect();
    let mut damage = Damage::seeded(seed);
    let mut taken = 0_u64;
    for body in bodies.iter().cycle().take(times as usize) {
        let body = damage.of(body);
        let Ok(json) = to_json(&body) else { continue };
        assert!(
            json.len() <= 4 * body.len() + 8,
            "it grew to {}",
            json.len()
        );
        taken += u64::from(serde_json::from_str::<serde_json::Value>(&json).is_ok());
        drop(read::<ClusterInfo>(&body));
        drop(read::<ConsumerConnections>(&body));
        drop(read::<consume_stats::BrokerConsumeStats>(&body));
        drop(read::<offsets::AllOffsets>(&body));
        drop(read::<Route>(&body));
        drop(read::<Runtime>(&body));
        drop(read::<TopicConfigs>(&body));
        drop(read::<TopicStats>(&body));
    }
    assert!(
        taken > times / 100,
        "only {taken} of {times} were read at all"
    );
}

fn bodies() -> Vec<(String, Vec<u8>)> {
    let names = ["broker", "controller", "acl"]
        .into_iter()
        .flat_map(|folder| {
            let names = recorded::names(folder, ".resp.bin").into_iter();
            names.map(move |name| format!("{folder}/{name}"))
        });
    let bodies = names.map(|name| {
        let body = recorded::body(&name).to_vec();
        (name, body)
    });
    // Stored messages are no JSON.
    bodies
        .filter(|(_, body)| matches!(body.first(), Some(b'{' | b'[')))
        .collect()
}
