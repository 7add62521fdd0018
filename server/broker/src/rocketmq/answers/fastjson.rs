//! From fastjson's bytes to JSON. Brokers write maps whose keys are numbers (`{0:5}`) or objects
//! (`{{"topic":"t"}:5}`), which no JSON reader takes. One pass in front of the reader makes of it:
//!
//! - a bare key a text key: `{"0":5}`;
//! - a map whose first key is an object, or a list, a list of pairs: `[[{"topic":"t"},5]]`.
//!
//! All else is left as it is, and judged by the JSON reader. The answer is at most four times as long
//! as what was read.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

/// Maps and lists within each other. Brokers write seven.
pub(in crate::rocketmq) const MOST_DEPTH: usize = 48;

/// Why a body cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::rocketmq) enum Unreadable {
    #[error("it ends too early")]
    CutShort,
    #[error("a key is expected at byte {0}")]
    NoKey(usize),
    #[error("byte {0} does not belong there")]
    Stray(usize),
    #[error("it is nested deeper than {MOST_DEPTH}")]
    TooDeep,
    #[error("{0}")]
    Json(String),
}

/// # Errors
/// What is not fastjson's, or not of the shape of `T`.
pub(in crate::rocketmq) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    let json = to_json(body)?;
    serde_json::from_str(&json).map_err(|error| Unreadable::Json(error.to_string()))
}

/// # Errors
/// Where maps and lists do not close, or a key is none.
pub(in crate::rocketmq) fn to_json(body: &[u8]) -> Result<String, Unreadable> {
    // A name that is not UTF-8 must not cost all others.
    let text = String::from_utf8_lossy(body);
    Pass {
        from: Cow::as_ref(&text).as_bytes(),
        at: 0,
        to: Vec::with_capacity(text.len() + text.len() / 8),
        open: Vec::new(),
    }
    .run()
}

struct Pass<'a> {
    from: &'a [u8],
    at: usize,
    to: Vec<u8>,
    open: Vec<Open>,
}

/// What is open, and what is expected next in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    List,
    /// Keys are texts in what is written.
    Map(Next),
    /// Keys are objects: written as a list of pairs.
    Pairs(Next),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Key,
    Colon,
    Value,
    /// A comma, or the end.
    Comma,
}

