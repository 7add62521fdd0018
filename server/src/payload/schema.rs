//! A schema that can decode, made from what a registry told.

use serde_json::Value;

use super::avro::{self, Avro};
use super::protobuf::{self, Protobuf};

/// As a registry tells it, references resolved: each before what refers to it.
pub(super) struct Written {
    pub(super) kind: Kind,
    pub(super) text: String,
    /// Name under which it is referred to, and text.
    pub(super) references: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Avro,
    Protobuf,
    Json,
}

pub(super) enum Schema {
    Avro(Avro),
    Protobuf(Protobuf),
    Json,
}

impl Kind {
    /// As `schemaType` says it; absent means Avro.
    pub(super) fn of(word: Option<&str>) -> Option<Self> {
        match word {
            None | Some("AVRO") => Some(Self::Avro),
            Some("PROTOBUF") => Some(Self::Protobuf),
            Some("JSON") => Some(Self::Json),
            Some(_) => None,
        }
    }
}

impl Schema {
    /// # Errors
    /// What is wrong with the schema itself.
    pub(super) fn read(written: &Written) -> Result<Self, String> {
        match written.kind {
            Kind::Avro => Avro::read(written).map(Self::Avro),
            Kind::Protobuf => Protobuf::read(written).map(Self::Protobuf),
            Kind::Json => Ok(Self::Json),
        }
    }

    pub(super) fn format(&self) -> &'static str {
        match self {
            Self::Avro(_) => "avro",
            Self::Protobuf(_) => "protobuf",
            Self::Json => "json_schema",
        }
    }

    /// `bytes` follow the schema's id.
    pub(super) fn decode(&self, bytes: &[u8]) -> Result<Value, String> {
        match self {
            Self::Avro(avro) => avro::decode(avro, bytes).map_err(|failed| failed.to_string()),
            Self::Protobuf(schema) => protobuf::decode(schema, bytes),
            Self::Json => serde_json::from_slice(bytes).map_err(|error| error.to_string()),
        }
    }
}
