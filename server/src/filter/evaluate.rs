//! A filter asked of one message, within a budget of steps.

use serde_json::Value;
use waybill_model::time::Timestamp;

use super::{Expr, Field, Filter, Operand, Operator, Root, Step};
use crate::payload::Decoded;

/// Bytes looked through for one message.
const STEPS: usize = 8 << 20;

/// What of a message a filter sees: what its asker may see, secrets hidden.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// `None`: no body.
    pub value: Option<&'a Decoded>,
    pub key: Option<&'a Decoded>,
    pub headers: &'a [(String, Option<String>)],
    pub partition: Option<&'a str>,
    pub offset: i64,
    pub at: Option<Timestamp>,
    pub size_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Yes,
    No,
    /// The message is too large for so many tests.
    TooMuch,
}

impl Filter {
    pub fn judge(&self, sample: &Sample<'_>) -> Verdict {
        let mut judge = Judge {
            sample,
            steps: STEPS,
        };
        match judge.holds(&self.root) {
            Some(true) => Verdict::Yes,
            Some(false) => Verdict::No,
            None => Verdict::TooMuch,
        }
    }
}

struct Judge<'a> {
    sample: &'a Sample<'a>,
    steps: usize,
}

/// One side of a comparison.
enum Side<'a> {
    Missing,
    Json(&'a Value),
    Text(&'a str),
    Own(String),
    Number(f64, Option<&'a str>),
    Is(bool),
    Null,
}

impl<'a> Judge<'a> {
    /// `None`: the budget is used up.
    fn holds(&mut self, expr: &'a Expr) -> Option<bool> {
        match expr {
            Expr::Either(all) => {
                for one in all {
                    if self.holds(one)? {
                        return Some(true);
                    }
                }
                Some(false)
            }
            Expr::Both(all) => {
                for one in all {
                    if !self.holds(one)? {
                        return Some(false);
                    }
                }
                Some(true)
            }
            Expr::Not(inner) => Some(!self.holds(inner)?),
            Expr::Exists(field) => Some(!matches!(self.field(field), Side::Missing)),
            Expr::Holds(operand) => Some(!matches!(
                self.side(operand),
                Side::Missing
                    | Side::Null
                    | Side::Is(false)
                    | Side::Json(Value::Null | Value::Bool(false))
            )),
            Expr::Test(left, operator, right) => {
                let (left, right) = (self.side(left), self.side(right));
                self.step(left.cost() + right.cost())?;
                Some(test(&left, *operator, &right))
            }
        }
    }

    fn step(&mut self, cost: usize) -> Option<()> {
        self.steps = self.steps.checked_sub(cost)?;
        Some(())
    }

    fn side(&self, operand: &'a Operand) -> Side<'a> {
        match operand {
            Operand::Field(field) => self.field(field),
            Operand::Text(text) => Side::Text(text),
            Operand::Number(number, written) => Side::Number(*number, Some(written)),
            Operand::Is(is) => Side::Is(*is),
            Operand::Null => Side::Null,
        }
    }

    fn field(&self, field: &'a Field) -> Side<'a> {
        let sample = self.sample;
        match field.root {
            Root::Value => payload(sample.value, &field.path),
            Root::Key => payload(sample.key, &field.path),
            Root::Headers => {
                let Some(Step::Name(name)) = field.path.first() else {
                    return Side::Missing;
                };
                match sample.headers.iter().find(|(known, _)| known == name) {
                    Some((_, Some(value))) => Side::Text(value),
                    Some((_, None)) => Side::Null,
                    None => Side::Missing,
                }
            }
            Root::Partition => sample.partition.map_or(Side::Missing, Side::Text),
            // Exact beyond 2^53 by its digits.
            Root::Offset => Side::Own(sample.offset.to_string()),
            Root::At => match sample.at {
                Some(at) => Side::Own(at.to_string()),
                None => Side::Missing,
            },
            Root::Size => Side::Number(sample.size_bytes as f64, None),
        }
    }
}

/// The payload itself is its text, unless it is one scalar.
fn payload<'a>(decoded: Option<&'a Decoded>, path: &[Step]) -> Side<'a> {
    let Some(decoded) = decoded else {
        return Side::Missing;
    };
    if path.is_empty() {
        return match &decoded.json {
            Some(json) if !json.is_object() && !json.is_array() => Side::Json(json),
            _ => Side::Text(&decoded.text),
        };
    }
    let mut at = match &decoded.json {
        Some(json) => json,
        None => return Side::Missing,
    };
    for step in path {
        let next = match step {
            Step::Name(name) => at.get(name),
            Step::Index(index) => at.get(index),
        };
        match next {
            Some(next) => at = next,
            None => return Side::Missing,
        }
    }
    Side::Json(at)
}

impl Side<'_> {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Json(Value::String(text)) => Some(text),
            Self::Text(text) => Some(text),
            Self::Own(text) => Some(text),
            Self::Number(_, written) => *written,
            _ => None,
        }
    }

    /// A text that is a number counts as one.
    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number, _) => Some(*number),
            Self::Json(Value::Number(number)) => number.as_f64(),
            other => other
                .text()
                .filter(|text| text.len() <= 64)?
                .trim()
                .parse()
                .ok(),
        }
    }

    fn is_numeric(&self) -> bool {
        matches!(self, Self::Number(..) | Self::Json(Value::Number(_)))
    }

    fn truth(&self) -> Option<bool> {
        match self {
            Self::Is(is) | Self::Json(Value::Bool(is)) => Some(*is),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Self::Null | Self::Json(Value::Null))
    }

    /// Whole numbers, where both sides are: digits that floating point would lose decide.
    fn whole(&self) -> Option<i128> {
        match self {
            Self::Json(Value::Number(number)) => {
                let signed = number.as_i64().map(i128::from);
                signed.or_else(|| number.as_u64().map(i128::from))
            }
            other => other
                .text()
                .filter(|text| text.len() <= 40)?
                .trim()
                .parse()
                .ok(),
        }
    }

    /// About the bytes that comparing it looks at.
    fn cost(&self) -> usize {
        1 + match self {
            Self::Json(json) => weight(json),
            other => other.text().map_or(0, str::len),
        }
    }
}

