use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::payload::schema::{Kind, Written};

const ORDER: &str = r#"{"type":"record","name":"Order","namespace":"shop","fields":[
    {"name":"id","type":"string"},
    {"name":"n","type":["null","long"]},
    {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
    {"name":"state","type":{"type":"enum","name":"State","symbols":["NEW","PAID"]}},
    {"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[
        {"name":"sku","type":"string"}]}}},
    {"name":"tags","type":{"type":"map","values":"double"}},
    {"name":"next","type":["null","Order"]}]}"#;

fn written(text: &str, references: &[(&str, &str)]) -> Written {
    Written {
        kind: Kind::Avro,
        text: text.into(),
        references: references
            .iter()
            .map(|(n, t)| ((*n).into(), (*t).into()))
            .collect(),
    }
}

/// Worked out by hand from the specification.
#[test]
fn a_record_becomes_json() {
    let avro = Avro::read(&written(ORDER, &[])).unwrap();
    let bytes = [
        &[6][..],
        b"o-1",
        &[2, 0x2a],       // the second branch: 21
        &[4, 0xff, 0x38], // -200 with two decimals
        &[2],             // PAID
        &[2, 4],
        b"ab",
        &[0],
        &[1, 20, 2],
        b"x",
        &1.5_f64.to_le_bytes(),
        &[0],
        &[0],
    ]
    .concat();
    let expected = json!({"id": "o-1", "n": 21, "price": "-2.00", "state": "PAID",
        "lines": [{"sku": "ab"}], "tags": {"x": 1.5}, "next": null});
    assert_eq!(decode(&avro, &bytes).unwrap(), expected);
    let cut = decode(&avro, &bytes[..bytes.len() - 8])
        .unwrap_err()
        .to_string();
    assert!(
        cut.contains("tags") && cut.contains("bytes are wanted"),
        "{cut}"
    );
    let left = decode(&avro, &[&bytes[..], &[1]].concat())
        .unwrap_err()
        .to_string();
    assert!(left.contains("1 bytes are left over"), "{left}");
}

#[test]
fn references_are_read_first_and_what_is_missing_is_named() {
    let user = r#"{"type":"record","name":"Order","namespace":"shop","fields":[
        {"name":"by","type":"people.User"}]}"#;
    let referred = r#"{"type":"record","name":"User","namespace":"people","fields":[
        {"name":"name","type":"string"}]}"#;
    let avro = Avro::read(&written(user, &[("people.User", referred)])).unwrap();
    assert_eq!(
        decode(&avro, &[4, b'm', b'e']).unwrap(),
        json!({"by": {"name": "me"}})
    );
    let error = Avro::read(&written(user, &[])).err().unwrap();
    assert!(
        error.contains("by: \"people.User\" is not defined"),
        "{error}"
    );
}

#[test]
fn claims_are_not_believed() {
    let nulls = Avro::read(&written(r#"{"type":"array","items":"null"}"#, &[])).unwrap();
    // 2^62 nulls, which take no bytes.
    let mut bytes = vec![0xff; 8];
    bytes.extend([0xfe - 0x80, 0]);
    let error = decode(&nulls, &bytes).unwrap_err().to_string();
    assert!(error.contains("more than"), "{error}");
    let nested = Avro::read(&written(
        r#"{"type":"record","name":"N","fields":[{"name":"n","type":["null","N"]}]}"#,
        &[],
    ))
    .unwrap();
    let error = decode(&nested, &[2; 500]).unwrap_err().to_string();
    assert!(error.contains("deeper than"), "{error}");
    let deep = format!("{}\"int\"{}", "{\"type\":".repeat(70), "}".repeat(70));
    assert!(Avro::of_text(&deep).err().unwrap().contains("deeper than"));
}

#[test]
fn names_are_not_repeated_without_end() {
    let schema = |name: usize| {
        format!(
            r#"{{"type":"array","items":{{"type":"record","name":"R","fields":[
                {{"name":"{}","type":"null"}}]}}}}"#,
            "n".repeat(name)
        )
    };
    let avro = Avro::of_text(&schema(500)).unwrap();
    // 50,000 records, which take no bytes.
    let error = decode(&avro, &[0xa0, 0x8d, 0x06, 0]).unwrap_err();
    assert!(error.to_string().contains("too much text"), "{error}");
    let error = Avro::of_text(&schema(513)).err().unwrap();
    assert!(error.contains("a name of more than 512 bytes"), "{error}");
}

proptest! {
    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let avro = Avro::of_text(ORDER).unwrap();
        let _ = decode(&avro, &bytes);
        let _ = container(&[&b"Obj\x01"[..], &bytes].concat());
    }

    #[test]
    fn any_schema_ends(text in r#"[\[\]{}":,a-z ]{0,80}"#) {
        let _ = Avro::of_text(&text);
    }
}