impl Pass<'_> {
    fn run(mut self) -> Result<String, Unreadable> {
        while let Some(byte) = self.next_byte() {
            self.step(byte)?;
        }
        if !self.open.is_empty() {
            return Err(Unreadable::CutShort);
        }
        String::from_utf8(self.to).map_err(|error| Unreadable::Json(error.to_string()))
    }

    fn next_byte(&mut self) -> Option<u8> {
        while self.from.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.from.get(self.at).copied()
    }

    fn step(&mut self, byte: u8) -> Result<(), Unreadable> {
        let open = self.open.last().copied();
        if let Some(Open::Map(Next::Key)) = open {
            return self.text_key(byte);
        }
        match byte {
            b'{' | b'[' => self.begin(byte),
            b'}' | b']' => self.end(byte),
            b',' => self.comma(),
            b':' => self.colon(),
            _ => {
                self.may_begin_value()?;
                match byte {
                    b'"' => self.string()?,
                    _ => self.bare()?,
                }
                self.value_ended();
                Ok(())
            }
        }
    }

    /// Of a map that is written as one.
    fn text_key(&mut self, byte: u8) -> Result<(), Unreadable> {
        match byte {
            b'}' if !self.follows_comma() => return self.end(byte),
            b'"' => self.string()?,
            b'-' | b'_' | b'$' | b'.' | b'+' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                self.to.push(b'"');
                self.bare()?;
                self.to.push(b'"');
            }
            _ => return Err(Unreadable::NoKey(self.at)),
        }
        self.expect(Next::Colon);
        Ok(())
    }

    fn begin(&mut self, byte: u8) -> Result<(), Unreadable> {
        self.may_begin_value()?;
        if self.open.len() >= MOST_DEPTH {
            return Err(Unreadable::TooDeep);
        }
        self.at += 1;
        if byte == b'[' {
            self.to.push(b'[');
            self.open.push(Open::List);
            return Ok(());
        }
        match self.next_byte() {
            Some(b'{' | b'[') => {
                self.to.push(b'[');
                self.to.push(b'[');
                self.open.push(Open::Pairs(Next::Key));
            }
            Some(_) => {
                self.to.push(b'{');
                self.open.push(Open::Map(Next::Key));
            }
            None => return Err(Unreadable::CutShort),
        }
        Ok(())
    }

    fn end(&mut self, byte: u8) -> Result<(), Unreadable> {
        let closes: &[u8] = match (byte, self.open.last()) {
            (b']', Some(Open::List)) => b"]",
            (b'}', Some(Open::Map(Next::Key | Next::Comma))) => b"}",
            (b'}', Some(Open::Pairs(Next::Comma))) => b"]]",
            _ => return Err(Unreadable::Stray(self.at)),
        };
        self.to.extend_from_slice(closes);
        self.open.pop();
        self.at += 1;
        self.value_ended();
        Ok(())
    }

    fn comma(&mut self) -> Result<(), Unreadable> {
        let written: &[u8] = match self.open.last() {
            Some(Open::List | Open::Map(Next::Comma)) => b",",
            Some(Open::Pairs(Next::Comma)) => b"],[",
            _ => return Err(Unreadable::Stray(self.at)),
        };
        self.to.extend_from_slice(written);
        self.at += 1;
        self.expect(Next::Key);
        Ok(())
    }

    fn colon(&mut self) -> Result<(), Unreadable> {
        let written = match self.open.last() {
            Some(Open::Map(Next::Colon)) => b':',
            Some(Open::Pairs(Next::Colon)) => b',',
            _ => return Err(Unreadable::Stray(self.at)),
        };
        self.to.push(written);
        self.at += 1;
        self.expect(Next::Value);
        Ok(())
    }

    fn follows_comma(&self) -> bool {
        self.to.last() == Some(&b',')
    }

    fn may_begin_value(&self) -> Result<(), Unreadable> {
        match self.open.last() {
            Some(Open::Map(Next::Colon | Next::Comma) | Open::Pairs(Next::Colon | Next::Comma)) => {
                Err(Unreadable::Stray(self.at))
            }
            _ => Ok(()),
        }
    }

    fn value_ended(&mut self) {
        match self.open.last() {
            Some(Open::Pairs(Next::Key)) => self.expect(Next::Colon),
            _ => self.expect(Next::Comma),
        }
    }

    fn expect(&mut self, next: Next) {
        match self.open.last_mut() {
            Some(Open::Map(now) | Open::Pairs(now)) => *now = next,
            Some(Open::List) | None => {}
        }
    }

    /// As it stands, escapes and all.
    fn string(&mut self) -> Result<(), Unreadable> {
        let begin = self.at;
        let mut at = begin + 1;
        loop {
            match self.from.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
                None => return Err(Unreadable::CutShort),
            }
        }
        self.copy(begin, at + 1);
        Ok(())
    }

    /// A number, `true`, `null` or a name without quotes: up to what ends it.
    fn bare(&mut self) -> Result<(), Unreadable> {
        let rest = self.from.get(self.at..).unwrap_or_default();
        let ends = |byte: &u8| b",:{}[]\"\\".contains(byte) || byte.is_ascii_whitespace();
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        if length == 0 {
            return Err(Unreadable::Stray(self.at));
        }
        self.copy(self.at, self.at + length);
        Ok(())
    }

    fn copy(&mut self, from: usize, to: usize) {
        let to = to.min(self.from.len());
        self.to
            .extend_from_slice(self.from.get(from..to).unwrap_or_default());
        self.at = to;
    }
}

#[cfg(test)]
#[path = "fastjson_tests.rs"]
mod tests;