fn weight(json: &Value) -> usize {
    match json {
        Value::String(text) => text.len(),
        Value::Array(items) => items.len() * 16,
        Value::Object(members) => members.len(),
        _ => 8,
    }
}

fn test(left: &Side<'_>, operator: Operator, right: &Side<'_>) -> bool {
    match operator {
        Operator::Equal => equal(left, right),
        Operator::NotEqual => !equal(left, right),
        Operator::Less => order(left, right).is_some_and(std::cmp::Ordering::is_lt),
        Operator::Greater => order(left, right).is_some_and(std::cmp::Ordering::is_gt),
        Operator::AtMost => order(left, right).is_some_and(std::cmp::Ordering::is_le),
        Operator::AtLeast => order(left, right).is_some_and(std::cmp::Ordering::is_ge),
        Operator::Contains => contains(left, right),
        Operator::MatchesPrefix => match (left.text(), right.text()) {
            (Some(text), Some(prefix)) => text.starts_with(prefix),
            _ => false,
        },
    }
}

fn equal(left: &Side<'_>, right: &Side<'_>) -> bool {
    if left.is_null() || right.is_null() {
        return left.is_null() && right.is_null();
    }
    if let (Some(left), Some(right)) = (left.truth(), right.truth()) {
        return left == right;
    }
    if left.is_numeric() || right.is_numeric() {
        return order(left, right).is_some_and(std::cmp::Ordering::is_eq);
    }
    match (left.text(), right.text()) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

/// Numbers where one side is written as one, else texts by their letters.
fn order(left: &Side<'_>, right: &Side<'_>) -> Option<std::cmp::Ordering> {
    if let (Some(left), Some(right)) = (left.whole(), right.whole()) {
        return Some(left.cmp(&right));
    }
    if left.is_numeric() || right.is_numeric() {
        return left.number()?.partial_cmp(&right.number()?);
    }
    Some(left.text()?.cmp(right.text()?))
}

fn contains(left: &Side<'_>, right: &Side<'_>) -> bool {
    match left {
        Side::Json(Value::Array(items)) => items.iter().any(|item| equal(&Side::Json(item), right)),
        Side::Json(Value::Object(members)) => {
            right.text().is_some_and(|name| members.contains_key(name))
        }
        other => match (other.text(), right.text()) {
            (Some(text), Some(part)) => text.contains(part),
            _ => false,
        },
    }
}
