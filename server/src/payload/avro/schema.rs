//! Avro schemas, from JSON into a table of types that refer to each other by place.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::payload::schema::Written;

/// Types in one schema, and how deep they stand in each other as written.
const TYPES: usize = 10_000;
const DEPTH: usize = 64;
/// Of one name, its namespace counted: every value of its type repeats it.
const NAME: usize = 512;
/// Of one type; each is kept with its namespace.
const ALIASES: usize = 256;

/// A place in the table.
pub(super) type Place = usize;

pub(in crate::payload) struct Avro {
    pub(super) types: Vec<Type>,
    pub(super) root: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    /// Bytes that are a whole number, and how many of its digits are decimals.
    Decimal {
        scale: usize,
        size: Option<usize>,
    },
    Fixed(usize),
    Enum(Vec<String>),
    Array(Place),
    Map(Place),
    Union(Vec<Place>),
    Record(Vec<(String, Place)>),
    /// While the type is being read that is named so.
    Open,
}

impl Avro {
    pub(in crate::payload) fn read(written: &Written) -> Result<Self, String> {
        let mut reader = Reader::default();
        for (name, text) in &written.references {
            let said = |why| format!("its reference {name:?}: {why}");
            reader.root(text).map_err(said)?;
        }
        let root = reader.root(&written.text)?;
        Ok(Self {
            types: reader.types,
            root,
        })
    }

    /// Of one text, which refers to nothing outside.
    pub(super) fn of_text(text: &str) -> Result<Self, String> {
        let mut reader = Reader::default();
        let root = reader.root(text)?;
        Ok(Self {
            types: reader.types,
            root,
        })
    }
}

#[derive(Default)]
struct Reader {
    types: Vec<Type>,
    named: HashMap<String, Place>,
}

impl Reader {
    fn root(&mut self, text: &str) -> Result<Place, String> {
        let json: Value = match serde_json::from_str(text) {
            Ok(json) => json,
            // A primitive may be written without quotes by some registries.
            Err(_) if primitive(text.trim()).is_some() => Value::String(text.trim().to_owned()),
            Err(error) => return Err(format!("not JSON: {error}")),
        };
        self.read(&json, "", 0)
    }

    fn read(&mut self, json: &Value, space: &str, depth: usize) -> Result<Place, String> {
        if depth > DEPTH {
            return Err(format!("deeper than {DEPTH}"));
        }
        match json {
            Value::String(name) => self.by_name(name, space),
            Value::Array(branches) => {
                let read = |branch| self.read(branch, space, depth + 1);
                let branches = branches.iter().map(read).collect::<Result<_, _>>()?;
                self.add(Type::Union(branches))
            }
            Value::Object(members) => self.complex(members, space, depth),
            other => Err(format!("{other} is no type")),
        }
    }

    fn by_name(&mut self, name: &str, space: &str) -> Result<Place, String> {
        if let Some(kind) = primitive(name) {
            return self.add(kind);
        }
        let full = short(full_name(name, space))?;
        let found = self.named.get(&full).or_else(|| self.named.get(name));
        found
            .copied()
            .ok_or_else(|| format!("{full:?} is not defined"))
    }

    fn complex(
        &mut self,
        it: &Map<String, Value>,
        space: &str,
        depth: usize,
    ) -> Result<Place, String> {
        let kind = it.get("type").ok_or("a type without `type`")?;
        let Value::String(word) = kind else {
            return self.read(kind, space, depth + 1);
        };
        let inner = |key: &str| it.get(key).ok_or_else(|| format!("{word} without {key:?}"));
        match word.as_str() {
            "array" => {
                let items = self.read(inner("items")?, space, depth + 1)?;
                self.add(Type::Array(items))
            }
            "map" => {
                let values = self.read(inner("values")?, space, depth + 1)?;
                self.add(Type::Map(values))
            }
            "record" | "error" => self.record(it, space, depth),
            "enum" => {
                let symbols = inner("symbols")?.as_array();
                let symbols = symbols.ok_or("enum: `symbols` is no list")?;
                let symbols = symbols
                    .iter()
                    .map(|s| short(s.as_str().unwrap_or_default().to_owned()));
                let kind = Type::Enum(symbols.collect::<Result<_, _>>()?);
                self.name(it, space, kind)
            }
            "fixed" => {
                let size = inner("size")?
                    .as_u64()
                    .and_then(|size| usize::try_from(size).ok());
                let size = size.ok_or("fixed: `size` is no number")?;
                let kind = decimal(it, Some(size)).unwrap_or(Type::Fixed(size));
                self.name(it, space, kind)
            }
            "bytes" => {
                let kind = decimal(it, None).unwrap_or(Type::Bytes);
                self.add(kind)
            }
            name => self.by_name(name, space),
        }
    }

