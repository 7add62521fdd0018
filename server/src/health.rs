//! What runs in this process, and how it is: the one visible list of parts and background tasks.

use std::sync::{Arc, PoisonError, RwLock};

use waybill_model::status::{Component as Line, ComponentState};
use waybill_model::time::Timestamp;

use crate::clock;

#[derive(Clone, Debug, Default)]
pub struct Health {
    parts: Arc<RwLock<Vec<Part>>>,
}

#[derive(Clone, Debug)]
struct Part {
    name: &'static str,
    state: ComponentState,
    since: Timestamp,
    last_error: Option<String>,
}

impl Health {
    /// Adds a part, as starting.
    pub fn component(&self, name: &'static str) -> Component {
        let mut parts = self.parts.write().unwrap_or_else(PoisonError::into_inner);
        parts.push(Part {
            name,
            state: ComponentState::Starting,
            since: clock::now(),
            last_error: None,
        });
        Component {
            health: self.clone(),
            name,
            at: parts.len() - 1,
        }
    }

    /// In order of addition.
    pub fn components(&self) -> Vec<Line> {
        let now = clock::now();
        let parts = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        parts
            .iter()
            .map(|part| Line {
                name: part.name.to_owned(),
                state: part.state,
                age_ms: now.ms_since(part.since).max(0.0) as u64,
                last_error: part.last_error.clone(),
            })
            .collect()
    }

    /// Why the process cannot take data and show pages; empty when it can.
    pub fn not_ready(&self) -> Vec<String> {
        let parts = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        parts
            .iter()
            .filter(|part| matches!(part.state, ComponentState::Starting | ComponentState::Down))
            .map(|part| {
                let state = match part.state {
                    ComponentState::Starting => "is starting",
                    _ => "is down",
                };
                match &part.last_error {
                    Some(error) => format!("{} {state}: {error}", part.name),
                    None => format!("{} {state}", part.name),
                }
            })
            .collect()
    }
}

/// One line of the list, held by what it is about.
#[derive(Clone, Debug)]
pub struct Component {
    health: Health,
    name: &'static str,
    at: usize,
}

impl Component {
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// An error stays visible after recovery, until another takes its place.
    pub fn set(&self, state: ComponentState, error: Option<String>) {
        let mut parts = self
            .health
            .parts
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let part = &mut parts[self.at];
        if part.state != state {
            part.state = state;
            part.since = clock::now();
        }
        if error.is_some() {
            part.last_error = error;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_names_what_is_missing() {
        let health = Health::default();
        let database = health.component("database");
        let merger = health.component("merger");
        assert_eq!(
            health.not_ready(),
            ["database is starting", "merger is starting"]
        );
        database.set(ComponentState::Ok, None);
        merger.set(ComponentState::Degraded, Some("slow".into()));
        assert!(health.not_ready().is_empty());
        database.set(ComponentState::Down, Some("gone".into()));
        assert_eq!(health.not_ready(), ["database is down: gone"]);
        database.set(ComponentState::Ok, None);
        assert_eq!(health.components()[0].last_error.as_deref(), Some("gone"));
    }
}
