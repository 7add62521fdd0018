//! What the bytes of a stored message say: told by their content and by a schema registry, for any
//! broker. All bytes are hostile: size, depth and the number of values are bounded, and what cannot
//! be decoded is shown as hex with the step that failed.

mod avro;
mod confluent;
mod detect;
mod hex;
mod json_text;
mod nesting;
mod protobuf;
pub mod registry;
mod schema;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use waybill_model::stored::SchemaName;

use crate::journey::masking;
use registry::Registry;

/// Larger payloads are shown from their beginning and not decoded, in bytes.
pub const DECODED_BYTES: usize = 1 << 20;
/// Of one payload, as shown.
pub const SHOWN_BYTES: usize = 64 << 10;
/// Values in one payload.
const VALUES: usize = 200_000;
const DEPTH: usize = 64;
/// Of a problem: it may quote what a stranger wrote.
const PROBLEM_BYTES: usize = 1_000;
/// In place of what may hold a secret that has no name to hide it by.
const WITHHELD: &str = "not decoded, so secrets in it cannot be hidden; message.unmask shows it";

/// Whether secrets are hidden: members by the names that `journey::masking` knows, credentials of
/// addresses anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Veil {
    Masked,
    Bare,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// `empty`, `json`, `avro`, `protobuf`, `json_schema`, `msgpack`, `text` or `hex`.
    pub format: &'static str,
    /// Of formats that have members.
    pub json: Option<Value>,
    /// As people read it, at most [`SHOWN_BYTES`].
    pub text: String,
    pub schema: Option<SchemaName>,
    /// `text` is a beginning.
    pub truncated: bool,
    /// The step that failed, and why.
    pub problem: Option<String>,
}

/// Of one cluster; cheap to clone.
#[derive(Clone, Default)]
pub struct Decoder {
    registry: Option<Arc<Registry>>,
}

impl Decoder {
    pub fn new(registry: Option<Registry>) -> Self {
        Self {
            registry: registry.map(Arc::new),
        }
    }

    /// The schema that must be asked for before these bytes can be decoded.
    pub fn missing(&self, bytes: &[u8]) -> Option<u32> {
        let id = confluent::schema_id(bytes)?;
        let registry = self.registry.as_ref()?;
        registry.known(id).is_none().then_some(id)
    }

    /// Asks the registry, within `patience`. What it could not tell is known for a while as that.
    pub async fn learn(&self, id: u32, patience: Duration) {
        if let Some(registry) = &self.registry {
            registry.learn(id, patience).await;
        }
    }

    /// By what is known now.
    pub fn decode(&self, bytes: &[u8], veil: Veil) -> Decoded {
        let told = match confluent::schema_id(bytes) {
            Some(id) => confluent::decode(id, bytes, self.registry.as_deref()),
            None => detect::decode(bytes),
        };
        told.into_decoded(bytes, veil)
    }
}

/// What a decoder found, before anything is hidden.
enum Told {
    Empty,
    /// The bytes are the text of this JSON.
    JsonText(Value, &'static str, Option<SchemaName>, usize),
    Json(Value, &'static str, Option<SchemaName>),
    Text(Option<String>),
    /// Not decoded, and why where that is not plain.
    Hex(Option<String>, Option<SchemaName>),
}

impl Told {
    fn into_decoded(self, bytes: &[u8], veil: Veil) -> Decoded {
        let masked = veil == Veil::Masked;
        let is_withheld = masked && self.may_tell_secrets(bytes);
        let mut decoded = match self {
            Self::Empty => Decoded {
                format: "empty",
                ..Decoded::default()
            },
            Self::JsonText(mut json, format, schema, skip) => {
                if masked {
                    masking::mask_json(&mut json);
                }
                let written = String::from_utf8_lossy(&bytes[skip..]);
                Decoded {
                    format,
                    text: json_text::pretty(&written, masked),
                    json: Some(json),
                    schema,
                    ..Decoded::default()
                }
            }
            Self::Json(mut json, format, schema) => {
                if masked {
                    masking::mask_json(&mut json);
                }
                Decoded {
                    format,
                    text: format!("{json:#}"),
                    json: Some(json),
                    schema,
                    ..Decoded::default()
                }
            }
            Self::Text(problem) => {
                let most = bytes.len().min(SHOWN_BYTES + 4);
                let text = String::from_utf8_lossy(&bytes[..most]).into_owned();
                Decoded {
                    format: "text",
                    text: match masked {
                        true => masking::without_credentials(&text),
                        false => text,
                    },
                    truncated: bytes.len() > SHOWN_BYTES,
                    problem,
                    ..Decoded::default()
                }
            }
            Self::Hex(problem, schema) => {
                let (text, truncated) = hex::dump(bytes);
                Decoded {
                    format: "hex",
                    text,
                    schema,
                    truncated,
                    problem,
                    ..Decoded::default()
                }
            }
        };
        if is_withheld {
            decoded.text.clear();
            decoded.truncated = true;
            decoded.problem = Some(match decoded.problem {
                Some(problem) => format!("{}; {WITHHELD}", beginning(&problem)),
                None => WITHHELD.to_owned(),
            });
        } else if let Some(problem) = &mut decoded.problem {
            *problem = beginning(problem).to_owned();
        }
        decoded.truncated |= shorten(&mut decoded.text);
        decoded
    }

    /// What is not decoded has no members to be masked one by one.
    fn may_tell_secrets(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Empty | Self::JsonText(..) | Self::Json(..) => false,
            // Of a known format, whose names may be in a schema alone.
            Self::Hex(Some(_), _) => true,
            Self::Text(_) | Self::Hex(None, _) => {
                // Without the zeros between the letters of UTF-16.
                let shown = bytes.iter().copied().take(SHOWN_BYTES + 4);
                let shown: Vec<u8> = shown.filter(|byte| *byte != 0).collect();
                let text = String::from_utf8_lossy(&shown);
                let has_credentials =
                    matches!(self, Self::Hex(..)) && masking::without_credentials(&text) != text;
                masking::is_secret(&text) || has_credentials
            }
        }
    }
}

fn beginning(problem: &str) -> &str {
    &problem[..problem.floor_char_boundary(PROBLEM_BYTES)]
}

/// Whether anything was cut off.
fn shorten(text: &mut String) -> bool {
    let is_long = text.len() > SHOWN_BYTES;
    if is_long {
        text.truncate(text.floor_char_boundary(SHOWN_BYTES));
    }
    is_long
}

#[cfg(test)]
mod tests;
