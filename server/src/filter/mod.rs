//! The words by which stored messages are chosen: a grammar of its own that can compare and nothing
//! else. It calls nothing, loops nowhere, and each evaluation has a budget of steps.
//!
//! ```text
//! either  := both ("||" both)*
//! both    := not ("&&" not)*
//! not     := "!" not | "(" either ")" | "exists" field | test
//! test    := operand (operator operand)?
//! operator:= == != < > <= >= contains matches-prefix
//! operand := field | "text" | 12.5 | true | false | null
//! field   := value, key, headers, partition, offset, at or size; then .name, ["any name"] or [0]
//! ```
//!
//! What is missing equals nothing, so `!=` holds for it and no other operator does.

mod evaluate;
mod parse;

#[cfg(test)]
mod tests;

pub use evaluate::{Sample, Verdict};
pub use parse::{Wrong, parse};

/// Letters of a filter, what it nests and what it compares.
const LONGEST: usize = 2_000;
const DEPTH: usize = 32;
const TESTS: usize = 100;

/// A filter that can be asked of any message.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    root: Expr,
}

#[derive(Clone, Debug, PartialEq)]
enum Expr {
    Either(Vec<Expr>),
    Both(Vec<Expr>),
    Not(Box<Expr>),
    Exists(Field),
    /// An operand alone: it is there, and neither false nor null.
    Holds(Operand),
    Test(Operand, Operator, Operand),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    Greater,
    AtMost,
    AtLeast,
    Contains,
    MatchesPrefix,
}

#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Field(Field),
    Text(String),
    Number(f64, String),
    Is(bool),
    Null,
}

#[derive(Clone, Debug, PartialEq)]
struct Field {
    root: Root,
    path: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    Value,
    Key,
    Headers,
    Partition,
    Offset,
    At,
    Size,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Name(String),
    Index(usize),
}

impl Filter {
    /// Whether bodies decide: who may not see those may not ask this.
    pub fn asks_for_bodies(&self) -> bool {
        self.any_field(|root| matches!(root, Root::Value | Root::Key | Root::Headers))
    }

    pub fn asks_for_value(&self) -> bool {
        self.any_field(|root| root == Root::Value)
    }

    pub fn asks_for_key(&self) -> bool {
        self.any_field(|root| root == Root::Key)
    }

    fn any_field(&self, is: impl Fn(Root) -> bool) -> bool {
        let mut left = vec![&self.root];
        while let Some(expr) = left.pop() {
            let of = |operand: &Operand| matches!(operand, Operand::Field(field) if is(field.root));
            match expr {
                Expr::Either(all) | Expr::Both(all) => left.extend(all),
                Expr::Not(inner) => left.push(inner),
                Expr::Exists(field) if is(field.root) => return true,
                Expr::Holds(operand) if of(operand) => return true,
                Expr::Test(a, _, b) if of(a) || of(b) => return true,
                Expr::Exists(_) | Expr::Holds(_) | Expr::Test(..) => {}
            }
        }
        false
    }
}
