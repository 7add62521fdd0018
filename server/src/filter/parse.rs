//! From text to a filter; what is wrong is told with its place.

use std::fmt;

use super::{DEPTH, Expr, Field, Filter, LONGEST, Operand, Operator, Root, Step, TESTS};

/// Where the text stops making sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// In characters, from 1.
    pub at: usize,
    pub what: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}", self.at, self.what)
    }
}

const OPERATORS: [(&str, Operator); 8] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("contains", Operator::Contains),
    ("matches-prefix", Operator::MatchesPrefix),
];

const ROOTS: [(&str, Root); 7] = [
    ("value", Root::Value),
    ("key", Root::Key),
    ("headers", Root::Headers),
    ("partition", Root::Partition),
    ("offset", Root::Offset),
    ("at", Root::At),
    ("size", Root::Size),
];

/// # Errors
/// The first thing that is wrong.
pub fn parse(text: &str) -> Result<Filter, Wrong> {
    let chars: Vec<char> = text.chars().take(LONGEST + 1).collect();
    let mut parser = Parser {
        chars,
        at: 0,
        depth: 0,
        tests: 0,
    };
    if parser.chars.len() > LONGEST {
        parser.at = LONGEST;
        return Err(parser.wrong(format!("a filter has at most {LONGEST} characters")));
    }
    let root = parser.either()?;
    parser.white();
    match parser.peek() {
        None => Ok(Filter { root }),
        Some(_) => Err(parser.wrong("expected && or || or the end")),
    }
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    tests: usize,
}

impl Parser {
    fn either(&mut self) -> Result<Expr, Wrong> {
        let mut all = vec![self.both()?];
        while self.sign("||") {
            all.push(self.both()?);
        }
        Ok(alone(all, Expr::Either))
    }

    fn both(&mut self) -> Result<Expr, Wrong> {
        let mut all = vec![self.not()?];
        while self.sign("&&") {
            all.push(self.not()?);
        }
        Ok(alone(all, Expr::Both))
    }

