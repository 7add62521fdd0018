//! JSON as it was written, with line breaks of ours: numbers keep every digit, members their order
//! and their doubles. The text must be JSON; it was parsed before.

use crate::journey::masking::{MASK, is_secret, without_credentials};

/// At most a little more than [`super::SHOWN_BYTES`].
pub(super) fn pretty(text: &str, masked: bool) -> String {
    let mut writer = Writer {
        text,
        at: 0,
        out: String::with_capacity((text.len() * 2).min(super::SHOWN_BYTES)),
        masked,
        most: super::SHOWN_BYTES,
    };
    writer.value(0);
    writer.out
}

struct Writer<'a> {
    text: &'a str,
    at: usize,
    out: String,
    masked: bool,
    /// Longer it is not written on.
    most: usize,
}

impl<'a> Writer<'a> {
    fn value(&mut self, depth: usize) {
        match self.peek() {
            Some(open @ (b'{' | b'[')) => self.container(open, depth),
            Some(b'"') => {
                let string = self.string();
                self.plain_string(string);
            }
            Some(_) => {
                let scalar = self.scalar();
                self.out.push_str(scalar);
            }
            None => {}
        }
    }

    fn container(&mut self, open: u8, depth: usize) {
        let close = if open == b'{' { b'}' } else { b']' };
        self.at += 1;
        self.out.push(char::from(open));
        let mut is_first = true;
        loop {
            match self.peek() {
                None => return,
                Some(byte) if byte == close => break,
                Some(b',') => self.at += 1,
                Some(_) if self.out.len() > self.most => return,
                Some(_) => {
                    if !is_first {
                        self.out.push(',');
                    }
                    is_first = false;
                    self.line(depth + 1);
                    self.entry(open == b'{', depth + 1);
                }
            }
        }
        self.at += 1;
        if !is_first {
            self.line(depth);
        }
        self.out.push(char::from(close));
    }

    fn entry(&mut self, is_member: bool, depth: usize) {
        if !is_member {
            return self.value(depth);
        }
        let name = self.string();
        self.out.push_str(name);
        self.out.push_str(": ");
        if self.peek() == Some(b':') {
            self.at += 1;
        }
        let plain: String = serde_json::from_str(name).unwrap_or_default();
        if self.masked && is_secret(&plain) {
            self.skip(depth);
            self.out.push('"');
            self.out.push_str(MASK);
            self.out.push('"');
        } else {
            self.value(depth);
        }
    }

    fn plain_string(&mut self, string: &str) {
        if !self.masked || !(string.contains("//") || string.contains("\\")) {
            return self.out.push_str(string);
        }
        let plain: String = serde_json::from_str(string).unwrap_or_default();
        let shown = without_credentials(&plain);
        if shown == plain {
            self.out.push_str(string);
        } else {
            self.out
                .push_str(&serde_json::Value::String(shown).to_string());
        }
    }

    /// Reads a value and writes nothing of it.
    fn skip(&mut self, depth: usize) {
        let written = self.out.len();
        let mut hidden = Writer {
            text: self.text,
            at: self.at,
            out: String::new(),
            masked: false,
            most: usize::MAX,
        };
        hidden.value(depth);
        self.at = hidden.at;
        self.out.truncate(written);
    }

    fn string(&mut self) -> &'a str {
        self.peek();
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at = (self.at + 1).min(bytes.len());
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn scalar(&mut self) -> &'a str {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b",]}:".contains(byte);
        // One byte at least, so that reading always ends.
        let length = rest.iter().position(ends).unwrap_or(rest.len()).max(1);
        self.at += length;
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The next byte that is not white.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let white = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
        self.at += white.count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn line(&mut self, depth: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", depth));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_is_changed_but_white_space() {
        let text = r#" {"b":12345678901234567890123.10,"a":[1,{} ,[]], "a":"x\"{,"} "#;
        let expected = "{\n  \"b\": 12345678901234567890123.10,\n  \"a\": [\n    1,\n    {},\n    []\n  ],\n  \
                        \"a\": \"x\\\"{,\"\n}";
        assert_eq!(pretty(text, true), expected);
    }

    #[test]
    fn secrets_are_hidden_however_they_are_written() {
        let text =
            r#"{"p":{"pass\u0077ord":{"a":["x"]},"u":"x:\/\/a:hunter2@b"},"password":"y","p":1}"#;
        let shown = pretty(text, true);
        for secret in ["x\"", "hunter2", "\"y\""] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("••••@b"), "{shown}");
        assert!(pretty(text, false).contains("hunter2"));
    }

    #[test]
    fn a_long_secret_is_skipped_whole() {
        let list = "\"hunter2\",".repeat(20_000);
        let text = format!("{{\"a\":1,\"secret\":[{list}1],\"b\":2}}");
        let shown = pretty(&text, true);
        assert!(
            !shown.contains("hunter2") && shown.contains("\"b\": 2"),
            "{}",
            shown.len()
        );
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            ".{0,12}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                proptest::collection::vec((".{0,6}", inner), 0..6)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_shown_is_the_same_json(json in json()) {
            let shown = pretty(&json.to_string(), false);
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), json.clone());
            let mut masked = json.clone();
            crate::journey::masking::mask_json(&mut masked);
            let shown = pretty(&json.to_string(), true);
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), masked);
        }
    }
}
