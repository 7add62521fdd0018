//! A refusal helps the person who reads it.

use crate::adapter::Refused;

const LONGEST: usize = 1_000;

pub fn refusal(refused: &Refused) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, text) in [("detail", &refused.detail), ("hint", &refused.hint)] {
        if text.trim().is_empty() {
            broken.push(format!("{refused:?}: no {name}"));
        }
        if text.len() > LONGEST || text.chars().any(char::is_control) {
            broken.push(format!("{refused:?}: {name} is not one bounded line"));
        }
    }
    broken
}
