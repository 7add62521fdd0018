//! One settings table read key by key: what is not asked for is refused, with the key that was
//! probably meant.

use std::path::PathBuf;

use serde_json::{Map, Value};
use waybill_model::problem::{Code, Problem};

/// A table and where it stands (`tls`, `sasl`; empty for the outermost).
pub(crate) struct Table<'a> {
    cluster: &'a str,
    path: &'static str,
    values: &'a Map<String, Value>,
}

impl<'a> Table<'a> {
    /// # Errors
    /// A key that is not among `known`.
    pub(crate) fn new(
        cluster: &'a str,
        path: &'static str,
        values: &'a Map<String, Value>,
        known: &[&str],
    ) -> Result<Self, Problem> {
        let table = Self {
            cluster,
            path,
            values,
        };
        match values.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(table),
            Some(key) => {
                let near = known
                    .iter()
                    .map(|candidate| (strsim::damerau_levenshtein(key, candidate), *candidate))
                    .filter(|(distance, candidate)| {
                        *distance <= candidate.len().max(key.len()).div_ceil(2)
                    })
                    .min();
                let hint = match near {
                    Some((_, near)) => format!("Did you mean `{near}`?"),
                    None => format!("Known here: {}.", known.join(", ")),
                };
                Err(table.problem(&format!("`{key}` is not known here"), &hint))
            }
        }
    }

    pub(crate) fn value(&self, key: &str) -> Option<&'a Value> {
        self.values.get(key)
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, Problem> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, "a text that is not empty")),
        }
    }

    /// A file that is there.
    pub(crate) fn file(&self, key: &str) -> Result<Option<PathBuf>, Problem> {
        let Some(path) = self.text(key)? else {
            return Ok(None);
        };
        match std::fs::metadata(path) {
            Ok(_) => Ok(Some(PathBuf::from(path))),
            Err(error) => Err(self.problem(
                &format!("`{key}`: {path}: {error}"),
                "Name a file that Waybill's user can read.",
            )),
        }
    }

    pub(crate) fn needed(&self, key: &str, why: &str) -> Result<&'a str, Problem> {
        self.text(key)?
            .ok_or_else(|| self.wrong(key, &format!("a text: {why}")))
    }

    /// A whole number within `range`, `default` where it is not written.
    pub(crate) fn number(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<u64>,
        default: u64,
    ) -> Result<u64, Problem> {
        match self.value(key) {
            None => Ok(default),
            Some(value) => value.as_u64().filter(|n| range.contains(n)).ok_or_else(|| {
                let expected = format!("a number from {} to {}", range.start(), range.end());
                self.wrong(key, &expected)
            }),
        }
    }

    /// The value itself is never repeated: it may be a secret in the wrong place.
    pub(crate) fn wrong(&self, key: &str, expected: &str) -> Problem {
        let message = format!("`{key}` wants {expected}");
        self.problem(
            &message,
            "docs/operations.md shows the settings of a cluster.",
        )
    }

    pub(crate) fn problem(&self, message: &str, hint: &str) -> Problem {
        let dot = if self.path.is_empty() { "" } else { "." };
        Problem::new(
            Code::ConfigInvalid,
            format!(
                "cluster {:?}, settings{dot}{}: {message}",
                self.cluster, self.path
            ),
            hint,
        )
    }
}
