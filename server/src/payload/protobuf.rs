//! Protobuf by a schema in the language of `.proto` files.

use std::collections::HashMap;

use prost_reflect::{DescriptorPool, DynamicMessage, FileDescriptor, SerializeOptions};
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};
use serde_json::Value;

use super::schema::Written;

/// The name that the schema itself has while it is read; no reference has it.
const OWN: &str = "schema of the registry.proto";
/// Indexes of a message within messages.
const NESTED: i64 = 16;
/// A field of two bytes becomes a message of a hundred: fewer bytes are read than of other formats.
const BYTES: usize = 256 << 10;

pub(super) struct Protobuf {
    file: FileDescriptor,
}

impl Protobuf {
    pub(super) fn read(written: &Written) -> Result<Self, String> {
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
    read.serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|error| error.to_string())
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
