use proptest::prelude::*;
use serde_json::json;

use super::*;

fn told(bytes: &[u8]) -> Decoded {
    Decoder::default().decode(bytes, Veil::Masked)
}

#[test]
fn content_tells_what_it_is() {
    let msgpack = [0x81, 0xa2, b'i', b'd', 0xcd, 0x03, 0xe9];
    for (bytes, format) in [
        (&b""[..], "empty"),
        (b"{\"id\":1}", "json"),
        (b" [1]", "json"),
        (b"plain words", "text"),
        ("é漢".as_bytes(), "text"),
        (&msgpack, "msgpack"),
        (&[0x81, 0xa2], "hex"),
        (&[0xff, 0xfe, 7], "hex"),
        (b"a\0b", "hex"),
        (&[0, 1], "hex"),
    ] {
        assert_eq!(told(bytes).format, format, "{bytes:?}");
    }
    assert_eq!(told(&msgpack).json, Some(json!({"id": 1001})));
}

#[test]
fn what_fails_explains_itself() {
    let broken = told(b"{\"id\":");
    assert_eq!(broken.format, "text");
    assert!(broken.problem.unwrap().contains("begins like JSON"));
    let unregistered = told(&[0, 0, 0, 0, 7, 1]);
    assert_eq!(unregistered.format, "hex");
    let problem = unregistered.problem.unwrap();
    assert!(
        problem.contains("schema 7") && problem.contains("schema_registry"),
        "{problem}"
    );
    let single = told(&[0xc3, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert!(single.problem.unwrap().contains("0807060504030201"));
}

#[test]
fn secrets_are_hidden_in_what_is_shown_and_in_what_is_filtered() {
    let bytes = br#"{"password":"hunter2","url":"amqp://a:hunter2@b"}"#;
    let masked = told(bytes);
    assert!(!masked.text.contains("hunter2"), "{}", masked.text);
    assert!(!masked.json.unwrap().to_string().contains("hunter2"));
    let bare = Decoder::default().decode(bytes, Veil::Bare);
    assert!(bare.text.contains("hunter2"));
    assert!(!told(b"amqp://a:hunter2@b").text.contains("hunter2"));
}

#[test]
fn what_is_not_decoded_is_withheld_where_it_may_tell_secrets() {
    let unregistered = [0, 0, 0, 0, 7, b'h', b'u', b'n', b't', b'e', b'r', b'2'];
    for (bytes, format) in [
        (&br#"{"password":"hunter2","#[..], "text"),
        (b"password=hunter2", "text"),
        (b"Token hunter2\0", "hex"),
        (b"\x01p\0a\0s\0s\0w\0o\0r\0d\0=\0h\0", "hex"),
        (b"\x01amqp://a:hunter2@b", "hex"),
        (&unregistered, "hex"),
    ] {
        let masked = told(bytes);
        assert_eq!((masked.format, masked.text.as_str()), (format, ""));
        assert!(masked.truncated && masked.problem.unwrap().contains("message.unmask"));
        let bare = Decoder::default().decode(bytes, Veil::Bare);
        assert!(!bare.text.is_empty() && !bare.truncated);
    }
    assert_eq!(told(b"plain words").text, "plain words");
    assert!(!told(b"a\0b").text.is_empty());
}

#[test]
fn a_name_that_is_no_text_is_not_written_out() {
    let mut msgpack = vec![0x81; 20];
    msgpack.extend([0xa1, b'"']);
    msgpack.extend([0xc0; 20]);
    assert_eq!(told(&msgpack).json, Some(json!({"(no text)": null})));
}

#[test]
fn what_is_large_is_cut_and_said_to_be() {
    let long = told(&vec![b'x'; SHOWN_BYTES + 1]);
    assert!(long.truncated && long.text.len() <= SHOWN_BYTES);
    let json = format!("[{}1]", "1,".repeat(DECODED_BYTES));
    let json = told(json.as_bytes());
    assert_eq!(
        (json.format, json.truncated, json.json),
        ("text", true, None)
    );
    assert!(json.problem.unwrap().contains("are not decoded"));
    let nested = told("[".repeat(100_000).as_bytes());
    assert_eq!(nested.format, "text");
}

proptest! {
    #[test]
    fn any_bytes_are_shown(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let shown = told(&bytes);
        prop_assert!(shown.text.len() <= SHOWN_BYTES);
    }

    #[test]
    fn any_text_is_shown(text in ".{0,200}") {
        told(text.as_bytes());
        told(format!("{{\"a\":{text}}}").as_bytes());
    }
}
