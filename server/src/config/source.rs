//! Reads file, environment and flags, and says where a wrong word stands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};
use waybill_broker::settings::nearest;
use waybill_broker::{BrokerAdapter, registry};
use waybill_model::problem::{Code, Problem};

use super::key::{KEYS, Key, Kind};
use super::raw::Raw;
use super::{Config, ProcessRole, resolve};

/// Variables as given to the process.
pub type Environment = BTreeMap<String, String>;

/// What flags say; they win over everything.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub data_dir: Option<PathBuf>,
    pub listen: Option<String>,
    /// Empty: all roles.
    pub roles: Vec<ProcessRole>,
}

/// Variables that are not Unicode are left out: no key of ours has such a value.
pub fn process_environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Reads and checks everything. Errors carry `Code::ConfigInvalid`, with file and line where one
/// is to blame.
pub fn load(
    file: Option<&Path>,
    environment: &Environment,
    overrides: &Overrides,
) -> Result<Config, Problem> {
    load_with(file, environment, overrides, &registry::adapters())
}

/// The same where clusters may be of these brokers alone.
pub fn load_with(
    file: Option<&Path>,
    environment: &Environment,
    overrides: &Overrides,
    adapters: &[BrokerAdapter],
) -> Result<Config, Problem> {
    let mut table = match file {
        Some(path) => read_file(path)?,
        None => Table::new(),
    };
    for (variable, value) in environment {
        if let Some(key) = known_variable(variable)? {
            set(
                &mut table,
                key.path,
                read_variable(variable, value, key.kind)?,
            );
        }
    }
    for (path, value) in [
        (
            "data_dir",
            overrides
                .data_dir
                .as_ref()
                .map(|path| path.display().to_string()),
        ),
        ("server.listen", overrides.listen.clone()),
    ] {
        if let Some(value) = value {
            set(&mut table, path, Value::String(value));
        }
    }
    let raw = Raw::deserialize_from(table)?;
    let mut config = resolve::resolve(raw, environment, adapters)?;
    config.file = file.map(Path::to_owned);
    if !overrides.roles.is_empty() {
        config.roles = overrides.roles.clone();
    }
    Ok(config)
}

fn read_file(path: &Path) -> Result<Table, Problem> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Problem::new(
            Code::ConfigInvalid,
            format!("{} cannot be read: {error}", path.display()),
            "Name an existing file with --config, or leave it out to start with defaults.",
        )
    })?;
    // Decoded on its own first: only here is the line of a wrong word known.
    if let Err(error) = toml::from_str::<Raw>(&text) {
        let line = error
            .span()
            .map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let place = match line {
            Some(line) => format!("{}:{line}", path.display()),
            None => path.display().to_string(),
        };
        return Err(wrong_word(&place, error.message()));
    }
    toml::from_str(&text).map_err(|error| wrong_word(&path.display().to_string(), error.message()))
}

impl Raw {
    fn deserialize_from(table: Table) -> Result<Self, Problem> {
        table
            .try_into()
            .map_err(|error: toml::de::Error| wrong_word("the environment", error.message()))
    }
}

/// Turns serde's sentence about an unknown word into one that names the word that was meant.
fn wrong_word(place: &str, message: &str) -> Problem {
    let hint = "The keys are listed in docs/operations.md.";
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    match (unknown, quoted.next()) {
        (true, Some(word)) => {
            let known: Vec<&str> = quoted.collect();
            let hint = match nearest(word, known.iter().copied()) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Known here: {}.", known.join(", ")),
            };
            Problem::new(
                Code::ConfigInvalid,
                format!("{place}: `{word}` is not known here"),
                hint,
            )
        }
        _ => Problem::new(Code::ConfigInvalid, format!("{place}: {message}"), hint),
    }
}

/// The key that a variable sets. Only names that begin like one of ours are ours: `WAYBILL_TOKEN`
/// and the like belong to other uses.
fn known_variable(variable: &str) -> Result<Option<&'static Key>, Problem> {
    if let Some(key) = KEYS.iter().find(|key| key.variable() == variable) {
        return Ok(Some(key));
    }
    let Some(rest) = variable.strip_prefix("WAYBILL_") else {
        return Ok(None);
    };
    let section = rest.split('_').next().unwrap_or_default().to_lowercase();
    let is_ours = KEYS.iter().any(|key| {
        key.path
            .split_once('.')
            .is_some_and(|(first, _)| first == section)
    });
    // Set by container platforms for a service called `waybill-server`.
    let by_platform = rest.starts_with("SERVER_SERVICE_") || rest.starts_with("SERVER_PORT");
    if !is_ours || by_platform {
        return Ok(None);
    }
    let known: Vec<String> = KEYS.iter().map(Key::variable).collect();
    let hint = match nearest(variable, known.iter().map(String::as_str)) {
        Some(near) => format!("Did you mean {near}?"),
        None => "Unset it.".to_owned(),
    };
    Err(Problem::new(
        Code::ConfigInvalid,
        format!("the environment variable {variable} sets no key"),
        hint,
    ))
}

fn read_variable(variable: &str, text: &str, kind: Kind) -> Result<Value, Problem> {
    let wrong = |what: &str| {
        Problem::new(
            Code::ConfigInvalid,
            format!("the environment variable {variable} is {text:?}, not {what}"),
            format!("Set it to {what}, or unset it."),
        )
    };
    match kind {
        Kind::Text => Ok(Value::String(text.to_owned())),
        Kind::Bool => text
            .parse()
            .map(Value::Boolean)
            .map_err(|_| wrong("true or false")),
        Kind::Integer => text
            .parse()
            .map(Value::Integer)
            .map_err(|_| wrong("a whole number")),
        Kind::List => Ok(Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        )),
    }
}

/// Sets `a.b.c`; the file was decoded before, so what stands on the way is a table.
fn set(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            table.insert(path.to_owned(), value);
        }
        Some((section, rest)) => {
            let inner = table
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}