    fn record(
        &mut self,
        it: &Map<String, Value>,
        space: &str,
        depth: usize,
    ) -> Result<Place, String> {
        let place = self.name(it, space, Type::Open)?;
        let (full, _) = own_name(it, space)?;
        let space = full.rsplit_once('.').map_or("", |(space, _)| space);
        let fields = it.get("fields").and_then(Value::as_array);
        let fields = fields.ok_or("record: `fields` is no list")?;
        let mut read = Vec::with_capacity(fields.len().min(TYPES));
        for field in fields {
            let name = field
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let name = short(name.to_owned())?;
            let kind = field
                .get("type")
                .ok_or_else(|| format!("field {name:?} without a type"))?;
            let kind = self.read(kind, space, depth + 1);
            let kind = kind.map_err(|why| format!("{name}: {why}"))?;
            read.push((name, kind));
        }
        self.types[place] = Type::Record(read);
        Ok(place)
    }

    fn name(&mut self, it: &Map<String, Value>, space: &str, kind: Type) -> Result<Place, String> {
        let (full, aliases) = own_name(it, space)?;
        let place = self.add(kind)?;
        self.named.insert(full, place);
        for alias in aliases {
            if self.named.len() >= TYPES {
                return Err(format!("more than {TYPES} names"));
            }
            self.named.entry(alias).or_insert(place);
        }
        Ok(place)
    }

    fn add(&mut self, kind: Type) -> Result<Place, String> {
        if self.types.len() >= TYPES {
            return Err(format!("more than {TYPES} types"));
        }
        self.types.push(kind);
        Ok(self.types.len() - 1)
    }
}

fn primitive(name: &str) -> Option<Type> {
    Some(match name {
        "null" => Type::Null,
        "boolean" => Type::Boolean,
        "int" => Type::Int,
        "long" => Type::Long,
        "float" => Type::Float,
        "double" => Type::Double,
        "bytes" => Type::Bytes,
        "string" => Type::String,
        _ => return None,
    })
}

/// As bytes alone it would be unreadable; other logical types are what their numbers say.
fn decimal(it: &Map<String, Value>, size: Option<usize>) -> Option<Type> {
    if it.get("logicalType")?.as_str()? != "decimal" {
        return None;
    }
    let scale = it.get("scale").map_or(Some(0), Value::as_u64)?;
    let scale = usize::try_from(scale).ok().filter(|scale| *scale <= 128)?;
    Some(Type::Decimal { scale, size })
}

fn own_name(it: &Map<String, Value>, space: &str) -> Result<(String, Vec<String>), String> {
    let text = |key: &str| it.get(key).and_then(Value::as_str);
    let name = text("name").ok_or("a named type without `name`")?;
    let space = text("namespace").unwrap_or(space);
    let aliases = it.get("aliases").and_then(Value::as_array);
    if aliases.is_some_and(|aliases| aliases.len() > ALIASES) {
        return Err(format!("more than {ALIASES} aliases"));
    }
    let aliases = aliases.into_iter().flatten().filter_map(Value::as_str);
    let aliases = aliases.map(|alias| short(full_name(alias, space)));
    let aliases = aliases.collect::<Result<_, _>>()?;
    Ok((short(full_name(name, space))?, aliases))
}

fn short(name: String) -> Result<String, String> {
    match name.len() > NAME {
        true => Err(format!("a name of more than {NAME} bytes")),
        false => Ok(name),
    }
}

fn full_name(name: &str, space: &str) -> String {
    match space.is_empty() || name.contains('.') {
        true => name.to_owned(),
        false => format!("{space}.{name}"),
    }
}