    fn not(&mut self) -> Result<Expr, Wrong> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.wrong(format!("nested more than {DEPTH} deep")));
        }
        let expr = self.nested();
        self.depth -= 1;
        expr
    }

    fn nested(&mut self) -> Result<Expr, Wrong> {
        if self.sign("(") {
            let inner = self.either()?;
            return match self.sign(")") {
                true => Ok(inner),
                false => Err(self.wrong("expected )")),
            };
        }
        if self.sign("!") {
            return Ok(Expr::Not(Box::new(self.not()?)));
        }
        self.tests += 1;
        if self.tests > TESTS {
            return Err(self.wrong(format!("more than {TESTS} tests")));
        }
        if self.word_is("exists") {
            self.at += "exists".len();
            self.white();
            let word = self.word();
            return Ok(Expr::Exists(self.field(&word)?));
        }
        let left = self.operand()?;
        match self.operator() {
            None => Ok(Expr::Holds(left)),
            Some(operator) => Ok(Expr::Test(left, operator, self.operand()?)),
        }
    }

    fn operator(&mut self) -> Option<Operator> {
        self.white();
        let found = OPERATORS.iter().find(|(sign, _)| match sign.as_bytes()[0] {
            b'a'..=b'z' => self.word_is(sign),
            _ => self.starts_with(sign),
        });
        let (sign, operator) = found?;
        self.at += sign.len();
        Some(*operator)
    }

    fn operand(&mut self) -> Result<Operand, Wrong> {
        self.white();
        match self.peek() {
            None => Err(self.wrong("expected a field or a value, and here is the end")),
            Some('"' | '\'') => self.text().map(Operand::Text),
            Some('-' | '0'..='9') => self.number(),
            Some(_) => {
                let word = self.word();
                match word.as_str() {
                    "true" => Ok(Operand::Is(true)),
                    "false" => Ok(Operand::Is(false)),
                    "null" => Ok(Operand::Null),
                    _ => self.field(&word).map(Operand::Field),
                }
            }
        }
    }

    /// The word is read already.
    fn field(&mut self, word: &str) -> Result<Field, Wrong> {
        let Some((_, root)) = ROOTS.iter().find(|(name, _)| *name == word) else {
            self.at -= word.chars().count();
            let known = ROOTS.map(|(name, _)| name).join(", ");
            return Err(self.wrong(format!(
                "expected one of {known}, or a text in quotes, or a number"
            )));
        };
        let mut path = Vec::new();
        loop {
            match self.peek() {
                Some('.') => {
                    self.at += 1;
                    let name = self.word();
                    if name.is_empty() {
                        return Err(self.wrong("expected a name after the dot"));
                    }
                    path.push(Step::Name(name));
                }
                Some('[') => {
                    self.at += 1;
                    path.push(self.bracket()?);
                }
                _ => break,
            }
        }
        match root {
            Root::Value | Root::Key => {}
            Root::Headers if path.len() == 1 && matches!(path[0], Step::Name(_)) => {}
            Root::Headers => return Err(self.wrong("a header is named: headers.kind")),
            _ if path.is_empty() => {}
            _ => return Err(self.wrong(format!("{word} has no members"))),
        }
        Ok(Field { root: *root, path })
    }

    fn bracket(&mut self) -> Result<Step, Wrong> {
        self.white();
        let step = match self.peek() {
            Some('"' | '\'') => Step::Name(self.text()?),
            _ => {
                let digits = self.word();
                let index = digits.parse().map_err(|_| {
                    self.at -= digits.chars().count();
                    self.wrong("expected a number or a name in quotes")
                })?;
                Step::Index(index)
            }
        };
        match self.sign("]") {
            true => Ok(step),
            false => Err(self.wrong("expected ]")),
        }
    }

    fn text(&mut self) -> Result<String, Wrong> {
        let start = self.at;
        let quote = self.peek();
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(c) = self.peek() else {
                self.at = start;
                return Err(self.wrong("this quote is never closed"));
            };
            self.at += 1;
            match c {
                c if Some(c) == quote => return Ok(text),
                '\\' => {
                    let escaped = self.peek();
                    text.push(match escaped {
                        Some('n') => '\n',
                        Some('t') => '\t',
                        Some(c @ ('"' | '\'' | '\\')) => c,
                        _ => return Err(self.wrong("known after \\ are \" ' \\ n t")),
                    });
                    self.at += 1;
                }
                c => text.push(c),
            }
        }
    }

    fn number(&mut self) -> Result<Operand, Wrong> {
        let start = self.at;
        let is_part = |c: &char| c.is_ascii_alphanumeric() || "+-.".contains(*c);
        while self.peek().as_ref().is_some_and(is_part) {
            self.at += 1;
        }
        let written: String = self.chars[start..self.at].iter().collect();
        match written.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Operand::Number(number, written)),
            _ => {
                self.at = start;
                Err(self.wrong(format!("{written} is no number")))
            }
        }
    }

    fn word(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(is_word) {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect()
    }

    /// Whether this very word stands here; reads nothing.
    fn word_is(&mut self, word: &str) -> bool {
        self.white();
        let after = self.chars.get(self.at + word.len());
        self.starts_with(word) && !after.copied().is_some_and(is_word)
    }

    fn starts_with(&self, sign: &str) -> bool {
        let rest = &self.chars[self.at..];
        rest.len() >= sign.len() && sign.chars().zip(rest).all(|(a, b)| a == *b)
    }

    fn sign(&mut self, sign: &str) -> bool {
        self.white();
        // `!=` is an operator and no negation.
        let is_other = sign == "!" && self.starts_with("!=");
        let is_here = !is_other && self.starts_with(sign);
        if is_here {
            self.at += sign.len();
        }
        is_here
    }

    fn white(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn wrong(&self, what: impl Into<String>) -> Wrong {
        Wrong {
            at: self.at + 1,
            what: what.into(),
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || "_-$@".contains(c)
}

fn alone(mut all: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => one,
        (Some(last), false) => {
            all.push(last);
            many(all)
        }
        (None, _) => many(all),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn errors_point_at_their_place() {
        for (text, at, what) in [
            ("", 1, "here is the end"),
            ("value.order.id == ", 19, "here is the end"),
            ("valu.x == 1", 1, "expected one of value, key"),
            ("value.a == 1 key == 2", 14, "expected && or ||"),
            ("(value.a == 1", 14, "expected )"),
            ("key == \"open", 8, "never closed"),
            ("key == 1.2.3", 8, "1.2.3 is no number"),
            ("value. == 1", 7, "a name after the dot"),
            ("value[x] == 1", 7, "a number or a name"),
            ("headers == 1", 8, "a header is named"),
            ("offset.x == 1", 9, "has no members"),
            ("exists 1", 8, "expected one of value"),
            ("key == 'a\\x'", 11, "known after"),
            ("a()", 1, "expected one of value"),
        ] {
            let wrong = parse(text).unwrap_err();
            assert_eq!(wrong.at, at, "{text}: {wrong}");
            assert!(wrong.what.contains(what), "{text}: {wrong}");
        }
        let deep = format!("{}key{}", "(".repeat(DEPTH), ")".repeat(DEPTH));
        assert!(parse(&deep).unwrap_err().what.contains("nested"));
        let deep = format!("{}key", "!".repeat(900));
        assert!(parse(&deep).unwrap_err().what.contains("nested"));
        let many = ["key"; TESTS + 1].join("||");
        assert!(parse(&many).unwrap_err().what.contains("tests"));
        assert!(
            parse(&"x".repeat(3_000))
                .unwrap_err()
                .what
                .contains("at most")
        );
    }

    #[test]
    fn what_a_filter_asks_of() {
        for (text, bodies) in [
            ("offset > 3 && partition == '1'", false),
            ("size > 3 || !(at < '2026') && exists headers.kind", true),
            ("offset == 1 || key contains 'x'", true),
            ("value", true),
        ] {
            assert_eq!(parse(text).unwrap().asks_for_bodies(), bodies, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused_inside_of_it(text in ".{0,80}") {
            if let Err(wrong) = parse(&text) {
                prop_assert!(wrong.at <= text.chars().count() + 1);
            }
        }

        #[test]
        fn words_of_the_grammar_end(words in proptest::collection::vec(
            prop_oneof![Just("("), Just(")"), Just("!"), Just("&&"), Just("||"), Just("=="), Just("contains"),
                Just("value"), Just(".a"), Just("[0]"), Just("'x'"), Just("1"), Just("exists"), Just(" ")], 0..40)
        ) {
            let _ = parse(&words.concat());
        }
    }
}
