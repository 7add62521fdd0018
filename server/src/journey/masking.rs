//! Secrets that senders write into telemetry, and what is shown in their place. Pages and API mask
//! through here and nowhere else.

use waybill_model::span::{Attribute, Value};

pub const MASK: &str = "••••";

/// Parts of a name that say that its value is a secret.
const SECRET: [&str; 9] = [
    "password",
    "passwd",
    "token",
    "credential",
    "secret",
    "authorization",
    "api_key",
    "apikey",
    "cookie",
];

/// An attribute's value as it may be shown: masked whole where the name is that of a secret, else
/// without the credentials of addresses. Lists and maps are looked through; an entry of a map has a
/// name of its own.
pub fn masked(attribute: &Attribute) -> Value {
    if is_secret(&attribute.key) {
        Value::String(MASK.to_owned())
    } else {
        without_addresses(&attribute.value)
    }
}

/// Whether values under this name are masked whole: they are not searched by either, or a search
/// would tell them.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET.iter().any(|word| name.contains(word))
}

fn without_addresses(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_credentials(text)),
        Value::Array(items) => Value::Array(items.iter().map(without_addresses).collect()),
        Value::Map(entries) => {
            let entry = |entry: &Attribute| Attribute {
                key: entry.key.clone(),
                value: masked(entry),
            };
            Value::Map(entries.iter().map(entry).collect())
        }
        other => other.clone(),
    }
}

/// The same for JSON: a member whose name is that of a secret is masked whole.
pub fn mask_json(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::String(text) if text.contains("://") => {
            *text = without_credentials(text)
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(mask_json),
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                match is_secret(name) {
                    true => *value = serde_json::Value::String(MASK.to_owned()),
                    false => mask_json(value),
                }
            }
        }
        _ => {}
    }
}

/// `scheme://user:password@host` loses its user and password.
pub fn without_credentials(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        kept.push_str(before);
        let end = after.find(|c: char| c == '/' || c == '"' || c.is_whitespace());
        let authority = &after[..end.unwrap_or(after.len())];
        match authority.rfind('@') {
            Some(user_end) => {
                kept.push_str(MASK);
                rest = &after[user_end..];
            }
            None => rest = after,
        }
    }
    kept.push_str(rest);
    kept
}

/// A line of text: members of a JSON object, and what stands after `name=` or `name:`, are masked
/// where the name is that of a secret; addresses lose their credentials.
pub fn masked_text(text: &str) -> String {
    if text.trim_start().starts_with(['{', '['])
        && let Ok(mut json) = serde_json::from_str::<serde_json::Value>(text)
    {
        mask_json(&mut json);
        return json.to_string();
    }
    without_named(&without_credentials(text))
}

fn without_named(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['=', ':']) {
        let (name, after) = (&rest[..at], &rest[at + 1..]);
        kept.push_str(&rest[..=at]);
        rest = after;
        let from = name.rfind(|c: char| !(c.is_alphanumeric() || "_-.\"'".contains(c)));
        if !is_secret(&name[from.map_or(0, |from| from + 1)..]) {
            continue;
        }
        let blank = rest.len() - rest.trim_start_matches([' ', '"', '\'']).len();
        kept.push_str(&rest[..blank]);
        rest = &rest[blank..];
        let mut end = end_of_value(rest);
        // `Authorization: Bearer …`
        let scheme = rest[..end].to_lowercase();
        if ["bearer", "basic", "digest"].contains(&scheme.as_str()) {
            let next = rest[end..].trim_start();
            end = rest.len() - next.len() + end_of_value(next);
        }
        if end > 0 {
            kept.push_str(MASK);
        }
        rest = &rest[end..];
    }
    kept.push_str(rest);
    kept
}

fn end_of_value(text: &str) -> usize {
    let end = text.find(|c: char| c.is_whitespace() || "\"',;&)]}".contains(c));
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(key: &str, value: Value) -> Attribute {
        Attribute {
            key: key.into(),
            value,
        }
    }

    fn text(text: &str) -> Value {
        Value::String(text.into())
    }

    #[test]
    fn addresses_lose_their_credentials() {
        for (text, expected) in [
            ("amqp://user:pw@host:5672/%2f", "amqp://••••@host:5672/%2f"),
            (
                "[\"kafka://a:b@c\", \"x://d\"]",
                "[\"kafka://••••@c\", \"x://d\"]",
            ),
            ("a@b no address", "a@b no address"),
        ] {
            assert_eq!(without_credentials(text), expected);
        }
    }

    #[test]
    fn secrets_in_a_line_of_text_are_masked_by_their_names() {
        for (text, expected) in [
            (
                "login user=ada password=hunter2, ok",
                "login user=ada password=••••, ok",
            ),
            ("Authorization: Bearer abc.def", "Authorization: ••••"),
            ("token='abc' next=1", "token='••••' next=1"),
            ("at 10:00:05 order=7 a=b", "at 10:00:05 order=7 a=b"),
            (
                r#"{"password":"hunter2","n":1}"#,
                r#"{"n":1,"password":"••••"}"#,
            ),
            ("db x://a:b@c token=", "db x://••••@c token="),
        ] {
            assert_eq!(masked_text(text), expected);
        }
    }

    #[test]
    fn secrets_are_masked_however_deep() {
        let whole = attribute("http.request.header.Authorization", Value::Int(7));
        assert_eq!(masked(&whole), text(MASK));
        let deep = attribute(
            "context",
            Value::Map(vec![
                attribute("db_password", text("hunter2")),
                attribute("urls", Value::Array(vec![text("x://a:b@c"), Value::Int(1)])),
            ]),
        );
        let expected = Value::Map(vec![
            attribute("db_password", text(MASK)),
            attribute(
                "urls",
                Value::Array(vec![text("x://••••@c"), Value::Int(1)]),
            ),
        ]);
        assert_eq!(masked(&deep), expected);
    }
}
