//! One schema with everything that it refers to.

use std::collections::HashSet;

use serde::Deserialize;
use waybill_model::stored::SchemaName;

use super::http::Http;
use super::{Failure, Known};
use crate::payload::schema::{Kind, Schema, Written};

/// References of one schema, those of references counted.
const REFERENCES: usize = 64;
/// Bytes of a schema and its references.
const WRITTEN: usize = 4 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    schema: String,
    schema_type: Option<String>,
    #[serde(default)]
    references: Vec<Reference>,
}

#[derive(Clone, Deserialize)]
struct Reference {
    /// As the schema names it.
    name: String,
    subject: String,
    version: i64,
}

#[derive(Deserialize)]
struct Version {
    subject: String,
    version: i64,
}

/// The schema, and the bytes that it took to write it.
pub(super) async fn schema(http: &Http, id: u32) -> Result<(Known, usize), Failure> {
    let id_text = id.to_string();
    let told: Told = http.get(&["schemas", "ids", &id_text]).await?;
    // Older registries do not tell it; the schema is of use without.
    let path = ["schemas", "ids", &id_text, "versions"];
    let versions: Vec<Version> = http.get(&path).await.unwrap_or_default();
    let first = versions.into_iter().next();
    let name = SchemaName {
        id,
        version: first.as_ref().map(|first| first.version),
        subject: first.map(|first| first.subject),
    };
    let Some(kind) = Kind::of(told.schema_type.as_deref()) else {
        let word: String = told
            .schema_type
            .iter()
            .flat_map(|word| word.chars())
            .take(64)
            .collect();
        let schema = Err(format!("its type {word:?} is not read here"));
        return Ok((Known { name, schema }, word.len()));
    };
    let references = references(http, &told.references, told.schema.len()).await?;
    let size = told.schema.len() + references.iter().map(|(_, text)| text.len()).sum::<usize>();
    let written = Written {
        kind,
        text: told.schema,
        references,
    };
    // Reading a large one takes longer than others should wait.
    let read = tokio::task::spawn_blocking(move || Schema::read(&written)).await;
    let schema = read.unwrap_or_else(|_| Err("reading it broke; the log says where".to_owned()));
    Ok((Known { name, schema }, size))
}

/// Each before what refers to it.
async fn references(
    http: &Http,
    first: &[Reference],
    mut written: usize,
) -> Result<Vec<(String, String)>, Failure> {
    let mut ordered: Vec<(String, String)> = Vec::new();
    let mut seen = HashSet::new();
    // What is still to be asked for, and what was told and waits for its own references.
    let mut waiting: Vec<(Reference, Option<String>)> =
        first.iter().rev().map(|one| (one.clone(), None)).collect();
    while let Some((reference, told)) = waiting.pop() {
        if let Some(text) = told {
            ordered.push((reference.name, text));
            continue;
        }
        if !seen.insert((reference.subject.clone(), reference.version)) {
            continue;
        }
        let version = reference.version.to_string();
        let path = ["subjects", &reference.subject, "versions", &version];
        let told: Told = http.get(&path).await?;
        written += told.schema.len();
        if seen.len() > REFERENCES || written > WRITTEN {
            return Err(Failure::Unknown(format!(
                "it refers to more than {REFERENCES} schemas or {WRITTEN} bytes of them"
            )));
        }
        waiting.push((reference, Some(told.schema)));
        waiting.extend(told.references.into_iter().rev().map(|one| (one, None)));
    }
    Ok(ordered)
}
