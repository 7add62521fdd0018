//! Protobuf by a schema in the language of `.proto` files.

use std::collections::HashMap;
use std::io::{self, Write};

use prost_reflect::{
    DescriptorPool, DynamicMessage, FileDescriptor, ReflectMessage, SerializeOptions,
};
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};
use serde_json::Value;

use super::nesting;
use super::schema::Written;

/// The name that the schema itself has while it is read; no reference has it.
const OWN: &str = "schema of the registry.proto";
/// Indexes of a message within messages.
const NESTED: i64 = 16;
/// A field of two bytes becomes a message of a hundred: fewer bytes are read than of other formats.
const BYTES: usize = 256 << 10;
/// Of the JSON: fields that the bytes leave out are written too.
const TEXT_MIB: usize = 4;
/// Its own bytes are a message again, with a depth of their own.
const ANY: &str = "google.protobuf.Any";

pub(super) struct Protobuf {
    file: FileDescriptor,
}

impl Protobuf {
    pub(super) fn read(written: &Written) -> Result<Self, String> {
        // The parser goes as deep as the text does.
        nesting::check(&written.text)?;
        for (name, text) in &written.references {
            nesting::check(text).map_err(|why| format!("its reference {name:?}: {why}"))?;
        }
        let mut texts: HashMap<String, String> = written.references.iter().cloned().collect();
        texts.insert(OWN.to_owned(), written.text.clone());
        let mut resolver = ChainFileResolver::new();
        resolver.add(GoogleFileResolver::new());
        resolver.add(Texts(texts));
        let mut compiler = protox::Compiler::with_file_resolver(resolver);
        compiler.open_file(OWN).map_err(|error| error.to_string())?;
        let pool: DescriptorPool = compiler.descriptor_pool();
        let file = pool.get_file_by_name(OWN);
        let file = file.ok_or_else(|| "it defines nothing".to_owned())?;
        Ok(Self { file })
    }
}

struct Texts(HashMap<String, String>);

impl FileResolver for Texts {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match self.0.get(name) {
            Some(text) => File::from_source(name, text),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

pub(super) fn decode(schema: &Protobuf, bytes: &[u8]) -> Result<Value, String> {
    if bytes.len() > BYTES {
        return Err(format!(
            "{} bytes: of Protobuf more than {BYTES} are not decoded",
            bytes.len()
        ));
    }
    let mut rest = bytes;
    let indexes = indexes(&mut rest).ok_or("the indexes of its message cannot be read")?;
    let nowhere = || format!("it has no message at {indexes:?}");
    let mut path = indexes.iter();
    let first = path.next().ok_or_else(nowhere)?;
    let mut message = schema.file.messages().nth(*first).ok_or_else(nowhere)?;
    for index in path {
        let inner = message.child_messages().nth(*index);
        message = inner.ok_or_else(nowhere)?;
    }
    let read = DynamicMessage::decode(message, rest).map_err(|error| error.to_string())?;
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .skip_default_fields(false);
    if has_any(&read) {
        return Err(format!("a {ANY} is not decoded here"));
    }
    let mut text = Capped(Vec::new());
    let mut serializer = serde_json::Serializer::new(&mut text);
    read.serialize_with_options(&mut serializer, &options)
        .map_err(|error| match error.is_io() {
            true => format!("more than {TEXT_MIB} MiB of text"),
            false => error.to_string(),
        })?;
    serde_json::from_slice(&text.0).map_err(|error| error.to_string())
}

fn has_any(message: &DynamicMessage) -> bool {
    message.descriptor().full_name() == ANY
        || message.fields().any(|(_, value)| holds_any(value))
        || message.extensions().any(|(_, value)| holds_any(value))
}

fn holds_any(value: &prost_reflect::Value) -> bool {
    match value {
        prost_reflect::Value::Message(message) => has_any(message),
        prost_reflect::Value::List(items) => items.iter().any(holds_any),
        prost_reflect::Value::Map(entries) => entries.values().any(holds_any),
        _ => false,
    }
}

/// Fails where it would hold more than [`TEXT_MIB`].
struct Capped(Vec<u8>);

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > TEXT_MIB << 20 {
            return Err(io::Error::other("full"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How many, then each, all as zigzag varints; no index stands for the first message.
fn indexes(rest: &mut &[u8]) -> Option<Vec<usize>> {
    let count = super::avro::varint(rest)?;
    if count == 0 {
        return Some(vec![0]);
    }
    if !(1..=NESTED).contains(&count) {
        return None;
    }
    (0..count)
        .map(|_| usize::try_from(super::avro::varint(rest)?).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::schema::Kind;

    fn decoded(text: &str, bytes: &[u8]) -> Result<Value, String> {
        let written = Written {
            kind: Kind::Protobuf,
            text: text.to_owned(),
            references: Vec::new(),
        };
        decode(&Protobuf::read(&written)?, bytes)
    }

    #[test]
    fn what_would_grow_or_nest_without_end_is_refused() {
        let any = r#"syntax = "proto3"; import "google/protobuf/any.proto";
            message A { google.protobuf.Any any = 1; int32 n = 2; }"#;
        assert_eq!(decoded(any, &[0, 0x10, 7]), Ok(serde_json::json!({"n": 7})));
        let error = decoded(any, &[0, 0x0a, 0]).unwrap_err();
        assert!(error.contains("Any is not decoded"), "{error}");
        let long = "n".repeat(100);
        let wide =
            format!(r#"syntax = "proto3"; message A {{ repeated A a = 1; int32 {long} = 2; }}"#);
        let bytes = [&[0_u8][..], &[0x0a_u8, 0].repeat(100_000)].concat();
        let error = decoded(&wide, &bytes).unwrap_err();
        assert_eq!(error, "more than 4 MiB of text");
        let deep = "message A { ".repeat(70);
        assert_eq!(decoded(&deep, &[]).unwrap_err(), "nested too deep");
    }
}
