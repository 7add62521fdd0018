//! The wire format of Confluent's serialisers: a zero byte, the schema's id in four bytes (big
//! endian), then the payload; of Protobuf, the indexes that name the message come first.
//! Source: docs.confluent.io, Schema Registry, "Wire format".

use waybill_model::stored::SchemaName;

use super::registry::{Known, Registry};
use super::schema::Schema;
use super::{DECODED_BYTES, Told, detect};

const HEAD: usize = 5;

/// `None`: not this format.
pub(super) fn schema_id(bytes: &[u8]) -> Option<u32> {
    match bytes {
        [0, a, b, c, d, ..] => Some(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => None,
    }
}

pub(super) fn decode(id: u32, bytes: &[u8], registry: Option<&Registry>) -> Told {
    let named = |problem: String, schema: Option<SchemaName>| {
        Told::Hex(Some(format!("schema {id}: {problem}")), schema)
    };
    let Some(registry) = registry else {
        return named(
            "it begins as bytes that follow a schema of a registry, and the cluster has no \
             schema_registry in the configuration"
                .to_owned(),
            None,
        );
    };
    let known = match registry.known(id) {
        Some(Ok(known)) => known,
        Some(Err(why)) => return named(why, None),
        None => return named("the schema registry was not asked in time".to_owned(), None),
    };
    let Known { name, schema } = &*known;
    let body = &bytes[HEAD..];
    if body.len() > DECODED_BYTES {
        return named(detect::too_large(body.len()), Some(name.clone()));
    }
    match schema {
        Err(why) => named(
            format!("the schema cannot be read: {why}"),
            Some(name.clone()),
        ),
        Ok(schema) => match schema.decode(body) {
            Ok(json) if matches!(schema, Schema::Json) => {
                Told::JsonText(json, schema.format(), Some(name.clone()), HEAD)
            }
            Ok(json) => Told::Json(json, schema.format(), Some(name.clone())),
            Err(why) => named(
                format!("the bytes do not follow it ({}): {why}", schema.format()),
                Some(name.clone()),
            ),
        },
    }
}
