//! A settings table read key by key: unknown keys and wrong types are refused by name, and no
//! value is ever repeated.

use serde_json::Value;
use waybill_model::problem::{Code, Problem};

use crate::adapter::Settings;

pub(super) struct Fields<'a> {
    /// Where it stands, for messages.
    place: String,
    table: &'a Settings,
}

impl<'a> Fields<'a> {
    pub fn new(place: String, table: &'a Settings, known: &[&str]) -> Result<Self, Problem> {
        let fields = Self { place, table };
        match table.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(fields.unknown(key, known)),
            None => Ok(fields),
        }
    }

    pub fn text(&self, key: &'static str) -> Result<Option<String>, Problem> {
        match self.table.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong(key, "a text is wanted", "Write it in quotes.")),
        }
    }

    /// One text, or a list of them.
    pub fn texts(&self, key: &'static str) -> Result<Vec<String>, Problem> {
        let wrong = || {
            self.wrong(
                key,
                "a text or a list of texts is wanted",
                "Write it in quotes, or as [\"…\", \"…\"].",
            )
        };
        match self.table.get(key) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text.clone()]),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
                .collect(),
            Some(_) => Err(wrong()),
        }
    }

    pub fn number(&self, key: &'static str) -> Result<Option<u64>, Problem> {
        match self.table.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(|| {
                self.wrong(
                    key,
                    "a whole number is wanted",
                    "Write it without quotes, not negative.",
                )
            }),
        }
    }

    pub fn table(&self, key: &'static str, known: &[&str]) -> Result<Option<Fields<'a>>, Problem> {
        match self.table.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(table)) => {
                Fields::new(format!("{}.{key}", self.place), table, known).map(Some)
            }
            Some(_) => Err(self.wrong(
                key,
                "a table is wanted",
                &format!("Its keys are {}.", known.join(", ")),
            )),
        }
    }

    pub fn wrong(&self, key: &str, what: &str, hint: &str) -> Problem {
        Problem::new(
            Code::ConfigInvalid,
            format!("{}.{key}: {what}", self.place),
            hint,
        )
    }

    fn unknown(&self, key: &str, known: &[&str]) -> Problem {
        let near = known
            .iter()
            .map(|candidate| (strsim::damerau_levenshtein(key, candidate), candidate))
            .filter(|(distance, candidate)| *distance <= candidate.len().max(key.len()).div_ceil(2))
            .min_by_key(|(distance, _)| *distance);
        let hint = match near {
            Some((_, candidate)) => format!("Did you mean {candidate}?"),
            None => format!("Known are {}.", known.join(", ")),
        };
        // A key may be the secret itself, written on the wrong side.
        let shown: String = key.chars().filter(|c| !c.is_control()).take(40).collect();
        self.wrong(&shown, "there is no such setting", &hint)
    }
}
